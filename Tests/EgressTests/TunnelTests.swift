// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Testing

@testable import Egress

@Suite("A tunnel goes where it was decided, and nowhere else")
struct TunnelTests {
    /// An open tunnel to the site, and the server's end of it.
    private static func opened(_ rig: Rig, _ port: UInt16 = 9999) throws -> (Peer, Peer) {
        let upstream = try rig.upstream(.site, port)
        let client = try rig.http()
        try client.send("CONNECT 93.184.216.34:\(port) HTTP/1.1\r\nHost: 93.184.216.34:\(port)\r\n\r\n")
        try rig.until("a tunnel") { client.words.hasSuffix("\r\n\r\n") && !upstream.peers.isEmpty }
        #expect(client.words == "HTTP/1.1 200 Connection established\r\n\r\n")
        client.received = []
        return (client, upstream.peers[0])
    }

    @Test("Bytes go both ways, and the decision was told first")
    func both() throws {
        let rig = try Rig()
        let (client, server) = try Self.opened(rig)
        #expect(rig.decisions.count == 1)
        #expect(rig.decisions[0].verdict == .allow && rig.decisions[0].status == 200)
        #expect(rig.decisions[0].address == NetworkAddress.site.bytes)
        #expect(rig.decisions[0].rule == bytes("test[0]"))
        try client.send("up")
        try server.send("down")
        try rig.until("bytes") { server.words == "up" && client.words == "down" }
        try client.shut()
        try rig.until("the end going up") { server.hasEnded }
        try server.send("!")
        try rig.until("bytes behind the end of the other way") { client.words == "down!" }
        try server.shut()
        try rig.until("the end") { client.hasEnded && rig.endings.count == 1 }
        #expect(rig.endings[0].bytesUp == 2 && rig.endings[0].bytesDown == 5)
        #expect(rig.endings[0].cause == .finished && rig.endings[0].decision == rig.decisions[0].number)
    }

    @Test("Not one byte flows, not even ours, while the broker's door does not take the decision")
    func order() throws {
        let rig = try Rig()
        let upstream = try rig.upstream(.site, 9999)
        try rig.stopDoor()
        let client = try rig.http()
        try client.send("CONNECT 93.184.216.34:9999 HTTP/1.1\r\nHost: 93.184.216.34:9999\r\n\r\nearly")
        try rig.until("a connection") { !upstream.peers.isEmpty }
        for _ in 0..<20 { try rig.turn() }
        #expect(upstream.peers[0].received.isEmpty && client.received.isEmpty)
        rig.startDoor()
        try rig.until("early bytes") { upstream.peers.first?.words == "early" }
        try rig.until("the decision") { rig.decisions.last?.verdict == .allow }
    }

    @Test("Large bytes arrive whole and in order, in both directions at once, with readers that dawdle")
    func large() throws {
        let rig = try Rig()
        let (client, server) = try Self.opened(rig)
        let data = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var up = ByteQueue()
        up.append(data)
        var down = ByteQueue()
        down.append(data)
        try rig.until("everything") {
            if !up.isEmpty { _ = try client.socket.descriptor.write(from: &up) }
            if !down.isEmpty { _ = try server.socket.descriptor.write(from: &down) }
            return client.received.count == data.count && server.received.count == data.count
        }
        #expect(client.received == data && server.received == data)
        try client.shut()
        try server.shut()
        try rig.until("the end") { rig.endings.count == 1 }
        #expect(rig.endings[0].bytesUp == 3_000_000 && rig.endings[0].bytesDown == 3_000_000)
    }

    @Test("A server that speaks and leaves before anybody has listened is heard to its end")
    func hasty() throws {
        let rig = try Rig()
        let upstream = try rig.upstream(.site, 9999)
        let client = try rig.http()
        try client.send("CONNECT 93.184.216.34:9999 HTTP/1.1\r\nHost: 93.184.216.34:9999\r\n\r\n")
        try rig.until("a connection") { upstream.peers.count == 1 }
        try upstream.peers[0].send("bye")
        try upstream.peers[0].shut()
        try rig.until("all of it") { client.words.hasSuffix("\r\n\r\nbye") && client.hasEnded }
        try client.shut()
        try rig.until("the end") { rig.endings.map(\.cause) == [.finished] }
    }

    @Test("A tunnel in which nothing moves for an hour is closed")
    func idle() throws {
        let rig = try Rig()
        let (client, server) = try Self.opened(rig)
        rig.pass(milliseconds: Times.idle - 1000)
        try rig.turn()
        try client.send("x")
        try rig.until("a byte") { server.words == "x" }
        rig.pass(milliseconds: Times.idle - 1000)
        for _ in 0..<5 { try rig.turn() }
        #expect(!client.hasEnded)
        rig.pass(milliseconds: 2000)
        try rig.until("the end") { client.hasEnded && server.hasEnded }
        #expect(rig.endings.map(\.cause) == [.idle])
    }

    @Test("SOCKS opens the same tunnels by name and by address")
    func socks() throws {
        let rig = try Rig()
        let upstream = try rig.upstream(.site, 9999)
        rig.dns.table["public.test"] = [.init(addresses: [.site])]
        for request: [UInt8] in [
            [5, 1, 0, 1, 93, 184, 216, 34, 0x27, 0x0F], [5, 1, 0, 3, 11] + bytes("public.test") + [0x27, 0x0F],
        ] {
            let client = try rig.socks()
            try client.send([5, 1, 0])
            try rig.until("a greeting") { client.received == [5, 0] }
            try client.send(request + bytes("hello"))
            let count = upstream.peers.count
            try rig.until("a tunnel") { client.received.count == 12 && upstream.peers.count > count }
            #expect(client.received[2...] == [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            try rig.until("bytes") { upstream.peers.last?.words == "hello" }
        }
        #expect(rig.decisions.map(\.form) == [.socks, .socks])
        #expect(rig.decisions.map { text($0.asked) } == ["93.184.216.34", "public.test"])
    }

    @Test("A new policy cuts what it would not allow, and nothing else")
    func amended() throws {
        let rig = try Rig()
        let (client, _) = try Self.opened(rig)
        rig.order(.amend(sandbox: 1, policy: Rig.open([9999, 443]).canonical))
        for _ in 0..<5 { try rig.turn() }
        #expect(!client.hasEnded)
        rig.order(.amend(sandbox: 1, policy: Rig.open([443]).canonical))
        try rig.until("the cut") { client.hasEnded }
        #expect(rig.endings.map(\.cause) == [.policy])
    }

    @Test("A sandbox that is released is cut, its listeners closed, others are not touched")
    func released() throws {
        let rig = try Rig()
        try rig.serve(2, Rig.open([9999]))
        let (client, _) = try Self.opened(rig)
        let other = try rig.http(2)
        try other.send("CONNECT 93.184.216.34:9999 HTTP/1.1\r\nHost: 93.184.216.34:9999\r\n\r\n")
        try rig.until("the other tunnel") { other.words.hasSuffix("\r\n\r\n") }
        rig.order(.release(sandbox: 1))
        try rig.until("the cut") { client.hasEnded && rig.released == [1] }
        #expect(rig.endings.map(\.cause) == [.released])
        #expect(throws: SyscallError.self) {
            let late = try rig.http()
            try rig.until("a refusal") { late.hasEnded }
            throw SyscallError("refused", code: 0)
        }
        for _ in 0..<5 { try rig.turn() }
        #expect(!other.hasEnded)
    }

    @Test("The end of the broker is the end of the room")
    func orphaned() throws {
        let ends = try Ends()
        let network = try FakeNetwork()
        let room = try EgressRoom(door: ends.takeNear(), network: network.host, servers: [])
        try room.turn(wait: 0)
        try ends.takeFar().close()
        #expect(throws: EgressEnd.doorLost) { try room.turn(wait: 1000) }
    }
}
