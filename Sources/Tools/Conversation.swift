// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What a message asks of this server, once its revision, method and parameters have been judged.
enum Demand: Equatable, Sendable {
    case initialize(RequestID, Revision)
    case discover(RequestID)
    case ping(RequestID)
    case list(RequestID, Era, Listing)
    case listResources(RequestID, Era, cursor: [UInt8]?)
    case readResource(RequestID, Era, address: [UInt8])
    /// The nodes lie in the tree of the message.
    case call(RequestID, Era, name: JSONNode, arguments: JSONNode?, progress: RequestID?)
    /// Stop working on this request, and do not answer it.
    case cancel(RequestID)
    case nothing
    /// The id is nil where none can be trusted.
    case refuse(RequestID?, Refusal)

    /// Lists that are the same for as long as the process lives.
    enum Listing: Equatable, Sendable {
        case tools
        case prompts
        case templates
    }
}

/// The two eras of the protocol on one channel: which one the client has chosen, and what that makes of a message.
///
/// The first request chooses. Whoever only asked `server/discover` may still fall back to `initialize`, as probing
/// clients do when an answer comes too late.
struct Conversation {
    enum Phase: Equatable, Sendable {
        case open
        case probed
        case modern
        case legacy(Revision)
    }

    private(set) var phase = Phase.open

    mutating func judge(_ message: ClientMessage, in tree: JSONTree) -> Demand {
        switch message {
        case .response: return .refuse(nil, .unaskedAnswer)
        case .notification(let method, let parameters): return judgeNotification(tree, method, parameters)
        case .request(let id, let method, let parameters):
            do throws(Refusal) {
                return try judgeRequest(id, tree, method, parameters)
            } catch {
                return .refuse(id, error)
            }
        }
    }

    /// Everything but a cancellation is noted in silence: notifications have no answer.
    private func judgeNotification(_ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?) -> Demand {
        guard tree.equals(method, "notifications/cancelled"), let parameters,
            let request = tree.member(parameters, "requestId"), let id = RequestID(tree, request)
        else { return .nothing }
        return .cancel(id)
    }

    private mutating func judgeRequest(
        _ id: RequestID, _ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?
    ) throws(Refusal) -> Demand {
        // Initialize exists in the legacy era alone, whatever else the request carries.
        if tree.equals(method, Method.initialize.word) { return try judgeInitialize(id, tree, parameters) }
        let meta = parameters.flatMap { tree.member($0, "_meta") }
        let version = meta.flatMap { tree.member($0, Refusal.MetaKey.protocolVersion.word) }
        switch phase {
        case .legacy:
            guard version == nil else { throw .initializedChannel }
            return try demand(id, .legacy, tree, method, parameters)
        case .open, .probed:
            if let meta, let version { return try judgeModern(id, tree, method, parameters, meta, version) }
            // The one request that may come before initialize.
            if tree.equals(method, Method.ping.word) { return try demand(id, .legacy, tree, method, parameters) }
            throw .notInitialized
        case .modern:
            guard let meta else { throw .metaMissing(.meta) }
            guard let version else { throw .metaMissing(.protocolVersion) }
            return try judgeModern(id, tree, method, parameters, meta, version)
        }
    }

    private mutating func judgeInitialize(_ id: RequestID, _ tree: JSONTree, _ parameters: JSONNode?) throws(Refusal)
        -> Demand
    {
        let requested = parameters.flatMap { tree.member($0, "protocolVersion") }.flatMap(tree.text) ?? []
        switch phase {
        case .modern: throw .revision(requested: requested)
        case .legacy: throw .initializedTwice
        case .open, .probed: break
        }
        try check(.initialize, .legacy, tree, parameters)
        let wanted = Revision(word: requested)
        let isServed = wanted.map { $0.era == .legacy && Serving.all.contains($0) } ?? false
        let revision = isServed ? wanted ?? Serving.newestLegacy : Serving.newestLegacy
        phase = .legacy(revision)
        return .initialize(id, revision)
    }

    private mutating func judgeModern(
        _ id: RequestID, _ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?, _ meta: JSONNode,
        _ version: JSONNode
    ) throws(Refusal) -> Demand {
        guard let requested = tree.text(version) else { throw .metaMissing(.protocolVersion) }
        guard let capabilities = tree.member(meta, Refusal.MetaKey.clientCapabilities.word),
            tree.kind(capabilities) == .object
        else { throw .metaMissing(.clientCapabilities) }
        guard Revision(word: requested) == Serving.modern else { throw .revision(requested: requested) }
        let isProbe = tree.equals(method, Method.discover.word)
        if phase == .open || !isProbe { phase = isProbe ? .probed : .modern }
        return try demand(id, .modern, tree, method, parameters)
    }

    private func demand(
        _ id: RequestID, _ era: Era, _ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?
    ) throws(Refusal) -> Demand {
        guard let known = tree.text(method).flatMap({ Method(word: $0, era: era) }) else { throw .method }
        try check(known, era, tree, parameters)
        func member(_ key: StaticString) -> JSONNode? { parameters.flatMap { tree.member($0, key) } }
        guard member("inputResponses") == nil, member("requestState") == nil else { throw .unaskedInput }
        switch known {
        case .ping: return .ping(id)
        case .discover: return .discover(id)
        case .toolsList: return .list(id, era, try unpaged(.tools, member("cursor")))
        case .promptsList: return .list(id, era, try unpaged(.prompts, member("cursor")))
        case .templatesList: return .list(id, era, try unpaged(.templates, member("cursor")))
        case .resourcesList: return .listResources(id, era, cursor: member("cursor").flatMap(tree.text))
        case .resourcesRead: return .readResource(id, era, address: member("uri").flatMap(tree.text) ?? [])
        case .promptsGet: throw .prompt
        case .toolsCall:
            guard let name = member("name") else { throw .parameters(.missing("name")) }
            let token = member("_meta").flatMap { tree.member($0, "progressToken") }
            return .call(
                id, era, name: name, arguments: member("arguments"),
                progress: token.flatMap { RequestID(tree, $0) })
        case .initialize, .resourcesSubscribe, .resourcesUnsubscribe, .complete, .setLevel, .listen: throw .method
        }
    }

    /// These lists have one page, so there is no cursor that could have been given.
    private func unpaged(_ listing: Demand.Listing, _ cursor: JSONNode?) throws(Refusal) -> Demand.Listing {
        guard cursor == nil else { throw .cursor }
        return listing
    }

    private func check(_ method: Method, _ era: Era, _ tree: JSONTree, _ parameters: JSONNode?) throws(Refusal) {
        do throws(ParameterFault) {
            try ParameterShape.check(method, era, tree, parameters)
        } catch {
            throw .parameters(error)
        }
    }
}
