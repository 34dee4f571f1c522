// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// `initialize` and `server/discover`: what this caller can use here, in one breath. Neither starts a server.
extension BrokerRoom {
    /// Parameters that one session may choose.
    private static let mostChosen = 64

    func openSession(_ call: Call, _ decision: Decision) throws(Denial) {
        let tree = requestTree
        guard decision.session == 0 else { throw .sessionNotAllowed }
        guard let servers = servers(at: decision.server, call.caller, call.connection) else { throw .serverUnknown }
        // Any revision but our two legacy ones is answered with the newest of them, and the client decides for itself.
        let asked = tree.member(.root, "protocolVersion").flatMap(tree.text).flatMap(Revision.init(word:))
        let revision = asked.flatMap { $0.era == .legacy && Revision.served.contains($0) ? $0 : nil } ?? .newestLegacy
        // The gate keeps the same bound; here it holds whatever the gate does.
        guard call.principal.sessions < seal.registry.limits.sessionsPerCaller else { throw .sessionCap }
        let session = Session(
            number: takeNumber(), gate: call.gate, caller: call.caller, server: decision.server, revision: revision,
            offers: ClientOffers(tree, tree.member(.root, "capabilities")))
        if let meta = tree.member(.root, "_meta"), let chosen = tree.member(meta, Product.parametersKey) {
            guard tree.kind(chosen) == .object, tree.count(chosen) <= Self.mostChosen else { throw .parameterUnknown }
            for (key, value) in tree.members(chosen) {
                guard let name = tree.text(key), let text = tree.text(value) else { throw .parameterUnknown }
                session.chosen.append((name, text))
            }
            // On an endpoint of one server a wrong choice is told now; on the aggregate it is told by each server's call.
            if let only = servers.first, decision.server != nil, only.sealed.choices(session.chosen) == nil {
                throw .parameterUnknown
            }
        }
        sessions[session.number] = session
        call.principal.sessions += 1
        noteAdmission(call.caller, call.connection)
        let message = compose.result(call.id) { json in
            json.beginObject()
            json.key("capabilities")
            Capabilities.write(servers, era: .legacy, &json)
            if let text = Capabilities.instructions(servers, aggregate: call.isAggregate) {
                json.key("instructions")
                json.string(text)
            }
            json.key("protocolVersion")
            json.string(revision.word)
            json.key("serverInfo")
            json.value(Compose.serverInfo)
            json.endObject()
        }
        finish(call, 200, message, session: session.number, revision: revision)
    }

    func describe(_ call: Call, _ decision: Decision) throws(Denial) {
        guard let servers = servers(at: decision.server, call.caller, call.connection) else { throw .serverUnknown }
        noteAdmission(call.caller, call.connection)
        let message = compose.result(call.id) { json in
            json.beginObject()
            json.key("_meta")
            json.value(Compose.modernMeta)
            json.key("cacheScope")
            json.string("private")
            json.key("capabilities")
            Capabilities.write(servers, era: .modern, &json)
            if let text = Capabilities.instructions(servers, aggregate: call.isAggregate) {
                json.key("instructions")
                json.string(text)
            }
            json.key("resultType")
            json.string("complete")
            json.key("supportedVersions")
            json.beginArray()
            for revision in Revision.served { json.string(revision.word) }
            json.endArray()
            json.key("ttlMs")
            json.integer(0)
            json.endObject()
        }
        finish(call, 200, message)
    }

    /// `logging/setLevel` of the legacy era: for this session here, for its client's servers the lowest of all sessions.
    func setLevel(_ call: Call, _ decision: Decision) throws(Denial) {
        guard let session = call.session else { throw .sessionMissing }
        guard let level = LogLevel(requestTree, requestTree.member(.root, "level")) else { throw .parametersMalformed }
        session.logLevel = level
        for upstream in upstreams.values where upstream.principal === call.principal || upstream.principal == nil {
            if upstream.state == .ready, upstream.capabilities.contains(.logging) { sendLevel(to: upstream) }
        }
        finish(call, 200, compose.result(call.id) { $0.value(Compose.emptyObject) })
    }
}

/// What an endpoint can do for a caller: the union of what its servers were reviewed with, and nothing that would be
/// refused.
enum Capabilities {
    static func write(_ servers: [ServerView], era: Era, _ json: inout JSONWriter) {
        let all = servers.reduce(into: ServerCapabilities()) { $0.formUnion($1.capabilities) }
        json.beginObject()
        if all.contains(.completions) {
            json.key("completions")
            json.value(Compose.emptyObject)
        }
        if all.contains(.logging) {
            json.key("logging")
            json.value(Compose.emptyObject)
        }
        if all.contains(.prompts) {
            json.key("prompts")
            listChanged(&json)
        }
        if all.contains(.resources) {
            json.key("resources")
            json.beginObject()
            json.key("listChanged")
            json.bool(all.contains(.resourcesChanged))
            json.key("subscribe")
            json.bool(all.contains(.resourcesSubscribe))
            json.endObject()
        }
        // Always: a caller without tools gets an empty list rather than an unknown method.
        json.key("tools")
        listChanged(&json)
        json.endObject()
    }

    private static func listChanged(_ json: inout JSONWriter) {
        json.beginObject()
        json.key("listChanged")
        json.bool(true)
        json.endObject()
    }

    /// A server's own instructions on its own endpoint, as they were reviewed; on the aggregate one line for each.
    static func instructions(_ servers: [ServerView], aggregate: Bool) -> [UInt8]? {
        guard aggregate else { return servers.first?.sealed.review?.instructions }
        guard !servers.isEmpty else { return nil }
        var text = Array("Tools of several servers, each named SERVER__TOOL:".utf8)
        for server in servers.prefix(64) { text += Array("\n- ".utf8) + server.name.bytes }
        return text
    }
}
