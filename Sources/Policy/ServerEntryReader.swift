// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Reads one value of `mcpServers`, as clients write it and with Doorward's own members beside it.
enum ServerEntryReader {
    /// Members that other clients write and that mean nothing here: read, never used. What would weaken something
    /// (`autoApprove` and its kin) is among them on purpose, so that a pasted block is accepted and still asks.
    static let ignored: [StaticString] = [
        "alwaysAllow", "autoApprove", "description", "disabledTools", "gallery", "icon", "icons", "notes", "title",
        "trust",
        "version",
    ]

    /// - Parameter profiles: what an entry may be built on: it adds files and variables, and replaces the rest.
    static func read(
        _ name: ServerName, _ value: Fields.Value, _ profiles: [Profile]
    ) throws(ConfigurationError) -> ServerEntry {
        var fields = try value.fields()
        let remote = try RemoteEntryReader.read(&fields)
        var unused = ignored.filter { fields.take($0) != nil }.map(\.description)
        var entry =
            if let remote { ServerEntry(name: name, remote: remote) } else { try local(name, &fields) }
        entry.offset = value.offset
        entry.arguments = try fields.take("args")?.texts() ?? []
        let profile = try profile(fields.take("profile"), profiles)
        let environment = try fields.take("env").map(environment) ?? []
        entry.environment = profile.environment.filter { of in !environment.contains { $0.name == of.name } }
        entry.environment += environment
        entry.directory = try fields.take("cwd")?.path()
        let reads = try fields.take("read")?.paths() ?? []
        let writes = try fields.take("write")?.paths() ?? []
        entry.reads = profile.reads.filter { !reads.contains($0) } + reads
        entry.writes = profile.writes.filter { !writes.contains($0) } + writes
        entry.parameters = try fields.take("parameters").map(parameters) ?? []
        entry.accepted = try fields.take("accept")?.names(Danger.init(word:), "a danger") ?? []
        entry.isDisabled = try fields.take("disabled")?.flag() ?? false
        entry.traits = try traits(&fields, &unused, profile)
        if let remote { entry.traits.network = remote.network(name) }
        entry.unused = unused
        try fields.finish()
        for argument in entry.arguments { try check(argument, entry, fields) }
        return entry
    }

    /// An entry with a command.
    private static func local(_ name: ServerName, _ fields: inout Fields) throws(ConfigurationError) -> ServerEntry {
        for key in ["type", "transport", "transportType"] as [StaticString] {
            if let type = fields.take(key), try type.text() != Array("stdio".utf8) {
                throw type.error(
                    "does not fit a server with a command", hint: "write \"type\": \"stdio\", or leave it out")
            }
        }
        let command = try fields.require("command")
        let entry = ServerEntry(name: name, command: try command.text(), arguments: [])
        guard !entry.command.isEmpty else { throw command.error("is empty") }
        return entry
    }

    /// `${name}` must be the whole argument and name a parameter: anything else would be text from elsewhere in argv.
    private static func check(_ argument: [UInt8], _ entry: ServerEntry, _ fields: Fields) throws(ConfigurationError) {
        guard Words.contains(argument, "${") else { return }
        guard let name = placeholder(argument), entry.parameters.contains(where: { $0.name == name }) else {
            throw fields.error(
                "the argument \(String(decoding: argument, as: UTF8.self)) holds a variable that nothing here defines",
                hint: "write the value, or define it under \"parameters\" and use ${name} as a whole argument")
        }
    }

    /// The parameter that a whole argument `${name}` stands for.
    static func placeholder(_ argument: [UInt8]) -> ServerName? {
        guard argument.count > 3, argument.starts(with: "${".utf8), argument.last == UInt8(ascii: "}") else {
            return nil
        }
        return ServerName(Array(argument.dropFirst(2).dropLast()))
    }

    private static func profile(
        _ value: Fields.Value?, _ profiles: [Profile]
    ) throws(ConfigurationError) -> Profile {
        let name = try value?.name(ProfileName.init, "a profile's name") ?? ProfileName(.tool)
        if let profile = profiles.first(where: { $0.name == name }) { return profile }
        guard let value else { return .builtIn(.tool) }
        throw value.error(
            "is no profile that is defined here", hint: "define it under \"profiles\", or use a built-in one")
    }

    static func environment(_ value: Fields.Value) throws(ConfigurationError) -> [EnvironmentEntry] {
        var fields = try value.fields()
        var entries: [EnvironmentEntry] = []
        for (name, value) in fields.takeAll() {
            guard EnvironmentEntry.isName(name) else { throw value.error("is not a variable's name") }
            entries.append(EnvironmentEntry(name: name, value: try environmentValue(value)))
        }
        return entries
    }

    static func environmentValue(_ value: Fields.Value) throws(ConfigurationError) -> EnvironmentValue {
        if value.tree.kind(value.node) == .string {
            let text = try value.text()
            guard !Words.contains(text, "${") else {
                throw value.error(
                    "holds a variable of another client", hint: "write the value, or refer to it: {\"file\": \"/path\"}"
                )
            }
            return .plain(text)
        }
        var fields = try value.fields()
        let file = try fields.take("file")?.path()
        let key = try fields.take("keyring")?.text()
        try fields.finish()
        switch (file, key) {
        case (.some(let file), nil): return .file(file)
        case (nil, .some(let key)) where (1...255).contains(key.count): return .keyring(key)
        default: throw value.error("must be text, {\"file\": \"/path\"} or {\"keyring\": \"description\"}")
        }
    }

    private static func parameters(_ value: Fields.Value) throws(ConfigurationError) -> [ParameterEntry] {
        var fields = try value.fields()
        var entries: [ParameterEntry] = []
        for (name, value) in fields.takeAll() {
            guard let parameter = ServerName(name) else { throw value.error("is not a parameter's name") }
            var inner = try value.fields()
            var values: [ParameterEntry.Value] = []
            for (name, value) in inner.takeAll() {
                guard let choice = ServerName(name) else { throw value.error("is not a value's name") }
                values.append(ParameterEntry.Value(name: choice, text: try value.text()))
            }
            guard (1...ParameterEntry.maxValues).contains(values.count) else {
                throw value.error("must offer 1 to \(ParameterEntry.maxValues) values")
            }
            entries.append(ParameterEntry(name: parameter, values: values))
        }
        guard entries.count <= ParameterEntry.maxCount else {
            throw value.error("holds more than \(ParameterEntry.maxCount) parameters")
        }
        return entries
    }

    /// Members that mean the same before and after sealing.
    static func traits(
        _ fields: inout Fields, _ unused: inout [String], _ profile: Profile
    ) throws(ConfigurationError) -> ServerTraits {
        var traits = ServerTraits(
            ceilings: profile.limits.ceilings, profile: profile.name, network: profile.network)
        traits.process = try process(&fields)
        if let value = fields.take("idle") { traits.idleMilliseconds = try value.milliseconds() }
        if let value = fields.take("timeout") {
            // Clients write a plain number here, some of seconds and some of milliseconds: only a span with a unit counts.
            if value.tree.kind(value.node) == .number {
                unused.append("timeout")
            } else {
                traits.timeoutMilliseconds = try value.milliseconds()
            }
        }
        if let value = fields.take("startTimeout") { traits.startMilliseconds = try value.milliseconds() }
        if let value = fields.take("network") { traits.network = try NetworkReader.network(value) }
        if let value = fields.take("limits") {
            var inner = try value.fields()
            try ceilings(&inner, &traits.ceilings)
            try inner.finish()
        }
        if let value = fields.take("grants") {
            for grant in try value.texts() {
                guard let known = Grants.words.first(where: { Array($0.0.description.utf8) == grant }) else {
                    throw value.error("names an unknown grant", hint: "sampling, elicitation, url-elicitation, roots")
                }
                traits.grants.insert(known.1)
            }
        }
        if let value = fields.take("callers") { traits.demand = try ConfigurationReader.demand(value) }
        if let value = fields.take("aliases") { traits.aliases = try aliases(value) }
        return traits
    }

    /// `shared: true` is the older spelling of `process: "shared"`.
    private static func process(_ fields: inout Fields) throws(ConfigurationError) -> ProcessSharing {
        let shared = fields.take("shared")
        guard let value = fields.take("process") else { return try shared?.flag() == true ? .shared : .perCaller }
        guard shared == nil else {
            throw value.error("says what \"shared\" says already", hint: "leave \"shared\" out")
        }
        guard let process = ProcessSharing(word: try value.text()) else {
            throw value.error("names no way of sharing a process", hint: "caller, shared or per-call")
        }
        return process
    }

    /// Takes what is written and leaves the rest as it was.
    static func ceilings(_ fields: inout Fields, _ ceilings: inout Ceilings) throws(ConfigurationError) {
        if let value = fields.take("processes") { ceilings.processes = UInt32(try value.number(1...32_768)) }
        if let value = fields.take("memory") { ceilings.memoryBytes = try value.byteCount() }
        if let value = fields.take("files") { ceilings.openFiles = UInt32(try value.number(16...1_048_576)) }
    }

    private static func aliases(_ value: Fields.Value) throws(ConfigurationError) -> [ToolAlias] {
        var fields = try value.fields()
        var all: [ToolAlias] = []
        for (name, value) in fields.takeAll() {
            guard let tool = ToolName(name) else { throw value.error("is not a tool's name") }
            let alias = try value.text()
            guard AggregateName.fits(alias), !all.contains(where: { $0.alias == alias }) else {
                throw value.error("is not usable as an alias", hint: "letters, digits, _ and -, without __, used once")
            }
            all.append(ToolAlias(tool: tool, alias: alias))
        }
        return all
    }
}

/// Byte searches on configuration text.
enum Words {
    static func contains(_ text: [UInt8], _ word: String) -> Bool {
        let word = Array(word.utf8)
        guard text.count >= word.count else { return false }
        return (0...(text.count - word.count)).contains { text[$0..<($0 + word.count)] == word[...] }
    }
}
