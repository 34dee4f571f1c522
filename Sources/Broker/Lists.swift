// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// Lists that were composed before: callers with the same rights see the same bytes.
struct ListCache {
    struct Key: Hashable {
        let principal: UInt32
        let token: TokenID?
        /// Nil on the aggregate endpoint.
        let server: ServerName?
        let method: Method
        let era: Era
    }
    private var pages: [Key: (generation: UInt64, result: CanonicalJSON)] = [:]
    /// Composed results kept at most; above that all are forgotten.
    private static let most = 4096

    func find(_ key: Key, generation: UInt64) -> CanonicalJSON? {
        guard let found = pages[key], found.generation == generation else { return nil }
        return found.result
    }

    mutating func keep(_ result: CanonicalJSON, _ key: Key, generation: UInt64) {
        if pages.count >= Self.most { pages = [:] }
        pages[key] = (generation, result)
    }
}

/// Listings. Tools, prompts and templates come from the reviewed snapshot, without asking any server; resources from the
/// servers, one after the other.
extension BrokerRoom {
    /// Bytes of one page of a list.
    private static let mostPageBytes = 2 << 20

    /// Changes with every seal and every tool that is withheld.
    private var listGeneration: UInt64 {
        seal.servers.reduce(UInt64(sealNumber) << 32) { $0 &+ UInt64($1.generation) }
    }

    func listTools(_ call: Call, _ decision: Decision) throws(Denial) {
        try list(call, decision, "tools") { view, add in
            for tool in view.tools where !view.isWithheld(tool) {
                // What policy denies outright is not advertised.
                guard tool.verdict(seal.registry.policy, client: call.principal.client, server: view.name).kind != .deny else {
                    continue
                }
                guard call.isAggregate else {
                    add(tool.pinned.object)
                    continue
                }
                // A tool whose name does not fit is offered on its own endpoint only; status says so.
                if let object = tool.aggregateObject(view.name) { add(object) }
            }
        }
    }

    func listPrompts(_ call: Call, _ decision: Decision) throws(Denial) {
        try list(call, decision, "prompts") { view, add in
            for prompt in view.sealed.review?.prompts ?? [] {
                let verdict = seal.registry.policy.verdict(
                    client: call.principal.client, server: view.name, target: .prompt(prompt.name), risk: .reads)
                guard verdict.kind != .deny else { continue }
                guard call.isAggregate else {
                    add(prompt.object)
                    continue
                }
                if let name = AggregateName.join(view.name, prompt.name) {
                    add(Renaming.put("name", name, in: prompt.object))
                }
            }
        }
    }

    func listTemplates(_ call: Call, _ decision: Decision) throws(Denial) {
        try list(call, decision, "resourceTemplates") { view, add in
            for template in view.sealed.review?.templates ?? [] {
                guard call.isAggregate else {
                    add(template.object)
                    continue
                }
                add(Renaming.put("uriTemplate", ResourceAddress.wrap(view.name, template.name), in: template.object))
            }
        }
    }

    /// One page of a pinned list. Servers that are many are paged by server, so that no page grows past its bound.
    private func list(
        _ call: Call, _ decision: Decision, _ key: StaticString,
        _ objects: (ServerView, (CanonicalJSON) -> Void) -> Void
    ) throws(Denial) {
        guard let servers = servers(at: decision.server, call.caller, call.connection) else { throw .serverUnknown }
        let start = try place(requestTree.member(.root, "cursor").flatMap(requestTree.text), in: servers)
        noteAdmission(call.caller, call.connection)
        let cacheKey = ListCache.Key(
            principal: call.principal.number, token: call.caller.token, server: decision.server, method: call.method,
            era: call.era)
        if start == 0, let known = lists.find(cacheKey, generation: listGeneration) {
            return finish(call, 200, compose.result(call.id) { $0.value(known) })
        }
        var json = JSONWriter()
        json.beginArray()
        var next: ServerName?
        for view in servers[start...] {
            if json.count > Self.mostPageBytes {
                next = view.name
                break
            }
            objects(view) { json.value($0) }
        }
        json.endArray()
        let result = listResult(call, key, json.finish(), next: next.map { ListCursor(server: $0, inner: []).text })
        if start == 0 { lists.keep(result, cacheKey, generation: listGeneration) }
        finish(call, 200, compose.result(call.id) { $0.value(result) })
    }

    /// Where in the servers of this caller a cursor points; a cursor of something that is not there is refused.
    private func place(_ cursor: [UInt8]?, in servers: [ServerView]) throws(Denial) -> Int {
        guard let cursor else { return 0 }
        guard let place = ListCursor(cursor), place.inner.isEmpty,
            let index = servers.firstIndex(where: { $0.name == place.server })
        else { throw .cursorUnknown }
        return index
    }

    private func listResult(_ call: Call, _ key: StaticString, _ list: CanonicalJSON, next: [UInt8]?) -> CanonicalJSON {
        var edits: [JSONEdit] = [.put(key, list)]
        if let next { edits.append(.put("nextCursor", JSONText.canonical(next))) }
        if call.era == .modern {
            edits += [
                .put("_meta", Compose.modernMeta), .put("cacheScope", Compose.isPrivate),
                .put("resultType", Compose.complete), .put("ttlMs", Compose.zero),
            ]
        }
        var json = JSONWriter()
        json.object(JSONTree(), .root, edits: edits)
        return json.finish()
    }

    // MARK: Resources

    /// One server's page, asked for now: what resources there are changes by the minute and is not pinned.
    func listResources(_ call: Call, _ decision: Decision) throws(Denial) {
        guard let visible = servers(at: decision.server, call.caller, call.connection) else { throw .serverUnknown }
        let servers = visible.filter { $0.capabilities.contains(.resources) }
        let given = requestTree.member(.root, "cursor").flatMap(requestTree.text)
        var inner: [UInt8] = given ?? []
        var view = servers.first
        if let given, call.isAggregate {
            guard let cursor = ListCursor(given), let found = servers.first(where: { $0.name == cursor.server }) else {
                throw .cursorUnknown
            }
            (view, inner) = (found, cursor.inner)
        }
        guard let view else {
            noteAdmission(call.caller, call.connection)
            let empty = listResult(call, "resources", Renaming.emptyArray, next: nil)
            return finish(call, 200, compose.result(call.id) { $0.value(empty) })
        }
        call.server = view
        let following = servers.drop { $0 !== view }.dropFirst().first
        call.listing = Listing(next: call.isAggregate ? following?.name : nil)
        let permitted = try permitReading(call, view, .resource([]))
        call.parameters = upstreamParameters(call, requestTree) { json in
            guard !inner.isEmpty else { return }
            json.key("cursor")
            json.string(inner)
        }
        try recordIntent(call, permitted, target: .resource([]), arguments: inner)
    }

    /// A server's page of resources: its own cursor, or the next server's beginning.
    func answerListing(_ call: Call, _ node: JSONNode, _ listing: Listing) {
        var edits = edits(call, node)
        if call.isAggregate, let server = call.server?.name {
            if let inner = replyTree.member(node, "nextCursor").flatMap(replyTree.text) {
                edits.append(.put("nextCursor", JSONText.canonical(ListCursor(server: server, inner: inner).text)))
            } else if let next = listing.next {
                edits.append(.put("nextCursor", JSONText.canonical(ListCursor(server: next, inner: []).text)))
            }
        }
        let tree = replyTree
        let message = compose.result(call.id) { $0.object(tree, node, edits: edits) }
        close(call, .answered(isError: false), answerBytes: message.count)
        finish(call, 200, message)
    }
}

/// A listing that goes on with another server.
struct Listing {
    let next: ServerName?
}

/// Pinned objects under the names of the aggregate endpoint.
enum Renaming {
    static let emptyArray: CanonicalJSON = {
        var json = JSONWriter()
        json.beginArray()
        json.endArray()
        return json.finish()
    }()

    static func put(_ key: StaticString, _ text: [UInt8], in object: CanonicalJSON) -> CanonicalJSON {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        // Canonical JSON always reads; were it otherwise, the object would be left out of nothing but its new name.
        do throws(JSONError) { try reader.read(object.bytes.span, into: &tree) } catch { return object }
        return tree.changed(.root, [.put(key, JSONText.canonical(text))])
    }
}
