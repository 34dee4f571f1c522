// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What the mechanics cost: attribution, packets, and a filter over each system call.
///
/// How long a sandbox takes to start is told by `SandboxHarness server repeats=200 -- PROGRAM`.
enum LinuxBench {
    static func run() throws {
        try attribution(.loopback4, "IPv4")
        try attribution(.loopback6, "IPv6")
        try packets()
        try filters()
    }

    private static func attribution(_ address: InternetAddress, _ family: String) throws {
        let listener = try TCPSocket.listen(on: Endpoint(address: address, port: 0), backlog: 4)
        let server = try TCPSocket.local(listener)
        let connection = try TCPSocket.connect(to: server)
        let client = try TCPSocket.local(connection)
        let diagnosis = try SockDiag()
        guard let found = try diagnosis.find(local: client, remote: server) else { return print("no client found") }
        try time("client of a connection by its ends, \(family)", 20_000) {
            _ = try diagnosis.find(local: client, remote: server)
        }
        try time("process that holds its socket, newest first, \(family)", 200) {
            _ = try Proc.holder(ofSocket: found.inode, uid: found.uid, descriptorLimit: 1024)
        }
        let pid = ThisProcess.pid
        try time("name, parent and start of a process", 5000) {
            _ = try ProcessRecord(pid: pid)?.status()
        }
    }

    private static func packets() throws {
        let pair = try UnixSocket.pair(.packet)
        let packet = [UInt8](repeating: 1, count: 300)
        var queue = ByteQueue()
        var received = PassedDescriptors()
        try time("packet of 300 bytes, sent and received", 50_000) {
            _ = try pair.near.sendPacket(packet.span)
            _ = try pair.far.receivePacket(into: &queue, limit: 65_536, passed: &received)
            queue.removeAll()
        }
        var passed = PassedDescriptors()
        passed.append(try pair.near.duplicate())
        try time("the same with a descriptor, which is then closed", 50_000) {
            _ = try pair.near.sendPacket(packet.span, passing: passed)
            _ = try pair.far.receivePacket(into: &queue, limit: 65_536, passed: &received)
            queue.removeAll()
            received.removeAll()
        }
    }

    private static func filters() throws {
        let pair = try UnixSocket.pair(.packet)
        let packet = [UInt8](repeating: 1, count: 300)
        var queue = ByteQueue()
        var received = PassedDescriptors()
        func exchange(_ name: String) throws {
            try time("packet, sent and received, \(name)", 50_000) {
                _ = try pair.near.sendPacket(packet.span)
                _ = try pair.far.receivePacket(into: &queue, limit: 65_536, passed: &received)
                queue.removeAll()
            }
        }
        try exchange("without a filter")
        try ThisProcess.gainNothing()
        try SeccompProgram.gate.loadForAllThreads()
        try exchange("under the gate's filter")
    }

    private static func time(_ name: String, _ count: Int, _ body: () throws -> Void) rethrows {
        var best = UInt64.max
        // The best of five: what the machine does besides only ever adds.
        for _ in 0..<5 {
            let begin = Instant.now
            for _ in 0..<count { try body() }
            best = min(best, Instant.now.nanoseconds - begin.nanoseconds)
        }
        let each = best / UInt64(count)
        print("\(name): \(each / 1000).\(each % 1000 / 100) µs")
    }
}
