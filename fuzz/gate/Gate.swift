// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import FakeBroker
internal import Linux
internal import Policy

@testable internal import Gate

/// Input: what callers, the broker and the clock do, one step after the other.
///
/// Whatever comes, the room goes on, and asks the broker for nothing outside the permit table: no decision for a caller
/// who is not known on that very connection. In the end, when all callers have left, nothing of them is left.
///
/// A step is a byte, and what belongs to it: below 0x80 bytes for caller `step & 3` with a two-byte length before them
/// (0x1F in them stands for the id of the last session), above it an event.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do { try Play(input).run() } catch { preconditionFailure("\(error)") }
    return 0
}

private final class Clock {
    var now = Instant(nanoseconds: 1_000_000_000_000)
}

private final class Caller {
    let handle: UInt32
    let socket: FileDescriptor

    init(_ handle: UInt32, _ socket: consuming FileDescriptor) {
        self.handle = handle
        self.socket = socket
    }
}

private final class Play {
    private var rest: ArraySlice<UInt8>
    private let clock = Clock()
    private let broker: FakeBroker
    private let room: GateRoom
    private var callers: [Int: Caller] = [:]
    private var session = [UInt8](repeating: 0x41, count: 43)
    private var isOver = false
    private var answered = 0

    init(_ input: [UInt8]) throws {
        Signal.ignoreBrokenPipe()
        rest = input[...]
        let door = try UnixSocket.pair(.packet)
        broker = FakeBroker(door: try door.near.duplicate())
        let clock = clock
        room = try GateRoom(door: try door.far.duplicate()) { clock.now }
        broker.configure()
    }

    private func byte() -> UInt8 { rest.popFirst() ?? 0 }

    func run() throws {
        try settle()
        // Long inputs only repeat themselves.
        for _ in 0..<64 where !rest.isEmpty && !isOver {
            let step = byte()
            if step < 0x80 { try speak(Int(step & 3)) } else { try happen(step) }
            try settle()
        }
        callers = [:]
        broker.isDeaf = false
        try settle()
        // Whoever only waits has left by then.
        for _ in 0..<4 where !isOver {
            clock.now = clock.now.adding(milliseconds: 31_000)
            try settle()
        }
        precondition(isOver || room.connections.isEmpty, "a connection without a caller")
        precondition(isOver || room.strangers == 0, "strangers who have left are counted")
        precondition(broker.violations.isEmpty, "\(broker.violations)")
    }

    private func settle() throws {
        try broker.flush()
        var quiet = 0
        var turns = 0
        while quiet < 2 && !isOver {
            turns += 1
            precondition(turns < 10_000, "the room comes to no rest")
            do throws(GateEnd) { try room.turn(wait: 0) } catch {
                precondition(error == .drained, "\(error)")
                isOver = true
            }
            quiet = try broker.serve() ? 0 : quiet + 1
        }
    }

    private func caller(_ number: Int) throws -> Caller {
        if let caller = callers[number] { return caller }
        let handed = try broker.connect()
        let caller = Caller(handed.handle, try handed.client.duplicate())
        callers[number] = caller
        return caller
    }

    private func speak(_ number: Int) throws {
        let length = Int(byte()) << 8 | Int(byte())
        var bytes: [UInt8] = []
        for byte in rest.prefix(length) { if byte == 0x1F { bytes += session } else { bytes.append(byte) } }
        rest = rest.dropFirst(length)
        let caller = try caller(number)
        if !bytes.isEmpty { _ = try caller.socket.write(bytes.span) }
        try settle()
        try listen(caller)
    }

    /// Reads what has come, and keeps the id of a session that was opened.
    private func listen(_ caller: Caller) throws {
        var queue = ByteQueue()
        while case .moved = try caller.socket.read(into: &queue, limit: 65_536) {}
        let storage = queue.storage
        let text = storage[queue.range]
        let mark = Array("Mcp-Session-Id: ".utf8)
        guard let at = text.indices.first(where: { text[$0...].prefix(mark.count).elementsEqual(mark) }) else { return }
        session = Array(text[(at + mark.count)...].prefix(43))
    }

    private func happen(_ step: UInt8) throws {
        let number = Int(byte() & 3)
        let held = broker.decisions
        switch step & 0x0F {
        case 0: clock.now = clock.now.adding(milliseconds: 1 << UInt64(byte() & 31))
        case 1: callers[number] = nil
        case 2: if let caller = callers[number] { try TCPSocket.shutDown(caller.socket, .write) }
        case 3: broker.holdsCalls.toggle()
        case 4:
            guard answered < held.count else { return }
            broker.answer(held[answered])
            answered += 1
        case 5: if let last = held.last { broker.order(.event(Event(scope: .call(last.call), message: note))) }
        case 6:
            if let last = held.last { broker.order(.event(Event(scope: .call(last.call), question: 7, message: note))) }
        case 7:
            guard let session = room.sessions.byNumber.keys.min() else { return }
            broker.order(.event(Event(scope: .session(session), question: UInt32(byte() & 1), message: note)))
        case 8:
            if let caller = callers[number] { broker.order(.cut(connection: caller.handle, reason: .credentialEnded)) }
        case 9:
            guard let caller = callers[number].flatMap({ broker.caller(on: $0.handle) }) else { return }
            broker.order(.callerEnded(caller: caller, denial: .credentialRevoked))
        case 10: if let session = room.sessions.byNumber.keys.min() { broker.order(.sessionEnded(session: session)) }
        case 11: broker.holdsCallers.toggle()
        case 12: if let caller = callers[number] { broker.judge(caller.handle, Array("good".utf8)) }
        case 13: broker.isDeaf.toggle()
        case 14: broker.order(.drain)
        default: broker.forget()
        }
        if step & 0x0F == 15 { answered = 0 }
    }

    private let note = Array("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}".utf8)
}
