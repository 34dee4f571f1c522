// SPDX-License-Identifier: Apache-2.0

/// An answer as a client sees it, read by a few lines that share nothing with the code under test.
struct Response {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body = ""

    subscript(name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }

    var closes: Bool { self["connection"]?.contains("close") ?? false }

    /// The reason word of a refusal, as the body says it.
    var reason: String? { text(behind: "\"reason\":\"") }
    /// The JSON-RPC code of an error.
    var code: Int? { text(behind: "\"code\":", until: [","]).flatMap(Int.init) }
    var hasNullID: Bool { body.contains("\"id\":null") }

    /// The data of each event of a stream.
    var events: [String] {
        body.split(separator: "\n\n").compactMap { event in
            event.split(separator: "\n").first { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }
    }

    private func text(behind mark: String, until ends: Set<Character> = ["\""]) -> String? {
        body.tail(behind: mark).map { String($0.prefix { !ends.contains($0) }) }
    }

    /// The first whole answer in `bytes`, and its length. An unfinished stream counts as whole as far as it goes.
    static func read(_ bytes: ArraySlice<UInt8>, isHead: Bool) -> (Response, Int)? {
        guard let end = bytes.firstRange(of: [13, 10, 13, 10]) else { return nil }
        var response = Response()
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        response.status = Int(lines[0].dropFirst(9).prefix(3)) ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            response.headers.append(
                (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        let rest = bytes[end.upperBound...]
        let headLength = end.upperBound - bytes.startIndex
        if isHead || response.status == 204 || response.status < 200 { return (response, headLength) }
        if response["transfer-encoding"] == "chunked" {
            let (data, length) = chunks(rest)
            response.body = String(decoding: data, as: UTF8.self)
            return (response, headLength + length)
        }
        let length = response["content-length"].flatMap { Int($0) } ?? 0
        guard rest.count >= length else { return nil }
        response.body = String(decoding: rest.prefix(length), as: UTF8.self)
        return (response, headLength + length)
    }

    /// Decodes chunks up to the last whole one.
    static func chunks(_ bytes: ArraySlice<UInt8>) -> (data: [UInt8], length: Int) {
        var data: [UInt8] = []
        var rest = bytes
        while let line = rest.firstRange(of: [13, 10]) {
            let digits = String(decoding: rest[..<line.lowerBound], as: UTF8.self)
            guard let size = Int(digits, radix: 16) else { break }
            let behind = rest[line.upperBound...]
            guard behind.count >= size + 2 else { break }
            data += behind.prefix(size)
            rest = behind.dropFirst(size + 2)
            if size == 0 { break }
        }
        return (data, rest.startIndex - bytes.startIndex)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func firstRange(of mark: [UInt8]) -> Range<Int>? {
        var index = startIndex
        while index + mark.count <= endIndex {
            if Array(self[index..<(index + mark.count)]) == mark { return index..<(index + mark.count) }
            index += 1
        }
        return nil
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [String] {
        var parts: [String] = []
        var part: [UInt8] = []
        let bytes = Array(utf8)
        let mark = Array(mark.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                parts.append(String(decoding: part, as: UTF8.self))
                part = []
                index += mark.count
            } else {
                part.append(bytes[index])
                index += 1
            }
        }
        return parts + [String(decoding: part, as: UTF8.self)]
    }

    /// What follows the first `mark`.
    func tail(behind mark: String) -> Substring? {
        let bytes = Array(utf8)
        let wanted = Array(mark.utf8)
        guard let at = bytes.indices.first(where: { bytes[$0...].starts(with: wanted) }) else { return nil }
        return self[utf8.index(startIndex, offsetBy: at + wanted.count)...]
    }
}
