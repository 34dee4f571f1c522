// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Linux
import Policy
import Testing

@testable import Gate

/// Time that moves when a test says so.
final class ManualClock {
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    func advance(milliseconds: UInt64) { now = now.adding(milliseconds: milliseconds) }
}

/// A gate, the broker at its door and a clock, all on this thread: a step is a turn of each, and nothing ever waits.
final class Rig {
    let broker: FakeBroker
    let clock = ManualClock()
    private let room: GateRoom
    private(set) var end: GateEnd?

    init(
        kind: GateConfiguration.Kind = .tcp, connectionsPerCaller: UInt32 = 64, sessionsPerCaller: UInt32 = 64,
        isConfigured: Bool = true
    ) throws {
        // As the program does at its start; the setting is the whole process's.
        Signal.ignoreBrokenPipe()
        let door = try UnixSocket.pair(.packet)
        broker = FakeBroker(door: try door.near.duplicate())
        let clock = clock
        room = try GateRoom(door: try door.far.duplicate()) { clock.now }
        guard isConfigured else { return }
        let authority = kind == .tcp ? "127.0.0.1:8742" : "localhost"
        broker.configure(
            kind: kind, authorities: [authority], origin: "http://\(authority)",
            connectionsPerCaller: connectionsPerCaller, sessionsPerCaller: sessionsPerCaller)
        try settle()
    }

    /// Turns until nobody has anything left to do.
    func settle() throws {
        try broker.flush()
        var quiet = 0
        while quiet < 2 && end == nil {
            do throws(GateEnd) { try room.turn(wait: 0) } catch { end = error }
            quiet = try broker.serve() ? 0 : quiet + 1
        }
    }

    /// Lets time pass, and whatever is due happen.
    func advance(milliseconds: UInt64) throws {
        clock.advance(milliseconds: milliseconds)
        try settle()
    }

    func connect() throws -> Client {
        let handed = try broker.connect()
        try settle()
        return Client(rig: self, handle: handed.handle, socket: try handed.client.duplicate())
    }

    /// A connection on which `good` is known already, and nothing of that is left in the broker's books.
    func connectKnown(as credential: String = "good") throws -> Client {
        let client = try connect()
        let answer = try client.exchange(Request(.get, "/none").bearer(credential))
        #expect(answer?.status == 404)
        broker.forget()
        return client
    }

    var strangers: Int { room.strangers }
    var openConnections: Int { room.connections.count }
    var openSessions: Int { room.sessions.byNumber.count }
    /// The broker's numbers of the live sessions.
    var sessionNumbers: [UInt32] { room.sessions.byNumber.keys.sorted() }
    var hasCalls: Bool { !room.calls.isEmpty }
    /// The most that waits for a client, or from one, in bytes.
    var mostOutput: Int { room.connections.values.map(\.output.count).max() ?? 0 }
    var mostInput: Int { room.connections.values.map(\.input.count).max() ?? 0 }

    /// The one refusal that the record got, in words: `step reason`.
    func takeRefusal(sourceLocation: SourceLocation = #_sourceLocation) -> RefusalNote? {
        let notes = broker.refusals
        #expect(notes.count == 1, "\(notes)", sourceLocation: sourceLocation)
        #expect(broker.violations == [], sourceLocation: sourceLocation)
        return notes.first
    }
}

/// The client's end, in a place that an optional can hold.
private final class Socket {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// The peer of one connection.
final class Client {
    let rig: Rig
    let handle: UInt32
    private var socket: Socket?
    private var unsent = ByteQueue()
    /// What has arrived and was not taken yet.
    private var arrived = ByteQueue()
    /// The gate has ended its side.
    private(set) var isEnded = false

    init(rig: Rig, handle: UInt32, socket: consuming FileDescriptor) {
        self.rig = rig
        self.handle = handle
        self.socket = Socket(socket)
    }

    /// Sends as much as the gate takes; the rest goes with the next call.
    func send(_ bytes: [UInt8]) throws {
        unsent.append(bytes)
        var isBlocked = false
        while !unsent.isEmpty {
            if case .moved? = try socket?.descriptor.write(from: &unsent) {
                isBlocked = false
                continue
            }
            // The kernel's buffer is full: the gate takes some of it, or will not now.
            if isBlocked { break }
            isBlocked = true
            try rig.settle()
        }
        try rig.settle()
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Reads what there is, at most `limit` bytes if the peer is slow on purpose.
    func receive(limit: Int = .max) throws {
        guard let socket else { return }
        var left = limit
        while left > 0 {
            let moved = try socket.descriptor.read(into: &arrived, limit: min(left, 65_536))
            guard case .moved(let count) = moved else {
                if moved == .closed { isEnded = true }
                return
            }
            left -= count
        }
    }

    /// Sends one request and takes its answer, if there is one.
    func exchange(_ request: Request) throws -> Response? {
        try send(request.bytes)
        return try response(to: request.method)
    }

    /// The next whole answer.
    func response(to method: HTTPVerb = .post) throws -> Response? {
        try rig.settle()
        try receive()
        let storage = arrived.storage
        guard let (response, length) = Response.read(storage[arrived.range], isHead: method == .head) else {
            return nil
        }
        arrived.drop(length)
        return response
    }

    /// Everything that has arrived, as text.
    func takeText() throws -> String {
        try rig.settle()
        try receive()
        let storage = arrived.storage
        let text = String(decoding: storage[arrived.range], as: UTF8.self)
        arrived.removeAll()
        return text
    }

    func takeBytes() throws -> [UInt8] {
        try rig.settle()
        try receive()
        let storage = arrived.storage
        let bytes = Array(storage[arrived.range])
        arrived.removeAll()
        return bytes
    }

    /// Whether the gate has ended the connection: everything was read and no more comes.
    func hasEnded() throws -> Bool {
        try rig.settle()
        try receive()
        return isEnded
    }

    /// Ends the connection from this side.
    func close() throws {
        try shutDown(.both)
        socket = nil
        try rig.settle()
    }

    /// Sends no more, and still reads.
    func finishSending() throws {
        try shutDown(.write)
        try rig.settle()
    }

    private func shutDown(_ direction: TCPSocket.Direction) throws {
        if let socket { try TCPSocket.shutDown(socket.descriptor, direction) }
    }
}
