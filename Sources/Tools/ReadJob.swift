// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `files_read`.
final class ReadJob {
    /// Of a file, in one call.
    static let maxBytes = 1 << 20
    static let defaultBytes = 128 << 10
    static let maxLines = 100_000
    static let defaultLines = 2000
    static let maxLine = 1 << 40
    static let maxOffset = 1 << 50
    /// Shorter ranges of text are read as this many bytes: a range must hold a whole character, or reading on from its
    /// end would never get anywhere.
    static let minTextBytes = 8
    /// Of text as JSON writes it. It is sent twice, and the message must stay below 4 MiB
    /// (``ToolAnswer/maxStructuredBytes``).
    static let maxTextBytes = 3 << 19

    private enum Range {
        case bytes(offset: Int, length: Int)
        case lines(first: Int, count: Int)
    }

    private let path: [UInt8]
    private let place: [UInt8]
    private let range: Range
    private let wantsBase64: Bool
    private let file: OpenFile
    private var search: LineSearch?

    init(_ arguments: ToolArguments, _ roots: Roots) throws(ToolFault) {
        var arguments = arguments
        guard let path = try arguments.text("path", maxBytes: ListJob.maxPathBytes) else {
            throw ToolFault(.argumentMissing, "path", detail: "give the path of a file, such as label/dir/file")
        }
        let offset = try arguments.integer("offset", 0...Self.maxOffset)
        let length = try arguments.integer("length", 1...Self.maxBytes)
        let startLine = try arguments.integer("start_line", 1...Self.maxLine)
        let lineCount = try arguments.integer("line_count", 1...Self.maxLines)
        wantsBase64 = try Self.isBase64(arguments.text("encoding", maxBytes: 16))
        try arguments.finish()
        let hasLines = startLine != nil || lineCount != nil
        guard !hasLines || (offset == nil && length == nil) else {
            throw ToolFault(.argumentsExclude, "offset, length, start_line, line_count", detail: "count bytes or lines")
        }
        guard !hasLines || !wantsBase64 else {
            throw ToolFault(.argumentsExclude, "encoding, start_line, line_count", detail: "only text has lines")
        }
        guard case .inside(let root, let inner) = try roots.resolve(path), let inner else {
            throw ToolFault(.isDirectory, path)
        }
        file = try OpenFile(root, inner, path: path)
        self.path = path
        place = Place.inside(root, inner).shown
        if hasLines {
            range = .lines(first: startLine ?? 1, count: lineCount ?? Self.defaultLines)
            search = LineSearch(startLine ?? 1, within: LineSearch.maxBytes)
        } else {
            range = .bytes(offset: offset ?? 0, length: length ?? Self.defaultBytes)
        }
    }

    private static func isBase64(_ encoding: [UInt8]?) throws(ToolFault) -> Bool {
        guard let encoding, encoding != Array("text".utf8) else { return false }
        guard encoding == Array("base64".utf8) else {
            throw ToolFault(.argumentKind, "encoding", detail: "text or base64")
        }
        return true
    }

    func step() throws(ToolFault) -> JobStep {
        switch range {
        case .bytes(let offset, let length):
            return try wantsBase64 ? readBase64(offset, length) : readText(offset, length)
        case .lines(let first, let count):
            guard let found = try search?.step(file) else { return .working }
            switch found {
            case .searching: return .working
            case .tooFar: throw ToolFault(.argumentRange, "start_line", detail: "within the first GiB of the file")
            case .behindEnd(let lines):
                // An empty file has no first line, and asking for it is no mistake.
                if first == 1 { return try readLines(0, first, count) }
                throw ToolFault(.behindEnd, path, detail: Array("\(lines) lines".utf8))
            case .at(let offset): return try readLines(offset, first, count)
            }
        }
    }

    private func readBase64(_ offset: Int, _ length: Int) throws(ToolFault) -> JobStep {
        var bytes = try read(offset, length + 1)
        let more = bytes.count > length
        if more { bytes.removeLast() }
        let type = MediaType.ofContents(bytes.span) ?? MediaType.ofName(place) ?? MediaType.unknown
        let text = Base64.encode(bytes.span)
        var answer = FileAnswer(path: place, facts: file.facts, type: type)
        answer.offset = offset
        answer.length = bytes.count
        answer.more = more
        let isPicture = MediaType.isPicture(type) && offset == 0 && !more
        let structured = answer.compose(base64: text)
        let content: ToolAnswer.Content =
            isPicture ? .image(text, type: type) : .blob(text, type: type, address: ResourceAddress.text(place))
        return .done(.tool(ToolAnswer(structured, content)))
    }

    private func readText(_ offset: Int, _ length: Int) throws(ToolFault) -> JobStep {
        let length = max(length, Self.minTextBytes)
        // A character takes at most four bytes, so three before the range show whether it begins inside one.
        let before = try file.bytes(at: max(0, offset - 3), count: min(3, offset))
        let bytes = try read(offset, length + 1)
        let isCut = bytes.count > length
        let missing = cutCharacter(before.span, before.indices)?.missing ?? 0
        let start = bytes.prefix(missing).prefix(while: isContinuation).count
        var end = min(length, bytes.count)
        if isCut { end -= cutCharacter(bytes.span, start..<end)?.here ?? 0 }
        return try text(Array(bytes[start..<end]), offset: offset + start, more: isCut, lines: nil)
    }

    private func readLines(_ offset: Int, _ first: Int, _ count: Int) throws(ToolFault) -> JobStep {
        let bytes = try read(offset, Self.maxBytes + 1)
        let isCut = bytes.count > Self.maxBytes
        let readable = min(bytes.count, Self.maxBytes)
        var end = 0
        var lines = 0
        for at in 0..<readable where bytes[at] == lineFeed {
            end = at + 1
            lines += 1
            if lines == count { break }
        }
        // What stands behind the last line feed is a line as well, and so is the beginning of one too long for a call.
        if lines < count && (!isCut || lines == 0) && end < readable {
            end = readable - (isCut ? cutCharacter(bytes.span, 0..<readable)?.here ?? 0 : 0)
            lines += 1
        }
        return try text(Array(bytes[..<end]), offset: offset, more: end < bytes.count, lines: first)
    }

    /// - Parameter lines: the number of the first line, where lines were asked for.
    private func text(_ bytes: [UInt8], offset: Int, more: Bool, lines: Int?) throws(ToolFault) -> JobStep {
        if let nul = bytes.firstIndex(of: 0) {
            throw ToolFault(.binary, path, detail: kind(bytes, nulAt: offset + nul))
        }
        // What is not UTF-8 becomes U+FFFD, three bytes for one.
        let budget = isText(bytes.span) ? Self.maxTextBytes : Self.maxTextBytes / 3
        let kept = countInBudget(bytes.span, budget)
        var answer = FileAnswer(
            path: place, facts: file.facts, type: MediaType.ofName(place) ?? MediaType.text)
        answer.offset = offset
        answer.length = kept
        answer.more = more || kept < bytes.count
        answer.startLine = lines
        answer.lineEnds = lineFeeds(bytes.span.extracting(0..<kept))
        answer.endsInLine = kept > 0 && bytes[kept - 1] != lineFeed
        answer.hasMark = offset == 0 && kept >= 3 && bytes.prefix(3).elementsEqual([0xEF, 0xBB, 0xBF])
        answer.isLossy = !isText(bytes.span.extracting(0..<kept))
        let shown = answer.hasMark ? bytes[3..<kept] : bytes[..<kept]
        let text = answer.isLossy ? Array(String(decoding: shown, as: UTF8.self).utf8) : Array(shown)
        return .done(.tool(ToolAnswer(answer.compose(text: text), .text(text))))
    }

    private func kind(_ bytes: [UInt8], nulAt offset: Int) -> [UInt8] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return Array("it looks like UTF-16".utf8)
        }
        let type = MediaType.ofContents(bytes.span) ?? MediaType.ofName(place)
        return Array("\(type ?? MediaType.unknown), \(file.facts.size) bytes, NUL at \(offset)".utf8)
    }

    private func read(_ offset: Int, _ count: Int) throws(ToolFault) -> [UInt8] {
        let bytes = try file.bytes(at: offset, count: count)
        if bytes.isEmpty, UInt64(offset) > file.facts.size {
            throw ToolFault(.behindEnd, path, detail: Array("\(file.facts.size) bytes".utf8))
        }
        return bytes
    }
}
