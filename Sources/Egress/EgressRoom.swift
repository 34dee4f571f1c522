// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy

/// The room that reaches out: HTTP and SOCKS from sandboxes on one side, the network on the other, typed frames to the
/// broker.
///
/// One thread, one loop. A turn serves what is ready, tells the broker what has been decided, and only then carries it
/// out: no byte of a connection flows before its decision has left.
final class EgressRoom {
    var poller: Poller
    private var ready: [Readiness] = []
    private let clock: () -> Instant
    /// The moment of this turn.
    var now: Instant

    let channel: Channel
    private var doorInterest = Interest.readable
    var reports = Reports()

    let network: HostNetwork
    let resolver: Resolver
    /// What this host is called.
    let names: [HostName]
    var isConfigured = false
    /// A change of the host's addresses has been heard of, or none were read yet.
    var areAddressesStale = true {
        didSet { if areAddressesStale { routes.removeAll() } }
    }
    /// Where packets to addresses go, as the kernel said a moment ago.
    var routes: [InternetAddress: HostAddresses.Route] = [:]
    var routesSince = Instant(nanoseconds: 0)
    /// They could not be read: nothing is allowed.
    var addressesFailed = false
    var nat64 = false
    var circumstances = Circumstances(judge: AddressJudge(own: [], nat64: false), ownPorts: [])

    var sandboxes: [UInt32: Served] = [:]
    /// By place, for the tokens of listeners.
    var places: [Served?] = []
    private(set) var clients: [Client?] = []
    private var freeSlots: [Int] = []
    /// Slots of clients that have left in this turn: an event that is still to be served may name them.
    private var leavingSlots: [Int] = []
    /// Decided in this turn.
    var announced: [Client] = []
    /// Clients that wait for a place among the decisions that are not recorded.
    var backlog: [Client] = []
    /// Whoever has more to do than one turn gives.
    private var queued: [Client] = []
    var pipes = PipePool()
    /// Lent to whoever copies.
    var scratch = ByteQueue()

    /// The kernel has no descriptors left: listeners wait until then.
    var pausedUntil: Instant?
    /// No client's time is over before this.
    private var due: Instant?
    private var lastTick = Instant(nanoseconds: 0)

    /// - Parameters:
    ///   - door: this room's end of a SOCK_SEQPACKET pair, non-blocking.
    ///   - servers: name servers, in the order in which they are asked.
    ///   - names: of this host: it is not reached by them.
    ///   - clock: asked once a turn.
    init(
        door: consuming FileDescriptor, network: HostNetwork, servers: [Endpoint], names: [HostName] = [],
        clock: @escaping () -> Instant = { .now }
    ) throws(EgressEnd) {
        self.clock = clock
        self.network = network
        self.names = names
        now = clock()
        resolver = Resolver(servers: servers)
        channel = Channel(door) { EgressOrder.Kind(rawValue: $0)?.permit.maxBytes }
        do throws(SyscallError) {
            poller = try Poller(batch: 256)
            try poller.add(channel.socket, .readable, token: Token(.door).value)
            if let changes = network.changes {
                try poller.add(changes.descriptor, .readable, token: Token(.changes).value)
            }
        } catch { throw .system(error) }
    }

    /// Runs until the room cannot go on.
    func run() throws(EgressEnd) -> Never {
        try flushDoor()
        while true { try turn(wait: nextWait()) }
    }

    /// One turn of the loop.
    ///
    /// - Parameter wait: how long it may wait for something to do, in milliseconds; nil for ever.
    func turn(wait: Int32?) throws(EgressEnd) {
        do throws(SyscallError) {
            try poller.wait(&ready, milliseconds: queued.isEmpty ? wait : 0)
        } catch { throw .system(error) }
        now = clock()
        for event in ready {
            guard let token = Token(value: event.token) else { continue }
            try serve(token, event)
        }
        serveQueued()
        tick()
        for (lookup, outcome) in resolver.finished { conclude(lookup, outcome) }
        resolver.finished.removeAll(keepingCapacity: true)
        try announce()
        freeSlots += leavingSlots
        leavingSlots.removeAll(keepingCapacity: true)
        resolver.endTurn()
    }

    private func serve(_ token: Token, _ event: Readiness) throws(EgressEnd) {
        switch token.kind {
        case .door: try serveDoor(event)
        case .changes:
            do throws(SyscallError) {
                if try network.takeChanges() { areAddressesStale = true }
            } catch { throw .system(error) }
        case .httpListener: accept(place: token.number, .http)
        case .socksListener: accept(place: token.number, .socks)
        case .client:
            guard let client = clients[token.number] else { return }
            client.hasHungUp = client.hasHungUp || event.hungUp
            client.isReadable = client.isReadable || event.readable || event.hungUp
            client.isWritable = client.isWritable || event.writable || event.hungUp
            advance(client)
        case .upstream:
            guard let client = clients[token.number] else { return }
            if let opened = client.opened {
                opened.hasUpstreamHungUp = opened.hasUpstreamHungUp || event.hungUp
                opened.isUpstreamReadable = opened.isUpstreamReadable || event.readable || event.hungUp
                opened.isUpstreamWritable = opened.isUpstreamWritable || event.writable || event.hungUp
                advance(client)
            } else if event.writable || event.hungUp {
                serveAttempt(client, token.attempt)
            }
        case .question: resolver.serve(event, slot: token.number, poller, now: now)
        }
    }

    /// Lets a client go as far as it can.
    func advance(_ client: Client) {
        switch client.phase {
        case .head: readHead(client)
        // What the client says or does meanwhile waits in the kernel; each of these phases has its end.
        case .waiting, .resolving, .dialling, .announcing, .gone: break
        case .tunnel: pump(client)
        case .forward: pumpForward(client)
        case .leaving: leave(client)
        }
    }

    /// A turn of this client comes again at once.
    func queue(_ client: Client) {
        guard !client.isQueued else { return }
        client.isQueued = true
        queued.append(client)
    }

    private func serveQueued() {
        guard !queued.isEmpty else { return }
        let turn = queued
        queued.removeAll(keepingCapacity: true)
        for client in turn {
            client.isQueued = false
            advance(client)
        }
    }

    // MARK: Clients

    func adopt(_ socket: consuming FileDescriptor, of sandbox: Served, _ grammar: Served.Grammar) {
        let slot = freeSlots.popLast() ?? clients.count
        let client = Client(
            slot: slot, sandbox: sandbox, grammar: grammar, socket: socket, due: now.adding(milliseconds: Times.head))
        if slot == clients.count { clients.append(client) } else { clients[slot] = client }
        sandbox.clients.insert(slot)
        do throws(SyscallError) {
            try poller.add(client.socket, .changes, token: Token(.client, slot).value)
        } catch { return forget(client) }
        note(due: client.due)
        // What it says is told by the poller, also what it has said already.
        if sandbox.clients.count > Bounds.connections { decide(client, Refusal(reason: .tooMany)) }
    }

    /// Closes everything that this client has. Its place is free from the next turn on.
    ///
    /// - Parameter cause: for a connection that was decided on and is not carried out any more.
    func forget(_ client: Client, _ cause: EgressEnding.Cause = .reset) {
        guard clients[client.slot] === client else { return }
        if case .open(let opening)? = client.asking?.verdict {
            send(
                .ended(
                    EgressEnding(
                        decision: opening.decision, bytesUp: 0, bytesDown: 0, milliseconds: 0, cause: cause)))
        }
        if client.asking?.hasPlace == true { reports.giveUp(for: client.sandbox) }
        client.phase = .gone
        client.asking = nil
        if let opened = client.opened {
            pipes.give(&opened.up)
            pipes.give(&opened.down)
        }
        client.opened = nil
        clients[client.slot] = nil
        client.sandbox.clients.remove(client.slot)
        leavingSlots.append(client.slot)
    }

    // MARK: The door

    /// Appends one frame for the broker; it leaves at the end of the turn.
    func send(_ report: EgressReport) { channel.send { report.write(to: &$0) } }

    /// Tells the broker, and then carries out what it was told of.
    private func announce() throws(EgressEnd) {
        try flushDoor()
        guard !announced.isEmpty, channel.waitingCount == 0 else { return }
        let turn = announced
        announced.removeAll(keepingCapacity: true)
        for client in turn { carryOut(client) }
        // What ended in the meantime.
        try flushDoor()
    }

    func flushDoor() throws(EgressEnd) {
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
            try poller.change(channel.socket, wanted, token: Token(.door).value)
        } catch { throw .system(error) }
    }

    // MARK: Time

    /// Somebody's time may be over at this moment.
    func note(due moment: Instant) { due = due.map { min($0, moment) } ?? moment }

    private func nextWait() -> Int32? {
        if !queued.isEmpty { return 0 }
        var next = due
        for other in [resolver.due, pausedUntil] {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        guard let next else { return nil }
        return Int32(clamping: max(next.milliseconds(after: clock()), 1))
    }

    /// Looks at all clients when the first of them may be due; deadlines that have moved on cost one look.
    private func tick() {
        if let pausedUntil, pausedUntil <= now { resumeListeners() }
        if let next = resolver.due, next <= now { resolver.tick(poller, now: now) }
        guard let due, due <= now, lastTick.adding(milliseconds: Times.tick) <= now else { return }
        lastTick = now
        self.due = nil
        for client in clients.compactMap(\.self) {
            if deadline(of: client) <= now { serveTime(client) }
            if client.phase != .gone { note(due: deadline(of: client)) }
        }
    }

    private func deadline(of client: Client) -> Instant {
        guard let opened = client.opened else { return client.due }
        return opened.active.adding(milliseconds: opened.forward == nil ? Times.idle : Times.forwardIdle)
    }

    private func serveTime(_ client: Client) {
        switch client.phase {
        case .head: decide(client, Refusal(reason: .headTimeout))
        case .waiting: giveUpWaiting(client)
        case .resolving: decide(client, Refusal(reason: .dnsTimeout))
        case .dialling: serveDialTime(client)
        case .tunnel: end(client, .idle)
        case .forward: endForward(client, .upstreamTimeout, .idle)
        case .leaving: forget(client)
        // The broker is slow to take what it is told, which is nobody's fault here.
        case .announcing: client.due = now.adding(milliseconds: Times.head)
        case .gone: break
        }
    }
}
