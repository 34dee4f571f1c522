// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

@Suite("Time, numbers and the audit have their limits")
struct LimitTests {
    private static let tunnel = "CONNECT 93.184.216.34:9999 HTTP/1.1\r\nHost: 93.184.216.34:9999\r\n\r\n"

    @Test("A head that trickles is answered 408 after five seconds, a connection without a word too")
    func slow() throws {
        let rig = try Rig()
        let slow = try rig.http()
        let silent = try rig.socks()
        try slow.send("CONNECT 93.184")
        try rig.turn()
        rig.pass(milliseconds: Times.head - 500)
        try slow.send(".216")
        for _ in 0..<5 { try rig.turn() }
        #expect(!slow.hasEnded)
        rig.pass(milliseconds: 1000)
        try rig.until("the end") { slow.hasEnded && silent.hasEnded }
        #expect(slow.words.hasPrefix("HTTP/1.1 408 "))
        try rig.until("records") { rig.decisions.count == 2 }
        #expect(rig.decisions.allSatisfy { $0.reasonWord == "head-timeout" })
    }

    @Test("Whoever comes and goes without a word leaves no record")
    func scan() throws {
        let rig = try Rig()
        let client = try rig.http()
        try client.shut()
        try rig.until("the end") { client.hasEnded }
        #expect(rig.decisions.isEmpty)
    }

    @Test("One sandbox has 1,024 connections, the next is told 503, and another sandbox is served")
    func connections() throws {
        let rig = try Rig()
        try rig.serve(2, Rig.open([9999]))
        let upstream = try rig.upstream(.site, 9999)
        var idle: [Peer] = []
        for _ in 0..<Bounds.connections {
            idle.append(try rig.http())
            if idle.count % 64 == 0 { try rig.turn() }
        }
        try rig.until("all of them") { rig.room.sandboxes[1]?.clients.count == Bounds.connections }
        let answer = try rig.ask("")
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("reason: too-many\n"))
        let other = try rig.http(2)
        try other.send(Self.tunnel)
        try rig.until("a tunnel") { other.words.hasPrefix("HTTP/1.1 200 ") && upstream.peers.count == 1 }
        try idle[0].shut()
        try rig.until("a free place") { rig.room.sandboxes[1]?.clients.count == Bounds.connections - 1 }
        let late = try rig.http()
        try late.send(Self.tunnel)
        try rig.until("a tunnel") { late.words.hasPrefix("HTTP/1.1 200 ") }
    }

    @Test("While too many decisions are not recorded nothing is allowed, and nothing is dialled; then it goes on")
    func audit() throws {
        let rig = try Rig()
        let upstream = try rig.upstream(.site, 9999)
        rig.isRecording = false
        for index in 0..<Bounds.unrecordedOfOne {
            let count = rig.decisions.count
            #expect(count == index)
            let client = try rig.http()
            try client.send(Self.tunnel)
            try rig.until("a tunnel") { client.words.hasPrefix("HTTP/1.1 200 ") }
        }
        let dialled = rig.network.dialled.count
        let waiting = try rig.http()
        try waiting.send(Self.tunnel)
        let other = try rig.http()
        try other.send("nonsense\r\n\r\n")
        for _ in 0..<5 { try rig.turn() }
        #expect(!waiting.hasEnded && !other.hasEnded)
        rig.pass(milliseconds: Times.audit)
        try rig.until("the end of waiting") { waiting.hasEnded && other.hasEnded }
        for refused in [waiting, other] {
            #expect(refused.words.hasPrefix("HTTP/1.1 503 ") && refused.words.contains("reason: audit-behind\n"))
        }
        #expect(rig.network.dialled.count == dialled && rig.decisions.count == Bounds.unrecordedOfOne)
        // Another sandbox still has its share, until the room's is used up.
        var number: UInt32 = 2
        while rig.decisions.count < Bounds.unrecorded {
            try rig.serve(number, Rig.open([9999]))
            for _ in 0..<Bounds.unrecordedOfOne {
                let count = rig.decisions.count
                _ = try rig.askOf(number, "CONNECT 10.0.0.1:9999 HTTP/1.1\r\nHost: 10.0.0.1:9999\r\n\r\n")
                _ = try rig.decision(after: count)
            }
            number += 1
        }
        try rig.serve(number, Rig.open([9999]))
        let late = try rig.http(number)
        try late.send(Self.tunnel)
        let nonsense = try rig.http(number)
        try nonsense.send("nonsense\r\n\r\n")
        for _ in 0..<5 { try rig.turn() }
        #expect(late.received.isEmpty && nonsense.received.isEmpty && rig.network.dialled.count == dialled)
        // Whoever waited goes on as soon as there is a place.
        rig.isRecording = true
        rig.order(.recorded(upTo: UInt64(rig.decisions.count)))
        try rig.until("a tunnel") { late.words.hasPrefix("HTTP/1.1 200 ") && nonsense.hasEnded }
        #expect(nonsense.words.hasPrefix("HTTP/1.1 400 ") && upstream.peers.count == dialled + 1)
        #expect(rig.decisions.count == Bounds.unrecorded + 2)
    }

    @Test("A broker that confirms what it was never told is not obeyed")
    func confirmation() throws {
        let rig = try Rig()
        rig.order(.recorded(upTo: 1))
        #expect(throws: EgressEnd.self) { for _ in 0..<5 { try rig.turn() } }
    }

    @Test("An address that refuses is 502, one that is silent 504, and the next address is tried meanwhile")
    func dialling() throws {
        let rig = try Rig()
        #expect(try rig.ask(Self.tunnel).contains("reason: connect-failed\n"))
        #expect(rig.decisions[0].verdict == .allow && rig.decisions[0].status == 502)
        #expect(rig.decisions[0].address == NetworkAddress.site.bytes)
        rig.network.silent = [InternetAddress(.site)]
        let client = try rig.http()
        try client.send(Self.tunnel)
        for _ in 0..<5 { try rig.turn() }
        rig.pass(milliseconds: Times.connect)
        try rig.until("an answer") { client.hasEnded }
        #expect(client.words.hasPrefix("HTTP/1.1 504 ") && rig.decisions[1].reasonWord == "connect-timeout")

        let upstream = try rig.upstream(.second, 9999)
        rig.dns.table["two.test"] = [.init(addresses: [.site, .second])]
        let second = try rig.http()
        try second.send("CONNECT two.test:9999 HTTP/1.1\r\nHost: two.test:9999\r\n\r\n")
        try rig.until("the first attempt") { rig.network.dialled.count == 3 }
        rig.pass(milliseconds: Times.stagger)
        try rig.until("a tunnel") { second.words.hasPrefix("HTTP/1.1 200 ") && !upstream.peers.isEmpty }
        #expect(rig.decisions[2].address == NetworkAddress.second.bytes)
    }

    @Test("Whoever answers must be who was dialled")
    func peer() throws {
        let rig = try Rig()
        let upstream = try rig.upstream(.site, 9999)
        rig.network.liar = Endpoint(address: .v4(0x5DB8_D800), port: 9999)
        #expect(try rig.ask(Self.tunnel).contains("reason: peer-mismatch\n"))
        try rig.until("the cut") { upstream.peers.first?.hasEnded == true }
        #expect(upstream.peers[0].received.isEmpty)
    }
}
