// SPDX-License-Identifier: Apache-2.0

/// One document that ``JSONReader`` has read: a flat tape over a copy of its bytes.
///
/// A question about a node of the wrong kind is answered with nil or with nothing, never with a guess. A tree that was
/// never read into, or whose last document was refused, holds a single null.
package struct JSONTree: Sendable {
    /// The source, with strings unescaped in place.
    var text: [UInt8] = []
    var tape: [TapeEntry] = []
    /// How many bytes longer than in the source the strings of the document become, taken together, by escapes that
    /// canonical text wants and JSON does not.
    var escapeGrowth = 0

    package init() { clear() }

    /// Forgets the document, and the storage too where it is larger than `kept` bytes.
    package mutating func clear(keeping kept: Int = .max) {
        if text.capacity > kept { text = [] }
        if tape.capacity > kept / MemoryLayout<TapeEntry>.stride { tape = [] }
        text.removeAll(keepingCapacity: true)
        tape.removeAll(keepingCapacity: true)
        escapeGrowth = 0
        text.append(contentsOf: "null".utf8)
        tape.append(TapeEntry(.null, start: 0, count: 4))
    }

    package func kind(_ node: JSONNode) -> JSONKind { self[node].tag.kind }

    /// Members of an object or elements of an array, 0 for everything else.
    package func count(_ node: JSONNode) -> Int { self[node].isContainer ? Int(self[node].count) : 0 }

    /// Where the node's first byte stands in the source: for messages, see ``position(of:in:)``.
    package func offset(_ node: JSONNode) -> Int { Int(self[node].start) }

    package func bool(_ node: JSONNode) -> Bool? {
        switch self[node].tag {
        case .yes: true
        case .no: false
        default: nil
        }
    }

    /// The value of a number written with digits and an optional minus alone, and not as `-0`: within ±(2^53−1).
    package func integer(_ number: JSONNode) -> Int64? {
        guard self[number].tag == .integer else { return nil }
        var value: Int64 = 0
        let bytes = bytes(number)
        let isNegative = text[bytes.lowerBound] == 0x2D
        for at in bytes.dropFirst(isNegative ? 1 : 0) { value = value * 10 + Int64(text[at] - 0x30) }
        return isNegative ? -value : value
    }

    /// The double nearest to a number, always finite. Integers come out exactly.
    package func double(_ number: JSONNode) -> Double? {
        guard kind(number) == .number else { return nil }
        return Double(String(decoding: text[bytes(number)], as: UTF8.self))
    }

    /// A number as it was written.
    package func numberText(_ number: JSONNode) -> [UInt8]? {
        kind(number) == .number ? Array(text[bytes(number)]) : nil
    }

    subscript(node: JSONNode) -> TapeEntry { tape[Int(node.index)] }

    /// Where the content of a scalar lies in ``text``.
    func bytes(_ node: JSONNode) -> Range<Int> { self[node].content }
}

/// Strings and keys. All comparisons are between UTF-8 bytes.
extension JSONTree {
    /// The unescaped UTF-8 of a string or key.
    package func text(_ string: JSONNode) -> [UInt8]? {
        kind(string) == .string ? Array(text[bytes(string)]) : nil
    }

    /// The number of bytes in ``text(_:)``, without making them.
    package func textCount(_ string: JSONNode) -> Int? {
        kind(string) == .string ? Int(self[string].count) : nil
    }

    /// Lends the unescaped UTF-8 of a string or key; nil, and no call, for other kinds.
    package func withText<Result, Failure>(
        _ string: JSONNode, _ body: (borrowing Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard kind(string) == .string else { return nil }
        return try body(text.span.extracting(bytes(string)))
    }

    package func equals(_ string: JSONNode, _ text: [UInt8]) -> Bool { equals(string, text.span) }

    package func equals(_ string: JSONNode, _ text: StaticString) -> Bool { equals(string, text.description) }

    /// As the variant above, for literals: a `String` lends its bytes, a `StaticString` has to copy them.
    package func equals(_ string: JSONNode, _ text: String) -> Bool { equals(string, text.utf8.span) }

    package func equals(_ string: JSONNode, _ text: borrowing Span<UInt8>) -> Bool {
        kind(string) == .string && equalBytes(self.text.span.extracting(bytes(string)), text)
    }

    /// Whether two nodes, which may stand in different trees, hold the same value: objects whatever the order of their
    /// members, strings by bytes, numbers by text, so that 1 and 1.0 differ.
    package func same(_ node: JSONNode, in other: JSONTree, _ otherNode: JSONNode) -> Bool {
        let (one, two) = (self[node], other[otherNode])
        guard one.tag.kind == two.tag.kind else { return false }
        switch one.tag.kind {
        case .null:
            return true
        case .bool:
            return one.tag == two.tag
        case .string, .number:
            return equalBytes(text.span.extracting(one.content), other.text.span.extracting(two.content))
        case .array, .object:
            // One definition of equality, and no comparison of every member with every other.
            return one.count == two.count && canonical(node) == other.canonical(otherNode)
        }
    }
}
