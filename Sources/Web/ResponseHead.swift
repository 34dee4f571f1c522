// SPDX-License-Identifier: Apache-2.0

/// The head of an HTTP answer, line by line as libcurl hands it over: what of it this program looks at.
struct ResponseHead: Equatable {
    /// Header lines of one head.
    static let maxLines = 128

    private(set) var status = 0
    private var lines: [[UInt8]] = []
    private var count = 0
    private var isComplete = false

    init() {}

    /// Takes one line with its end; false if the head is too large.
    mutating func receive(_ line: borrowing Span<UInt8>, limit: Int) -> Bool {
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        if let status = Self.status(line) {
            // A new head: what came before was the proxy's, or an interim one.
            self = ResponseHead()
            self.status = status
            return true
        }
        if end == 0 {
            isComplete = true
            return true
        }
        // Behind the head come trailers.
        if isComplete { return true }
        count += line.count
        guard count <= limit, lines.count < Self.maxLines else { return false }
        var copy: [UInt8] = []
        copy.reserveCapacity(end)
        for index in 0..<end { copy.append(line[index]) }
        lines.append(copy)
        return true
    }

    /// `HTTP/1.1 200 …`
    private static func status(_ line: borrowing Span<UInt8>) -> Int? {
        guard line.count >= 12 else { return nil }
        for (index, byte) in "HTTP/".utf8.enumerated() where line[index] != byte { return nil }
        var number = 0
        for index in 9..<12 {
            guard line[index] >= 0x30, line[index] <= 0x39 else { return nil }
            number = number * 10 + Int(line[index] - 0x30)
        }
        return number
    }

    /// The value of a header; nil if it is missing, or there more than once, or holds what is no text.
    ///
    /// - Parameter name: in lower case.
    func value(_ name: String) -> [UInt8]? {
        var found: [UInt8]?
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon == name.utf8.count,
                zip(line[..<colon], name.utf8).allSatisfy({ $0.lowercased == $1 })
            else { continue }
            if found != nil { return nil }
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
            while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
            found = Array(value)
        }
        guard let found, found.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return found
    }

    /// How often a header stands there.
    ///
    /// - Parameter name: in lower case.
    func count(of name: String) -> Int {
        lines.count { line in
            line.count > name.utf8.count && line[name.utf8.count] == UInt8(ascii: ":")
                && zip(line, name.utf8).allSatisfy { $0.lowercased == $1 }
        }
    }

    /// `type/subtype` in lower case, and the charset where one is named.
    var mediaType: (type: [UInt8], charset: [UInt8]?)? {
        guard let value = value("content-type") else { return nil }
        var parts = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map {
            Self.trimmed($0).map(\.lowercased)
        }
        let type = parts.removeFirst()
        let mark = Array("charset=".utf8)
        let charset = parts.first { $0.starts(with: mark) }.map { part in
            part.dropFirst(mark.count).filter { $0 != UInt8(ascii: "\"") }
        }
        return (type, charset)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while rest.first == 0x20 || rest.first == 0x09 { rest = rest.dropFirst() }
        while rest.last == 0x20 || rest.last == 0x09 { rest = rest.dropLast() }
        return rest
    }

    /// Whether the status sends the client elsewhere with the same request, or with a GET.
    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
}

extension UInt8 {
    /// An ASCII capital as its small letter, everything else as it is.
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
