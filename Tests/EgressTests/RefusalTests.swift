// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

/// What is asked on the HTTP listener, and what comes of it.
struct Row: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let request: String
    let status: Int
    let reason: String
    let found: String?

    init(_ name: String, _ request: String, _ status: Int, _ reason: String, _ found: String? = nil) {
        testDescription = name
        self.request = request
        self.status = status
        self.reason = reason
        self.found = found
    }

    static func connect(_ host: String, _ status: Int, _ reason: String, _ found: String? = nil) -> Row {
        Row("CONNECT \(host)", "CONNECT \(host) HTTP/1.1\r\nHost: \(host)\r\n\r\n", status, reason, found)
    }

    static func get(_ url: String, _ status: Int, _ reason: String, _ found: String? = nil) -> Row {
        let host = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map(String.init) ?? ""
        return Row("GET \(url)", "GET \(url) HTTP/1.1\r\nHost: \(host)\r\n\r\n", status, reason, found)
    }
}

@Suite("What is refused causes one record, one answer and no packet")
struct RefusalTests {
    private static let long = String(repeating: "a", count: 64 << 10)
    private static let many = (0..<1000).map { "X-\($0): 1\r\n" }.joined()

    static let rows: [Row] = [
        .connect("127.0.0.1:9999", 403, "address", "loopback"),
        .connect("[::1]:9999", 403, "address", "loopback"),
        .connect("10.9.9.1:9999", 403, "address", "private"),
        .connect("169.254.169.254:80", 403, "address", "link-local"),
        .connect("[::ffff:127.0.0.1]:443", 403, "address", "embedded-ipv4"),
        .connect("127.1:9999", 400, "not-a-host"),
        .connect("[fe80::1%25lo]:9999", 400, "zone"),
        .connect("localhost:9999", 403, "address", "loopback"),
        .connect("metadata.google.internal:80", 403, "metadata-name", "metadata-name"),
        .connect("wpad.corp.test:80", 403, "proxy-discovery", "proxy-discovery"),
        // An address of the host, also under another name, and one that only the routes know of.
        .connect("198.18.0.9:443", 403, "address", "benchmarking"),
        .connect("93.184.216.99:443", 403, "own-address", "own-address"),
        .connect("93.184.216.98:443", 403, "own-address", "own-address"),
        .connect("ours.test:443", 403, "own-address", "own-address"),
        .connect("box.local:443", 403, "own-address", "own-address"),
        .connect("BOX.example.test.:443", 403, "own-address", "own-address"),
        // 53
        .connect("93.184.216.34:22", 403, "port", "public"), .connect("93.184.216.34:6379", 403, "port", "public"),
        .connect("public.test:25", 403, "port"),
        // 45, 46
        .connect("loop4.test:9999", 403, "address", "name-to-loopback"),
        .connect("loop6.test:9999", 403, "address", "name-to-loopback"),
        .connect("mapped.test:9999", 403, "address", "name-to-loopback"),
        .connect("mixed.test:9999", 403, "address", "name-to-loopback"),
        .connect("dexim.test:9999", 403, "address", "name-to-loopback"),
        .connect("split.test:9999", 403, "address", "name-to-loopback"),
        .get("http://lan.test:9999/", 403, "address", "private"),
        // 48
        .connect("cname-loop.test:9999", 403, "address", "name-to-loopback"),
        .connect("twenty.test:9999", 502, "dns-failed"), .connect("round.test:9999", 502, "dns-failed"),
        .connect("nowhere.test:9999", 502, "dns-failed"), .connect("broken.test:9999", 502, "dns-failed"),
        // 51
        Row(
            "another Host", "CONNECT public.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n", 400,
            "host-mismatch"),
        Row(
            "another Host in the clear", "GET http://public.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n", 400,
            "host-mismatch"),
        Row(
            "two Host", "GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\nHost: public.test\r\n\r\n", 400,
            "host-mismatch"),
        // 58
        Row("HTTP/0.9", "GET http://public.test/\r\n\r\n", 400, "head-malformed"),
        Row("HTTP/1.0", "GET http://public.test/ HTTP/1.0\r\nHost: public.test\r\n\r\n", 505, "version-unsupported"),
        Row("an empty Host", "GET http://public.test/ HTTP/1.1\r\nHost:\r\n\r\n", 400, "host-mismatch"),
        Row(
            "a header of 64 KiB", "GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\nA: \(long)\r\n\r\n", 431,
            "head-too-large"),
        Row(
            "1,000 headers", "GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\n\(many)\r\n", 431,
            "head-too-large"),
        // 59
        Row("SOCKS5 on the HTTP listener", "\u{5}\u{1}\u{0}", 400, "not-http"),
        Row("SOCKS4 on the HTTP listener", "\u{4}\u{1}\u{0}\u{50}\u{1}\u{1}\u{1}\u{1}\u{0}", 400, "not-http"),
        Row("TLS on the HTTP listener", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "not-http"),
        Row("origin form", "GET / HTTP/1.1\r\nHost: public.test\r\n\r\n", 400, "head-malformed"),
        // 61
        .get("ftp://public.test/", 400, "scheme"), .get("file:///etc/passwd", 400, "scheme"),
        .get("gopher://public.test/", 400, "scheme"), .get("ws://public.test/", 400, "scheme"),
        .get("https://public.test/", 400, "scheme"), .get("data:text/plain,x", 400, "scheme"),
        .connect("user:pw@127.0.0.1:80", 400, "not-a-host"),
        Row(
            "a tunnel with a body",
            "CONNECT public.test:443 HTTP/1.1\r\nHost: public.test:443\r\nContent-Length: 1\r\n\r\nx", 400,
            "body-malformed"),
    ]

    private static func rig() throws -> Rig {
        let rig = try Rig()
        rig.network.own += [HostAddresses.Own(.v4(0x5DB8_D863))]
        rig.network.routes[.v4(0x5DB8_D862)] = .own
        let links = (0..<20).map { "link\($0).test" }
        rig.dns.table = [
            "public.test": [.init(addresses: [.site])], "loop4.test": [.init(addresses: [.loopback])],
            "loop6.test": [.init()], "mapped.test": [.init()],
            "mixed.test": [.init(addresses: [.site, .loopback])], "dexim.test": [.init(addresses: [.loopback, .site])],
            "split.test": [.init(addresses: [.site])], "lan.test": [.init(addresses: [.lan])],
            "ours.test": [.init(addresses: [.v4(0x5DB8_D863)])],
            "cname-loop.test": [.init(addresses: [.loopback], aliases: ["a.test", "b.test"])],
            "twenty.test": [.init(addresses: [.site], aliases: links)],
            "round.test": [.init(addresses: [.site], aliases: ["a.test", "b.test", "a.test"])],
            "broken.test": [.init(code: 2)],
        ]
        rig.dns.table6 = [
            "loop6.test": [.init(addresses: [.v6(0, 1)])],
            "mapped.test": [.init(addresses: [.v6(0, 0xFFFF_7F00_0001)])],
            "split.test": [.init(addresses: [.v6(0, 1)])], "broken.test": [.init(code: 2)],
        ]
        return rig
    }

    @Test("On the HTTP listener", arguments: rows)
    func http(_ row: Row) throws {
        let rig = try Self.rig()
        let answer = try rig.ask(row.request)
        #expect(answer.hasPrefix("HTTP/1.1 \(row.status) "), "\(answer)")
        #expect(answer.contains("reason: \(row.reason)\n") && answer.contains("Connection: close\r\n"))
        try rig.until("a decision") { !rig.decisions.isEmpty }
        #expect(rig.decisions.count == 1)
        let decision = rig.decisions[0]
        #expect(decision.verdict == .deny && decision.reasonWord == row.reason && decision.classWord == row.found)
        #expect(Int(decision.status) == row.status)
        // The route knows of one address that the list does not: that is found out before a packet.
        #expect(rig.network.dialled.isEmpty)
        // Nothing internal is told.
        for secret in ["192.168.9.1", "7f00", "127.0.0.1"]
        where !row.request.contains(secret) && row.reason != "not-http" {
            #expect(!answer.contains(secret))
        }
        #expect(rig.endings.isEmpty)
    }

    @Test("The meter: the same network lets what is public through")
    func meter() throws {
        let rig = try Self.rig()
        let upstream = try rig.upstream(.site, 9999)
        let client = try rig.http()
        try client.send("CONNECT public.test:9999 HTTP/1.1\r\nHost: public.test:9999\r\n\r\n")
        try rig.until("a tunnel") { client.words.hasPrefix("HTTP/1.1 200 ") && !upstream.peers.isEmpty }
        #expect(rig.network.dialled.count == 1)
        #expect(text(rig.decisions[0].asked) == "public.test" && rig.decisions[0].classWord == "public")
    }

    @Test("On the SOCKS listener, with the reply that fits")
    func socks() throws {
        let rig = try Self.rig()
        func request(_ type: UInt8, _ address: [UInt8], _ port: UInt16 = 9999, command: UInt8 = 1) -> [UInt8] {
            [5, command, 0, type] + address + [UInt8(port >> 8), UInt8(port & 0xFF)]
        }
        func name(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + bytes(name) }
        let rows: [([UInt8], UInt8, String)] = [
            (request(1, [127, 0, 0, 1]), 2, "address"),
            (request(4, .init(repeating: 0, count: 15) + [1]), 2, "address"),
            (request(3, name("loop4.test")), 2, "address"), (request(3, name("localhost")), 2, "address"),
            (request(3, name("127.0.0.1")), 1, "not-a-host"), (request(1, [93, 184, 216, 34], 22), 2, "port"),
            (request(3, name("nowhere.test")), 4, "dns-failed"),
            (request(1, [93, 184, 216, 34], command: 2), 7, "command-unsupported"),
            (request(1, [93, 184, 216, 34], command: 3), 7, "command-unsupported"),
            (request(9, []), 8, "command-unsupported"),
        ]
        for (index, row) in rows.enumerated() {
            let client = try rig.socks()
            try client.send([5, 1, 0])
            try rig.until("a greeting") { client.received == [5, 0] }
            try client.send(row.0)
            try rig.until("an answer") { client.hasEnded }
            #expect(Array(client.received.dropFirst(2)) == [5, row.1, 0, 1, 0, 0, 0, 0, 0, 0], "\(row)")
            #expect(try rig.decision(after: index).reasonWord == row.2)
        }
        // No method that we have; and HTTP.
        for greeting in [[5, 1, 2], bytes("GET http://public.test/ HTTP/1.1\r\n")] {
            let count = rig.decisions.count
            let client = try rig.socks()
            try client.send(greeting)
            try rig.until("the end") { client.hasEnded }
            #expect(client.received == (greeting[0] == 5 ? [5, 0xFF] : []))
            #expect(try rig.decision(after: count).form == .unparsed)
        }
        #expect(rig.network.dialled.isEmpty)
    }

    @Test("Rules: what is denied comes first, what would be asked is refused, a local port is one port")
    func rules() throws {
        let policy = EgressPolicy(rules: [
            EgressRule(
                name: "deny[0]", matter: .remote(.init(host: .exact(name("bad.test")), ports: nil, verdict: .deny))),
            EgressRule(
                name: "ask[0]", matter: .remote(.init(host: .exact(name("ask.test")), ports: [443], verdict: .ask))),
            EgressRule(name: "local[0]", matter: .local(port: 5432)),
            EgressRule(name: "local[1]", matter: .local(port: 8742)),
        ])
        let rig = try Rig(policy: policy, ownPorts: [8742])
        let database = try rig.upstream(.loopback, 5432)
        for (host, reason, rule, verdict) in [
            ("bad.test:443", "denied-by-rule", "deny[0]", EgressDecision.Verdict.deny),
            ("ask.test:443", "approval-unavailable", "ask[0]", .ask),
            ("other.test:443", "host-not-allowed", "", .deny), ("127.0.0.1:5433", "address", "", .deny),
            ("127.0.0.2:5432", "address", "", .deny), ("127.0.0.1:8742", "own-address", "local[1]", .deny),
            ("localhost:8742", "own-address", "local[1]", .deny),
        ] {
            let count = rig.decisions.count
            _ = try rig.ask("CONNECT \(host) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            let decision = try rig.decision(after: count)
            #expect(decision.reasonWord == reason && text(decision.rule) == rule && decision.verdict == verdict)
        }
        #expect(rig.network.dialled.isEmpty && rig.dns.asked.isEmpty, "names that the policy refuses are not looked up")
        let client = try rig.http()
        try client.send("CONNECT localhost:5432 HTTP/1.1\r\nHost: localhost:5432\r\n\r\n")
        try rig.until("the database") { !database.peers.isEmpty && client.words.hasPrefix("HTTP/1.1 200 ") }
        #expect(text(rig.decisions.last?.rule ?? []) == "local[0]" && rig.decisions.last?.classWord == "loopback")
    }

    private func name(_ name: String) -> HostName {
        guard let name = HostName(bytes(name)) else { preconditionFailure("no name") }
        return name
    }
}
