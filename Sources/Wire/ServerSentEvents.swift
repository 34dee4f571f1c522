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

/// Reads the data of events from a stream, and what a client needs to take up a stream that broke; other fields and
/// comments are passed over.
package struct EventReader: Sendable {
    /// The longest id that is kept, in bytes: it goes into a header line of the next request.
    package static let maxIDBytes = 1024
    /// The longest pause that a server can ask for, in milliseconds.
    static let maxRetry = 3_600_000

    /// The data of the last event.
    package private(set) var data: [UInt8] = []
    /// The last event was of the type `message`, or named none.
    package private(set) var isMessage = true
    /// By which the stream can be taken up behind the last event; nil where events have none, or one that no header can
    /// carry.
    package private(set) var lastID: [UInt8]?
    /// The pause before a new connection that the server asked for, in milliseconds.
    package private(set) var retry: Int?
    private var lines: LineReader
    private let limit: Int
    private var hasData = false
    private var isEventTaken = false
    private var isOther = false
    /// Of the event that is being read.
    private var id: [UInt8]?

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
            if line.isEmpty {
                let isEvent = hasData
                end()
                if isEvent { return (consumed, true) }
                continue
            }
            try take(line, of: bytes)
        }
    }

    private mutating func end() {
        // An id counts even where its event has no data: the server says how far it has come.
        if let id { lastID = id.isEmpty ? nil : id }
        id = nil
        isMessage = !isOther
        isOther = false
        isEventTaken = hasData
        hasData = false
    }

    private mutating func take(_ line: Range<Int>, of bytes: borrowing Span<UInt8>) throws(WireError) {
        let colon = bytes.first(ASCII.colon, in: line) ?? line.upperBound
        let name = line.lowerBound..<colon
        var start = min(colon + 1, line.upperBound)
        if start < line.upperBound && bytes[start] == ASCII.space { start += 1 }
        let value = start..<line.upperBound
        if bytes.holds("data", in: name) {
            if value.count + data.count + 1 > limit { throw WireError(.lineTooLong, at: data.count) }
            if hasData { data.append(ASCII.lineFeed) }
            data.append(value, of: bytes)
            hasData = true
        } else if bytes.holds("id", in: name) {
            id = EventReader.identifier(bytes, value) ?? []
        } else if bytes.holds("event", in: name) {
            isOther = !value.isEmpty && !bytes.holds("message", in: value)
        } else if bytes.holds("retry", in: name), let pause = EventReader.pause(bytes, value) {
            retry = pause
        }
    }

    /// Nil for what no header line can carry.
    private static func identifier(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> [UInt8]? {
        guard value.count <= maxIDBytes else { return nil }
        for index in value where !bytes[index].isVisible && bytes[index] != ASCII.space { return nil }
        return bytes.trimmed(value) == value ? bytes.copy(value) : nil
    }

    private static func pause(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> Int? {
        guard (1...9).contains(value.count) else { return nil }
        var number = 0
        for index in value {
            guard bytes[index].isDigit else { return nil }
            number = number * 10 + Int(bytes[index] - ASCII.zero)
        }
        return min(number, maxRetry)
    }
}
