// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// Reads `doorward.json`: every key is known, every value has one meaning, or the file is refused.
package enum ConfigurationReader {
    /// More servers than this are refused: nobody reviewed them.
    package static let maxServers = 4096

    /// - Throws: ``ConfigurationError`` with the place and byte offset of the first fault.
    package static func read(_ tree: JSONTree) throws(ConfigurationError) -> Configuration {
        var fields = try Fields(tree, .root, "")
        // For editors only: names the JSON Schema of this file.
        if let schema = fields.take("$schema") { _ = try schema.text() }
        let listeners = try fields.take("listeners").map(listeners) ?? [standardListener]
        let clients = try fields.take("clients").map(clients) ?? []
        // Before the servers, which build on them.
        let profiles = try ProfileReader.profiles(fields.take("profiles"))
        var servers: [ServerEntry] = []
        if let value = fields.take("mcpServers") { servers = try self.servers(value, profiles) }
        let rules = try fields.take("policy").map(rules) ?? []
        let audit = try fields.take("audit").map(audit) ?? .standard
        let limits = try fields.take("limits").map(limits) ?? .standard
        let egress = try fields.take("egress").map(egress) ?? .standard
        try fields.finish()
        return Configuration(
            listeners: listeners, clients: clients, servers: servers, policy: ToolPolicy(rules: rules),
            audit: audit, limits: limits, profiles: profiles, egress: egress)
    }

    private static let standardListener = ListenerEntry(
        name: .main, address: ListenAddress(host: .v4(0, 0, 1), port: ListenerEntry.defaultPort))

    static func listeners(_ value: Fields.Value) throws(ConfigurationError) -> [ListenerEntry] {
        var fields = try value.fields()
        var entries: [ListenerEntry] = []
        for (name, value) in fields.takeAll() {
            guard let listener = ListenerName(name) else { throw value.error("is not a listener's name") }
            guard listener != .local else {
                throw value.error("is the name of the unix socket", hint: "choose another name")
            }
            guard let address = ListenAddress(try value.text()) else {
                throw value.error(
                    "must be a loopback address and port such as \"127.0.0.1:8742\"",
                    hint: "doorward listens on loopback only; put a reverse proxy with its own authentication in front")
            }
            entries.append(ListenerEntry(name: listener, address: address))
        }
        guard !entries.isEmpty, entries.count <= 16 else { throw value.error("must name 1 to 16 listeners") }
        return entries
    }

    static func clients(_ value: Fields.Value) throws(ConfigurationError) -> [ClientEntry] {
        var fields = try value.fields()
        var entries: [ClientEntry] = []
        for (name, value) in fields.takeAll() {
            guard let client = ClientName(name) else { throw value.error("is not a client's name") }
            var inner = try value.fields()
            let demand = try inner.take("callers").map(demand) ?? .nothing
            try inner.finish()
            entries.append(ClientEntry(name: client, demand: demand))
        }
        return entries
    }

    /// The `callers` member of a client or a server.
    static func demand(_ value: Fields.Value) throws(ConfigurationError) -> PeerDemand {
        var fields = try value.fields()
        let executables = try fields.take("exe")?.paths()
        let uid = try fields.take("uid")?.number(0...Int64(UInt32.max) - 1)
        try fields.finish()
        return PeerDemand(executables: executables, uid: uid.map(UInt32.init))
    }

    static func servers(_ value: Fields.Value, _ profiles: [Profile]) throws(ConfigurationError) -> [ServerEntry] {
        var fields = try value.fields()
        var entries: [ServerEntry] = []
        for (name, value) in fields.takeAll() {
            guard let server = ServerName(name) else {
                throw value.error(
                    "is not a server's name", hint: "use lower-case letters, digits and single inner dashes, at most 32"
                )
            }
            entries.append(try ServerEntryReader.read(server, value, profiles))
        }
        guard entries.count <= maxServers else { throw value.error("holds more than \(maxServers) servers") }
        return entries
    }

    static func rules(_ value: Fields.Value) throws(ConfigurationError) -> [Rule] {
        var rules: [Rule] = []
        var ids: Set<RuleID> = []
        for (index, element) in try value.elements().enumerated() {
            let rule = try rule(element, place: index + 1)
            guard ids.insert(rule.id).inserted else { throw element.error("has the id of another rule") }
            rules.append(rule)
        }
        guard rules.count <= ToolPolicy.maxRules else {
            throw value.error("holds more than \(ToolPolicy.maxRules) rules")
        }
        return rules
    }

    private static func rule(_ value: Fields.Value, place: Int) throws(ConfigurationError) -> Rule {
        var fields = try value.fields()
        let id = try fields.take("id")?.name(RuleID.init(_:), "a rule's id") ?? RuleID(place: place)
        let clients = try fields.take("clients")?.names(ClientName.init, "a client's name")
        let servers = try fields.take("servers")?.names(ServerName.init, "a server's name")
        let tools = try fields.take("tools")?.names(NamePattern.init, "a name or a beginning with *")
        let prompts = try fields.take("prompts")?.names(NamePattern.init, "a name or a beginning with *")
        let resources = try fields.take("resources")?.names(NamePattern.init, "an address or a beginning with *")
        // For people: read, never used.
        if let reason = fields.take("reason") { _ = try reason.text() }
        let word = try fields.require("verdict")
        let text = try word.text()
        guard let verdict = VerdictKind.allCases.first(where: { Array($0.word.description.utf8) == text }) else {
            throw word.error("must be \"allow\", \"ask\" or \"deny\"")
        }
        try fields.finish()
        return Rule(
            id: id, clients: clients, servers: servers, tools: tools, prompts: prompts, resources: resources,
            verdict: verdict)
    }

    static func audit(_ value: Fields.Value) throws(ConfigurationError) -> AuditSettings {
        var fields = try value.fields()
        var syncEach = AuditSettings.standard.syncEach
        if let durability = fields.take("durability") {
            let text = try durability.text()
            guard text == Array("each".utf8) || text == Array("grouped".utf8) else {
                throw durability.error("must be \"grouped\" or \"each\"")
            }
            syncEach = text == Array("each".utf8)
        }
        var size = AuditSettings.standard.segmentBytes
        if let segment = fields.take("segment") {
            size = try segment.byteCount()
            guard size >= 1 << 20, size <= 1 << 32 else { throw segment.error("must be from 1M to 4G") }
        }
        try fields.finish()
        return AuditSettings(syncEach: syncEach, segmentBytes: size)
    }

    static func egress(_ value: Fields.Value) throws(ConfigurationError) -> EgressSettings {
        var fields = try value.fields()
        let nat64 = try fields.take("nat64")?.flag() ?? false
        let deny = try fields.take("deny").map(NetworkReader.denials) ?? .none
        try fields.finish()
        return EgressSettings(nat64: nat64, deny: deny)
    }

    static func limits(_ value: Fields.Value) throws(ConfigurationError) -> Limits {
        var fields = try value.fields()
        var limits = Limits.standard
        func set(_ key: StaticString, _ path: WritableKeyPath<Limits, UInt32>, _ most: Int64) throws(ConfigurationError)
        {
            if let value = fields.take(key) { limits[keyPath: path] = UInt32(try value.number(1...most)) }
        }
        try set("connections", \.connections, 16_384)
        try set("connectionsPerCaller", \.connectionsPerCaller, 16_384)
        try set("sessionsPerCaller", \.sessionsPerCaller, 16_384)
        try set("callsPerCaller", \.callsPerCaller, 16_384)
        try set("messagesPerSecond", \.messagesPerSecond, 1_000_000)
        try set("serversPerCaller", \.serversPerCaller, 4096)
        try set("serversInAll", \.serversInAll, 4096)
        try fields.finish()
        return limits
    }
}
