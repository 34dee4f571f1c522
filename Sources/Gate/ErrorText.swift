// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Messages of our own making: every refusal in one shape, and the empty result. Nothing of the request is repeated but
/// its id and, as the protocol demands it, the revision that it asked for.
struct ErrorText {
    /// A revision's name is ten bytes; a longer text is not worth repeating.
    private static let maxRequestedBytes = 64

    private var json = JSONWriter()

    mutating func error(_ refusal: Refusal, id: RequestID?) -> [UInt8] {
        let meaning = refusal.denial.meaning
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.key("code")
        json.integer(meaning.code)
        json.key("data")
        json.beginObject()
        json.key("hint")
        json.string(meaning.hint)
        json.key("reason")
        json.string(meaning.word)
        if case .revisions(let requested) = refusal.detail { revisions(requested) }
        json.endObject()
        json.key("message")
        json.string(meaning.sentence)
        json.endObject()
        end(id)
        return json.take()
    }

    private mutating func revisions(_ requested: [UInt8]?) {
        if let requested, requested.count <= Self.maxRequestedBytes {
            json.key("requested")
            json.string(requested)
        }
        json.key("supported")
        json.beginArray()
        for revision in Revision.served { json.string(revision.word) }
        json.endArray()
    }

    mutating func emptyResult(id: RequestID) -> [UInt8] {
        json.beginObject()
        json.key("id")
        id.write(to: &json)
        json.key("jsonrpc")
        json.string("2.0")
        json.key("result")
        json.beginObject()
        json.endObject()
        json.endObject()
        return json.take()
    }

    /// What a server gets for a question that cannot be put to anybody.
    mutating func unanswerable() -> [UInt8] {
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.key("code")
        json.integer(-32601)
        json.key("message")
        json.string("nobody can be asked")
        json.endObject()
        end(nil)
        return json.take()
    }

    private mutating func end(_ id: RequestID?) {
        json.key("id")
        if let id { id.write(to: &json) } else { json.null() }
        json.key("jsonrpc")
        json.string("2.0")
        json.endObject()
    }
}
