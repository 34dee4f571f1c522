// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// Reads what ``SealedWriter`` wrote. The caller has checked the file's owner and mode, and checks the digest.
package enum SealedReader {
    /// Members of `limits`, in canonical order.
    static let limitNames: [(StaticString, any WritableKeyPath<Limits, UInt32> & Sendable)] = [
        ("callsPerCaller", \.callsPerCaller), ("connections", \.connections),
        ("connectionsPerCaller", \.connectionsPerCaller), ("messagesPerSecond", \.messagesPerSecond),
        ("serversInAll", \.serversInAll), ("serversPerCaller", \.serversPerCaller),
        ("sessionsPerCaller", \.sessionsPerCaller),
    ]

    /// The two parts of the file: the digest it claims, and the canonical bytes that must hash to it.
    package static func parts(_ tree: JSONTree) throws(ConfigurationError) -> (claimed: Digest, registry: JSONNode) {
        var fields = try Fields(tree, .root, "")
        let claimed = try fields.require("digest").name({ Digest(hex: $0) }, "a digest")
        let registry = try fields.require("registry").node
        try fields.finish()
        return (claimed, registry)
    }

    package static func read(_ tree: JSONTree, _ node: JSONNode) throws(ConfigurationError) -> SealedRegistry {
        var fields = try Fields(tree, node, "registry")
        let format = try fields.require("format")
        guard try format.number(0...1_000_000) == SealedRegistry.format else {
            throw format.error("is of another release", hint: "doorward registry seal")
        }
        var audit = try fields.require("audit").fields()
        let settings = AuditSettings(
            syncEach: try audit.require("syncEach").flag(),
            segmentBytes: UInt64(try audit.require("segmentBytes").number(0...1 << 40)))
        try audit.finish()
        var clients: [ClientEntry] = []
        for element in try fields.require("clients").elements() {
            var inner = try element.fields()
            clients.append(
                ClientEntry(
                    name: try inner.require("name").name(ClientName.init, "a client's name"),
                    demand: try ConfigurationReader.demand(try inner.require("callers"))))
            try inner.finish()
        }
        var outward = try fields.require("egress").fields()
        let egress = EgressSettings(
            nat64: try outward.require("nat64").flag(), deny: try EgressPolicy.read(try outward.require("deny")))
        try outward.finish()
        guard egress.deny.onlyDenies else { throw fields.error("allows where it should deny") }
        var listeners: [ListenerEntry] = []
        for element in try fields.require("listeners").elements() {
            var inner = try element.fields()
            listeners.append(
                ListenerEntry(
                    name: try inner.require("name").name(ListenerName.init, "a listener's name"),
                    address: try inner.require("address").name(ListenAddress.init(_:), "a loopback address")))
            try inner.finish()
        }
        var limits = Limits.standard
        var inner = try fields.require("limits").fields()
        for (name, path) in limitNames { limits[keyPath: path] = UInt32(try inner.require(name).number(1...1_000_000)) }
        try inner.finish()
        let rules = try ConfigurationReader.rules(try fields.require("policy"))
        var profiles: [Profile] = []
        for element in try fields.require("profiles").elements() {
            let profile = try profile(element)
            if let last = profiles.last, !last.name.bytes.lexicographicallyPrecedes(profile.name.bytes) {
                throw element.error("stands behind a name that is not smaller")
            }
            profiles.append(profile)
        }
        let sealedAt = try fields.require("sealedAt").number(0...1 << 50)
        var servers: [SealedServer] = []
        for element in try fields.require("servers").elements() {
            let server = try server(element)
            // In one order, so that none can stand twice.
            if let last = servers.last, !last.name.bytes.lexicographicallyPrecedes(server.name.bytes) {
                throw element.error("stands behind a name that is not smaller")
            }
            guard profiles.contains(where: { $0.name == server.profile }) else {
                throw element.error("is built on a profile that is not here")
            }
            servers.append(server)
        }
        let source = try fields.require("source").name({ Digest(hex: $0) }, "a digest")
        try fields.finish()
        return SealedRegistry(
            sealedAt: UInt64(sealedAt), source: source, listeners: listeners, clients: clients,
            policy: ToolPolicy(rules: rules), audit: settings, limits: limits, servers: servers, profiles: profiles,
            egress: egress)
    }

    /// A review by itself, as it lies in the reviews directory.
    package static func review(_ tree: JSONTree) throws(ConfigurationError) -> Review {
        try review(Fields.Value(tree: tree, node: .root, place: ""))
    }

    private static func server(_ value: Fields.Value) throws(ConfigurationError) -> SealedServer {
        var fields = try value.fields()
        var arguments: [SealedArgument] = []
        for element in try fields.require("arguments").elements() {
            var inner = try element.fields()
            if let text = inner.take("text") {
                arguments.append(.fixed(try text.text()))
            } else {
                arguments.append(.chosen(try inner.require("chosen").name(ServerName.init, "a parameter's name")))
            }
            try inner.finish()
        }
        var environment: [EnvironmentEntry] = []
        for element in try fields.require("environment").elements() { environment.append(try variable(element)) }
        var parameters: [ParameterEntry] = []
        for element in try fields.require("parameters").elements() { parameters.append(try parameter(element)) }
        var pins: [PinnedFile] = []
        for element in try fields.require("pins").elements() { pins.append(try pin(element)) }
        var accepted: [Danger] = []
        for element in try fields.require("accepted").elements() {
            accepted.append(try element.name(Danger.init(word:), "a danger"))
        }
        let server = SealedServer(
            name: try fields.require("name").name(ServerName.init, "a server's name"),
            executable: try pin(try fields.require("executable")), pins: pins, arguments: arguments,
            environment: environment, directory: try fields.require("directory").path(),
            installation: try fields.require("installation").paths(), reads: try fields.require("reads").paths(),
            writes: try fields.require("writes").paths(), traits: try traits(try fields.require("traits")),
            parameters: parameters, accepted: accepted, review: try fields.take("review").map(review))
        try fields.finish()
        guard !server.arguments.isEmpty else { throw value.error("has no arguments") }
        guard server.parameters.count <= ParameterEntry.maxCount else { throw value.error("has too many parameters") }
        return server
    }

    private static func pin(_ value: Fields.Value) throws(ConfigurationError) -> PinnedFile {
        var fields = try value.fields()
        let pin = PinnedFile(
            path: try fields.require("path").path(),
            digest: try fields.require("sha256").name({ Digest(hex: $0) }, "a digest"),
            size: UInt64(try fields.require("size").number(0...1 << 50)))
        try fields.finish()
        return pin
    }

    private static func variable(_ value: Fields.Value) throws(ConfigurationError) -> EnvironmentEntry {
        var fields = try value.fields()
        let name = try fields.require("name").text()
        let entry: EnvironmentEntry
        if let file = fields.take("file") {
            entry = EnvironmentEntry(name: name, value: .file(try file.path()))
        } else if let key = fields.take("keyring") {
            entry = EnvironmentEntry(name: name, value: .keyring(try key.text()))
        } else {
            entry = EnvironmentEntry(name: name, value: .plain(try fields.require("text").text()))
        }
        try fields.finish()
        guard EnvironmentEntry.isName(name) else { throw value.error("is not a variable's name") }
        return entry
    }

    private static func parameter(_ value: Fields.Value) throws(ConfigurationError) -> ParameterEntry {
        var fields = try value.fields()
        let name = try fields.require("name").name(ServerName.init, "a parameter's name")
        var values: [ParameterEntry.Value] = []
        for element in try fields.require("values").elements() {
            var inner = try element.fields()
            values.append(
                ParameterEntry.Value(
                    name: try inner.require("name").name(ServerName.init, "a value's name"),
                    text: try inner.require("text").text()))
            try inner.finish()
        }
        try fields.finish()
        guard (1...ParameterEntry.maxValues).contains(values.count) else { throw value.error("offers too many values") }
        return ParameterEntry(name: name, values: values)
    }

    private static func traits(_ value: Fields.Value) throws(ConfigurationError) -> ServerTraits {
        var fields = try value.fields()
        var traits = ServerTraits()
        for element in try fields.require("aliases").elements() {
            var inner = try element.fields()
            traits.aliases.append(
                ToolAlias(
                    tool: try inner.require("tool").name(ToolName.init, "a tool's name"),
                    alias: try inner.require("alias").text()))
            try inner.finish()
        }
        traits.demand = try ConfigurationReader.demand(try fields.require("callers"))
        traits.ceilings = try ceilings(try fields.require("ceilings"))
        for element in try fields.require("grants").elements() {
            let word = try element.text()
            guard let grant = Grants.words.first(where: { Array($0.0.description.utf8) == word }) else {
                throw element.error("is not a grant")
            }
            traits.grants.insert(grant.1)
        }
        traits.idleMilliseconds = UInt64(try fields.require("idleMilliseconds").number(1...1 << 50))
        traits.network = try EgressPolicy.read(try fields.require("network"))
        traits.process = try fields.require("process").name(ProcessSharing.init(word:), "a way of sharing a process")
        traits.profile = try fields.require("profile").name(ProfileName.init, "a profile's name")
        traits.startMilliseconds = UInt64(try fields.require("startMilliseconds").number(1...1 << 50))
        traits.timeoutMilliseconds = UInt64(try fields.require("timeoutMilliseconds").number(1...1 << 50))
        try fields.finish()
        return traits
    }

    private static func ceilings(_ value: Fields.Value) throws(ConfigurationError) -> Ceilings {
        var fields = try value.fields()
        let ceilings = Ceilings(
            processes: UInt32(try fields.require("processes").number(1...32_768)),
            memoryBytes: UInt64(try fields.require("memoryBytes").number(1...1 << 50)),
            openFiles: UInt32(try fields.require("files").number(1...1_048_576)))
        try fields.finish()
        return ceilings
    }

    private static func profile(_ value: Fields.Value) throws(ConfigurationError) -> Profile {
        var fields = try value.fields()
        let flags = try fields.require("acceptFlags")
        let accepted = try flags.elements().isEmpty ? [] : ProfileReader.flags(flags)
        let disk = UInt64(try fields.require("diskBytes").number(0...1 << 50))
        let time = UInt64(try fields.require("milliseconds").number(0...1 << 50))
        var environment: [EnvironmentEntry] = []
        for element in try fields.require("environment").elements() { environment.append(try variable(element)) }
        let profile = Profile(
            name: try fields.require("name").name(ProfileName.init, "a profile's name"),
            base: try fields.require("base").name(ProfileBase.init(word:), "a built-in profile"),
            reads: try fields.require("reads").paths(), writes: try fields.require("writes").paths(),
            environment: environment, network: try EgressPolicy.read(try fields.require("network")),
            limits: RunLimits(
                ceilings: try ceilings(try fields.require("ceilings")), milliseconds: time == 0 ? nil : time,
                diskBytes: disk == 0 ? nil : disk),
            confinement: try fields.require("confinement").name(ConfinementDemand.init(word:), "a confinement"),
            acceptedFlags: accepted)
        try fields.finish()
        return profile
    }

    private static func review(_ value: Fields.Value) throws(ConfigurationError) -> Review {
        var fields = try value.fields()
        var capabilities: ServerCapabilities = []
        for element in try fields.require("capabilities").elements() {
            let word = try element.text()
            guard let known = ServerCapabilities.words.first(where: { Array($0.0.description.utf8) == word }) else {
                throw element.error("is not a capability")
            }
            capabilities.insert(known.1)
        }
        var tools: [PinnedTool] = []
        for element in try fields.require("tools").elements() {
            var inner = try element.fields()
            let object = try inner.require("object")
            tools.append(
                PinnedTool(
                    name: try inner.require("name").name(ToolName.init, "a tool's name"),
                    object: object.tree.canonical(object.node),
                    digest: try inner.require("sha256").name({ Digest(hex: $0) }, "a digest"),
                    risk: try inner.require("class").name(RiskClass.init(word:), "a class")))
            try inner.finish()
        }
        let review = Review(
            reviewedAt: UInt64(try fields.require("reviewedAt").number(0...1 << 50)),
            revision: try fields.require("revision").name(Revision.init(word:), "a revision"),
            capabilities: capabilities, instructions: try fields.take("instructions")?.text(), tools: tools,
            prompts: try objects(try fields.require("prompts")),
            templates: try objects(try fields.require("templates")),
            set: try fields.require("set").name({ Digest(hex: $0) }, "a digest"))
        try fields.finish()
        return review
    }

    private static func objects(_ value: Fields.Value) throws(ConfigurationError) -> [PinnedObject] {
        var objects: [PinnedObject] = []
        for element in try value.elements() {
            var fields = try element.fields()
            let object = try fields.require("object")
            objects.append(
                PinnedObject(
                    name: try fields.require("name").text(), object: object.tree.canonical(object.node),
                    digest: try fields.require("sha256").name({ Digest(hex: $0) }, "a digest")))
            try fields.finish()
        }
        return objects
    }
}
