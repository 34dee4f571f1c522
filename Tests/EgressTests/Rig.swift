// SPDX-License-Identifier: Apache-2.0
import Control
import Glibc
import Linux
import Policy

@testable import Egress

struct Stuck: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = what }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// A network in which public addresses are ports of loopback, and everything that is dialled is written down.
final class FakeNetwork {
    /// What really answers under an address and port.
    var places: [Endpoint: Endpoint] = [:]
    var dialled: [Endpoint] = []
    var own: [HostAddresses.Own] = [HostAddresses.Own(.loopback4, isOnLoopback: true)]
    var routes: [InternetAddress: HostAddresses.Route] = [:]
    /// Addresses that never answer.
    var silent: Set<InternetAddress> = []
    /// What getpeername says instead of the truth.
    var liar: Endpoint?
    private var meant: [Int32: Endpoint] = [:]
    private let hole: FileDescriptor

    init() throws {
        // A listener whose queue is full answers no further connection.
        hole = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 0)
    }

    private var stuffing: [FileDescriptorBox] = []

    private func silence() throws(SyscallError) -> FileDescriptor {
        let end = try TCPSocket.local(hole)
        for _ in 0..<4 { stuffing.append(FileDescriptorBox(try TCPSocket.connect(to: end))) }
        return try TCPSocket.connect(to: end)
    }

    var host: HostNetwork {
        HostNetwork(
            addresses: { () throws(SyscallError) in self.own },
            route: { (address) throws(SyscallError) in self.routes[address] ?? .away },
            connect: { (endpoint) throws(SyscallError) in
                self.dialled.append(endpoint)
                if self.silent.contains(endpoint.address) { return try self.silence() }
                guard let place = self.places[endpoint] else {
                    throw SyscallError("connect", endpoint.text, code: ECONNREFUSED)
                }
                let socket = try TCPSocket.connect(to: place)
                self.meant[socket.number] = endpoint
                return socket
            },
            peer: { (socket) throws(SyscallError) in
                let real = try TCPSocket.peer(socket)
                return self.liar ?? self.meant[socket.number] ?? real
            },
            changes: nil, takeChanges: { () throws(SyscallError) in false })
    }
}

/// A socket of a test: never blocks, and keeps what has come.
final class Peer {
    let socket: FileDescriptorBox
    var received: [UInt8] = []
    var hasEnded = false

    init(_ socket: consuming FileDescriptor) { self.socket = FileDescriptorBox(socket) }

    convenience init(port: UInt16) throws {
        self.init(try TCPSocket.connect(to: Endpoint(address: .loopback4, port: port)))
    }

    func look() {
        var queue = ByteQueue()
        while !hasEnded {
            let moved: Transfer
            do { moved = try socket.descriptor.read(into: &queue, limit: 65_536) } catch {
                hasEnded = true
                break
            }
            if moved == .wouldBlock { break }
            if moved == .closed { hasEnded = true }
        }
        received += queue.storage[queue.range]
    }

    func send(_ text: String) throws { try send(bytes(text)) }
    func send(_ bytes: [UInt8]) throws { if !bytes.isEmpty { try socket.descriptor.writeAll(bytes) } }
    func shut() throws { try TCPSocket.shutDown(socket.descriptor, .write) }
    var words: String { text(received) }
}

/// A server somewhere on the network.
final class Upstream {
    let listener: FileDescriptorBox
    let port: UInt16
    private(set) var peers: [Peer] = []

    init() throws {
        listener = FileDescriptorBox(
            try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 128))
        port = try TCPSocket.local(listener.descriptor).port
    }

    func look() throws {
        while let socket = try TCPSocket.accept(listener.descriptor) { peers.append(Peer(socket)) }
        for peer in peers { peer.look() }
    }
}

/// A name server with a table.
final class FakeDNS {
    struct Reply {
        var addresses: [NetworkAddress] = []
        var aliases: [String] = []
        var timeToLive: UInt32 = 60
        var code: UInt8 = 0
        /// Says nothing.
        var isSilent = false
        /// Says so over UDP, and the truth over TCP.
        var isTruncated = false
        /// Another id in front of the right one, with this address.
        var forged: NetworkAddress?
    }

    /// By name, one reply for each time it is asked for an A record; the last one stays.
    var table: [String: [Reply]] = [:]
    var table6: [String: [Reply]] = [:]
    private(set) var asked: [String] = []
    let socket: Int32
    let port: UInt16
    private let stream: FileDescriptorBox
    private var peers: [Peer] = []

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        stream = FileDescriptorBox(try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 16))
        port = try TCPSocket.local(stream.descriptor).port
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, 16) }
        }
        guard bound == 0 else { throw Stuck("the name server has no port") }
    }

    deinit { close(socket) }

    func look() throws {
        while true {
            var query = [UInt8](repeating: 0, count: 512)
            var from = sockaddr_in()
            var size = socklen_t(16)
            let count = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(socket, &query, 512, 0, $0, &size) }
            }
            guard count > 0 else { break }
            for answer in answers(Array(query[..<count]), overStream: false) {
                _ = withUnsafePointer(to: &from) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(socket, answer, answer.count, 0, $0, 16)
                    }
                }
            }
        }
        while let socket = try TCPSocket.accept(stream.descriptor) { peers.append(Peer(socket)) }
        for peer in peers {
            peer.look()
            guard peer.received.count > 2 else { continue }
            for answer in answers(Array(peer.received[2...]), overStream: true) {
                try peer.send([UInt8(answer.count >> 8), UInt8(answer.count & 0xFF)] + answer)
            }
            peer.received = []
        }
    }

    private func answers(_ query: [UInt8], overStream: Bool) -> [[UInt8]] {
        var labels: [String] = []
        var at = 12
        while query[at] != 0 {
            labels.append(text(Array(query[(at + 1)...(at + Int(query[at]))])))
            at += 1 + Int(query[at])
        }
        let name = labels.joined(separator: ".")
        let isSix = query[at + 2] == 28
        asked.append("\(name) \(isSix ? "AAAA" : "A")\(overStream ? " tcp" : "")")
        let question = Array(query[12..<(at + 5)])
        var replies = (isSix ? table6 : table)[name] ?? [Reply(code: table[name] == nil ? 3 : 0)]
        let reply = replies[0]
        if replies.count > 1 {
            replies.removeFirst()
            if isSix { table6[name] = replies } else { table[name] = replies }
        }
        if reply.isSilent { return [] }
        func message(_ id: [UInt8], _ reply: Reply, truncated: Bool) -> [UInt8] {
            let count = truncated ? 0 : reply.aliases.count + reply.addresses.count
            var out =
                id + [0x81 | (truncated ? 2 : 0), 0x80 | reply.code, 0, 1, 0, UInt8(count), 0, 0, 0, 0] + question
            if truncated { return out }
            var owner = name
            func record(_ type: UInt8, _ data: [UInt8]) {
                out += Self.name(owner) + [0, type, 0, 1]
                out += (0..<4).map { UInt8(truncatingIfNeeded: reply.timeToLive >> (24 - 8 * UInt32($0))) }
                out += [UInt8(data.count >> 8), UInt8(data.count & 0xFF)] + data
            }
            for alias in reply.aliases {
                record(5, Self.name(alias))
                owner = alias
            }
            for address in reply.addresses { record(isSix ? 28 : 1, address.bytes) }
            return out
        }
        var out: [[UInt8]] = []
        if let forged = reply.forged {
            out.append(message([query[0] ^ 1, query[1]], Reply(addresses: [forged]), truncated: false))
        }
        out.append(message(Array(query[..<2]), reply, truncated: reply.isTruncated && !overStream))
        return out
    }

    private static func name(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}

extension NetworkAddress {
    static let site = NetworkAddress.v4(0x5DB8_D822)
    static let second = NetworkAddress.v4(0x5DB8_D823)
    static let site6 = NetworkAddress.v6(0x2606_2800_0220_0001, 1)
    static let loopback = NetworkAddress.v4(0x7F00_0001)
    static let lan = NetworkAddress.v4(0xC0A8_0901)
}

/// A room, the broker's end of its door, and a network that leads nowhere.
final class Rig {
    let room: EgressRoom
    let network: FakeNetwork
    let dns: FakeDNS
    private let broker: Channel
    private(set) var decisions: [EgressDecision] = []
    private(set) var endings: [EgressEnding] = []
    private(set) var released: [UInt32] = []
    /// Whether decisions are confirmed as they come.
    var isRecording = true
    private let time = Time()
    private var upstreams: [Upstream] = []
    private var peers: [Peer] = []
    private(set) var ports: [UInt32: (http: UInt16, socks: UInt16)] = [:]

    private final class Time { var skew: UInt64 = 0 }

    /// A rule for every host on these ports.
    static func open(_ ports: [UInt16], sni: SNIDemand = .record) -> EgressPolicy {
        EgressPolicy(rules: [
            EgressRule(name: "test[0]", matter: .remote(.init(host: .any, ports: ports, sni: sni)))
        ])
    }

    init(
        policy: EgressPolicy = Rig.open([80, 443, 9999]), ownPorts: [UInt16] = [], nat64: Bool = false,
        hasServers: Bool = true
    ) throws {
        let ends = try Ends()
        network = try FakeNetwork()
        dns = try FakeDNS()
        let time = time
        room = try EgressRoom(
            door: ends.takeNear(), network: network.host,
            servers: hasServers ? [Endpoint(address: .loopback4, port: dns.port)] : [],
            names: [HostName(bytes("box.example.test"))].compactMap(\.self),
            clock: { Instant.now.adding(milliseconds: time.skew) })
        broker = Channel(try ends.takeFar()) { EgressReport.Kind(rawValue: $0)?.maxBytes }
        order(.configure(nat64: nat64, ownPorts: ownPorts))
        try serve(1, policy)
    }

    func order(_ order: EgressOrder) { broker.send { order.write(to: &$0) } }

    func serve(_ number: UInt32, _ policy: EgressPolicy) throws {
        var passed = PassedDescriptors()
        let http = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 4096)
        let socks = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 4096)
        ports[number] = (try TCPSocket.local(http).port, try TCPSocket.local(socks).port)
        passed.append(http)
        passed.append(socks)
        let order = EgressOrder.serve(sandbox: number, label: bytes("test"), policy: policy.canonical)
        broker.send(passing: passed) { order.write(to: &$0) }
        try turn()
    }

    /// What answers under this address and port.
    func upstream(_ address: NetworkAddress, _ port: UInt16) throws -> Upstream {
        let upstream = try Upstream()
        network.places[Endpoint(address: InternetAddress(address), port: port)] = Endpoint(
            address: .loopback4, port: upstream.port)
        upstreams.append(upstream)
        return upstream
    }

    func http(_ number: UInt32 = 1) throws -> Peer { try connect(ports[number]?.http) }
    func socks(_ number: UInt32 = 1) throws -> Peer { try connect(ports[number]?.socks) }

    private func connect(_ port: UInt16?) throws -> Peer {
        guard let port else { throw Stuck("no such sandbox") }
        let peer = try Peer(port: port)
        peers.append(peer)
        return peer
    }

    func pass(milliseconds: UInt64) { time.skew += milliseconds }

    /// One turn of everybody.
    func turn(wait: Int32 = 1) throws {
        _ = try broker.flush()
        try room.turn(wait: wait)
        try listen()
        try dns.look()
        for upstream in upstreams { try upstream.look() }
        for peer in peers { peer.look() }
    }

    private var isDeaf = false

    /// The room's end takes no packet any more.
    func stopDoor() throws {
        isDeaf = true
        var size: Int32 = 1
        setsockopt(room.channel.socket.number, SOL_SOCKET, SO_SNDBUF, &size, 4)
        repeat {
            room.channel.send { EgressReport.ready(report: [UInt8](repeating: 0, count: 512)).write(to: &$0) }
        } while try room.channel.flush() != .wouldBlock
    }

    func startDoor() { isDeaf = false }

    private func listen() throws {
        if isDeaf { return }
        while case .moved = try broker.receive() {
            while var frame = try broker.next() {
                switch try EgressReport.read(frame.kind, &frame.fields) {
                case .ready: break
                case .decided(let decision):
                    decisions.append(decision)
                    if isRecording { order(.recorded(upTo: decision.number)) }
                case .ended(let ending): endings.append(ending)
                case .released(let sandbox): released.append(sandbox)
                }
            }
        }
    }

    func until(_ what: String, _ condition: () throws -> Bool) throws {
        let end = Instant.now.adding(milliseconds: 10_000)
        while try !condition() {
            try turn()
            if Instant.now > end { throw Stuck("never: \(what)") }
        }
    }

    /// Sends this on the HTTP listener and waits for the end of what comes back.
    func ask(_ request: String) throws -> String { try askOf(1, request) }

    func askOf(_ number: UInt32, _ request: String) throws -> String {
        let peer = try http(number)
        try peer.send(request)
        try until("an answer to \(request.prefix(60))") { peer.hasEnded }
        return peer.words
    }

    /// The decision that was made since there were this many.
    func decision(after count: Int) throws -> EgressDecision {
        try until("a decision") { decisions.count > count }
        guard decisions.count == count + 1 else { throw Stuck("\(decisions.count - count) decisions") }
        return decisions[count]
    }
}

/// Two ends of a door, each to be taken once.
final class Ends {
    private var near: FileDescriptor?
    private var far: FileDescriptor?

    init() throws {
        try UnixSocket.pair(.packet).part { one, other in
            near = consume one
            far = consume other
        }
    }

    func takeNear() throws -> FileDescriptor {
        switch near.take() {
        case .some(let end): return end
        case nil: throw Stuck("taken twice")
        }
    }

    func takeFar() throws -> FileDescriptor {
        switch far.take() {
        case .some(let end): return end
        case nil: throw Stuck("taken twice")
        }
    }
}

extension EgressDecision {
    var reasonWord: String? { reason.flatMap(EgressReason.init(rawValue:))?.word }
    var classWord: String? { addressClass.flatMap(AddressClass.init(rawValue:))?.word }
}
