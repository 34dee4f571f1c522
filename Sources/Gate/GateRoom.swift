// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// What this gate answers for, as the broker configured it.
final class Listener {
    let kind: GateConfiguration.Kind
    let identity: ListenerIdentity
    let metadata: ResourceMetadata
    let limits: GateLimits

    init?(_ configuration: GateConfiguration) {
        guard
            let identity = ListenerIdentity(
                authorities: configuration.authorities, origins: [configuration.origin])
        else { return nil }
        kind = configuration.kind
        self.identity = identity
        metadata = ResourceMetadata(origin: configuration.origin)
        limits = configuration.limits
    }
}

/// The room without authority: HTTP and WebSocket towards hostile callers, typed frames towards the broker.
///
/// One thread, one loop. A turn reads what is ready, lets every connection go as far as it can, and then writes once to
/// each connection and once to the door, however much has come together.
final class GateRoom {
    var poller: Poller
    private var ready: [Readiness] = []
    private let clock: () -> Instant
    /// The moment of this turn.
    var now: Instant

    let channel: Channel
    private var doorInterest = Interest.readable
    /// Something has been asked in this turn whose answer is a few microseconds away.
    var isAnswerNear = false
    /// How long to look for that answer before sleeping, in microseconds: a sleeper is woken in about 50.
    private let spinMicroseconds: UInt64

    var listener: Listener?
    var isDraining = false
    var connections: [UInt32: Connection] = [:]
    /// Connections on which nobody is known.
    var strangers = 0
    var calls = CallTable()
    var sessions = SessionTable()
    private var touched: [Connection] = []
    private var parked: [Connection] = []
    /// No connection's time is over before this.
    private var due: Instant?

    // Lent to one connection or message at a time.
    var spareInput = ByteQueue()
    var tree = JSONTree()
    var json = JSONReader(limits: .message)
    var writer = JSONWriter()
    var idWriter = JSONWriter()
    var text = ErrorText()
    var event: [UInt8] = []
    var date = DateHeader()

    /// - Parameters:
    ///   - door: this room's end of a SOCK_SEQPACKET pair, non-blocking.
    ///   - clock: asked once a turn.
    init(
        door: consuming FileDescriptor, spinMicroseconds: UInt64 = 0, clock: @escaping () -> Instant = { .now }
    ) throws(GateEnd) {
        self.spinMicroseconds = spinMicroseconds
        self.clock = clock
        now = clock()
        channel = Channel(door) { GateOrder.Kind(rawValue: $0)?.permit.maxBytes }
        do throws(SyscallError) {
            poller = try Poller()
            try poller.add(channel.socket, .readable, token: Self.doorToken)
        } catch { throw .system(error) }
    }

    /// Runs until the room has nothing left to do, or cannot go on.
    func run() throws(GateEnd) -> Never {
        // What stands ready to be said: the broker says nothing before it has heard it.
        try flushDoor()
        while true { try turn(wait: nextWait()) }
    }

    /// One turn of the loop.
    ///
    /// - Parameter wait: how long it may wait for something to do, in milliseconds; nil for ever.
    func turn(wait: Int32?) throws(GateEnd) {
        do throws(SyscallError) { try look(wait) } catch { throw .system(error) }
        now = clock()
        for event in ready {
            if event.token == Self.doorToken {
                try serveDoor(event)
            } else if let connection = connections[UInt32(truncatingIfNeeded: event.token)] {
                serve(connection, event)
            }
        }
        tick()
        try flush()
        if isDraining && connections.isEmpty { throw .drained }
    }

    /// No connection has this number: its upper half is not empty.
    private static let doorToken: UInt64 = 1 << 32

    private func look(_ wait: Int32?) throws(SyscallError) {
        if isAnswerNear && spinMicroseconds > 0 && wait != 0 {
            isAnswerNear = false
            let end = Instant(nanoseconds: Instant.now.nanoseconds + spinMicroseconds * 1000)
            repeat {
                try poller.wait(&ready, milliseconds: 0)
                if !ready.isEmpty { return }
                ThisProcess.yield()
            } while Instant.now < end
        }
        isAnswerNear = false
        try poller.wait(&ready, milliseconds: wait)
    }

    private func nextWait() -> Int32? {
        let soonest = [due, sessions.due].compactMap { $0 }.min()
        guard let soonest else { return nil }
        return Int32(clamping: soonest.milliseconds(after: clock()))
    }

    // MARK: The door

    /// Appends one frame for the broker; it leaves at the end of the turn.
    func send(_ request: GateRequest) { channel.send { request.write(to: &$0) } }

    private func serveDoor(_ event: Readiness) throws(GateEnd) {
        guard event.readable || event.hungUp else { return }
        // Bounded: a busy broker must not keep this turn from writing what it has composed.
        for _ in 0..<32 {
            let moved: Transfer
            do throws(ChannelError) { moved = try channel.receive() } catch { throw .broken(error) }
            switch moved {
            case .moved: try takeFrames()
            case .wouldBlock: return
            case .closed: throw .doorLost
            }
        }
    }

    private func takeFrames() throws(GateEnd) {
        while true {
            let order: GateOrder
            do throws(ChannelError) {
                guard var frame = try channel.next() else { break }
                do throws(FrameError) { order = try GateOrder.read(frame.kind, &frame.fields) } catch {
                    throw .frame(error)
                }
                guard order.kind.permit.descriptors.contains(channel.descriptorCount) else {
                    throw .frame(.descriptors(kind: frame.kind, count: channel.descriptorCount))
                }
            } catch { throw .broken(error) }
            try obey(order)
        }
        guard channel.descriptorCount == 0 else {
            throw .broken(.frame(.descriptors(kind: 0, count: channel.descriptorCount)))
        }
    }

    // MARK: The end of a turn

    /// This connection's output and interest are looked at when the turn ends.
    func touch(_ connection: Connection) {
        guard !connection.isTouched else { return }
        connection.isTouched = true
        touched.append(connection)
    }

    /// Reading from this connection waits until the door has room again.
    func park(_ connection: Connection) {
        guard !connection.isParked else { return }
        connection.isParked = true
        parked.append(connection)
        touch(connection)
    }

    private func flush() throws(GateEnd) {
        try flushDoor()
        if !parked.isEmpty && !channel.isCongested {
            let waiting = parked
            parked.removeAll(keepingCapacity: true)
            for connection in waiting where !connection.isGone {
                connection.isParked = false
                touch(connection)
                advance(connection)
            }
            try flushDoor()
        }
        // Indexed: what is written may end a connection, and the end of one may touch another.
        var index = 0
        while index < touched.count {
            let connection = touched[index]
            index += 1
            connection.isTouched = false
            flush(connection)
        }
        touched.removeAll(keepingCapacity: true)
        // The end of a connection is told at once.
        try flushDoor()
    }

    private func flushDoor() throws(GateEnd) {
        let moved: Transfer
        do throws(ChannelError) { moved = try channel.flush() } catch { throw .broken(error) }
        let wanted: Interest
        switch moved {
        case .moved: wanted = .readable
        case .wouldBlock: wanted = .both
        case .closed: throw .doorLost
        }
        guard wanted != doorInterest else { return }
        doorInterest = wanted
        do throws(SyscallError) {
            try poller.change(channel.socket, wanted, token: Self.doorToken)
        } catch { throw .system(error) }
    }

    // MARK: Time

    /// Replaces what a connection waits for.
    func set(_ timer: Timer, on connection: Connection) {
        connection.timer = timer
        noteDue(connection)
    }

    func noteDue(_ connection: Connection) {
        guard let next = connection.due else { return }
        due = due.map { min($0, next) } ?? next
    }

    /// Looks at all connections when the first of them may be due; deadlines that have moved on cost one look.
    private func tick() {
        for session in sessions.takeDue(now: now) { end(session, tellBroker: true) }
        guard let due, due <= now else { return }
        self.due = nil
        for connection in Array(connections.values) {
            if let over = connection.due, over <= now { serveTime(connection) }
            if !connection.isGone { noteDue(connection) }
        }
    }
}
