// SPDX-License-Identifier: Apache-2.0

/// Finds where a line of a file begins, piece by piece.
struct LineSearch {
    enum Found: Equatable {
        case searching
        case at(Int)
        /// The file has fewer lines.
        case behindEnd(lines: Int)
        /// It is not in the part that is searched.
        case tooFar
    }

    /// How far into a file a line is looked for: a second or two of work.
    static let maxBytes = 1 << 30
    private static let pieceBytes = 64 << 10

    private let wanted: Int
    private let limit: Int
    /// Line feeds before ``offset``.
    private var ends = 0
    private var offset = 0
    /// Whether the last byte before ``offset`` ends a line.
    private var isAtStart = true
    private var buffer = [UInt8](repeating: 0, count: pieceBytes)

    /// - Parameters:
    ///   - line: counted from 1.
    ///   - limit: of the bytes before it; whole pieces are read.
    init(_ line: Int, within limit: Int) {
        wanted = line - 1
        self.limit = limit
    }

    mutating func step(_ file: borrowing OpenFile) throws(ToolFault) -> Found {
        if wanted == 0 { return .at(0) }
        guard offset < limit else { return .tooFar }
        let count = try file.read(into: &buffer, from: 0, at: offset)
        if count == 0 {
            // Behind the last line feed there is a line only if something stands there; an empty file has none.
            return .behindEnd(lines: ends + (isAtStart ? 0 : 1))
        }
        let here = lineFeeds(buffer.span.extracting(0..<count))
        let endsHere = buffer[count - 1] == lineFeed
        guard ends + here > wanted || (ends + here == wanted && !endsHere) else {
            ends += here
            offset += count
            isAtStart = endsHere
            guard ends == wanted else { return .searching }
            // The wanted line begins just here, if anything follows.
            let more = try file.read(into: &buffer, from: 0, at: offset)
            return more == 0 ? .behindEnd(lines: ends) : .at(offset)
        }
        var at = 0
        while ends < wanted {
            if buffer[at] == lineFeed { ends += 1 }
            at += 1
        }
        return .at(offset + at)
    }
}

let lineFeed = UInt8(ascii: "\n")

/// How many lines end in `bytes`.
func lineFeeds(_ bytes: borrowing Span<UInt8>) -> Int {
    var count = 0
    for at in bytes.indices { count &+= bytes[at] == lineFeed ? 1 : 0 }
    return count
}
