// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Why a message is answered by a JSON-RPC error.
enum Refusal: Error, Equatable, Sendable {
    /// Not one strict JSON text, or a line over the limit.
    case json(JSONRule)
    case envelope(EnvelopeFault)
    /// An answer, although nothing was asked.
    case unaskedAnswer
    case notInitialized
    case initializedTwice
    /// A request of the stateless revision on a channel that was opened by `initialize`.
    case initializedChannel
    case idInUse
    /// Too many requests wait already.
    case busy
    /// A member of `_meta` that every request of the stateless revision has.
    case metaMissing(MetaKey)
    case revision(requested: [UInt8])
    case method
    case parameters(ParameterFault)
    /// Answers to questions that were never asked.
    case unaskedInput
    case tool
    case prompt
    case cursor
    case resource(ToolFault, address: [UInt8])

    enum MetaKey: Equatable, Sendable {
        case meta
        case protocolVersion
        case clientCapabilities

        var word: StaticString {
            switch self {
            case .meta: "_meta"
            case .protocolVersion: "io.modelcontextprotocol/protocolVersion"
            case .clientCapabilities: "io.modelcontextprotocol/clientCapabilities"
            }
        }
    }

    /// Of JSON-RPC, -32022 of MCP, and a positive one of ours, which no range of the protocol's reserves.
    var code: Int64 {
        switch self {
        case .json: -32700
        case .envelope(let fault): fault.isReaderFault ? -32700 : -32600
        case .unaskedAnswer, .notInitialized, .initializedTwice, .initializedChannel, .idInUse: -32600
        case .metaMissing, .parameters, .unaskedInput, .tool, .prompt, .cursor, .resource: -32602
        case .revision: -32022
        case .method: -32601
        // Doorward's own code for a caller that is too fast.
        case .busy: 1903
        }
    }

    var words: String {
        switch self {
        case .json(let rule): "the line is not one JSON text that everybody reads alike (\(rule.rawValue))"
        case .envelope(let fault): "the message is not one JSON-RPC request or notification (\(fault.word))"
        case .unaskedAnswer: "an answer to a question that was never asked"
        case .notInitialized:
            "send initialize first, or the _meta of revision \(Serving.modern.word) with every request"
        case .initializedTwice: "this channel is initialized already"
        case .initializedChannel: "this channel was opened by initialize and serves that revision only"
        case .idInUse: "a request with this id is still being answered"
        case .busy: "too many requests are waiting: wait for an answer first"
        case .metaMissing(let key): "params must have \(key.word)"
        case .revision: "this protocol revision is not served here"
        case .method: "there is no such method in this revision, or this server does not offer it"
        case .parameters(let fault): "params are not those of the method (\(fault.word))"
        case .unaskedInput: "this server never asks for input, so there is none to give"
        case .tool: "there is no such tool: tools/list says which there are"
        case .prompt: "there are no prompts"
        case .cursor: "the cursor is not one that this server gave"
        case .resource(let fault, _): fault.words
        }
    }

    func writeData(to json: inout JSONWriter) {
        switch self {
        case .json(let rule):
            json.beginObject()
            json.key("reason")
            json.string(rule.rawValue)
            json.endObject()
        case .envelope(let fault):
            json.beginObject()
            json.key("reason")
            json.string(fault.word)
            json.endObject()
        case .metaMissing(let key):
            json.beginObject()
            json.key("missing")
            json.string(key.word)
            json.endObject()
        case .revision(let requested):
            json.beginObject()
            json.key("requested")
            json.string(requested)
            json.key("supported")
            Serving.writeRevisions(to: &json)
            json.endObject()
        case .resource(let fault, let address):
            json.beginObject()
            json.key("reason")
            json.string(fault.reason.rawValue)
            json.key("uri")
            json.string(address)
            json.endObject()
        case .unaskedAnswer, .notInitialized, .initializedTwice, .initializedChannel, .idInUse, .busy, .method,
            .parameters,
            .unaskedInput, .tool, .prompt, .cursor:
            json.null()
        }
    }

    var hasData: Bool {
        switch self {
        case .json, .envelope, .metaMissing, .revision, .resource: true
        case .unaskedAnswer, .notInitialized, .initializedTwice, .initializedChannel, .idInUse, .busy, .method,
            .parameters,
            .unaskedInput, .tool, .prompt, .cursor:
            false
        }
    }
}

/// The revisions of the protocol that this server speaks.
enum Serving {
    static let modern = Revision.y2026m07d28
    /// Offered to whoever asks for one that is not served.
    static let newestLegacy = Revision.newestLegacy
    /// Newest first. 2025-03-26 is missing because it obliges a server to take batches; 2024-11-05 did not know them,
    /// and hosts that speak nothing newer are still about.
    static let all: [Revision] = [.y2026m07d28, .y2025m11d25, .y2025m06d18, .y2024m11d05]

    static func writeRevisions(to json: inout JSONWriter) {
        json.beginArray()
        for revision in all { json.string(revision.word) }
        json.endArray()
    }
}
