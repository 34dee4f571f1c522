// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Testing

@Suite("Bytes move between sockets inside the kernel")
struct SpliceTests {
    /// Two connected sockets; a tuple cannot hold them.
    private struct Pair: ~Copyable {
        let client: FileDescriptor
        let server: FileDescriptor

        init() throws {
            let listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 4)
            let first = try TCPSocket.connect(to: TCPSocket.local(listener))
            _ = try listener.waitUntilReadable(milliseconds: 5000)
            let second = try owned(TCPSocket.accept(listener))
            client = first
            server = second
        }
    }

    @Test("all of them, in order, and the end behind them")
    func moves() throws {
        let near = try Pair()
        let far = try Pair()
        let pipe = try SplicePipe()
        #expect(try pipe.fill(from: near.server, limit: 65_536) == .wouldBlock)
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var arrived = ByteQueue()
        var rest = ByteQueue()
        rest.append(sent)
        while arrived.count < sent.count {
            if !rest.isEmpty { _ = try near.client.write(from: &rest) }
            _ = try pipe.fill(from: near.server, limit: 65_536)
            if pipe.count > 0 { _ = try pipe.drain(into: far.client) }
            _ = try far.server.read(into: &arrived, limit: 65_536)
        }
        #expect(Array(arrived.storage[arrived.range]) == sent)
        #expect(pipe.count == 0)
        try TCPSocket.shutDown(near.client, .write)
        while true {
            let end = try pipe.fill(from: near.server, limit: 65_536)
            if end == .wouldBlock { continue }
            #expect(end == .closed)
            break
        }
    }
}

@Suite("The host's own addresses are the kernel's word")
struct HostAddressTests {
    @Test("loopback is among them, and routed to this host; so is the whole of 127.0.0.0/8")
    func own() throws {
        var host = try HostAddresses()
        let all = try host.all()
        #expect(all.contains(HostAddresses.Own(.loopback4, isOnLoopback: true)))
        #expect(try host.route(to: .loopback4) == .own)
        #expect(try host.route(to: .v4(0x7f09_0909)) == .own)
        for own in all {
            // A point-to-point peer is listed and not routed here.
            do { _ = try host.route(to: own.address) } catch {}
        }
        #expect(try host.route(to: .v4(0xFFFF_FFFF)) != .away)
        #expect(try !host.takeChanges())
    }
}
