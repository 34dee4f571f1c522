// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

private func digest(_ byte: UInt8) throws -> Digest { try #require(Digest([UInt8](repeating: byte, count: 32))) }

private func name(_ text: String) throws -> ServerName { try #require(ServerName(Array(text.utf8))) }

private func path(_ text: String) throws -> AbsolutePath { try #require(AbsolutePath(Array(text.utf8))) }

/// A registry in which every member has something in it.
enum SealedExample {
    /// Rules of every kind.
    static func network() throws -> EgressPolicy {
        let host = try #require(HostName(Array("api.example.com".utf8)))
        let block = try #require(AddressBlock(Array("2606:4700::/32".utf8)))
        func rule(_ remote: EgressRule.Remote) -> EgressRule {
            EgressRule(name: "mcpServers.full.network[0]", matter: .remote(remote))
        }
        return EgressPolicy(rules: [
            rule(.init(host: .exact(host), ports: [443, 65_535], methods: [Array("GET".utf8)], sni: .strict)),
            rule(.init(host: .below(host), ports: nil, verdict: .deny)),
            rule(.init(host: .any, ports: [1], block: block, verdict: .ask)),
            rule(.init(host: .address(.v4(0x0808_0808)), ports: [53])),
            EgressRule(name: "--allow-local 5432", matter: .local(port: 5432)),
        ])
    }

    static func profiles() throws -> [Profile] {
        let own = Profile(
            name: try #require(ProfileName(Array("own".utf8))), base: .browser, reads: [try path("/srv")],
            writes: [.root], environment: [EnvironmentEntry(name: Array("A".utf8), value: .file(try path("/run/x")))],
            network: try network(),
            limits: RunLimits(
                ceilings: Ceilings(processes: 1, memoryBytes: 1, openFiles: 16), milliseconds: 1, diskBytes: 1 << 40),
            confinement: .bubblewrap, acceptedFlags: [Array("--no-sandbox".utf8)])
        return ProfileBase.allCases.map(Profile.builtIn) + [own]
    }

    static func registry() throws -> SealedRegistry {
        let hostile = Array("\u{202E}\"\\\u{1B}/\u{E000}e\u{301}\u{1F600}".utf8)
        var server = SealedServer(
            name: try name("full"),
            executable: PinnedFile(path: try path("/opt/x"), digest: try digest(1), size: 1 << 50),
            pins: [PinnedFile(path: try path("/opt/\u{FC}.py"), digest: try digest(2), size: 0)],
            arguments: [.fixed(Array("/opt/x".utf8)), .fixed([]), .fixed(hostile), .chosen(try name("db"))],
            environment: [
                EnvironmentEntry(name: Array("A".utf8), value: .plain(hostile)),
                EnvironmentEntry(name: Array("B".utf8), value: .file(try path("/run/x"))),
                EnvironmentEntry(name: Array("C".utf8), value: .keyring(hostile)),
            ],
            directory: try path("/home/sandbox"), installation: [try path("/opt")], reads: [try path("/srv")],
            writes: [.root], traits: ServerTraits(),
            parameters: [
                ParameterEntry(
                    name: try name("db"),
                    values: [.init(name: try name("a"), text: []), .init(name: try name("b"), text: hostile)])
            ],
            accepted: Danger.allCases, review: nil)
        server.traits = ServerTraits(
            process: .shared, idleMilliseconds: 1, timeoutMilliseconds: 1 << 50, startMilliseconds: 3,
            ceilings: Ceilings(processes: 32_768, memoryBytes: 1 << 40, openFiles: 16),
            grants: [.sampling, .elicitation, .roots, .urlElicitation],
            demand: PeerDemand(executables: [try path("/usr/bin/editor")], uid: 0),
            aliases: [ToolAlias(tool: try #require(ToolName(Array("a.b".utf8))), alias: Array("a_b".utf8))],
            profile: try #require(ProfileName(Array("own".utf8))), network: try network())
        let object = CanonicalJSON.string(hostile)
        server.review = Review(
            reviewedAt: 7, revision: try #require(Revision.allCases.first), capabilities: [.prompts, .resources],
            instructions: hostile,
            tools: RiskClass.allCases.filter { $0 != .unreviewed }.compactMap { risk in
                ToolName(Array("\(risk.word)".utf8)).flatMap { tool in
                    Digest([UInt8](repeating: 9, count: 32)).map {
                        PinnedTool(name: tool, object: object, digest: $0, risk: risk)
                    }
                }
            }, prompts: [PinnedObject(name: hostile, object: object, digest: try digest(3))],
            templates: [PinnedObject(name: Array("x:///{y}".utf8), object: object, digest: try digest(4))],
            set: try digest(5))
        let bare = SealedServer(
            name: try name("bare"), executable: server.executable, pins: [], arguments: [.fixed([0x78])],
            environment: [],
            directory: .root, installation: [], reads: [], writes: [], traits: ServerTraits(), parameters: [],
            accepted: [], review: nil)
        let rule = Rule(
            id: RuleID(place: 1), clients: [.local], servers: [try name("full")],
            tools: [try #require(NamePattern(Array("a*".utf8)))], prompts: [try #require(NamePattern(Array("*".utf8)))],
            resources: [try #require(NamePattern(Array("x:///y".utf8)))], verdict: .ask)
        let all = Rule(
            id: RuleID(place: 2), clients: nil, servers: nil, tools: nil, prompts: nil, resources: nil, verdict: .deny)
        return SealedRegistry(
            sealedAt: 1 << 50, source: try digest(6),
            listeners: [
                ListenerEntry(name: .main, address: ListenAddress(host: .v4(0, 0, 1), port: 0)),
                ListenerEntry(
                    name: try #require(ListenerName(Array("six".utf8))), address: ListenAddress(host: .v6, port: 65_535)
                ),
            ],
            clients: [
                ClientEntry(name: .local, demand: .nothing),
                ClientEntry(
                    name: try #require(ClientName(Array("a.b_c-1".utf8))),
                    demand: PeerDemand(executables: [], uid: 4_294_967_294)),
            ],
            policy: ToolPolicy(rules: [rule, all]), audit: AuditSettings(syncEach: true, segmentBytes: 1 << 32),
            limits: Limits(
                connections: 1, connectionsPerCaller: 2, sessionsPerCaller: 3, callsPerCaller: 4,
                messagesPerSecond: 1_000_000, serversPerCaller: 6, serversInAll: 7),
            servers: [server, bare], profiles: try profiles(),
            egress: EgressSettings(
                nat64: true,
                deny: EgressPolicy(rules: [
                    EgressRule(
                        name: "egress.deny[0]", matter: .remote(.init(host: .any, ports: [25], verdict: .deny)))
                ])))
    }
}

@Suite("The sealed registry has one form, and the reader takes no other")
struct SealedTests {
    private func read(_ bytes: [UInt8]) throws -> SealedRegistry {
        let tree = try ConfigurationFiles.tree(bytes)
        return try SealedReader.read(tree, .root)
    }

    @Test("What was written is what is read, byte by byte")
    func roundTrip() throws {
        let registry = try SealedExample.registry()
        let written = SealedWriter.registry(registry)
        let again = try read(written.bytes)
        #expect(SealedWriter.registry(again) == written)
        // Not only the bytes: what they mean.
        #expect(again.servers.map(\.name.description) == ["bare", "full"])
        let (old, new) = (try #require(registry.server(try name("full"))), try #require(again.server(try name("full"))))
        #expect(old.arguments == new.arguments && old.environment == new.environment && old.review == new.review)
        #expect(old.traits == new.traits && old.parameters == new.parameters && old.pins == new.pins)
        #expect(old.accepted == new.accepted && old.reads == new.reads && old.writes == new.writes)
        #expect(again.policy == registry.policy && again.clients == registry.clients && again.limits == registry.limits)
        #expect(again.audit == registry.audit && again.listeners == registry.listeners)
        #expect(again.profiles == registry.profiles && again.egress == registry.egress)
        // The writer's text is canonical: the tree's own canonical form is the same.
        #expect(try ConfigurationFiles.tree(written.bytes).canonical(.root) == written)
    }

    @Test("The file claims a digest and holds what it is over")
    func file() throws {
        let written = SealedWriter.registry(try SealedExample.registry())
        let file = try ConfigurationFiles.tree(SealedWriter.file(written, digest: try digest(8)))
        let (claimed, node) = try SealedReader.parts(file)
        #expect(claimed == (try digest(8)))
        #expect(file.canonical(node) == written)
        for text in [
            "{}", "{\"digest\": \"00\", \"registry\": {}}", "{\"registry\": {}}", "[]",
            "{\"digest\": \"\(String(repeating: "A", count: 64))\", \"registry\": {}}",
            "{\"digest\": \"\(String(repeating: "0", count: 64))\", \"registry\": {}, \"more\": 1}",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try SealedReader.parts(try ConfigurationFiles.tree(Array(text.utf8)))
            }
        }
    }

    @Test("The form is the one of this release, to the last byte")
    func golden() throws {
        let written = SealedWriter.registry(try SealedExample.registry())
        let file = SealedWriter.file(written, digest: try digest(8))
        // Also where the fuzzer begins. If this changes, so must the number of the format.
        #expect(try ConfigurationFiles.sealed() == file)
    }

    /// Every text that differs from the written one in one member of one object.
    ///
    /// - Parameter change: the member's key and value as text; nil leaves it out.
    private func variants(_ bytes: [UInt8], _ change: (String, String) -> [String]) throws -> [(
        place: String, text: String
    )] {
        let source = try ConfigurationFiles.tree(bytes)
        var found: [(place: String, text: String)] = []
        func text(_ node: JSONNode) -> String { String(decoding: source.canonical(node).bytes, as: UTF8.self) }
        /// - Parameter around: makes the whole text from what stands in this place.
        func walk(_ node: JSONNode, _ place: String, _ around: (String) -> String) {
            switch source.kind(node) {
            case .object:
                let members = source.members(node).map { ($0.key, $0.value) }
                func joined(_ index: Int, _ replaced: String) -> String {
                    let parts = members.enumerated().map {
                        $0.offset == index ? replaced : "\(text($0.element.0)):\(text($0.element.1))"
                    }
                    return "{" + parts.filter { !$0.isEmpty }.joined(separator: ",") + "}"
                }
                for (index, (key, value)) in members.enumerated() {
                    let name = String(decoding: source.text(key) ?? [], as: UTF8.self)
                    for replaced in change(text(key), text(value)) {
                        found.append(("\(place).\(name)", around(joined(index, replaced))))
                    }
                    // The server's own objects are kept as they are.
                    if name == "object" { continue }
                    walk(value, "\(place).\(name)") { inner in around(joined(index, "\(text(key)):\(inner)")) }
                }
            case .array:
                let elements = source.elements(node).map { $0 }
                for (index, element) in elements.enumerated() {
                    walk(element, "\(place)[\(index)]") { inner in
                        let parts = elements.enumerated().map { $0.offset == index ? inner : text($0.element) }
                        return around("[" + parts.joined(separator: ",") + "]")
                    }
                }
            case .null, .bool, .number, .string: break
            }
        }
        walk(.root, "") { $0 }
        return found
    }

    private func isRefused(_ text: String) throws -> Bool {
        let tree = try ConfigurationFiles.tree(Array(text.utf8))
        do throws(ConfigurationError) { _ = try SealedReader.read(tree, .root) } catch { return true }
        return false
    }

    @Test("A member that is missing, misspelt or added is refused wherever it stands")
    func members() throws {
        let bytes = SealedWriter.registry(try SealedExample.registry()).bytes
        // Without these there is another meaning, which is a good one.
        let optional: Set<String> = [
            "address", "clients", "exe", "id", "instructions", "methods", "prompts", "resources", "review", "servers",
            "tools", "uid",
        ]
        let missing = try variants(bytes) { _, _ in [""] }
        #expect(missing.count > 150)
        for (place, text) in missing where try !isRefused(text) {
            #expect(optional.contains(place.split(separator: ".").last.map(String.init) ?? ""), "\(place)")
        }
        for (place, text) in try variants(
            bytes, { key, value in ["\(key.dropLast())x\":\(value)", "\(key):\(value),\"zzz\":1"] })
        {
            #expect(try isRefused(text), "\(place)")
        }
    }

    @Test("A value of another kind is refused wherever it stands")
    func kinds() throws {
        let bytes = SealedWriter.registry(try SealedExample.registry()).bytes
        func isSame(_ value: String, _ other: String) -> Bool {
            func kind(_ text: String) -> Character? {
                text.first.map { "-0123456789".contains($0) ? "0" : "tf".contains($0) ? "t" : $0 }
            }
            return kind(value) == kind(other)
        }
        let others = ["null", "1", "\"x\"", "true", "[]", "{}"]
        for (place, text) in try variants(
            bytes, { key, value in others.filter { !isSame(value, $0) }.map { "\(key):\($0)" } })
        where !place.hasSuffix(".object") {
            #expect(try isRefused(text), "\(place): \(text.prefix(60))")
        }
    }

    @Test("Servers stand in one order, each once")
    func order() throws {
        var registry = try SealedExample.registry()
        for servers in [[0, 0], [1, 0], [0, 1, 1]] {
            let all = try SealedExample.registry().servers
            registry.servers = servers.map { all[$0] }
            let bytes = SealedWriter.registry(registry).bytes
            #expect(throws: ConfigurationError.self, "\(servers)") { try read(bytes) }
        }
    }

    @Test("Another format is named as such")
    func format() throws {
        let written = String(decoding: SealedWriter.registry(try SealedExample.registry()).bytes, as: UTF8.self)
        let other = written.replacing("\"format\":2", with: "\"format\":1")
        #expect(other != written)
        let tree = try ConfigurationFiles.tree(other)
        do throws(ConfigurationError) {
            _ = try SealedReader.read(tree, .root)
            Issue.record("accepted")
        } catch {
            #expect(error.reason == "is of another release" && error.hint == "doorward registry seal")
        }
    }

    @Test("A choice is one of the sealed values, and a parameter that nobody names takes its first")
    func choices() throws {
        let server = try #require(try SealedExample.registry().server(try name("full")))
        func choices(_ named: [(String, String)]) -> [UInt8]? {
            server.choices(named.map { (parameter: Array($0.0.utf8), value: Array($0.1.utf8)) })
        }
        #expect(choices([]) == [0] && choices([("db", "b")]) == [1])
        for named in [("db", "c"), ("db", ""), ("DB", "a"), ("dc", "a"), ("db", "a\u{0}"), ("__proto__", "a")] {
            #expect(choices([named]) == nil, "\(named)")
        }
        #expect(server.commandLine([0])?.last == [])
        #expect(server.commandLine([1])?.last == server.parameters[0].values[1].text)
        #expect(server.commandLine([2]) == nil && server.commandLine([]) == nil && server.commandLine([0, 0]) == nil)
    }

    @Test("As many values as a choice can name, and not one more")
    func values() throws {
        var registry = try SealedExample.registry()
        func with(_ count: Int) throws -> [UInt8] {
            registry.servers[1].parameters = [
                ParameterEntry(
                    name: try name("db"), values: try (0..<count).map { .init(name: try name("v\($0)"), text: []) })
            ]
            return SealedWriter.registry(registry).bytes
        }
        #expect(try read(try with(64)).servers[1].choices([(Array("db".utf8), Array("v63".utf8))]) == [63])
        for count in [0, 65, 300] {
            let bytes = try with(count)
            #expect(throws: ConfigurationError.self) { try read(bytes) }
        }
    }
}
