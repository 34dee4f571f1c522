// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

/// The network of a profile with these rules, as the configuration gives it.
private func policy(_ rules: String) throws -> EgressPolicy {
    let text = "{\"profiles\": {\"x\": {\"base\": \"code\", \"network\": \(rules)}}}"
    let configuration = try ConfigurationReader.read(try ConfigurationFiles.tree(text))
    return try #require(configuration.profiles.first { $0.name.description == "x" }).network
}

private func target(_ text: String) throws -> EgressTarget {
    let bytes = Array(text.utf8)
    return try EgressTarget.read(authority: bytes.span, 0..<bytes.count, defaultPort: nil)
}

private func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text: Array(text.utf8))) }

@Suite("Nothing is reached that no rule allows")
struct EgressPolicyTests {
    private func word(_ ruling: EgressRuling) -> String {
        switch ruling {
        case .allow(let rule, let sni): "allow \(rule) \(sni.word)"
        case .ask(let rule): "ask \(rule)"
        case .deny(let rule, let reason): "deny \(rule ?? "-") \(reason.word)"
        case .undecided: "undecided"
        case .local(let port, let rule): "local \(port) \(rule)"
        }
    }

    /// What is said of a target, with `x` for the place of the rules in the file.
    private func said(
        _ policy: EgressPolicy, _ text: String, _ method: String? = nil, at: String? = nil
    ) throws -> String {
        let method = method.map { Array($0.utf8) }
        let ruling =
            try at.map { try policy.judge(target(text), method: method, address: address($0)) }
            ?? policy.judge(target(text), method: method)
        return word(ruling).replacing("profiles.x.network", with: "x")
    }

    @Test("Without a rule the answer is no")
    func nothing() throws {
        for text in ["\"none\"", "[]"] {
            let policy = try policy(text)
            #expect(policy.isNone && policy == .none)
            for host in ["example.com:443", "8.8.8.8:443", "[2606:4700::1111]:443", "localhost:80", "127.0.0.1:5432"] {
                #expect(try said(policy, host) == "deny - host-not-allowed")
                #expect(try said(policy, host, "GET", at: "8.8.8.8") == "deny - host-not-allowed")
            }
        }
    }

    @Test("\"public\" is the ports of the web, and no special name or address")
    func everything() throws {
        let policy = try policy("\"public\"")
        #expect(policy == .public && !policy.isNone && policy.localPorts.isEmpty)
        #expect(try said(policy, "example.com:443") == "allow built-in public record")
        #expect(try said(policy, "example.com:80", "POST") == "allow built-in public record")
        #expect(try said(policy, "93.184.216.34:443") == "allow built-in public record")
        for port in [22, 25, 53, 81, 3306, 6379, 8080, 9222, 65_535] {
            #expect(try said(policy, "example.com:\(port)") == "deny - port")
        }
        #expect(try said(policy, "localhost:443") == "deny built-in public address")
        #expect(try said(policy, "metadata.google.internal:80") == "deny built-in public metadata-name")
        #expect(try said(policy, "wpad.example.com:80") == "deny built-in public proxy-discovery")
        for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:8.8.8.8]", "[fd00::1]"] {
            #expect(try said(policy, "\(host):80") == "deny built-in public address")
        }
        #expect(try said(policy, "example.com:80", at: "10.0.0.1") == "deny built-in public address")
    }

    @Test("Hosts match exactly, below a suffix, everywhere, or by address")
    func hosts() throws {
        let policy = try policy(
            #"["api.example.com", "*.cdn.example:8443", "8.8.8.8:53", "[2606:4700::1111]", {"host": "*", "port": 9}]"#)
        for (text, wanted) in [
            ("api.example.com:443", "allow x[0] record"), ("API.example.com.:443", "allow x[0] record"),
            ("api.example.com:80", "deny - port"), ("xapi.example.com:443", "deny - port"),
            ("a.api.example.com:443", "deny - port"), ("a.cdn.example:8443", "allow x[1] record"),
            ("a.b.cdn.example:8443", "allow x[1] record"), ("cdn.example:8443", "deny - port"),
            ("acdn.example:8443", "deny - port"), ("8.8.8.8:53", "allow x[2] record"),
            ("[2606:4700:0::1111]:443", "allow x[3] record"), ("8.8.8.9:53", "deny - port"),
            ("anything.example:9", "allow x[4] record"), ("1.1.1.4:9", "allow x[4] record"),
        ] {
            #expect(try said(policy, text) == wanted, "\(text)")
        }
        // A name that resolves to an address is not that address.
        #expect(try said(policy, "dns.example:53", at: "8.8.8.8") == "deny - host-not-allowed")
    }

    @Test("The first rule that matches decides")
    func order() throws {
        let policy = try policy(
            #"""
            [{"host": "bad.example.com", "verdict": "deny"}, {"host": "*.example.com", "port": 22, "verdict": "ask"},
             {"host": "*.example.com", "port": [22, 443], "sni": "strict"}, {"host": "*", "port": 443, "verdict": "deny"},
             {"host": "other.example", "port": 443}]
            """#)
        for (text, wanted) in [
            ("bad.example.com:443", "deny x[0] denied-by-rule"), ("bad.example.com:1", "deny x[0] denied-by-rule"),
            ("a.example.com:22", "ask x[1]"), ("a.example.com:443", "allow x[2] strict"),
            ("other.example:443", "deny x[3] denied-by-rule"), ("a.example.com:80", "deny - port"),
            ("other.example:80", "deny - port"), ("third.example:80", "deny - host-not-allowed"),
        ] {
            #expect(try said(policy, text) == wanted, "\(text)")
        }
    }

    @Test("What is denied for all is denied in front of everything, local ports too")
    func denials() throws {
        let text = #"{"egress": {"deny": ["ads.example", {"host": "*", "port": 5432}, {"address": "9.9.9.0/24"}]}}"#
        let deny = try ConfigurationReader.read(try ConfigurationFiles.tree(text)).egress.deny
        let policy = try policy(#"[{"local": 5432}, {"local": 80}, {"host": "*", "port": 443}]"#).behind(deny)
        for (text, wanted) in [
            ("ads.example:443", "deny egress.deny[0] denied-by-rule"),
            ("localhost:5432", "deny egress.deny[1] denied-by-rule"), ("localhost:80", "local 80 x[1]"),
            ("9.9.9.9:443", "deny egress.deny[2] denied-by-rule"), ("9.9.8.9:443", "allow x[2] record"),
            ("example.com:443", "undecided"),
        ] {
            #expect(try said(policy, text) == wanted, "\(text)")
        }
        #expect(try said(policy, "example.com:443", at: "9.9.9.1") == "deny egress.deny[2] denied-by-rule")
        #expect(try said(policy, "example.com:443", at: "9.9.8.1") == "allow x[2] record")
    }

    @Test("A rule with methods is about requests in the clear, and no tunnel")
    func methods() throws {
        let policy = try policy(#"[{"host": "a.example", "port": [80, 443], "methods": ["GET", "HEAD"]}]"#)
        #expect(try said(policy, "a.example:80", "GET") == "allow x[0] record")
        for method in ["POST", "get", "GET ", "", "CONNECT"] {
            #expect(try said(policy, "a.example:80", method) == "deny - method")
        }
        #expect(try said(policy, "a.example:443") == "deny - method")
    }

    @Test("A block of addresses decides when the addresses are known, and not before")
    func blocks() throws {
        let policy = try policy(
            #"""
            [{"host": "a.example", "address": "8.8.8.0/24"}, {"host": "b.example", "address": "8.8.0.0/16", "verdict": "deny"},
             {"host": "b.example"}, {"host": "c.example", "address": "8.8.0.0/16", "verdict": "deny"}, {"address": "1.0.0.0/8", "port": 1}]
            """#)
        #expect(try said(policy, "a.example:443") == "undecided")
        #expect(try said(policy, "a.example:443", at: "8.8.8.8") == "allow x[0] record")
        #expect(try said(policy, "a.example:443", at: "8.8.9.8") == "deny - port")
        #expect(try said(policy, "b.example:443") == "undecided")
        #expect(try said(policy, "b.example:443", at: "8.8.9.8") == "deny x[1] denied-by-rule")
        #expect(try said(policy, "b.example:443", at: "8.9.9.8") == "allow x[2] record")
        // Nobody is asked about a name that is refused whatever it resolves to.
        #expect(try said(policy, "c.example:443") == "deny - port")
        #expect(try said(policy, "d.example:443") == "deny - port" && said(policy, "d.example:1") == "undecided")
        #expect(
            try said(policy, "1.2.3.4:1") == "allow x[4] record"
                && said(policy, "2.2.3.4:1") == "deny - host-not-allowed")
        #expect(try said(policy, "d.example:1", at: "1.2.3.4") == "allow x[4] record")
    }

    @Test("* does not mean the resolvers of others: a rule has to name them")
    func resolvers() throws {
        let all = [
            "dns.google", "DNS.Google.", "8888.google", "cloudflare-dns.com", "chrome.cloudflare-dns.com",
            "one.one.one.one", "dns.quad9.net", "1.1.1.1", "8.8.4.4", "9.9.9.9", "[2606:4700:4700::1111]",
            "[2001:4860:4860::8888]", "[2620:fe::fe]",
        ]
        let deny = try policy(#"[{"host": "*", "verdict": "deny"}]"#)
        for host in all {
            #expect(try said(.public, "\(host):443") == "deny - host-not-allowed", "\(host)")
            #expect(try said(deny, "\(host):443") == "deny x[0] denied-by-rule", "\(host)")
            let named = host.hasSuffix(".") ? String(host.dropLast()) : host
            #expect(try said(policy("[\"\(named):443\"]"), "\(host):443") == "allow x[0] record", "\(host)")
        }
        // Nor by another name.
        #expect(try said(.public, "a.example:443", at: "8.8.8.8") == "deny - host-not-allowed")
        #expect(try said(.public, "a.example:443", at: "2606:4700:4700::64") == "deny - host-not-allowed")
        #expect(try said(policy(#"["a.example"]"#), "a.example:443", at: "8.8.8.8") == "allow x[0] record")
        let block = try policy(#"[{"address": "8.8.8.0/24"}]"#)
        #expect(try said(block, "8.8.8.8:443") == "allow x[0] record")
        #expect(try said(block, "a.example:443", at: "8.8.8.8") == "allow x[0] record")
        #expect(try said(block, "dns.google:443", at: "8.8.8.8") == "deny - host-not-allowed")
        for host in ["www.google.com", "quad9.net", "dns.google.example", "1.1.1.4", "8.8.8.9"] {
            #expect(try said(.public, "\(host):443") == "allow built-in public record", "\(host)")
        }
    }

    @Test("A granted local port is asked for in three spellings, and is the only one")
    func local() throws {
        let policy = try policy(#"[{"local": 5432}]"#)
        #expect(policy.localPorts == [5432] && !policy.isNone)
        for host in ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]"] {
            #expect(try said(policy, "\(host):5432") == "local 5432 x[0]")
            #expect(try said(policy, "\(host):5433") == "deny - host-not-allowed")
        }
        for host in [
            "a.localhost", "127.0.0.2", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "localhost.localdomain",
            "example.com",
        ] {
            #expect(try said(policy, "\(host):5432") == "deny - host-not-allowed", "\(host)")
        }
    }

    @Test("What is written is read to the same rules, and nothing else is read")
    func coding() throws {
        let policies = try [.none, .public, SealedExample.network(), policy(#"["a.example", {"local": 1}]"#)]
        for policy in policies {
            let bytes = policy.canonical
            #expect(try EgressPolicy.read(canonical: bytes) == policy)
            for cut in 0..<bytes.count {
                #expect(throws: ConfigurationError.self) { try EgressPolicy.read(canonical: Array(bytes[..<cut])) }
            }
        }
        let rule = #"{"host":"a.example","port":[443],"rule":"x","sni":"record","verdict":"allow"}"#
        #expect(try EgressPolicy.read(canonical: Array("[\(rule)]".utf8)).rules.count == 1)
        for (old, new) in [
            (rule, "\"public\""), ("\"a.example\"", "\"localhost\""), ("\"a.example\"", "\"10.0.0.1\""),
            ("\"a.example\"", "\"a.example:1\""), ("[443]", "[]"), ("[443]", "443"), ("[443]", "[0]"),
            ("[443]", "[1,1]"),
            ("\"x\"", "\"\""), ("\"x\"", "\"\u{E9}\""), ("\"x\"", "\"\(String(repeating: "x", count: 321))\""),
            ("\"record\"", "\"none\""), ("\"allow\"", "\"Allow\""), ("\"host\"", "\"hosts\""),
            ("\"rule\"", "\"local\""),
            ("\"port\"", "\"address\":\"10.0.0.0/8\",\"port\""), ("\"port\"", "\"methods\":[],\"port\""),
        ] {
            let changed = "[\(rule.replacing(old, with: new))]"
            #expect(changed != "[\(rule)]")
            #expect(throws: ConfigurationError.self, "\(changed)") {
                try EgressPolicy.read(canonical: Array(changed.utf8))
            }
        }
        let many = { (count: Int) in Array("[\(repeatElement(rule, count: count).joined(separator: ","))]".utf8) }
        #expect(try EgressPolicy.read(canonical: many(1024)).rules.count == EgressPolicy.maxJoined)
        #expect(throws: ConfigurationError.self) { try EgressPolicy.read(canonical: many(1025)) }
        let names = Array("[\(rule.replacing("\"x\"", with: "\"\(String(repeating: "x", count: 320))\""))]".utf8)
        #expect(throws: Never.self) { try EgressPolicy.read(canonical: names) }
    }

    @Test("A grant from a command line is a host and a port, or nothing")
    func grants() throws {
        let rule = try #require(try EgressRule.grant(Array("api.example.com:8443".utf8), name: "--allow-host"))
        #expect(
            rule
                == EgressRule(
                    name: "--allow-host",
                    matter: .remote(
                        .init(host: .exact(try #require(HostName(Array("api.example.com".utf8)))), ports: [8443]))))
        #expect(try EgressRule.grant(Array("http://a.example".utf8), name: "x") == nil)
        #expect(try EgressRule.grant(Array("a.example:0".utf8), name: "x") == nil)
        for text in ["localhost:1", "10.0.0.1:1", "[::1]:1", "*.localhost"] {
            #expect(throws: ConfigurationError.self) { try EgressRule.grant(Array(text.utf8), name: "x") }
        }
    }

    @Test("No rules without a local port ever let anything through that is not public")
    func property() throws {
        var dice = Dice(6)
        let blocks = try EgressVectors.blocks()
        let judge = AddressJudge(own: [], nat64: false)
        let hosts = ["*", "*.example", "a.example", "8.8.8.8", "[2606:4700::1111]"]
        let sections = ["0.0.0.0/0", "::/0", "8.0.0.0/6", "2000::/3", "8000::/1", "128.0.0.0/1"]
        let methods = [#"["GET"]"#, #"["GET", "POST"]"#]
        var allowed = 0
        for _ in 0..<60 {
            var rules: [String] = []
            for _ in 0..<Int.random(in: 1...6, using: &dice) {
                var members = ["\"host\": \"\(hosts.randomElement(using: &dice) ?? "*")\"", "\"port\": [80, 443]"]
                if Int.random(in: 0..<3, using: &dice) == 0 {
                    members.append("\"address\": \"\(sections.randomElement(using: &dice) ?? "")\"")
                }
                if Int.random(in: 0..<4, using: &dice) == 0 {
                    members.append("\"methods\": \(methods.randomElement(using: &dice) ?? "")")
                }
                if Int.random(in: 0..<4, using: &dice) == 0 { members.append("\"verdict\": \"deny\"") }
                rules.append("{\(members.joined(separator: ", "))}")
            }
            let policy = try policy("[\(rules.joined(separator: ", "))]")
            var addresses = blocks.flatMap { $0.samples(&dice, 1) }
            addresses +=
                EgressVectors.embeddings([10, 1, 2, 3]).map(\.bytes) + [[8, 8, 8, 8], [11, 1, 1, 1], [8, 9, 1, 1]]
            for bytes in addresses {
                let address = try #require(NetworkAddress(bytes: bytes))
                for host in [TargetHost.address(address), .name(try #require(HostName(Array("a.example".utf8))))] {
                    for method in [nil, Array("GET".utf8)] {
                        let target = EgressTarget(host: host, port: 443)
                        let before = policy.judge(target, method: method)
                        let after = policy.judge(target, method: method, address: address)
                        switch after {
                        case .allow:
                            allowed += 1
                            // The widest judge also takes NAT64, which only the narrow one refuses.
                            let isNAT64 = bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0])
                            #expect(judge.classify(address) == .publicAddress || isNAT64, "\(address.text)")
                            // What is allowed in the end was never refused before.
                            switch before {
                            case .allow, .undecided: break
                            case .ask, .deny, .local: Issue.record("\(before) and then \(after)")
                            }
                        case .local, .undecided: Issue.record("\(after) for \(address.text)")
                        case .ask, .deny: break
                        }
                    }
                }
            }
        }
        #expect(allowed > 100, "the meter moves: \(allowed)")
    }

    @Test("Reasons have distinct words, a status of their kind, and something to do about them")
    func reasons() {
        #expect(Set(EgressReason.allCases.map(\.word)).count == EgressReason.allCases.count)
        #expect(Set(EgressReason.allCases.map(\.sentence)).count == EgressReason.allCases.count)
        for reason in EgressReason.allCases {
            #expect([400, 403, 408, 431, 501, 502, 503, 504, 505].contains(reason.status), "\(reason)")
            for text in [reason.sentence, reason.hint] { #expect(!text.isEmpty && text.last != ".", "\(reason)") }
            #expect(reason.word.utf8.allSatisfy { $0 == 0x2D || ($0 >= 0x61 && $0 <= 0x7A) })
        }
    }
}
