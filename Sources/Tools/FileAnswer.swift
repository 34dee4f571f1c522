// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// The structured form of `files_read`.
struct FileAnswer {
    let path: [UInt8]
    let facts: FileFacts
    let type: StaticString
    var offset = 0
    /// Bytes of the file that are told.
    var length = 0
    var more = false
    /// The number of the first line, where lines were asked for.
    var startLine: Int?
    /// Line feeds in what is told.
    var lineEnds = 0
    /// The last line told has no line feed: it is the file's last, or cut.
    var endsInLine = false
    /// A byte order mark stood at the start; it is left out of the text.
    var hasMark = false
    /// Bytes that are not UTF-8 were replaced.
    var isLossy = false

    init(path: [UInt8], facts: FileFacts, type: StaticString) {
        self.path = path
        self.facts = facts
        self.type = type
    }

    func compose(text: [UInt8]) -> CanonicalJSON { compose(text: text, base64: nil) }
    func compose(base64: [UInt8]) -> CanonicalJSON { compose(text: nil, base64: base64) }

    private func compose(text: [UInt8]?, base64: [UInt8]?) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        if let base64 {
            json.key("base64")
            json.string(base64)
        }
        if hasMark {
            json.key("byte_order_mark")
            json.bool(true)
        }
        json.key("encoding")
        json.string(base64 == nil ? "utf-8" : "base64")
        if let startLine, length > 0 {
            json.key("end_line")
            json.integer(Int64(startLine + lineEnds - (endsInLine ? 0 : 1)))
        }
        json.key("length")
        json.integer(Int64(length))
        if isLossy {
            json.key("lossy")
            json.bool(true)
        }
        json.key("mime_type")
        json.string(type)
        json.key("modified")
        json.string(CivilTime(seconds: Int64(floorDivide(Int(facts.modified), 1_000_000_000))).text)
        json.key("more")
        json.bool(more)
        if more {
            // Within a line there is no line to go on with.
            if let startLine, !endsInLine {
                json.key("next_line")
                json.integer(Int64(startLine + lineEnds))
            }
            json.key("next_offset")
            json.integer(Int64(offset + length))
        }
        json.key("offset")
        json.integer(Int64(offset))
        json.key("path")
        json.string(path)
        json.key("size")
        json.unsigned(facts.size)
        if let startLine {
            json.key("start_line")
            json.integer(Int64(startLine))
        }
        if let text {
            json.key("text")
            json.string(text)
        }
        json.endObject()
        return json.finish()
    }
}
