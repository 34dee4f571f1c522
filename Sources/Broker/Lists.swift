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
        /// Nil where no server's visibility depends on the process.
        let peer: PeerRights?
        /// Nil on the aggregate endpoint.
        let server: ServerName?
        let method: Method
        let era: Era
    }

    /// What a server's demand looks at.
    struct PeerRights: Hashable {
        let uid: UInt32?
        let executable: [UInt8]

        init(_ peer: Peer) {
            uid = peer.uid
            executable = if case .process(let process) = peer { process.executable } else { [] }
        }
    }

    private var pages: [Key: CanonicalJSON] = [:]
    private(set) var bytes = 0
    /// Of which everything kept is.
    private var generation: UInt64 = 0
    /// Composed results kept at most, and their bytes; above that all are forgotten.
    private static let most = 4096
    private static let mostBytes = 32 << 20

    func find(_ key: Key, generation: UInt64) -> CanonicalJSON? { generation == self.generation ? pages[key] : nil }

    mutating func keep(_ result: CanonicalJSON, _ key: Key, generation: UInt64) {
        let count = result.bytes.count
        if generation != self.generation || pages.count >= Self.most || bytes + count > Self.mostBytes {
            pages = [:]
            bytes = 0
            self.generation = generation
        }
        bytes += count
        pages[key] = result
    }
}

/// Listings. Tools, prompts and templates come from the reviewed snapshot, without asking any server; resources from the
/// servers, one after the other.
extension BrokerRoom {
    /// Bytes of one page of a list, and of the object that fills it.
    private static let mostPageBytes = 2 << 20

    func listTools(_ call: Call, _ decision: Decision) throws(Denial) {
        let policy = seal.registry.policy
        try list(call, decision, "tools") { view in
            view.tools.compactMap { tool in
                // Neither what would be refused anyway, nor what policy denies outright.
                guard !view.isWithheld(tool), tool.schema.isUsable,
                    tool.verdict(policy, client: call.principal.client, server: view.name).kind != .deny
                else { return nil }
                // A tool whose name does not fit is offered on its own endpoint only; status says so.
                return call.isAggregate ? tool.aggregateObject(view.name) : tool.pinned.object
            }
        }
    }

    func listPrompts(_ call: Call, _ decision: Decision) throws(Denial) {
        let policy = seal.registry.policy
        try list(call, decision, "prompts") { view in
            (view.sealed.review?.prompts ?? []).compactMap { prompt in
                let verdict = view.verdict(policy, client: call.principal.client, reading: .prompt(prompt.name))
                guard verdict.kind != .deny else { return nil }
                guard call.isAggregate else { return prompt.object }
                return AggregateName.join(view.name, prompt.name).map { Renaming.put("name", $0, in: prompt.object) }
            }
        }
    }

    func listTemplates(_ call: Call, _ decision: Decision) throws(Denial) {
        let policy = seal.registry.policy
        try list(call, decision, "resourceTemplates") { view in
            (view.sealed.review?.templates ?? []).compactMap { template in
                let verdict = view.verdict(policy, client: call.principal.client, reading: .resource(template.name))
                guard verdict.kind != .deny else { return nil }
                guard call.isAggregate else { return template.object }
                return Renaming.put("uriTemplate", ResourceAddress.wrap(view.name, template.name), in: template.object)
            }
        }
    }

    /// One page of a pinned list.
    private func list(
        _ call: Call, _ decision: Decision, _ key: StaticString, _ objects: (ServerView) -> [CanonicalJSON]
    )
        throws(Denial)
    {
        let cursor = requestTree.member(.root, "cursor").flatMap(requestTree.text)
        let cacheKey = ListCache.Key(
            principal: call.principal.number, token: call.caller.token,
            peer: seal.demandsPeers ? ListCache.PeerRights(call.connection.peer) : nil, server: decision.server,
            method: call.method, era: call.era)
        if cursor == nil, let known = lists.find(cacheKey, generation: listGeneration) {
            noteAdmission(call.caller, call.connection)
            return finish(call, 200, compose.result(call.id) { $0.value(known) })
        }
        guard let servers = servers(at: decision.server, call.caller, call.connection) else { throw .serverUnknown }
        let place = try place(cursor, in: servers)
        noteAdmission(call.caller, call.connection)
        let (list, next) = page(servers[place.server...], from: place.object, objects)
        let result = listResult(call, key, list, next: next?.text)
        if cursor == nil { lists.keep(result, cacheKey, generation: listGeneration) }
        finish(call, 200, compose.result(call.id) { $0.value(result) })
    }

    /// As many objects as a page has room for, and where the next one begins.
    private func page(_ servers: ArraySlice<ServerView>, from first: Int, _ objects: (ServerView) -> [CanonicalJSON])
        -> (CanonicalJSON, ListCursor?)
    {
        var json = JSONWriter()
        json.beginArray()
        var next: ListCursor?
        var first = first
        search: for view in servers {
            for (index, object) in objects(view).enumerated().dropFirst(first) {
                if json.count > Self.mostPageBytes {
                    next = ListCursor(server: view.name, object: index)
                    break search
                }
                json.value(object)
            }
            first = 0
        }
        json.endArray()
        return (json.finish(), next)
    }

    /// Where a cursor points among the servers of this caller; a cursor of something that is not there is refused.
    private func place(_ cursor: [UInt8]?, in servers: [ServerView]) throws(Denial) -> (server: Int, object: Int) {
        guard let cursor else { return (0, 0) }
        guard let place = ListCursor(cursor), let object = place.object,
            let index = servers.firstIndex(where: { $0.name == place.server })
        else { throw .cursorUnknown }
        return (index, object)
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
        choose(view, for: call)
        try choose(call, decision)
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
        if let allowed = allowedResources(call, node) { edits.append(.put("resources", allowed)) }
        let tree = replyTree
        let message = compose.result(call.id) { $0.object(tree, node, edits: edits) }
        deliver(call, .answered(isError: false), message)
    }
}

extension BrokerRoom {
    /// The list without what policy denies this client outright; nil if that is all of it.
    private func allowedResources(_ call: Call, _ node: JSONNode) -> CanonicalJSON? {
        let tree = replyTree
        guard let view = call.server, let list = tree.member(node, "resources"), tree.kind(list) == .array else {
            return nil
        }
        func isDenied(_ resource: JSONNode) -> Bool {
            let address = tree.member(resource, "uri").flatMap(tree.text) ?? []
            return view.verdict(seal.registry.policy, client: call.principal.client, reading: .resource(address)).kind
                == .deny
        }
        guard tree.elements(list).contains(where: isDenied) else { return nil }
        var json = JSONWriter()
        json.beginArray()
        for resource in tree.elements(list) where !isDenied(resource) {
            if call.isAggregate {
                AddressWrapping.write(resource, view.name, tree, &json)
            } else {
                json.value(tree, resource)
            }
        }
        json.endArray()
        return json.finish()
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
