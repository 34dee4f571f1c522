// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// One step through a segment.
enum LineStep {
    /// A whole line: where it lies in ``LineReader/buffer`` until the next step, without its line feed.
    case line(Range<Int>)
    /// The file ends with this many bytes and no line feed.
    case unfinished(bytes: UInt64)
    case tooLong
    case end
}

/// Reads a segment line by line through one buffer, however long the segment is.
struct LineReader {
    private(set) var buffer = [UInt8](repeating: 0, count: 262_144)
    private var start = 0
    private var end = 0
    /// Of the byte at `start`, from the beginning of the file.
    private(set) var offset: UInt64 = 0
    private var name: FileName

    init(_ name: FileName, at offset: UInt64 = 0) {
        self.name = name
        self.offset = offset
    }

    /// Goes to another file, or to another place in this one.
    mutating func move(to name: FileName, at offset: UInt64) {
        self.name = name
        self.offset = offset
        start = 0
        end = 0
    }

    /// Reads on to the end of the next line.
    mutating func next<Source: LogSource & ~Copyable>(_ source: borrowing Source) throws(SyscallError) -> LineStep {
        var searched = start
        while true {
            if let place = firstNewline(from: searched) {
                guard place - start < Layout.maxLineBytes else { return .tooLong }
                let line = start..<place
                offset += UInt64(line.count) + 1
                start = place + 1
                return .line(line)
            }
            searched = end
            if end - start >= Layout.maxLineBytes { return try skipEndlessLine(source) }
            if end == buffer.count {
                makeRoom()
                searched = end
            }
            let count = try source.read(name, at: offset + UInt64(end - start), into: &buffer, from: end)
            if count == 0 { return end == start ? .end : .unfinished(bytes: UInt64(end - start)) }
            end += count
        }
    }

    /// A line longer than any record is one thing if it ends, and another if the file does.
    private mutating func skipEndlessLine<Source: LogSource & ~Copyable>(
        _ source: borrowing Source
    ) throws(SyscallError) -> LineStep {
        var length = UInt64(end - start)
        while true {
            let count = try source.read(name, at: offset + length, into: &buffer, from: 0)
            if count == 0 { return .unfinished(bytes: length) }
            for index in 0..<count where buffer[index] == newline { return .tooLong }
            length += UInt64(count)
        }
    }

    private func firstNewline(from index: Int) -> Int? {
        var index = index
        while index < end {
            if buffer[index] == newline { return index }
            index += 1
        }
        return nil
    }

    private mutating func makeRoom() {
        for index in start..<end { buffer[index - start] = buffer[index] }
        end -= start
        start = 0
    }
}
