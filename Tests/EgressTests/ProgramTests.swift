// SPDX-License-Identifier: Apache-2.0
import Control
import Glibc
import Linux
import Policy
import Spawn
import Testing

@testable import Egress

/// The program itself, with everything that it gives up, against real sockets.
///
/// What answers is a granted port of this host: nothing else here has an address that it would dial.
private final class Program {
    let broker: Channel
    private let started: Started
    let http: UInt16
    let socks: UInt16
    private(set) var report: ConfinementReport?
    private(set) var decisions: [EgressDecision] = []
    private(set) var endings: [EgressEnding] = []

    init(_ policy: EgressPolicy) throws {
        let ends = try Ends()
        let door = try ends.takeNear()
        // A number that the shell does not need for itself; dash reads one digit only.
        let number = fcntl(door.number, F_DUPFD_CLOEXEC, 20)
        defer { close(number) }
        // Descriptor 3 is the door, and nothing else is handed over but that again.
        started = try Started(
            "/bin/bash", ["-c", "exec \"$0\" 3<&\(number)", Spawn.buildDirectory + "/doorward-egress"],
            keptDescriptor: number)
        broker = Channel(try ends.takeFar()) { EgressReport.Kind(rawValue: $0)?.maxBytes }
        let configure = EgressOrder.configure(nat64: false, ownPorts: [])
        broker.send { configure.write(to: &$0) }
        let one = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 16)
        let other = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 16)
        http = try TCPSocket.local(one).port
        socks = try TCPSocket.local(other).port
        var passed = PassedDescriptors()
        passed.append(one)
        passed.append(other)
        let serve = EgressOrder.serve(sandbox: 1, label: [], policy: policy.canonical)
        broker.send(passing: passed) { serve.write(to: &$0) }
        _ = try broker.flush()
        try until("a report") { report != nil }
    }

    deinit { started.kill(SIGKILL) }

    func until(_ what: String, _ condition: () throws -> Bool) throws {
        let end = Instant.now.adding(milliseconds: 30_000)
        while try !condition() {
            _ = try broker.socket.waitUntilReadable(milliseconds: 5)
            try listen()
            if Instant.now > end { throw Stuck("never: \(what)") }
        }
    }

    private func listen() throws {
        while true {
            switch try broker.receive() {
            case .wouldBlock: return
            case .closed: throw Stuck("the room is gone")
            case .moved: break
            }
            while var frame = try broker.next() {
                switch try EgressReport.read(frame.kind, &frame.fields) {
                case .ready(let bytes): report = ConfinementReport(encoded: bytes.span)
                case .decided(let decision): decisions.append(decision)
                case .ended(let ending): endings.append(ending)
                case .released: break
                }
            }
        }
    }

    func finish() throws -> Spawn { try started.finish(timeout: 10) }
}

@Suite("The confined program does its work, and ends with its broker")
struct ProgramTests {
    @Test("Tunnels, requests in the clear, refusals and look-ups, under its own filter")
    func works() throws {
        let upstream = try Upstream()
        let policy = EgressPolicy(rules: [
            EgressRule(name: "local[0]", matter: .local(port: upstream.port)),
            EgressRule(name: "any[0]", matter: .remote(.init(host: .any, ports: [9]))),
        ])
        let program = try Program(policy)
        let report = try #require(program.report)
        for layer in [Layer.noNewPrivileges, .seccomp] { #expect(report[layer] == .enforced) }
        let host = "127.0.0.1:\(upstream.port)"

        let client = try Peer(port: program.http)
        try client.send("CONNECT \(host) HTTP/1.1\r\nHost: \(host)\r\n\r\nearly")
        try program.until("a tunnel") {
            client.look()
            try upstream.look()
            return client.words.hasSuffix("\r\n\r\n") && upstream.peers.first?.words == "early"
        }
        // Enough that it takes pipes.
        var data = ByteQueue()
        data.append([UInt8](repeating: 0x61, count: 4_000_000))
        try program.until("much") {
            if !data.isEmpty { _ = try upstream.peers[0].socket.descriptor.write(from: &data) }
            client.look()
            return client.received.count > 4_000_000
        }
        try client.shut()
        try upstream.peers[0].shut()
        try program.until("the end") { program.endings.count == 1 }
        #expect(program.endings[0].bytesDown == 4_000_000)

        let plain = try Peer(port: program.http)
        try plain.send("GET http://\(host)/ HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        try program.until("a request") {
            try upstream.look()
            return upstream.peers.count == 2 && upstream.peers[1].words.hasSuffix("\r\n\r\n")
        }
        try upstream.peers[1].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try program.until("an answer") {
            plain.look()
            return plain.hasEnded
        }
        #expect(plain.words.hasSuffix("\r\n\r\nok"))
        try program.until("both records") { program.decisions.count == 2 }

        // A look-up goes out, or fails; either way the room survives asking. The network is not ours to rely on.
        for (request, reason) in [("10.0.0.1:9", "address"), ("doorward.invalid:9", "dns")] {
            let count = program.decisions.count
            let refused = try Peer(port: program.http)
            try refused.send("CONNECT \(request) HTTP/1.1\r\nHost: \(request)\r\n\r\n")
            try program.until("a refusal") {
                refused.look()
                return refused.hasEnded && program.decisions.count == count + 1
            }
            #expect(refused.words.contains("reason: \(reason)"))
        }
        try TCPSocket.shutDown(program.broker.socket, .both)
        #expect(try program.finish().status == 0)
    }

    @Test("A broker that breaks the protocol is left with a word")
    func protocolFault() throws {
        let program = try Program(.none)
        let again = EgressOrder.configure(nat64: false, ownPorts: [])
        program.broker.send { again.write(to: &$0) }
        _ = try program.broker.flush()
        let end = try program.finish()
        #expect(end.status == 1 && end.errors.hasPrefix("doorward-egress: error: door: "), "\(end.errors)")
    }
}
