// SPDX-License-Identifier: Apache-2.0

/// Writes one canonical JSON value, on one line.
///
/// Commas and quotes are the writer's business. The caller's is to write a key before each value of an object and
/// nowhere else, and to end what it began: anything else stops the program, so that what comes out is always one value.
/// Keys of one object are due in canonical order, which debug builds assert.
package struct JSONWriter: Sendable {
    /// What has been written so far. Lend `bytes.span` to copy it elsewhere without giving up the storage.
    package private(set) var bytes: [UInt8] = []
    /// Containers that can be open at once. Values of trees and canonical values do not count, whatever is in them.
    private static let mostOpen = 64

    /// Whether the next key or value follows another one.
    private var isBehindValue = false
    private var isBehindKey = false
    /// Containers that are open, and for each a bit that says whether it is an object, the innermost lowest.
    private var depth = 0
    private var objects: UInt64 = 0
    private var walk = TreeWalk()
    #if DEBUG
        /// The last key of each open object.
        private var lastKeys: [[UInt8]?] = []
    #endif

    package init() {}

    /// The number of bytes written so far.
    package var count: Int { bytes.count }

    /// Whether exactly one value has been written, and ended.
    package var isComplete: Bool { depth == 0 && isBehindValue }

    /// Begins anew and keeps the storage.
    package mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        begin()
    }

    private mutating func begin() {
        isBehindValue = false
        isBehindKey = false
        depth = 0
        objects = 0
        #if DEBUG
            lastKeys.removeAll()
        #endif
    }

    package mutating func beginObject() { open(0x7B, object: 1) }
    package mutating func endObject() { close(0x7D, object: 1) }
    package mutating func beginArray() { open(0x5B, object: 0) }
    package mutating func endArray() { close(0x5D, object: 0) }

    package mutating func key(_ name: StaticString) { key(name.description.utf8.span) }

    /// As the variant above, for literals: a `String` lends its bytes, a `StaticString` has to copy them.
    package mutating func key(_ name: String) { key(name.utf8.span) }

    package mutating func key(_ name: [UInt8]) { key(name.span) }

    package mutating func key(_ name: borrowing Span<UInt8>) {
        precondition(objects & 1 == 1 && !isBehindKey, "a key belongs into an object, before a value")
        checkOrder(name)
        if isBehindValue { bytes.append(0x2C) }
        appendMended(name)
        bytes.append(0x3A)
        isBehindKey = true
    }

    package mutating func string(_ text: StaticString) { string(text.description.utf8.span) }

    package mutating func string(_ text: String) { string(text.utf8.span) }

    package mutating func string(_ text: [UInt8]) { string(text.span) }

    /// Writes text as a string. What is not well-formed UTF-8 in it becomes U+FFFD.
    package mutating func string(_ text: borrowing Span<UInt8>) {
        separate()
        appendMended(text)
    }

    private mutating func appendMended(_ text: borrowing Span<UInt8>) {
        if isWellFormed(text) {
            appendString(text, to: &bytes)
        } else {
            var copy: [UInt8] = []
            appendBytes(text, to: &copy)
            appendString(String(decoding: copy, as: UTF8.self).utf8.span, to: &bytes)
        }
    }

    package mutating func integer(_ number: Int64) {
        separate()
        if number < 0 { bytes.append(0x2D) }
        appendDigits(number.magnitude)
    }

    package mutating func unsigned(_ number: UInt64) {
        separate()
        appendDigits(number)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        append(literal: value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        append(literal: "null")
    }

    /// Writes a value of a tree and everything in it.
    package mutating func value(_ tree: JSONTree, _ node: JSONNode) {
        separate()
        walk.append(node, of: tree, to: &bytes)
    }

    /// Writes a value that is canonical already.
    package mutating func value(_ json: CanonicalJSON) {
        separate()
        appendBytes(json.bytes.span, to: &bytes)
    }

    /// Writes an object of a tree, with members removed, replaced or added. What is no object counts as an empty one.
    package mutating func object(_ tree: JSONTree, _ node: JSONNode, edits: [JSONEdit]) {
        var changes = JSONEdit.inOrder(edits)[...]
        beginObject()
        for key in walk.sortedKeys(of: node, in: tree) {
            while let change = changes.first, change.precedes(key, of: tree) {
                put(change)
                changes.removeFirst()
            }
            if let change = changes.first, tree.equals(key, change.key) {
                put(change)
                changes.removeFirst()
            } else {
                self.key(tree.text.span.extracting(tree[key].content))
                value(tree, JSONNode(Int(key.index) + 1))
            }
        }
        for change in changes { put(change) }
        endObject()
    }

    private mutating func put(_ change: JSONEdit.Change) {
        guard let value = change.value else { return }
        key(change.key)
        self.value(value)
    }

    /// Ends the value and hands it over; the writer is empty then.
    package mutating func finish() -> CanonicalJSON { CanonicalJSON(bytes: take()) }

    /// As ``finish()``, for bytes that go straight to a descriptor.
    package mutating func take() -> [UInt8] {
        precondition(isComplete, "exactly one value, and its end")
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        begin()
        return taken
    }

    private mutating func open(_ bracket: UInt8, object: UInt64) {
        precondition(depth < Self.mostOpen, "too much is open")
        separate()
        bytes.append(bracket)
        isBehindValue = false
        depth += 1
        objects = objects << 1 | object
        #if DEBUG
            lastKeys.append(nil)
        #endif
    }

    private mutating func close(_ bracket: UInt8, object: UInt64) {
        precondition(depth > 0 && objects & 1 == object && !isBehindKey, "nothing of that kind is open, or a key is")
        bytes.append(bracket)
        isBehindValue = true
        depth -= 1
        objects >>= 1
        #if DEBUG
            lastKeys.removeLast()
        #endif
    }

    /// Makes room for a value: a comma, unless it follows a key or is the first in its array.
    @inline(__always)
    private mutating func separate() {
        if isBehindKey {
            isBehindKey = false
        } else {
            precondition(objects & 1 == 0, "a value in an object has a key")
            if isBehindValue {
                precondition(depth > 0, "the value has ended")
                bytes.append(0x2C)
            }
        }
        isBehindValue = true
    }

    private mutating func append(literal: String) { appendBytes(literal.utf8.span, to: &bytes) }

    private mutating func appendDigits(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    private mutating func checkOrder(_ name: borrowing Span<UInt8>) {
        #if DEBUG
            var key: [UInt8] = []
            appendBytes(name, to: &key)
            if let last = lastKeys.last ?? nil {
                assert(
                    precedes(last.span, last.indices, key.span, key.indices),
                    "\(String(decoding: key, as: UTF8.self)) behind \(String(decoding: last, as: UTF8.self))")
            }
            lastKeys[lastKeys.count - 1] = key
        #endif
    }
}

/// One JSON value in canonical form. Only a ``JSONWriter`` makes one, so whoever holds it need not look inside.
///
/// Members stand in the order of RFC 8785, strings have the shortest escapes and never a byte that ends a line, and
/// numbers keep the text that they were read with. Equal trees give equal bytes.
package struct CanonicalJSON: Sendable, Hashable {
    package let bytes: [UInt8]

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }
}
