// SPDX-License-Identifier: Apache-2.0

/// Steps over a document one node at a time: for readers that must neither allocate nor count references on the way.
///
/// The caller counts (``count(_:)``): what a step behind the last child leads to is no child.
extension JSONTree {
    /// The first key of an object or the first element of an array that is not empty.
    package func first(in container: JSONNode) -> JSONNode { JSONNode(Int(container.index) &+ 1) }

    /// The value of the member whose key is `key`.
    package func value(ofKey key: JSONNode) -> JSONNode { JSONNode(Int(key.index) &+ 1) }

    /// The element or key behind `value` and everything in it.
    package func next(after value: JSONNode) -> JSONNode { JSONNode(nextValue(after: Int(value.index), tape.span)) }

    /// A hash of a string's or key's length and ends: equal for equal texts, and not secret. 0 for other kinds.
    package func fingerprint(_ string: JSONNode) -> UInt32 {
        let entry = self[string]
        guard entry.tag.kind == .string else { return 0 }
        // Keys carry theirs, a value has none: its link is 0.
        if entry.link != 0 { return entry.link }
        return UInt32(
            truncatingIfNeeded: StrictJSON.fingerprint(text.span, at: entry.content.lowerBound, count: Int(entry.count))
        )
    }

    /// The ``fingerprint(_:)`` of a string that holds `bytes`.
    package static func fingerprint(of bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: StrictJSON.fingerprint(bytes.span, at: 0, count: bytes.count))
    }

    /// Lends a number as it was written; nil, and no call, for other kinds.
    package func withNumberText<Result, Failure>(
        _ number: JSONNode, _ body: (borrowing Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard kind(number) == .number else { return nil }
        return try body(text.span.extracting(bytes(number)))
    }
}

/// Places in tables for texts, by a secret drawn at random: nobody can prepare texts that fall together.
package struct TextHash: Sendable {
    private let hash = KeyHash()

    package init() {}

    /// A place in a table of 2^`bits` for a string or key; 0 for other kinds.
    package func place(of string: JSONNode, in tree: JSONTree, bits: Int) -> Int {
        let entry = tree[string]
        guard entry.tag.kind == .string else { return 0 }
        return hash.place(of: tree.text.span, at: entry.content.lowerBound, count: Int(entry.count), bits: bits)
    }

    /// The place of a string that holds `bytes`.
    package func place(of bytes: [UInt8], bits: Int) -> Int {
        hash.place(of: bytes.span, at: 0, count: bytes.count, bits: bits)
    }
}
