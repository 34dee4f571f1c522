// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// A server's answer, in the client's era: members of the other era added or removed, addresses wrapped on the aggregate
/// endpoint, error codes put back into the ranges that the protocol allows.
extension BrokerRoom {
    func answer(_ call: Call, _ node: JSONNode, isError: Bool, from upstream: Upstream) {
        if isError {
            answerError(call, node)
            return
        }
        if let type = replyTree.member(node, "resultType"), !replyTree.equals(type, "complete") {
            guard replyTree.equals(type, "input_required"), upstream.revision.era == .modern else {
                return refuse(call, .serverMisbehaved)
            }
            answerInputRequired(call, node, from: upstream)
            return
        }
        if let listing = call.listing {
            answerListing(call, node, listing)
            return
        }
        let edits = edits(call, node)
        let tree = replyTree
        let message: [UInt8]
        if edits.isEmpty {
            message = compose.result(call.id) { $0.value(tree, node) }
        } else {
            message = compose.result(call.id) { $0.object(tree, node, edits: edits) }
        }
        let saysError = tree.member(node, "isError").flatMap(tree.bool) ?? false
        deliver(call, .answered(isError: saysError), message)
    }

    /// What must change in a result before this client sees it.
    func edits(_ call: Call, _ node: JSONNode) -> [JSONEdit] {
        let tree = replyTree
        var edits: [JSONEdit] = []
        let meta = tree.member(node, "_meta")
        switch call.era {
        case .modern:
            if tree.member(node, "resultType") == nil { edits.append(.put("resultType", Compose.complete)) }
            if call.method.isCacheable {
                edits.append(.put("cacheScope", Compose.isPrivate))
                // A server that gives no time gives none.
                // What depends on a person's answers is nobody else's, and not the same the next time.
                if call.isRepeat || tree.member(node, "ttlMs").flatMap(tree.integer).map({ $0 >= 0 }) != true {
                    edits.append(.put("ttlMs", Compose.zero))
                }
            }
            edits.append(.put("_meta", metaForClient(tree, meta)))
        case .legacy:
            for key in ["resultType", "ttlMs", "cacheScope"] as [StaticString] where tree.member(node, key) != nil {
                edits.append(.remove(key))
            }
            if let meta {
                let removals = removals(tree, meta, and: "io.modelcontextprotocol/serverInfo")
                if tree.count(meta) == removals.count {
                    edits.append(.remove("_meta"))
                } else if !removals.isEmpty {
                    edits.append(.put("_meta", tree.changed(meta, removals)))
                }
            }
        }
        if call.isAggregate, let server = call.server?.name {
            edits += AddressWrapping.edits(call.method, server, tree, node)
        }
        return edits
    }

    /// The server's `_meta` with our name in place of its own: towards the client we are the server.
    private func metaForClient(_ tree: JSONTree, _ meta: JSONNode?) -> CanonicalJSON {
        guard let meta, tree.kind(meta) == .object else { return Compose.modernMeta }
        let own = [JSONEdit.put("io.modelcontextprotocol/serverInfo", Compose.serverInfo)]
        return tree.changed(meta, removals(tree, meta) + own)
    }

    /// Members of a server's `_meta` that only we may write: a refusal of ours is not to be imitated. The mark of content
    /// from outside may come from any server, since it makes nothing look better than it is.
    private func removals(_ tree: JSONTree, _ meta: JSONNode, and also: String? = nil) -> [JSONEdit] {
        var removals: [JSONEdit] = []
        for (key, _) in tree.members(meta) {
            let isOurs = tree.text(key)?.starts(with: Product.metaPrefix.utf8) ?? false
            if isOurs, isMark(key, tree, meta) { continue }
            if isOurs || also.map({ tree.equals(key, $0) }) ?? false, let name = tree.text(key) {
                removals.append(.removeKey(name))
            }
        }
        return removals
    }

    private func isMark(_ key: JSONNode, _ tree: JSONTree, _ meta: JSONNode) -> Bool {
        guard tree.member(meta, Product.untrustedKey).flatMap(tree.bool) == true else { return false }
        if tree.equals(key, Product.untrustedKey) { return true }
        guard tree.equals(key, Product.sourceKey), let source = tree.member(meta, Product.sourceKey).flatMap(tree.text)
        else { return false }
        return source.count <= Product.maxSourceBytes
    }

    private func answerError(_ call: Call, _ node: JSONNode) {
        let tree = replyTree
        let given = tree.member(node, "code").flatMap(tree.integer) ?? -32603
        let code = ServerErrorCode.forClient(given, call.era)
        let text = tree.member(node, "message").flatMap(tree.text) ?? []
        let data = tree.member(node, "data")
        let message: [UInt8]
        if let data {
            message = compose.error(call.id, code: code, message: Array(text.prefix(4096))) { $0.value(tree, data) }
        } else {
            message = compose.error(call.id, code: code, message: Array(text.prefix(4096)))
        }
        deliver(call, .failed, status: call.era == .modern ? ServerErrorCode.status(code) : 200, message)
    }
}

/// Error codes of servers, as they may reach a client (MCP-G20).
enum ServerErrorCode {
    /// Outside the reserved range everything is the server's own; inside only the codes that the protocol defines.
    static func forClient(_ code: Int64, _ era: Era) -> Int64 {
        guard (-32768 ... -32000).contains(code) else { return code }
        switch code {
        case -32700, -32600, -32603: return -32603
        case -32601, -32602: return code
        // "Resource not found" of the legacy era.
        case -32002: return -32602
        case -32021 where era == .modern: return code
        default: return -32603
        }
    }

    static func status(_ code: Int64) -> UInt16 {
        switch code {
        case -32602, -32021: 400
        case -32601: 404
        case -32603: 500
        default: 200
        }
    }
}

/// Addresses in results on the aggregate endpoint, so that the client can hand them back there.
enum AddressWrapping {
    static func edits(_ method: Method, _ server: ServerName, _ tree: JSONTree, _ node: JSONNode) -> [JSONEdit] {
        switch method {
        case .toolsCall: list("content", server, tree, node)
        case .resourcesRead: list("contents", server, tree, node)
        case .resourcesList: list("resources", server, tree, node)
        case .promptsGet: messages(server, tree, node)
        case .initialize, .ping, .discover, .toolsList, .promptsList, .templatesList, .resourcesSubscribe,
            .resourcesUnsubscribe, .complete, .setLevel, .listen:
            []
        }
    }

    private static func list(_ key: StaticString, _ server: ServerName, _ tree: JSONTree, _ node: JSONNode)
        -> [JSONEdit]
    {
        guard let list = tree.member(node, key), tree.kind(list) == .array else { return [] }
        guard tree.elements(list).contains(where: { holdsAddress($0, tree) }) else { return [] }
        var json = JSONWriter()
        json.beginArray()
        for element in tree.elements(list) { write(element, server, tree, &json) }
        json.endArray()
        return [.put(key, json.finish())]
    }

    /// `messages[].content` of a prompt: one block each.
    private static func messages(_ server: ServerName, _ tree: JSONTree, _ node: JSONNode) -> [JSONEdit] {
        guard let list = tree.member(node, "messages"), tree.kind(list) == .array else { return [] }
        let contents = tree.elements(list).map { tree.member($0, "content") }
        guard contents.contains(where: { $0.map { holdsAddress($0, tree) } ?? false }) else { return [] }
        var json = JSONWriter()
        json.beginArray()
        for message in tree.elements(list) {
            guard let content = tree.member(message, "content"), holdsAddress(content, tree) else {
                json.value(tree, message)
                continue
            }
            var inner = JSONWriter()
            write(content, server, tree, &inner)
            json.object(tree, message, edits: [.put("content", inner.finish())])
        }
        json.endArray()
        return [.put("messages", json.finish())]
    }

    private static func holdsAddress(_ block: JSONNode, _ tree: JSONTree) -> Bool {
        tree.member(block, "uri") != nil || tree.member(block, "resource") != nil
    }

    /// A resource, a link to one, or a block that embeds one; everything else as it is.
    static func write(_ block: JSONNode, _ server: ServerName, _ tree: JSONTree, _ json: inout JSONWriter) {
        var edits: [JSONEdit] = []
        if let address = tree.member(block, "uri").flatMap(tree.text) {
            edits.append(.put("uri", JSONText.canonical(ResourceAddress.wrap(server, address))))
        }
        if let inner = tree.member(block, "resource"), let address = tree.member(inner, "uri").flatMap(tree.text) {
            let wrapped = JSONText.canonical(ResourceAddress.wrap(server, address))
            edits.append(.put("resource", tree.changed(inner, [.put("uri", wrapped)])))
        }
        if edits.isEmpty { json.value(tree, block) } else { json.object(tree, block, edits: edits) }
    }
}

extension JSONTree {
    /// One object of this tree with changes, by itself.
    func changed(_ node: JSONNode, _ edits: [JSONEdit]) -> CanonicalJSON {
        var json = JSONWriter()
        json.object(self, node, edits: edits)
        return json.finish()
    }
}

extension Method {
    /// Results that carry `ttlMs` and `cacheScope` in the modern era.
    var isCacheable: Bool {
        switch self {
        case .discover, .toolsList, .promptsList, .resourcesList, .templatesList, .resourcesRead: true
        case .initialize, .ping, .toolsCall, .promptsGet, .resourcesSubscribe, .resourcesUnsubscribe, .complete,
            .setLevel,
            .listen:
            false
        }
    }

    /// The method towards servers: the same word.
    var upstreamWord: StaticString { word }
}
