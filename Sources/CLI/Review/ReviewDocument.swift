// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What `registry review --json` prints.
enum ReviewDocument {
    /// - Parameters:
    ///   - stored: the review that was made; nil where nothing was stored.
    ///   - isOutdated: the review that was compared with is of other files.
    static func compose(_ comparison: ReviewComparison, server: ServerName, stored: Review?, isOutdated: Bool)
        -> [UInt8]
    {
        var json = JSONWriter()
        json.beginObject()
        json.key("capabilities")
        json.beginArray()
        for (word, capability) in ServerCapabilities.words where comparison.offer.capabilities.contains(capability) {
            json.string(word)
        }
        json.endArray()
        json.key("former")
        if comparison.hasFormer { json.string(isOutdated ? "outdated" : "current") } else { json.null() }
        json.key("instructions")
        instructions(comparison, &json)
        json.key("isStored")
        json.bool(stored != nil)
        json.key("prompts")
        list(.prompt, comparison, stored, &json)
        json.key("revision")
        json.string(comparison.offer.revision.word)
        json.key("server")
        json.string(server.bytes)
        json.key("templates")
        list(.template, comparison, stored, &json)
        json.key("tools")
        list(.tool, comparison, stored, &json)
        json.endObject()
        return json.take()
    }

    private static func instructions(_ comparison: ReviewComparison, _ json: inout JSONWriter) {
        json.beginObject()
        if !comparison.areInstructionsSame {
            json.key("new")
            write(comparison.offer.instructions, &json)
            json.key("old")
            write(comparison.formerInstructions, &json)
        }
        json.key("state")
        json.string(comparison.areInstructionsSame ? "same" : comparison.hasFormer ? "changed" : "new")
        json.endObject()
    }

    private static func list(
        _ kind: ReviewItem.Kind, _ comparison: ReviewComparison, _ stored: Review?, _ json: inout JSONWriter
    ) {
        json.beginArray()
        for item in comparison.items where item.kind == kind {
            json.beginObject()
            if kind == .tool {
                let risk =
                    stored?.tools.first { $0.name.bytes == item.name }?.risk ?? (stored == nil ? item.formerClass : nil)
                json.key("class")
                if let risk { json.string(risk.word) } else { json.null() }
            }
            json.key("differences")
            json.beginArray()
            for difference in item.differences {
                json.beginObject()
                json.key("new")
                if let new = difference.new { json.value(new) } else { json.null() }
                json.key("old")
                if let old = difference.old { json.value(old) } else { json.null() }
                json.key("place")
                json.string(difference.place)
                json.endObject()
            }
            json.endArray()
            json.key("keptOut")
            if let reason = item.keptOut { json.string(reason) } else { json.null() }
            json.key("name")
            json.string(item.name)
            json.key("state")
            json.string(item.state.rawValue)
            json.endObject()
        }
        json.endArray()
    }

    private static func write(_ text: [UInt8]?, _ json: inout JSONWriter) {
        if let text { json.string(text) } else { json.null() }
    }
}
