// SPDX-License-Identifier: Apache-2.0

/// What stands inside containers.
extension JSONTree {
    /// The value of a member; nil if there is none of that name, or if the node is no object.
    ///
    /// Looks through the members one by one: whoever asks an object of 10,000 members for each of 10,000 names should
    /// walk its ``members(_:)`` instead.
    package func member(_ object: JSONNode, _ key: [UInt8]) -> JSONNode? { member(object, key.span) }

    package func member(_ object: JSONNode, _ key: StaticString) -> JSONNode? { member(object, key.description) }

    /// As the variant above, for literals: a `String` lends its bytes, a `StaticString` has to copy them.
    package func member(_ object: JSONNode, _ key: String) -> JSONNode? { member(object, key.utf8.span) }

    package func member(_ object: JSONNode, _ key: borrowing Span<UInt8>) -> JSONNode? {
        let tape = tape.span
        let text = text.span
        let container = tape[Int(object.index)]
        guard container.tag == .object else { return nil }
        var at = Int(object.index) + 1
        for _ in 0..<Int(container.count) {
            let entry = tape[at]
            if Int(entry.count) == key.count && equalBytes(text.extracting(entry.content), key) {
                return JSONNode(at + 1)
            }
            at = nextKey(after: at, tape)
        }
        return nil
    }

    /// Keys and values in document order; empty if the node is no object.
    package func members(_ object: JSONNode) -> JSONMembers {
        JSONMembers(tape: tape, first: Int(object.index) + 1, count: kind(object) == .object ? count(object) : 0)
    }

    /// Values in document order; empty if the node is no array.
    package func elements(_ array: JSONNode) -> JSONElements {
        JSONElements(tape: tape, first: Int(array.index) + 1, count: kind(array) == .array ? count(array) : 0)
    }
}

/// The members of one object. A key is a node like a string: ask the tree for its text.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private let tape: [TapeEntry]
    private var at: Int
    private var left: Int

    init(tape: [TapeEntry], first: Int, count: Int) {
        self.tape = tape
        at = first
        left = count
    }

    package var underestimatedCount: Int { left }

    package mutating func next() -> (key: JSONNode, value: JSONNode)? {
        guard left > 0 else { return nil }
        left -= 1
        let key = at
        at = nextKey(after: key, tape.span)
        return (JSONNode(key), JSONNode(key + 1))
    }
}

/// The elements of one array.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let tape: [TapeEntry]
    private var at: Int
    private var left: Int

    init(tape: [TapeEntry], first: Int, count: Int) {
        self.tape = tape
        at = first
        left = count
    }

    package var underestimatedCount: Int { left }

    package mutating func next() -> JSONNode? {
        guard left > 0 else { return nil }
        left -= 1
        let element = at
        at = nextValue(after: element, tape.span)
        return JSONNode(element)
    }
}

/// The index behind the value at `value` and everything in it.
@inline(__always)
func nextValue(after value: Int, _ tape: borrowing Span<TapeEntry>) -> Int {
    let entry = tape[value]
    return entry.isContainer ? Int(entry.link) : value &+ 1
}

/// The index of the key behind the member whose key is at `key`.
@inline(__always)
func nextKey(after key: Int, _ tape: borrowing Span<TapeEntry>) -> Int { nextValue(after: key &+ 1, tape) }
