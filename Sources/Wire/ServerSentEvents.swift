// SPDX-License-Identifier: Apache-2.0

/// Writes an event stream (WHATWG HTML section 9.2). No ids: nothing is ever replayed.
package enum EventWriter {
    /// Appends one `message` event.
    ///
    /// - Parameter data: JSON on one line. Were there line ends in it, each line would become a data line of its own,
    ///   so that no part of it can begin another field or event.
    package static func append(message data: borrowing Span<UInt8>, to output: inout [UInt8]) {
        output.append(text: "event: message\ndata: ")
        var start = 0
        for index in 0..<data.count {
            let byte = data[index]
            guard byte == ASCII.lineFeed || byte == ASCII.carriageReturn else { continue }
            output.append(start..<index, of: data)
            output.append(text: "\ndata: ")
            start = index + 1
        }
        output.append(start..<data.count, of: data)
        output.append(text: "\n\n")
    }

    /// Appends a comment, which tells the reader and everything in between that the stream is alive.
    package static func appendKeepAlive(to output: inout [UInt8]) { output.append(text: ":\n\n") }
}

/// Reads the data of events from a stream; other fields and comments are passed over.
package struct EventReader: Sendable {
    /// The data of the last event.
    package private(set) var data: [UInt8] = []
    private var lines: LineReader
    private let limit: Int
    private var hasData = false
    private var isEventTaken = false

    /// - Parameter limit: bytes in one line, and in the data of one event.
    package init(limit: Int) {
        self.limit = limit
        lines = LineReader(limit: limit)
    }

    /// Reads up to the end of the next event that has data.
    ///
    /// - Parameter bytes: everything that has arrived and was not consumed yet.
    /// - Returns: how many bytes are consumed, and whether ``data`` holds an event.
    /// - Throws: `line-too-long`.
    package mutating func read(
        _ bytes: borrowing Span<UInt8>
    ) throws(WireError) -> (consumed: Int, isEvent: Bool) {
        if isEventTaken {
            data.removeAll(keepingCapacity: true)
            isEventTaken = false
        }
        var consumed = 0
        while true {
            guard case .line(let line, let length) = try lines.next(bytes, from: consumed) else {
                return (consumed, false)
            }
            consumed += length
            if line.isEmpty && hasData {
                hasData = false
                isEventTaken = true
                return (consumed, true)
            }
            try take(line, of: bytes)
        }
    }

    private mutating func take(_ line: Range<Int>, of bytes: borrowing Span<UInt8>) throws(WireError) {
        guard line.count >= 5 && bytes.holds("data:", in: line.lowerBound..<(line.lowerBound + 5)) else { return }
        var start = line.lowerBound + 5
        if start < line.upperBound && bytes[start] == ASCII.space { start += 1 }
        if line.upperBound - start + data.count + 1 > limit { throw WireError(.lineTooLong, at: data.count) }
        if hasData { data.append(ASCII.lineFeed) }
        data.append(start..<line.upperBound, of: bytes)
        hasData = true
    }
}
