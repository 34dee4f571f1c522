// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

@Suite("A tunnel to the port of HTTPS says whom it is for")
struct ServerNameTests {
    /// A TLS 1.2 hello with this server name, or none.
    static func hello(_ name: String?, extra: [UInt8] = []) -> [UInt8] {
        func counted(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes }
        var extensions = extra
        if let name { extensions += [0, 0] + counted(counted([0] + counted(bytes(name)))) }
        let random = [UInt8](repeating: 7, count: 32)
        let body = [3, 3] + random + [0] + counted([0x13, 0x01]) + [1, 0] + counted(extensions)
        let message = [1, 0] + counted(body)
        return [22, 3, 1] + counted(message)
    }

    private static func opened(_ rig: Rig, _ name: String = "public.test") throws -> (Peer, Upstream) {
        rig.dns.table["public.test"] = [.init(addresses: [.site])]
        let upstream = try rig.upstream(.site, 443)
        let client = try rig.http()
        try client.send("CONNECT \(name):443 HTTP/1.1\r\nHost: \(name):443\r\n\r\n")
        try rig.until("a tunnel") { client.words.hasSuffix("\r\n\r\n") && !upstream.peers.isEmpty }
        return (client, upstream)
    }

    private static func ending(_ rig: Rig, _ client: Peer) throws -> EgressEnding {
        try client.shut()
        try rig.until("the end going up") { rig.endings.count == 1 || rig.room.clients.contains { $0 != nil } }
        rig.order(.release(sandbox: 1))
        try rig.until("an end") { rig.endings.count == 1 }
        return rig.endings[0]
    }

    @Test(
        "The name goes into the record of the end, and every byte goes on, however it is cut", arguments: [1, 7, 4096])
    func recorded(_ cut: Int) throws {
        for (name, finding) in [
            ("public.test", EgressEnding.NameFinding.same), ("Public.Test", .same), ("other.test", .different),
        ] {
            let rig = try Rig()
            let (client, upstream) = try Self.opened(rig)
            let hello = Self.hello(name) + bytes("and more")
            var at = 0
            while at < hello.count {
                try client.send(Array(hello[at..<min(at + cut, hello.count)]))
                at += cut
                try rig.turn(wait: 0)
            }
            try rig.until("the hello") { upstream.peers[0].received == hello }
            let ending = try Self.ending(rig, client)
            #expect(ending.nameFinding == finding && text(ending.serverName) == name)
        }
    }

    @Test("No name, no TLS, and nothing at all are told apart; a server may speak first")
    func others() throws {
        for (sent, finding) in [
            (Self.hello(nil), EgressEnding.NameFinding.absent), (bytes("SSH-2.0-x\r\n"), .notTLS), ([], .unseen),
        ] {
            let rig = try Rig()
            let (client, upstream) = try Self.opened(rig)
            client.received = []
            try upstream.peers[0].send("first")
            try rig.until("the server's word") { client.words == "first" }
            try client.send(sent)
            try rig.until("bytes") { upstream.peers[0].received == sent }
            #expect(try Self.ending(rig, client).nameFinding == finding)
        }
    }

    @Test("Where the rule demands it, any other name is cut before one byte of it has gone up")
    func strict() throws {
        for (sent, isCut) in [
            (Self.hello("public.test"), false), (Self.hello("other.test"), true), (Self.hello(nil), true),
            (Self.hello("public.test", extra: [0xFE, 0x0D, 0, 1, 0]), true), (bytes("GET / HTTP/1.1\r\n"), true),
        ] {
            let rig = try Rig(policy: Rig.open([443], sni: .strict))
            let (client, upstream) = try Self.opened(rig)
            try client.send(sent)
            if isCut {
                try rig.until("the cut") { client.hasEnded && upstream.peers[0].hasEnded }
                #expect(upstream.peers[0].received.isEmpty)
                #expect(rig.endings.map(\.cause) == [.serverName])
            } else {
                try rig.until("the hello") { upstream.peers[0].received == sent }
            }
        }
    }
}
