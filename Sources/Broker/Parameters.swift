// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Composes `params` towards servers. What a client put into `_meta` under the protocol's own prefix or ours stays here;
/// everything that a server gets under those names is made anew.
extension BrokerRoom {
    private static let reservedPrefix = Array("io.modelcontextprotocol/".utf8)
    private static let ownPrefix = Array(Product.metaPrefix.utf8)

    /// `_meta` and the members that `write` adds, whose keys sort behind it.
    func upstreamParameters(_ call: Call, _ tree: JSONTree, _ write: (inout JSONWriter) -> Void) -> CanonicalJSON {
        let meta = tree.member(.root, "_meta")
        var edits: [JSONEdit] = []
        var kept = 0
        if let meta {
            for (key, _) in tree.members(meta) {
                guard let name = tree.text(key) else { continue }
                if name.starts(with: Self.reservedPrefix) || name.starts(with: Self.ownPrefix)
                    || tree.equals(key, "progressToken")
                {
                    edits.append(.removeKey(name))
                } else {
                    kept += 1
                }
            }
            if let token = tree.member(meta, "progressToken") { call.progressToken = tree.canonical(token) }
            call.logLevel = LogLevel(tree, tree.member(meta, "io.modelcontextprotocol/logLevel"))
        }
        if call.progressToken != nil {
            call.progressNumber = takeProgressNumber()
            edits.append(.put("progressToken", JSONText.integer(call.progressNumber)))
        }
        let isModern = call.server?.era == .modern
        let level = call.logLevel ?? call.session?.logLevel
        var json = JSONWriter()
        json.beginObject()
        if isModern, kept == 0, call.progressToken == nil, level == nil, call.offers.isEmpty {
            // Nearly every request: the same bytes each time.
            json.key("_meta")
            json.value(Envelopes.plainMeta)
        } else if isModern || kept > 0 || call.progressToken != nil {
            if isModern { edits += envelope(call, level) }
            json.key("_meta")
            if let meta {
                json.object(tree, meta, edits: edits)
            } else {
                json.object(JSONTree(), .root, edits: edits)
            }
        }
        write(&json)
        json.endObject()
        return json.finish()
    }

    /// What a modern server must find in every request.
    private func envelope(_ call: Call, _ level: LogLevel?) -> [JSONEdit] {
        var edits: [JSONEdit] = [
            .put("io.modelcontextprotocol/clientCapabilities", Envelopes.capabilities(call.offers)),
            .put("io.modelcontextprotocol/clientInfo", Compose.serverInfo),
            .put("io.modelcontextprotocol/protocolVersion", Envelopes.modernRevision),
        ]
        if let level {
            edits.append(.put("io.modelcontextprotocol/logLevel", JSONText.canonical(level.word)))
        }
        return edits
    }

    /// Passes a member of the modern era on unread, where both sides speak it (MCP-G18).
    func carry(_ key: StaticString, _ call: Call, _ tree: JSONTree, _ json: inout JSONWriter) {
        guard call.era == .modern, call.server?.era == .modern, let node = tree.member(.root, key) else { return }
        call.isRepeat = true
        json.key(key)
        json.value(tree, node)
    }
}

/// Parts of messages towards servers that are always the same.
enum Envelopes {
    static let modernRevision = JSONText.canonical(Revision.y2026m07d28.word)

    /// Client capabilities as a server sees them: what this client declared and the sealed entry grants.
    static func capabilities(_ offers: ClientOffers) -> CanonicalJSON {
        if offers.isEmpty { return Compose.emptyObject }
        var json = JSONWriter()
        json.beginObject()
        if offers.contains(.elicitation) || offers.contains(.urlElicitation) {
            json.key("elicitation")
            json.beginObject()
            if offers.contains(.elicitation) {
                json.key("form")
                json.value(Compose.emptyObject)
            }
            if offers.contains(.urlElicitation) {
                json.key("url")
                json.value(Compose.emptyObject)
            }
            json.endObject()
        }
        if offers.contains(.roots) {
            json.key("roots")
            json.value(Compose.emptyObject)
        }
        if offers.contains(.sampling) {
            json.key("sampling")
            json.value(Compose.emptyObject)
        }
        json.endObject()
        return json.finish()
    }

    /// `_meta` of a request from a client that can answer nothing and wants no progress.
    static let plainMeta: CanonicalJSON = {
        var json = JSONWriter()
        json.beginObject()
        writeMeta([], &json)
        json.endObject()
        return json.finish()
    }()

    private static func writeMeta(_ offers: ClientOffers, _ json: inout JSONWriter) {
        json.key("io.modelcontextprotocol/clientCapabilities")
        json.value(capabilities(offers))
        json.key("io.modelcontextprotocol/clientInfo")
        json.value(Compose.serverInfo)
        json.key("io.modelcontextprotocol/protocolVersion")
        json.value(modernRevision)
    }

    /// `params` of a request of our own to a modern server.
    static func modern(_ offers: ClientOffers, _ write: (inout JSONWriter) -> Void = { _ in }) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        json.key("_meta")
        json.beginObject()
        writeMeta(offers, &json)
        json.endObject()
        write(&json)
        json.endObject()
        return json.finish()
    }

    /// `params` of `initialize`.
    static func initialize(_ offers: ClientOffers) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        json.key("capabilities")
        json.value(capabilities(offers))
        json.key("clientInfo")
        json.value(Compose.serverInfo)
        json.key("protocolVersion")
        json.string(Revision.newestLegacy.word)
        json.endObject()
        return json.finish()
    }
}

/// Single values as canonical JSON.
enum JSONText {
    static func canonical(_ text: StaticString) -> CanonicalJSON {
        var json = JSONWriter()
        json.string(text)
        return json.finish()
    }

    static func canonical(_ text: [UInt8]) -> CanonicalJSON {
        var json = JSONWriter()
        json.string(text)
        return json.finish()
    }

    static func integer(_ number: Int64) -> CanonicalJSON {
        var json = JSONWriter()
        json.integer(number)
        return json.finish()
    }
}
