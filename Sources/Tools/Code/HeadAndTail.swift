// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The beginning and the end of something that may be very long.
struct HeadAndTail {
    private let headBytes: Int
    private let tailBytes: Int
    private(set) var head: [UInt8] = []
    private var ring: [UInt8] = []
    private(set) var total = 0

    /// - Parameter capacity: of both together; the head gets a quarter, since what went wrong stands at the end.
    init(capacity: Int) {
        headBytes = capacity / 4
        tailBytes = capacity - capacity / 4
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        total += bytes.count
        var rest = bytes
        if head.count < headBytes {
            let taken = rest.prefix(headBytes - head.count)
            head += taken
            rest = rest.dropFirst(taken.count)
        }
        ring += rest.suffix(tailBytes)
        // Moved seldom: the cost per byte stays constant.
        if ring.count > 2 * tailBytes { ring.removeFirst(ring.count - tailBytes) }
    }

    var tail: ArraySlice<UInt8> { ring.suffix(tailBytes) }
    /// Bytes between head and tail that are gone.
    var dropped: Int { total - head.count - tail.count }

    /// The end of it, at most `count` bytes.
    func last(_ count: Int) -> [UInt8] { Array((head.suffix(max(0, count - tail.count)) + tail).suffix(count)) }

    /// All of it as text, with a line in place of what is gone.
    func text() -> (bytes: [UInt8], isLossy: Bool) {
        guard dropped > 0 else { return Self.mended(head + tail) }
        // A character that the cut goes through belongs to neither side.
        let head = head.dropLast(cutCharacter(head.span, head.indices)?.here ?? 0)
        let tail = tail.drop { isContinuation($0) }
        let (first, firstLossy) = Self.mended(Array(head))
        let (last, lastLossy) = Self.mended(Array(tail))
        return (first + Array("\n[… \(dropped) bytes left out …]\n".utf8) + last, firstLossy || lastLossy)
    }

    private static func mended(_ bytes: [UInt8]) -> ([UInt8], Bool) {
        isText(bytes.span) ? (bytes, false) : (Array(String(decoding: bytes, as: UTF8.self).utf8), true)
    }
}
