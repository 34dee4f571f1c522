// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// The answer of `code_run`.
struct CodeAnswer {
    /// Of output as JSON writes it. It stands in the answer twice.
    static let maxOutputBytes = 640 << 10

    let exit: ProcessExit?
    let limit: CodeLimit?
    let milliseconds: UInt64
    let output: HeadAndTail
    let results: CodeResults
    /// Whether text from outside can be in it.
    let isMarked: Bool

    private var isSuccess: Bool { limit == nil && exit == .exited(0) }

    func compose() -> ToolAnswer {
        var (text, isLossy) = output.text()
        // Control characters take six bytes: such output is no text that anybody reads to its end.
        text = Array(text[..<countInBudget(text.span, Self.maxOutputBytes)])
        var blocks: [ContentBlock] = []
        var returned: [Int] = []
        for (index, file) in results.files.enumerated() {
            guard let contents = file.contents else { continue }
            returned.append(index)
            blocks.append(Self.block(file.path, contents))
        }
        let structured = structured(text, isLossy, returned)
        let summary = text + (text.isEmpty || text.last == lineFeed ? [] : [lineFeed]) + Array(ending.utf8)
        return ToolAnswer(
            structured, .blocks([.text(summary)] + blocks), isError: !isSuccess,
            provenance: isMarked ? Provenance(source: nil) : nil)
    }

    private static func block(_ path: RelativePath, _ contents: [UInt8]) -> ContentBlock {
        let type = MediaType.ofContents(contents.span) ?? MediaType.ofName(path.bytes)
        if let type, MediaType.isPicture(type) { return .image(Base64.encode(contents.span), type: type) }
        let address = ResourceAddress.text(path.bytes, under: ResourceAddress.results)
        // Text that escapes make longer than base64 goes as base64.
        if isText(contents.span), countInBudget(contents.span, contents.count / 3 * 4) == contents.count {
            return .resource(contents, type: type ?? MediaType.text, address: address)
        }
        return .blob(Base64.encode(contents.span), type: type ?? MediaType.unknown, address: address)
    }

    /// One line for those who read nothing but text.
    private var ending: String {
        var line = "[\(how) after \(milliseconds) ms"
        if let limit { line += ": \(limit.words)" }
        for file in results.files.prefix(20) { line += "; file \(file.path), \(file.size) bytes" }
        if results.files.count > 20 || results.isIncomplete { line += "; and more files" }
        return line + "]"
    }

    private var how: String {
        if limit != nil { return "killed" }
        switch exit {
        case .exited(let status): return "exit status \(status)"
        case .killed(let signal): return "ended by signal \(signal)"
        case nil: return "ended"
        }
    }

    private func structured(_ text: [UInt8], _ isLossy: Bool, _ returned: [Int]) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        json.key("duration_ms")
        json.unsigned(milliseconds)
        if limit == nil, case .exited(let status) = exit {
            json.key("exit_status")
            json.integer(Int64(status))
        }
        json.key("files")
        json.beginArray()
        for (index, file) in results.files.enumerated() { write(file, returned.firstIndex(of: index), &json) }
        json.endArray()
        json.key("files_more")
        json.bool(results.isIncomplete)
        if let limit {
            json.key("limit")
            json.string(limit.rawValue)
        }
        json.key("output")
        json.string(text)
        json.key("output_bytes")
        json.integer(Int64(output.total))
        json.key("output_lossy")
        json.bool(isLossy)
        json.key("output_truncated")
        json.bool(output.dropped > 0)
        if limit == nil, case .killed(let signal) = exit {
            json.key("signal")
            json.integer(Int64(signal))
        }
        json.endObject()
        return json.finish()
    }

    /// - Parameter place: among the blocks behind the first.
    private func write(_ file: CodeResults.File, _ place: Int?, _ json: inout JSONWriter) {
        json.beginObject()
        if let place {
            json.key("content")
            json.integer(Int64(place + 1))
        }
        json.key("path")
        json.string(file.path.bytes)
        json.key("size")
        json.unsigned(file.size)
        json.endObject()
    }
}
