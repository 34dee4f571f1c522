// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// A line in which something was found.
struct LineMatch: Equatable, Sendable {
    /// Counted from 1.
    let line: Int
    /// Where the line begins in the file.
    let lineStart: Int
    /// Where the match begins in the file.
    let start: Int
}

/// Looks through one file, piece by piece, and reports each line that matches once.
final class FileScan {
    enum Step {
        case working(bytes: Int)
        case match(LineMatch)
        /// A NUL: what follows is not looked at.
        case binary
        case ended
    }

    static let pieceBytes = 64 << 10

    let file: OpenFile
    private let needle: Needle
    /// What was read and not yet finished with.
    private var buffer: [UInt8]
    /// The part of the buffer that is not yet searched, and everything up to its end that was read.
    private var from = 0
    private var filled = 0
    /// The part in which a match may end: whole lines, or the rest of the file.
    private var searchable = 0
    /// Where the buffer's first byte lies in the file.
    private var base = 0
    private var isAtEnd = false
    /// Number and start of the line in which `from` lies.
    private var line = 1
    private var lineStart = 0
    /// The line in which `from` lies has been reported.
    private var skipsLine = false

    /// - Parameter buffer: what an earlier scan has left, so that many small files share one.
    init(_ file: consuming OpenFile, _ needle: Needle, reusing buffer: [UInt8] = []) {
        self.file = file
        self.needle = needle
        self.buffer = buffer.count == Self.pieceBytes ? buffer : [UInt8](repeating: 0, count: Self.pieceBytes)
    }

    /// Ends the scan and gives its storage away.
    func takeBuffer() -> [UInt8] {
        isAtEnd = true
        (from, filled, searchable) = (0, 0, 0)
        var taken: [UInt8] = []
        swap(&taken, &buffer)
        return taken
    }

    func step() throws(ToolFault) -> Step {
        if skipsLine {
            skipRestOfLine()
            if skipsLine && from < searchable { return .working(bytes: 0) }
        }
        if !skipsLine, from < searchable, let match = next() { return .match(match) }
        if isAtEnd { return .ended }
        return try fill()
    }

    private func next() -> LineMatch? {
        let bytes = buffer
        guard let found = needle.first(in: bytes.span, from..<searchable) else {
            // A match may have begun and not ended here, if the line goes on: keep what it would need.
            let kept = isAtEnd || bytes[searchable - 1] == lineFeed ? 0 : needle.maxMatchBytes - 1
            advance(to: max(from, searchable - kept))
            return nil
        }
        advance(to: found.lowerBound)
        skipsLine = true
        return LineMatch(line: line, lineStart: lineStart, start: base + found.lowerBound)
    }

    /// Counts lines up to `end`, which is where the search goes on.
    private func advance(to end: Int) {
        let bytes = buffer
        let count = lineFeeds(bytes.span.extracting(from..<end))
        if count > 0 {
            line += count
            var last = end - 1
            while bytes[last] != lineFeed { last -= 1 }
            lineStart = base + last + 1
        }
        from = end
    }

    private func skipRestOfLine() {
        let bytes = buffer
        var at = from
        while at < searchable, bytes[at] != lineFeed { at += 1 }
        guard at < searchable else {
            from = searchable
            return
        }
        from = at + 1
        line += 1
        lineStart = base + from
        skipsLine = false
    }

    private func fill() throws(ToolFault) -> Step {
        // What is left moves to the front; it is shorter than a needle, or the beginning of a line.
        let rest = filled - from
        if from > 0 {
            for at in 0..<rest { buffer[at] = buffer[from + at] }
            base += from
            from = 0
        }
        filled = rest
        if filled == buffer.count {
            // A line longer than a piece: search what there is of it.
            searchable = filled
            return .working(bytes: 0)
        }
        let count = try file.read(into: &buffer, from: filled, at: base + filled)
        if count == 0 {
            isAtEnd = true
            searchable = filled
            return .working(bytes: 0)
        }
        let end = filled + count
        guard zeros(buffer.span.extracting(filled..<end)) == 0 else { return .binary }
        var last = end
        while last > filled, buffer[last - 1] != lineFeed { last -= 1 }
        searchable = last > filled ? last : 0
        filled = end
        return .working(bytes: count)
    }
}

private func zeros(_ bytes: borrowing Span<UInt8>) -> Int {
    var count = 0
    for at in bytes.indices { count &+= bytes[at] == 0 ? 1 : 0 }
    return count
}
