// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

@Suite("A name is resolved here, once, and what was checked is what is dialled")
struct NameTests {
    private static func request(_ name: String) -> String {
        "CONNECT \(name):9999 HTTP/1.1\r\nHost: \(name):9999\r\n\r\n"
    }

    private static func tunnel(_ rig: Rig, _ name: String) throws {
        let client = try rig.http()
        try client.send(request(name))
        try rig.until("a tunnel to \(name)") { client.words.hasPrefix("HTTP/1.1 200 ") }
    }

    @Test("An answer is used again for as long as it says, and never longer than a minute")
    func cached() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["public.test"] = [.init(addresses: [.site], timeToLive: 86_400)]
        try Self.tunnel(rig, "public.test")
        #expect(rig.dns.asked.count == 2)
        rig.pass(milliseconds: Times.cache - 1000)
        try Self.tunnel(rig, "PUBLIC.test.")
        #expect(rig.dns.asked.count == 2)
        rig.pass(milliseconds: 2000)
        try Self.tunnel(rig, "public.test")
        #expect(rig.dns.asked.count == 4)
        #expect(Set(rig.network.dialled) == [Endpoint(address: InternetAddress(.site), port: 9999)])
    }

    @Test(
        "A name that turns between a public and a private address is refused, whichever comes first, and nothing dialled",
        arguments: [false, true])
    func rebinding(_ privateFirst: Bool) throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        let turns = (0..<10).map { index in
            FakeDNS.Reply(
                addresses: [(index % 2 == 0) == privateFirst ? .loopback : .site], timeToLive: 0)
        }
        rig.dns.table["rebind.test"] = turns
        for index in 0..<4 {
            let answer = try rig.ask(Self.request("rebind.test"))
            #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("class: rebinding\n"), "\(answer)")
            #expect(try rig.decision(after: index).classWord == "rebinding")
        }
        #expect(rig.network.dialled.isEmpty)
    }

    @Test("An answer that may not be remembered is asked for twice, and an honest one goes through")
    func immediate() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["zero.test"] = [
            .init(addresses: [.site], timeToLive: 0), .init(addresses: [.second], timeToLive: 0),
        ]
        try Self.tunnel(rig, "zero.test")
        #expect(rig.dns.asked == ["zero.test A", "zero.test AAAA", "zero.test A", "zero.test AAAA"])
        #expect(rig.network.dialled == [Endpoint(address: InternetAddress(.site), port: 9999)])
    }

    @Test("A name that was let through and now leads inside is rebinding, not a private name")
    func turned() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["turn.test"] = [
            .init(addresses: [.site], timeToLive: 1), .init(addresses: [.loopback], timeToLive: 60),
        ]
        try Self.tunnel(rig, "turn.test")
        rig.pass(milliseconds: 1500)
        #expect(try rig.ask(Self.request("turn.test")).contains("class: rebinding\n"))
        #expect(rig.network.dialled.count == 1)
    }

    @Test("Forged answers are passed over")
    func forged() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["spoof.test"] = [.init(addresses: [.site], forged: .second)]
        try Self.tunnel(rig, "spoof.test")
        #expect(rig.network.dialled == [Endpoint(address: InternetAddress(.site), port: 9999)])
    }

    @Test("What does not fit a datagram is asked for over TCP")
    func truncated() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["large.test"] = [.init(addresses: [.site, .second], isTruncated: true)]
        try Self.tunnel(rig, "large.test")
        #expect(rig.dns.asked.contains("large.test A tcp"))
    }

    @Test("A server that is silent is asked again, and after five seconds the client is told 504")
    func silent() throws {
        let rig = try Rig()
        rig.dns.table["slow.test"] = [.init(isSilent: true)]
        rig.dns.table6["slow.test"] = [.init(isSilent: true)]
        let client = try rig.http()
        try client.send(Self.request("slow.test"))
        try rig.until("questions") { rig.dns.asked.count == 2 }
        rig.pass(milliseconds: Times.lookupTry)
        try rig.until("questions again") { rig.dns.asked.count == 4 }
        rig.pass(milliseconds: Times.lookup)
        try rig.until("an answer") { client.hasEnded }
        #expect(client.words.hasPrefix("HTTP/1.1 504 ") && rig.decisions[0].reasonWord == "dns-timeout")
    }

    @Test("Everybody who waits for one name gets the answer of one look-up")
    func shared() throws {
        let rig = try Rig()
        _ = try rig.upstream(.site, 9999)
        rig.dns.table["public.test"] = [.init(addresses: [.site])]
        let clients = try (0..<50).map { _ in try rig.http() }
        for client in clients { try client.send(Self.request("public.test")) }
        try rig.until("tunnels") { clients.allSatisfy { $0.words.hasPrefix("HTTP/1.1 200 ") } }
        #expect(rig.dns.asked.count == 2 && rig.decisions.count == 50)
    }

    @Test("Without a name server no name resolves, and addresses still do")
    func missing() throws {
        let rig = try Rig(hasServers: false)
        _ = try rig.upstream(.site, 9999)
        #expect(try rig.ask(Self.request("public.test")).contains("reason: dns-failed\n"))
        try Self.tunnel(rig, "93.184.216.34")
    }

    @Test("Name servers are those of resolv.conf, three at most, and none by a name")
    func servers() {
        let file = bytes(
            "# x\nsearch lan\nnameserver 192.0.2.1\r\nnameserver\t2001:db8::1\nnameserver ns.example\n"
                + "nameserver fe80::1%eth0\noptions x\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n")
        #expect(
            Nameservers.read(file).map(\.text) == [
                "192.0.2.1:53", "[2001:db8:0:0:0:0:0:1]:53", "192.0.2.2:53",
            ])
        #expect(Nameservers.read([]).isEmpty)
    }

    @Test("What is remembered is bounded")
    func bounded() throws {
        var cache = ResolverCache()
        let now = Instant.now
        for index in 0..<(Bounds.cachedNames * 2) {
            let name = try #require(HostName(bytes("n\(index).test")))
            cache.keep(name, [.site], timeToLive: 60, now: now)
            cache.accept(name)
            #expect(cache.count <= Bounds.cachedNames)
        }
        let last = try #require(HostName(bytes("n\(Bounds.cachedNames * 2 - 1).test")))
        #expect(cache.answer(last, now: now) == [.site] && cache.wasAccepted(last))
    }
}
