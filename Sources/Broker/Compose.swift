// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Whole JSON-RPC messages for clients, canonical, composed by the authority and passed on by the gate as they are.
struct Compose {
    private var json = JSONWriter()

    /// Our own name as `serverInfo`, and a `_meta` that holds nothing else.
    static let serverInfo = constant {
        $0.beginObject()
        $0.key("name")
        $0.string(Product.name)
        $0.key("version")
        $0.string(Product.version)
        $0.endObject()
    }

    static let modernMeta = constant {
        $0.beginObject()
        $0.key("io.modelcontextprotocol/serverInfo")
        $0.value(serverInfo)
        $0.endObject()
    }

    static let complete = constant { $0.string("complete") }
    static let zero = constant { $0.integer(0) }
    static let isPrivate = constant { $0.string("private") }
    static let emptyObject = constant {
        $0.beginObject()
        $0.endObject()
    }

    private static func constant(_ write: (inout JSONWriter) -> Void) -> CanonicalJSON {
        var json = JSONWriter()
        write(&json)
        return json.finish()
    }

    /// A response around a result that `write` composes.
    mutating func result(_ id: CanonicalJSON, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        json.beginObject()
        json.key("id")
        json.value(id)
        json.key("jsonrpc")
        json.string("2.0")
        json.key("result")
        write(&json)
        json.endObject()
        return json.take()
    }

    /// An error response. `data` is composed by us: nothing of a request is repeated in it.
    mutating func error(
        _ id: CanonicalJSON?, code: Int64, message: [UInt8], _ data: ((inout JSONWriter) -> Void)? = nil
    ) -> [UInt8] {
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.key("code")
        json.integer(code)
        if let data {
            json.key("data")
            data(&json)
        }
        json.key("message")
        json.string(message)
        json.endObject()
        json.key("id")
        if let id { json.value(id) } else { json.null() }
        json.key("jsonrpc")
        json.string("2.0")
        json.endObject()
        return json.take()
    }

    /// A notification, or a request whose id somebody else adds.
    mutating func notification(_ method: StaticString, _ parameters: (inout JSONWriter) -> Void) -> [UInt8] {
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("method")
        json.string(method)
        json.key("params")
        parameters(&json)
        json.endObject()
        return json.take()
    }

    /// A request towards a server, as one line.
    mutating func requestLine(id: Int64, _ method: StaticString, _ parameters: CanonicalJSON?) -> [UInt8] {
        json.beginObject()
        json.key("id")
        json.integer(id)
        json.key("jsonrpc")
        json.string("2.0")
        json.key("method")
        json.string(method)
        if let parameters {
            json.key("params")
            json.value(parameters)
        }
        json.endObject()
        return json.take()
    }

    mutating func notificationLine(_ method: StaticString, _ parameters: CanonicalJSON?) -> [UInt8] {
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("method")
        json.string(method)
        if let parameters {
            json.key("params")
            json.value(parameters)
        }
        json.endObject()
        return json.take()
    }

    /// A response of ours to a server's request.
    mutating func responseLine(id: CanonicalJSON, result: CanonicalJSON) -> [UInt8] {
        json.beginObject()
        json.key("id")
        json.value(id)
        json.key("jsonrpc")
        json.string("2.0")
        json.key("result")
        json.value(result)
        json.endObject()
        return json.take()
    }

    mutating func errorLine(id: CanonicalJSON, code: Int64, message: StaticString) -> [UInt8] {
        error(id, code: code, message: Array(message.description.utf8))
    }
}

/// What a refusal looks like to the client, in the form that real clients survive (mcp.md 6.2).
enum RefusalForm {
    /// - Parameter rule: the policy rule that decided, where one did.
    /// - Returns: HTTP status and the whole message.
    static func message(_ denial: Denial, call: Call, rule: RuleID?, compose: inout Compose) -> (UInt16, [UInt8]) {
        let meaning = denial.meaning
        if meaning.step <= 10 {
            // A model can only mend its arguments if it learns what is wrong with them.
            let text = meaning.sentence.description + (call.complaint.map { ": \($0)" } ?? "")
            let message = compose.error(call.id, code: meaning.code, message: Array(text.utf8)) { json in
                write(meaning, rule: rule, &json, denial: denial)
            }
            return (status(denial, call.era), message)
        }
        if call.method == .toolsCall {
            return (200, compose.result(call.id) { json in toolResult(meaning, denial, call.era, rule, &json) })
        }
        let text = Array("\(meaning.sentence): \(meaning.hint)".utf8)
        let message = compose.error(call.id, code: meaning.code, message: text) { json in
            write(meaning, rule: rule, &json, denial: denial)
        }
        return (200, message)
    }

    /// Legacy clients lose the reason behind an HTTP error; only what concerns the address itself keeps its status.
    private static func status(_ denial: Denial, _ era: Era) -> UInt16 {
        switch era {
        case .modern: denial.status
        case .legacy: denial == .serverUnknown || denial == .tooFast ? denial.status : 200
        }
    }

    private static func toolResult(
        _ meaning: DenialMeaning, _ denial: Denial, _ era: Era, _ rule: RuleID?, _ json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("_meta")
        json.beginObject()
        json.key(Product.denialKey)
        write(meaning, rule: rule, &json, denial: denial)
        if era == .modern {
            json.key("io.modelcontextprotocol/serverInfo")
            json.value(Compose.serverInfo)
        }
        json.endObject()
        json.key("content")
        json.beginArray()
        json.beginObject()
        json.key("text")
        var text = "doorward refused this call: \(meaning.sentence)"
        if let rule { text += " (rule \(rule))" }
        text += "\nhint: \(meaning.hint)"
        json.string(text)
        json.key("type")
        json.string("text")
        json.endObject()
        json.endArray()
        json.key("isError")
        json.bool(true)
        if era == .modern {
            json.key("resultType")
            json.string("complete")
        }
        json.endObject()
    }

    private static func write(_ meaning: DenialMeaning, rule: RuleID?, _ json: inout JSONWriter, denial: Denial) {
        json.beginObject()
        json.key("class")
        json.unsigned(UInt64(meaning.status))
        json.key("hint")
        json.string(meaning.hint)
        json.key("reason")
        json.string(meaning.word)
        json.key("retry")
        json.bool(meaning.retryMayHelp)
        if let rule {
            json.key("rule")
            json.string(rule.bytes)
        }
        if denial == .revisionUnsupported {
            json.key("supported")
            json.beginArray()
            for revision in Revision.served { json.string(revision.word) }
            json.endArray()
        }
        json.endObject()
    }
}
