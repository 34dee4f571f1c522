// SPDX-License-Identifier: Apache-2.0

/// Bytes that arrive at one end and are taken from the other, in one reusable allocation.
///
/// Reading and writing move two indices; the bytes are shifted to the front only when the room behind them is
/// used up, so a message that is read whole and dropped whole never copies.
/// To parse: `let bytes = queue.storage`, then `bytes.span.extracting(queue.range)`, and let go of `bytes` before the
/// queue changes, otherwise the change copies.
package struct ByteQueue: Sendable {
    /// The allocation. Only the bytes inside ``range`` mean anything.
    package private(set) var storage: [UInt8] = []
    private var head = 0
    private var tail = 0

    package init() {}

    package var count: Int { tail - head }
    package var isEmpty: Bool { head == tail }
    /// Where in ``storage`` the waiting bytes lie, front first.
    package var range: Range<Int> { head..<tail }

    /// Drops `count` bytes from the front.
    package mutating func drop(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        head += count
        if head == tail { removeAll() }
    }

    /// Takes back the last `count` bytes.
    mutating func dropLast(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        tail -= count
        if head == tail { removeAll() }
    }

    /// Forgets all bytes and keeps the allocation.
    package mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Forgets all bytes, and the allocation too where it is larger than `kept` bytes: an idle connection that once
    /// carried a large message does not hold its memory.
    package mutating func reset(keeping kept: Int) {
        removeAll()
        if storage.count > kept { storage = [] }
    }

    package mutating func append(_ bytes: [UInt8]) {
        if isEmpty && storage.isEmpty {
            // Nothing to join it with: adopt the array instead of copying it.
            storage = bytes
            tail = bytes.count
            return
        }
        append(copying: bytes.span)
    }

    package mutating func append(copying bytes: borrowing Span<UInt8>) {
        makeRoom(bytes.count)
        let start = tail
        unsafe bytes.withUnsafeBytes { source in
            // In bounds: makeRoom made `source.count` bytes behind `start`, and the two allocations differ.
            unsafe storage.withUnsafeMutableBytes { all in
                unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...]).copyMemory(from: source)
            }
        }
        tail += bytes.count
    }

    package mutating func append(_ text: StaticString) {
        makeRoom(text.utf8CodeUnitCount)
        // Literals are immortal, and a StaticString of more than one scalar has a pointer and exactly this length.
        let bytes = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        unsafe append(copying: bytes.span)
    }

    package mutating func append(_ byte: UInt8) {
        makeRoom(1)
        storage[tail] = byte
        tail += 1
    }

    /// Lends `limit` writable bytes behind the last one; `body` says how many of them now hold something (or -1).
    mutating func fill(_ limit: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        makeRoom(limit)
        let start = tail
        let count = unsafe storage.withUnsafeMutableBytes { all in
            // In bounds: makeRoom made `limit` bytes behind `start`.
            unsafe body(UnsafeMutableRawBufferPointer(rebasing: all[start..<(start + limit)]))
        }
        if count > 0 { tail += min(count, limit) }
        return count
    }

    /// Lends the waiting bytes; `body` says how many of them it took (or -1).
    mutating func drain(_ body: (UnsafeRawBufferPointer) -> Int) -> Int {
        let count = unsafe storage.withUnsafeBytes { all in
            // In bounds: head and tail never leave the allocation.
            unsafe body(UnsafeRawBufferPointer(rebasing: all[head..<tail]))
        }
        if count > 0 { drop(min(count, self.count)) }
        return count
    }

    private mutating func makeRoom(_ wanted: Int) {
        if storage.count - tail >= wanted { return }
        if head > 0 {
            // Shift to the front: what is left is at most one unfinished message.
            let waiting = count
            let from = head
            unsafe storage.withUnsafeMutableBytes { all in
                // copyMemory allows the overlap; both ranges lie inside the allocation.
                unsafe all.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[from..<(from + waiting)]))
            }
            head = 0
            tail = waiting
            if storage.count - tail >= wanted { return }
        }
        let size = max(tail + wanted, storage.count * 2, 512)
        if storage.isEmpty {
            storage = [UInt8](repeating: 0, count: size)
            return
        }
        storage.reserveCapacity(size)
        storage.append(contentsOf: [UInt8](repeating: 0, count: size - storage.count))
    }
}
