// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

private func read(_ text: String) throws -> Configuration {
    try ConfigurationReader.read(try ConfigurationFiles.tree(text))
}

/// Reads a configuration that has one server with these members beside its command.
private func server(_ members: String) throws -> ServerEntry {
    let configuration = try read(
        "{\"mcpServers\": {\"x\": {\"command\": \"/x\"\(members.isEmpty ? "" : ", ")\(members)}}}")
    return try #require(configuration.servers.first)
}

@Suite("doorward.json says one thing, or it is refused")
struct ConfigurationTests {
    @Test("An empty one has a meaning") func empty() throws {
        let configuration = try read("{}")
        #expect(configuration.listeners.map { "\($0.name)=\($0.address)" } == ["main=127.0.0.1:8742"])
        #expect(configuration.clients.isEmpty && configuration.servers.isEmpty && configuration.policy.rules.isEmpty)
        #expect(configuration.limits == .standard && configuration.audit == .standard)
    }

    @Test("One with every key means what it says")
    func everything() throws {
        let configuration = try ConfigurationReader.read(try ConfigurationFiles.tree(ConfigurationFiles.everything()))
        #expect(configuration.listeners.map { "\($0.address)" } == ["127.0.0.1:8742", "[::1]:0", "127.1.2.3:65535"])
        #expect(configuration.clients.map(\.demand.uid) == [1000, 0, nil])
        #expect(
            configuration.policy.rules.map { "\($0.id) \($0.verdict)" } == [
                "no-deletes deny", "rule-2 allow", "rule-3 ask",
            ])
        #expect(configuration.audit == AuditSettings(syncEach: true, segmentBytes: 1 << 20))
        #expect(configuration.limits.connections == 1 && configuration.limits.serversInAll == 4096)
        let server = try #require(configuration.servers.first)
        #expect(server.arguments.count == 5)
        // Those of its profile stand in front.
        #expect(
            server.environment.map { String(decoding: $0.name, as: UTF8.self) } == [
                "LANG", "API_KEY", "PLAIN", "EMPTY", "_SECRET", "KEY2",
            ])
        #expect(server.reads.map(\.description) == ["/srv/papers", "/srv/data"])
        #expect(server.traits.profile.description == "research" && server.traits.network.rules.count == 7)
        #expect(server.traits.network.localPorts == [5432])
        #expect(server.traits.network.rules[6].name == "mcpServers.everything.network[6]")
        #expect(configuration.egress.nat64 && configuration.egress.deny.rules.count == 3)
        #expect(
            configuration.profiles.map(\.name.description) == [
                "agent", "browser", "closed", "code", "research", "tool",
            ])
        let research = try #require(configuration.profiles.first { $0.name.description == "research" })
        #expect(research.base == .agent && research.network == .public && research.confinement == .bubblewrap)
        #expect(research.limits.milliseconds == 3_600_000 && research.limits.diskBytes == 1 << 30)
        #expect(server.accepted == Danger.allCases)
        #expect(server.traits.process == .shared && server.traits.idleMilliseconds == 500)
        #expect(server.traits.timeoutMilliseconds == 3660 * 86_400_000)
        #expect(server.traits.ceilings == Ceilings(processes: 1, memoryBytes: 1 << 40, openFiles: 16))
        #expect(server.traits.grants == [.sampling, .elicitation, .urlElicitation, .roots])
        #expect(server.traits.aliases.map(\.alias) == [Array("short".utf8)])
        #expect(server.unused.contains("autoApprove") && server.unused.contains("trust"))
        #expect(configuration.servers.last?.traits.process == .perCall)
        #expect(configuration.servers.last?.unused == ["timeout"])
        #expect(configuration.servers.last?.traits.timeoutMilliseconds == 120_000)
    }

    /// What is wrong, where, and the beginning of the reason.
    static let faults: [(text: String, place: String, reason: String)] = [
        ("[]", "", "must be an object"),
        ("{\"mcpserver\": {}}", "mcpserver", "unknown key"),
        ("{\"mcpServers\": []}", "mcpServers", "must be an object"),
        ("{\"mcpServers\": {\"X\": {\"command\": \"/x\"}}}", "mcpServers.X", "is not a server's name"),
        ("{\"mcpServers\": {\"a--b\": {\"command\": \"/x\"}}}", "mcpServers.a--b", "is not a server's name"),
        ("{\"mcpServers\": {\"__proto__\": {\"command\": \"/x\"}}}", "mcpServers.__proto__", "is not a server's name"),
        ("{\"mcpServers\": {\"x\": {}}}", "mcpServers.x", "command is missing"),
        ("{\"mcpServers\": {\"x\": {\"command\": \"\"}}}", "mcpServers.x.command", "is empty"),
        ("{\"mcpServers\": {\"x\": {\"command\": 1}}}", "mcpServers.x.command", "must be a string"),
        ("{\"mcpServers\": {\"x\": {\"command\": \"/x\\u0000y\"}}}", "mcpServers.x.command", "must not contain a NUL"),
        ("{\"mcpServers\": {\"x\": {\"url\": \"http://x\"}}}", "mcpServers.x.url", "would be reached in the clear"),
        ("{\"mcpServers\": {\"x\": {\"command\": \"/x\", \"type\": \"sse\"}}}", "mcpServers.x.type", "does not fit"),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"type\": \"sse\"}}}", "mcpServers.x.type",
            "is a transport that went out of use"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"type\": \"stdio\"}}}", "mcpServers.x.type",
            "does not fit"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://u:p@x\"}}}", "mcpServers.x.url",
            "is not an address that can be used"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"serverUrl\": \"https://x\"}}}", "mcpServers.x",
            "has two addresses"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"command\": \"/x\"}}}", "mcpServers.x.command",
            "means nothing for a server on the network"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"network\": \"public\"}}}", "mcpServers.x.network",
            "means nothing for a server on the network"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"command\": \"/x\", \"headers\": {}}}}", "mcpServers.x.headers",
            "belongs to a server on the network"
        ),
        (
            "{\"mcpServers\": {\"x\": {\"url\": \"https://x\", \"headers\": {\"A B\": \"x\"}}}}",
            "mcpServers.x.headers.A B", "is not a header"
        ),
        ("{\"mcpServers\": {\"x\": {\"command\": \"/x\", \"arg\": []}}}", "mcpServers.x.arg", "unknown key"),
        ("{\"listeners\": {}}", "listeners", "must name 1 to 16 listeners"),
        ("{\"listeners\": {\"main\": \"0.0.0.0:1\"}}", "listeners.main", "must be a loopback address"),
        ("{\"listeners\": {\"main\": \"localhost:1\"}}", "listeners.main", "must be a loopback address"),
        ("{\"listeners\": {\"main\": \"127.0.0.1\"}}", "listeners.main", "must be a loopback address"),
        ("{\"listeners\": {\"main\": \"127.0.0.1:65536\"}}", "listeners.main", "must be a loopback address"),
        ("{\"listeners\": {\"main\": \"127.0.0.01:1\"}}", "listeners.main", "must be a loopback address"),
        ("{\"listeners\": {\"local\": \"127.0.0.1:1\"}}", "listeners.local", "is the name of the unix socket"),
        ("{\"clients\": {\"A\": {}}}", "clients.A", "is not a client's name"),
        (
            "{\"clients\": {\"a\": {\"callers\": {\"exe\": [\"x\"]}}}}", "clients.a.callers.exe[0]",
            "must be an absolute path"
        ),
        ("{\"clients\": {\"a\": {\"callers\": {\"uid\": -1}}}}", "clients.a.callers.uid", "must be a whole number"),
        (
            "{\"clients\": {\"a\": {\"callers\": {\"uid\": 4294967295}}}}", "clients.a.callers.uid",
            "must be a whole number"
        ),
        ("{\"policy\": [{}]}", "policy[0]", "verdict is missing"),
        ("{\"policy\": [{\"verdict\": \"yes\"}]}", "policy[0].verdict", "must be \"allow\""),
        (
            "{\"policy\": [{\"verdict\": \"deny\", \"tools\": []}]}", "policy[0].tools",
            "is empty, so it would match nothing"
        ),
        ("{\"policy\": [{\"verdict\": \"deny\", \"tools\": [\"a*b\"]}]}", "policy[0].tools[0]", "is not a name"),
        ("{\"policy\": [{\"verdict\": \"deny\", \"tools\": [\"a\", \"a\"]}]}", "policy[0].tools[1]", "stands twice"),
        ("{\"policy\": [{\"verdict\": \"deny\", \"tool\": [\"a\"]}]}", "policy[0].tool", "unknown key"),
        (
            "{\"policy\": [{\"id\": \"a\", \"verdict\": \"deny\"}, {\"id\": \"a\", \"verdict\": \"deny\"}]}",
            "policy[1]", "has the id"
        ),
        ("{\"audit\": {\"durability\": \"none\"}}", "audit.durability", "must be \"grouped\" or \"each\""),
        ("{\"audit\": {\"segment\": \"1023K\"}}", "audit.segment", "must be from 1M to 4G"),
        ("{\"audit\": {\"segment\": \"5G\"}}", "audit.segment", "must be from 1M to 4G"),
        ("{\"audit\": {\"segment\": 67108864}}", "audit.segment", "must be a string"),
        ("{\"limits\": {\"connections\": 0}}", "limits.connections", "must be a whole number"),
        ("{\"limits\": {\"connections\": 16385}}", "limits.connections", "must be a whole number"),
        ("{\"limits\": {\"connections\": 1.5}}", "limits.connections", "must be a whole number"),
        ("{\"limits\": {\"conections\": 1}}", "limits.conections", "unknown key"),
        ("{\"profiles\": {\"X\": {\"base\": \"tool\"}}}", "profiles.X", "is not a profile's name"),
        ("{\"profiles\": {\"x\": {}}}", "profiles.x", "base is missing"),
        ("{\"profiles\": {\"x\": {\"base\": \"x\"}}}", "profiles.x.base", "is not \"browser\""),
        ("{\"profiles\": {\"tool\": {\"base\": \"browser\"}}}", "profiles.tool", "is built in"),
        ("{\"profiles\": {\"code\": {\"nesting\": true}}}", "profiles.code.nesting", "unknown key"),
        ("{\"profiles\": {\"code\": {\"limits\": {\"time\": 60}}}}", "profiles.code.limits.time", "must be a string"),
        ("{\"profiles\": {\"code\": {\"confinement\": \"none\"}}}", "profiles.code.confinement", "is not \"full\""),
        ("{\"profiles\": {\"code\": {\"acceptFlags\": [\"x\"]}}}", "profiles.code.acceptFlags[0]", "is not a flag"),
        ("{\"profiles\": {\"code\": {\"acceptFlags\": []}}}", "profiles.code.acceptFlags", "is empty"),
        ("{\"profiles\": {\"code\": {\"read\": [\"x\"]}}}", "profiles.code.read[0]", "must be an absolute path"),
        (
            "{\"profiles\": {\"code\": {\"environment\": {\"A=\": \"x\"}}}}", "profiles.code.environment.A=",
            "is not a variable"
        ),
        ("{\"profiles\": {\"code\": {\"network\": \"all\"}}}", "profiles.code.network", "must be \"none\", \"public\""),
        ("{\"egress\": {\"allow\": []}}", "egress.allow", "unknown key"),
        ("{\"egress\": {\"nat64\": 1}}", "egress.nat64", "must be true or false"),
        ("{\"egress\": {\"deny\": [\"x.example:0\"]}}", "egress.deny[0]", "is not a host and port"),
        ("{\"egress\": {\"deny\": [{\"local\": 1}]}}", "egress.deny[0]", "grants a port"),
        (
            "{\"egress\": {\"deny\": [{\"host\": \"x.example\", \"verdict\": \"allow\"}]}}", "egress.deny[0]",
            "must deny"
        ),
        (
            "{\"egress\": {\"deny\": [{\"host\": \"x.example\", \"sni\": \"strict\"}]}}", "egress.deny[0].sni",
            "unknown key"
        ),
    ]

    @Test("Faults are told with their place", arguments: faults)
    func fault(_ text: String, _ place: String, _ reason: String) throws {
        let tree = try ConfigurationFiles.tree(text)
        do throws(ConfigurationError) {
            _ = try ConfigurationReader.read(tree)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.place == place)
            #expect(error.reason.hasPrefix(reason), "\(error.reason)")
            // The offset leads into the text, to the value or the key.
            #expect(error.offset < text.utf8.count)
        }
    }

    static let members: [(text: String, isAccepted: Bool)] = [
        ("\"args\": [\"${p}\"]", false), ("\"args\": [\"${p}\"], \"parameters\": {\"p\": {\"a\": \"1\"}}", true),
        ("\"args\": [\"-x=${p}\"], \"parameters\": {\"p\": {\"a\": \"1\"}}", false),
        ("\"args\": [\"${workspaceFolder}\"]", false),
        ("\"args\": [\"$p\"]", true), ("\"args\": [1]", false), ("\"args\": \"x\"", false),
        ("\"env\": {\"A\": \"${B}\"}", false), ("\"env\": {\"1A\": \"x\"}", false),
        ("\"env\": {\"A=B\": \"x\"}", false),
        ("\"env\": {\"\": \"x\"}", false), ("\"env\": {\"A\": 1}", false), ("\"env\": {\"A\": {}}", false),
        ("\"env\": {\"A\": {\"file\": \"/x\", \"keyring\": \"y\"}}", false),
        ("\"env\": {\"A\": {\"file\": \"x\"}}", false),
        ("\"env\": {\"A\": {\"keyring\": \"\"}}", false), ("\"env\": {\"A\": {\"command\": \"x\"}}", false),
        ("\"env\": {\"A\": \"x\\u0000\"}", false), ("\"env\": null", false),
        ("\"cwd\": \"x\"", false), ("\"cwd\": \"/x/\"", false), ("\"cwd\": \"/x/../y\"", false),
        ("\"cwd\": \"~/x\"", false),
        ("\"read\": \"/x\"", false), ("\"read\": [\"/x//y\"]", false), ("\"write\": [\"/\"]", true),
        ("\"parameters\": {\"p\": {}}", false), ("\"parameters\": {\"P\": {\"a\": \"1\"}}", false),
        ("\"parameters\": {\"p\": {\"A\": \"1\"}}", false),
        ("\"parameters\": {\"p\": {\"a\": 1}}", false), ("\"parameters\": {\"p\": [\"a\"]}", false),
        ("\"accept\": []", false), ("\"accept\": [\"everything\"]", false),
        ("\"accept\": [\"shell\", \"shell\"]", false), ("\"accept\": true", false),
        ("\"process\": \"per-call\"", true), ("\"process\": \"shared\"", true), ("\"process\": \"caller\"", true),
        ("\"process\": \"one\"", false), ("\"process\": true", false),
        ("\"process\": \"caller\", \"shared\": false", false),
        ("\"shared\": \"yes\"", false), ("\"shared\": 1", false), ("\"disabled\": null", false),
        ("\"idle\": \"10\"", false), ("\"idle\": \"0s\"", false), ("\"idle\": \"-1s\"", false),
        ("\"idle\": \"1w\"", false), ("\"idle\": \"1 s\"", false),
        ("\"idle\": \"3661d\"", false), ("\"idle\": \"1000000000000ms\"", false), ("\"idle\": 10", false),
        ("\"timeout\": 10", true), ("\"timeout\": \"10s\"", true),
        ("\"startTimeout\": 10", false), ("\"timeout\": true", false),
        ("\"limits\": {\"processes\": 0}", false), ("\"limits\": {\"processes\": 32769}", false),
        ("\"limits\": {\"memory\": \"1025G\"}", false),
        ("\"limits\": {\"memory\": \"2GB\"}", false), ("\"limits\": {\"memory\": 1024}", false),
        ("\"limits\": {\"files\": 15}", false),
        ("\"limits\": {\"cpu\": 1}", false),
        ("\"grants\": [\"tools\"]", false), ("\"grants\": []", true), ("\"grants\": [\"roots\", \"roots\"]", true),
        ("\"callers\": {\"pid\": 1}", false), ("\"callers\": {}", true),
        ("\"aliases\": {\"a b\": \"x\"}", false), ("\"aliases\": {\"a\": \"x.y\"}", false),
        ("\"aliases\": {\"a\": \"x\", \"b\": \"x\"}", false),
        ("\"aliases\": {\"a\": \"\"}", false), ("\"aliases\": {\"a\": \"x_y\"}", true),
        ("\"type\": \"stdio\"", true), ("\"type\": \"http\"", false), ("\"headers\": {}", false),
        ("\"autoApprove\": [\"x\"]", true),
        ("\"profile\": \"browser\"", true), ("\"profile\": \"Tool\"", false), ("\"profile\": \"undefined\"", false),
        ("\"network\": \"none\"", true), ("\"network\": \"public\"", true), ("\"network\": []", true),
        ("\"network\": \"*\"", false), ("\"network\": true", false), ("\"network\": {}", false),
        ("\"network\": [\"api.example.com\"]", true), ("\"network\": [\"*.example.com:8443\"]", true),
        ("\"network\": [\"*:443\"]", true), ("\"network\": [\"8.8.8.8:53\"]", true),
        ("\"network\": [\"[2606:4700::1111]\"]", true), ("\"network\": [\"[2606:4700::1111]:853\"]", true),
        ("\"network\": [\"2606:4700::1111\"]", false), ("\"network\": [\"api.example.com:\"]", false),
        ("\"network\": [\"api.example.com:0443\"]", false), ("\"network\": [\"api.example.com:65536\"]", false),
        ("\"network\": [\"https://api.example.com\"]", false), ("\"network\": [\"a.*.example.com\"]", false),
        ("\"network\": [\"a_b.example.com\"]", false), ("\"network\": [\"api.example.com.\"]", false),
        ("\"network\": [\"127.1:443\"]", false), ("\"network\": [\"0x7f000001\"]", false),
        ("\"network\": [\"localhost:5432\"]", false), ("\"network\": [\"10.0.0.1:443\"]", false),
        ("\"network\": [\"metadata.google.internal:80\"]", false), ("\"network\": [\"[::ffff:8.8.8.8]\"]", false),
        ("\"network\": [{\"local\": 5432}]", true), ("\"network\": [{\"local\": 0}]", false),
        ("\"network\": [{\"local\": 5432, \"verdict\": \"allow\"}]", false),
        ("\"network\": [{\"local\": [1, 2]}]", false),
        ("\"network\": [{}]", false), ("\"network\": [{\"port\": 443}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"port\": [80, 443]}]", true),
        ("\"network\": [{\"host\": \"x.example\", \"port\": []}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"port\": [80, 80]}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"port\": \"80\"}]", false),
        ("\"network\": [{\"host\": \"x.example:80\"}]", false),
        ("\"network\": [{\"address\": \"8.8.8.0/24\"}]", true), ("\"network\": [{\"address\": \"8.8.8.8/24\"}]", false),
        ("\"network\": [{\"address\": \"8.8.8.0/33\"}]", false),
        ("\"network\": [{\"address\": \"8.8.8.0/024\"}]", false),
        ("\"network\": [{\"address\": \"10.1.0.0/16\"}]", false), ("\"network\": [{\"address\": \"fd00::/8\"}]", false),
        ("\"network\": [{\"address\": \"10.1.0.0/16\", \"verdict\": \"deny\"}]", true),
        ("\"network\": [{\"address\": \"64:ff9b::/96\"}]", true), ("\"network\": [{\"address\": \"0.0.0.0/0\"}]", true),
        ("\"network\": [{\"host\": \"x.example\", \"methods\": [\"GET\", \"POST\"]}]", true),
        ("\"network\": [{\"host\": \"x.example\", \"methods\": [\"get\"]}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"methods\": []}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"verdict\": \"maybe\"}]", false),
        ("\"network\": [{\"host\": \"x.example\", \"sni\": true}]", false),
        ("\"image\": \"x\"", false), ("\"shell\": true", false), ("\"Command\": \"/y\"", false),
    ]

    @Test("Members of a server", arguments: members)
    func member(_ text: String, _ isAccepted: Bool) throws {
        if isAccepted {
            #expect(throws: Never.self) { try server(text) }
        } else {
            #expect(throws: ConfigurationError.self) { try server(text) }
        }
    }

    @Test("Limits hold at their last value and one behind it")
    func limits() throws {
        func values(_ count: Int) -> String {
            "\"parameters\": {\"p\": {\((0..<count).map { "\"v\($0)\": \"\($0)\"" }.joined(separator: ", "))}}"
        }
        func parameters(_ count: Int) -> String {
            "\"parameters\": {\((0..<count).map { "\"p\($0)\": {\"a\": \"1\"}" }.joined(separator: ", "))}"
        }
        #expect(try server(values(64)).parameters.first?.values.count == 64)
        #expect(throws: ConfigurationError.self) { try server(values(65)) }
        #expect(try server(parameters(16)).parameters.count == 16)
        #expect(throws: ConfigurationError.self) { try server(parameters(17)) }
        func listeners(_ count: Int) -> String {
            "{\"listeners\": {\((0..<count).map { "\"l\($0)\": \"127.0.0.1:\(1000 + $0)\"" }.joined(separator: ", "))}}"
        }
        #expect(try read(listeners(16)).listeners.count == 16)
        #expect(throws: ConfigurationError.self) { try read(listeners(17)) }
        func named(_ name: String) -> String { "{\"mcpServers\": {\"\(name)\": {\"command\": \"/x\"}}}" }
        func rules(_ count: Int) -> String {
            "\"network\": [\(repeatElement("\"x.example\"", count: count).joined(separator: ", "))]"
        }
        #expect(try server(rules(256)).traits.network.rules.count == 256)
        #expect(throws: ConfigurationError.self) { try server(rules(257)) }
        func ports(_ count: Int) -> String {
            "\"network\": [{\"host\": \"x.example\", \"port\": [\((1...count).map { "\($0)" }.joined(separator: ", "))]}]"
        }
        #expect(throws: Never.self) { try server(ports(64)) }
        #expect(throws: ConfigurationError.self) { try server(ports(65)) }
        func profiles(_ count: Int) -> String {
            "{\"profiles\": {\((0..<count).map { "\"p\($0)\": {\"base\": \"code\"}" }.joined(separator: ", "))}}"
        }
        // The four that are built in count too.
        #expect(try read(profiles(60)).profiles.count == 64)
        #expect(throws: ConfigurationError.self) { try read(profiles(61)) }
        #expect(try read(named(String(repeating: "x", count: 32))).servers.count == 1)
        #expect(throws: ConfigurationError.self) { try read(named(String(repeating: "x", count: 33))) }
    }

    @Test("A key may stand once, whatever its spelling")
    func twice() {
        #expect(throws: JSONError.self) { try ConfigurationFiles.tree("{\"audit\": {}, \"\\u0061udit\": {}}") }
    }
}

@Suite("Spans and sizes have a unit")
struct UnitTests {
    @Test("Spans of time")
    func spans() {
        func span(_ text: String) -> UInt64? { Units.milliseconds(Array(text.utf8)) }
        #expect(span("1ms") == 1 && span("90s") == 90_000 && span("10m") == 600_000 && span("1h") == 3_600_000)
        #expect(span("3660d") == 3660 * 86_400_000 && span("3661d") == nil)
        for text in [
            "", "s", "0s", "1", "1S", "1.5s", "+1s", "1s ", " 1s", "1sm", "9999999999999ms", "18446744073709551616ms",
            "0000000000001s",
        ] {
            #expect(span(text) == nil, "\(text)")
        }
    }

    @Test("Sizes")
    func sizes() {
        func size(_ text: String) -> UInt64? { Units.bytes(Array(text.utf8)) }
        #expect(size("1K") == 1024 && size("512M") == 512 << 20 && size("1024G") == 1 << 40)
        for text in ["", "0G", "1025G", "1", "1k", "1KB", "1T", "-1G", "1G "] { #expect(size(text) == nil, "\(text)") }
    }
}
