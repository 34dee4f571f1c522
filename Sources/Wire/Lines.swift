// SPDX-License-Identifier: Apache-2.0

/// What stands at the front of a stream of lines.
package enum LineProgress: Equatable, Sendable {
    case needMore
    /// A line without its end, and how many bytes it took with it.
    case line(Range<Int>, length: Int)
}

/// Splits a stream at line feeds, as stdio servers write.
///
/// A line is what stands before the line feed; one carriage return right before it is dropped, because programs on
/// other systems' line ends are honest peers. No other byte ends a line: a carriage return inside stays in it, and the
/// JSON reader behind this refuses it where it does not belong.
package struct LineReader: Sendable {
    private let limit: Int
    private var scanned = 0

    /// - Parameter limit: bytes in one line, without its line feed.
    package init(limit: Int) { self.limit = limit }

    /// Looks for the end of the line that begins at `start`.
    ///
    /// - Parameter bytes: what has arrived; after `.needMore`, the same line must come first again, with more behind it.
    /// - Throws: `line-too-long` as soon as the limit is passed, whether or not the line has ended.
    package mutating func next(
        _ bytes: borrowing Span<UInt8>, from start: Int = 0
    ) throws(WireError) -> LineProgress {
        let bound = min(bytes.count, start + limit + 1)
        guard let index = bytes.first(ASCII.lineFeed, in: (start + scanned)..<bound) else {
            if bound == start + limit + 1 { throw WireError(.lineTooLong, at: limit) }
            scanned = bound - start
            return .needMore
        }
        scanned = 0
        var end = index
        if end > start && bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
        return .line(start..<end, length: index + 1 - start)
    }
}
