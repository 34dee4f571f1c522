// SPDX-License-Identifier: Apache-2.0

/// Writes subtrees in canonical form. Iterates, so that the depth of a document costs no stack; keeps its storage.
struct TreeWalk: Sendable {
    private enum Kind: Sendable {
        case array
        /// An object whose keys stand in canonical order already, as in everything that a writer made.
        case orderedObject
        /// Another object; its keys, sorted, end `order` while it is the innermost one of its kind.
        case sortedObject
    }

    /// A container of which some is written.
    private struct Frame: Sendable {
        var kind: Kind
        /// The tape index of the next key or element; for a sorted object the place of the next key in `order`.
        var next: Int
        /// Elements or members still to be written.
        var left: Int
        /// How long `order` was before the object's keys came.
        var floor = 0
        var isFirst = true
    }

    private var parents: [Frame] = []
    private var order: [UInt32] = []

    /// Appends the value at `node` and everything in it.
    mutating func append(_ node: JSONNode, of tree: JSONTree, to bytes: inout [UInt8]) {
        let room = tree.canonicalBound(node) + slackBytes
        var at = bytes.count
        bytes.append(addingCapacity: room) { $0.append(repeating: 0, count: room) }
        var target = bytes.mutableSpan
        put(Int(node.index), tree.tape.span, tree.text.span, in: &target, at: &at)
        bytes.removeLast(bytes.count - at)
    }

    private mutating func put(
        _ node: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>,
        in target: inout MutableSpan<UInt8>, at: inout Int
    ) {
        // The node is walked like the only element of an array without brackets.
        var frame = Frame(kind: .array, next: node, left: 1)
        while true {
            if frame.left == 0 {
                guard let parent = parents.popLast() else { return }
                StrictJSON.put(frame.kind == .array ? 0x5D : 0x7D, in: &target, at: &at)
                if frame.kind == .sortedObject { order.removeLast(order.count &- frame.floor) }
                frame = parent
                continue
            }
            frame.left &-= 1
            if !frame.isFirst { StrictJSON.put(0x2C, in: &target, at: &at) }
            frame.isFirst = false
            var value = frame.next
            if frame.kind != .array {
                let key = frame.kind == .sortedObject ? Int(order[value]) : value
                putScalar(tape[key], text, in: &target, at: &at)
                StrictJSON.put(0x3A, in: &target, at: &at)
                value = key &+ 1
            }
            let entry = tape[value]
            frame.next = frame.kind == .sortedObject ? frame.next &+ 1 : nextValue(after: value, tape)
            if entry.isContainer {
                StrictJSON.put(entry.tag == .array ? 0x5B : 0x7B, in: &target, at: &at)
                parents.append(frame)
                frame = open(entry, at: value, tape, text)
            } else {
                putScalar(entry, text, in: &target, at: &at)
            }
        }
    }

    /// The keys of an object in canonical order; none if the node is no object.
    mutating func sortedKeys(of object: JSONNode, in tree: JSONTree) -> [JSONNode] {
        guard tree.kind(object) == .object else { return [] }
        let start = gatherSorted(tree.tape[Int(object.index)], at: Int(object.index), tree.tape.span, tree.text.span)
        let keys = order[start...].map { JSONNode(Int($0)) }
        order.removeLast(keys.count)
        return keys
    }

    @inline(__always)
    private mutating func open(
        _ entry: TapeEntry, at index: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) -> Frame {
        var frame = Frame(kind: .array, next: index &+ 1, left: Int(entry.count))
        if entry.tag == .object {
            frame.kind = .orderedObject
            if !isOrdered(entry, at: index, tape, text) {
                frame.kind = .sortedObject
                frame.floor = gatherSorted(entry, at: index, tape, text)
                frame.next = frame.floor
            }
        }
        return frame
    }

    private func isOrdered(
        _ object: TapeEntry, at index: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) -> Bool {
        var key = index &+ 1
        var left = Int(object.count)
        while left > 1 {
            let next = nextKey(after: key, tape)
            guard precedes(text, tape[key].content, text, tape[next].content) else { return false }
            key = next
            left &-= 1
        }
        return true
    }

    /// Appends the object's keys to `order`, sorted, and returns where they begin.
    private mutating func gatherSorted(
        _ object: TapeEntry, at index: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) -> Int {
        let start = order.count
        var key = index &+ 1
        for _ in 0..<object.count {
            order.append(UInt32(truncatingIfNeeded: key))
            key = nextKey(after: key, tape)
        }
        sort(from: start, tape, text)
        return start
    }

    private mutating func sort(
        from start: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) {
        // Few keys by insertion, in place; a slice is sorted in a copy.
        guard order.count &- start <= 16 else {
            order[start...].sort { precedes(text, tape[Int($0)].content, text, tape[Int($1)].content) }
            return
        }
        var keys = order.mutableSpan
        for place in start..<keys.count {
            let key = keys[place]
            let content = tape[Int(key)].content
            var hole = place
            while hole > start, precedes(text, content, text, tape[Int(keys[hole &- 1])].content) {
                keys[hole] = keys[hole &- 1]
                hole &-= 1
            }
            keys[hole] = key
        }
    }
}

/// Writes a scalar or key. Numbers keep their text, and a literal has only one.
@inline(__always)
private func putScalar(
    _ scalar: TapeEntry, _ text: borrowing Span<UInt8>, in target: inout MutableSpan<UInt8>, at: inout Int
) {
    guard scalar.tag.kind == .string else { return putPlain(text, scalar.content, in: &target, at: &at) }
    put(0x22, in: &target, at: &at)
    if scalar.tag == .plainString {
        putPlain(text, scalar.content, in: &target, at: &at)
    } else {
        let end = putText(text, scalar.content, in: &target, at: &at)
        precondition(end == scalar.content.upperBound, "canonicalBound is one")
    }
    put(0x22, in: &target, at: &at)
}

extension JSONTree {
    /// At least the length in bytes of the value at `node` in canonical form.
    ///
    /// White space goes and escapes become shorter. Longer than in the source become only the characters that canonical
    /// text escapes although JSON does not ask for it, and the reader has added those up.
    fileprivate func canonicalBound(_ node: JSONNode) -> Int {
        let behind = nextValue(after: Int(node.index), tape.span)
        let end = behind < tape.count ? Int(tape[behind].start) : text.count
        return end - Int(self[node].start) + escapeGrowth
    }
}
