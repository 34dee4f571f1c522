// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

@Suite("A request in the clear is composed anew both ways, once for each connection")
struct ForwardTests {
    private static let request =
        "GET http://public.test:9999/a?b HTTP/1.1\r\nHost: public.test:9999\r\nProxy-Connection: keep-alive\r\n"
        + "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nAccept: */*\r\n\r\n"

    private static func sent(_ rig: Rig, _ request: String) throws -> (Peer, Upstream) {
        rig.dns.table["public.test"] = [.init(addresses: [.site])]
        let upstream = try rig.upstream(.site, 9999)
        let client = try rig.http()
        try client.send(request)
        try rig.until("the request") { upstream.peers.first?.words.contains("\r\n\r\n") == true }
        return (client, upstream)
    }

    @Test("Origin form, the authority that was decided on, and nothing of this hop")
    func request() throws {
        let rig = try Rig()
        let (client, upstream) = try Self.sent(rig, Self.request)
        #expect(
            upstream.peers[0].words
                == "GET /a?b HTTP/1.1\r\nHost: public.test:9999\r\nAccept: */*\r\nConnection: close\r\n\r\n")
        try upstream.peers[0].send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: x\r\nA: b\r\n\r\nhello")
        try rig.until("the answer") { client.hasEnded }
        #expect(client.words == "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        #expect(rig.decisions.count == 1 && rig.decisions[0].form == .absolute)
        #expect(rig.decisions[0].method == bytes("GET") && rig.endings.map(\.cause) == [.finished])
    }

    @Test("A second request on the same connection is not served")
    func single() throws {
        let rig = try Rig()
        let (client, upstream) = try Self.sent(rig, Self.request + Self.request)
        try upstream.peers[0].send("HTTP/1.1 204 No Content\r\n\r\n")
        try rig.until("the answer") { client.hasEnded }
        #expect(upstream.peers.count == 1 && rig.decisions.count == 1)
        #expect(!upstream.peers[0].words.dropFirst(10).contains("GET"))
    }

    @Test("Bodies pass by their framing, in pieces, and early ones too")
    func bodies() throws {
        for (head, body, wanted) in [
            ("Content-Length: 10\r\n", "0123456789", "0123456789"),
            ("Transfer-Encoding: chunked\r\n", "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", nil),
        ] as [(String, String, String?)] {
            let rig = try Rig()
            let (client, upstream) = try Self.sent(
                rig, "POST http://public.test:9999/ HTTP/1.1\r\nHost: public.test:9999\r\n\(head)\r\n")
            for byte in body.utf8 {
                try client.send([byte])
                try rig.turn(wait: 0)
            }
            let server = upstream.peers[0]
            if let wanted {
                try rig.until("the body") { server.words.hasSuffix("\r\n\r\n" + wanted) }
            } else {
                try rig.until("the body") { server.words.hasSuffix("0\r\n\r\n") }
            }
            try server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try server.send("0\r\n\r\n")
            try rig.until("the answer") { client.hasEnded }
            #expect(client.words.hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        }
    }

    @Test("An answer that ends with its connection, and a large one")
    func large() throws {
        let rig = try Rig()
        let (client, upstream) = try Self.sent(rig, Self.request)
        let data = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        var out = ByteQueue()
        out.append(bytes("HTTP/1.1 200 OK\r\n\r\n") + data)
        try rig.until("everything sent") {
            if !out.isEmpty { _ = try upstream.peers[0].socket.descriptor.write(from: &out) }
            return out.isEmpty
        }
        try upstream.peers[0].shut()
        try rig.until("everything") { client.hasEnded }
        #expect(client.received.suffix(data.count) == data[...])
        #expect(client.received.count - data.count < 200)
    }

    @Test("What is no answer is 502, and half an answer is cut")
    func broken() throws {
        for (answer, status) in [
            ("SSH-2.0-x\r\n", 502), ("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 502),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 502),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", 502), ("", 502),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 200),
        ] {
            let rig = try Rig()
            let (client, upstream) = try Self.sent(rig, Self.request)
            try upstream.peers[0].send(answer)
            try upstream.peers[0].shut()
            try rig.until("the end") { client.hasEnded }
            if status == 502 {
                #expect(client.words.hasPrefix("HTTP/1.1 502 "), "\(answer): \(client.words)")
                #expect(client.words.contains("reason: upstream-malformed\n"))
            }
            #expect(rig.endings.map(\.cause) == [.protocolFault], "\(answer)")
            #expect(rig.decisions.count == 1)
        }
    }

    @Test("Methods are judged in the clear, and a rule with methods opens no tunnel")
    func methods() throws {
        let rig = try Rig(
            policy: EgressPolicy(rules: [
                EgressRule(
                    name: "get[0]", matter: .remote(.init(host: .any, ports: [9999], methods: [bytes("GET")])))
            ]))
        _ = try Self.sent(rig, Self.request)
        let post = "POST http://public.test:9999/ HTTP/1.1\r\nHost: public.test:9999\r\nContent-Length: 0\r\n\r\n"
        #expect(try rig.ask(post).contains("reason: method\n"))
        let tunnel = "CONNECT public.test:9999 HTTP/1.1\r\nHost: public.test:9999\r\n\r\n"
        #expect(try rig.ask(tunnel).contains("reason: method\n"))
    }
}
