// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What a search shows of a file around one match, read anew from it.
struct Excerpt: Equatable {
    /// Of one line; what is longer is cut.
    static let maxLineBytes = 400
    /// Shown before a match that lies further inside a long line.
    static let leadBytes = 100
    /// How far before and behind a match lines of context are looked for.
    static let windowBytes = 16 << 10

    private(set) var text: [UInt8] = []
    /// ``text`` is not the whole line.
    private(set) var isCut = false
    private(set) var before: [[UInt8]] = []
    private(set) var after: [[UInt8]] = []

    /// - Parameter context: how many lines before and behind.
    init(_ match: LineMatch, of file: borrowing OpenFile, context: Int) throws(ToolFault) {
        let isDeep = match.start - match.lineStart > Self.maxLineBytes - Self.leadBytes
        let start = isDeep ? match.start - Self.leadBytes : match.lineStart
        let wanted = context > 0 ? Self.windowBytes : Self.maxLineBytes + 1
        let window = try file.bytes(at: start, count: wanted)
        let end = window.firstIndex(of: lineFeed) ?? window.endIndex
        var line = window[..<end]
        if isDeep { line = line.drop(while: isContinuation) }
        text = Self.shortened(line)
        isCut = isDeep || line.count > Self.maxLineBytes
        guard context > 0 else { return }
        if end < window.endIndex { after = Self.lines(window[(end + 1)...], context, isWhole: window.count < wanted) }
        let earlier = min(match.lineStart, Self.windowBytes)
        let ahead = try file.bytes(at: match.lineStart - earlier, count: earlier)
        // The line feed at the end belongs to the line before; what stands before the first one may be half a line.
        var lines = ahead.dropLast().split(separator: lineFeed, omittingEmptySubsequences: false)
        if ahead.isEmpty { lines = [] } else if earlier < match.lineStart { lines.removeFirst() }
        before = lines.suffix(context).map(Self.shortened)
    }

    func write(to json: inout JSONWriter, path: [UInt8], _ match: LineMatch) {
        json.beginObject()
        write(after, "after", &json)
        write(before, "before", &json)
        json.key("column")
        json.integer(Int64(match.start - match.lineStart + 1))
        if isCut {
            json.key("cut")
            json.bool(true)
        }
        json.key("line")
        json.integer(Int64(match.line))
        json.key("path")
        json.string(path)
        json.key("text")
        json.string(text)
        json.endObject()
    }

    private func write(_ lines: [[UInt8]], _ key: StaticString, _ json: inout JSONWriter) {
        guard !lines.isEmpty else { return }
        json.key(key)
        json.beginArray()
        for line in lines { json.string(line) }
        json.endArray()
    }

    /// - Parameter isWhole: the bytes go up to the end of the file.
    private static func lines(_ bytes: ArraySlice<UInt8>, _ count: Int, isWhole: Bool) -> [[UInt8]] {
        var lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false)
        // Behind the last line feed of a file there is no line; elsewhere what stands there may be half of one.
        if !isWhole || lines.last?.isEmpty == true { lines.removeLast() }
        return lines.prefix(count).map(shortened)
    }

    private static func shortened(_ line: ArraySlice<UInt8>) -> [UInt8] {
        guard line.count > maxLineBytes else { return Array(line.last == 0x0D ? line.dropLast() : line) }
        let kept = Array(line.prefix(maxLineBytes))
        return Array(kept.dropLast(cutCharacter(kept.span, kept.indices)?.here ?? 0))
    }
}
