// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// The authority: registry, policy, callers, sessions, calls and the pipes to the servers. It has no eyes (the watcher)
/// and no hands (the launcher), and it parses no HTTP.
///
/// One thread, one loop. A turn of the loop reads everything that is ready, then writes the journal once, then lets go
/// what the journal has released, then flushes the doors: however many calls arrive together, they share each of those
/// system calls.
final class BrokerRoom {
    var poller: Poller
    var ready: [Readiness] = []
    /// What the time is, for all that this turn decides.
    private(set) var now: Instant
    private let clock: () -> Instant
    private let wall: () -> UInt64

    // Doors.
    let launcher: Channel
    var watcher: Channel?
    var egress: Channel?
    var gates: [UInt32: GateRoom] = [:]
    var listeners: [Listener] = []
    var operatorSocket: OperatorListener?
    var operators: [UInt32: OperatorSession] = [:]
    /// Doors that have something to flush in this turn.
    var gatesToFlush: [GateRoom] = []

    // What the installation is.
    var phase: Phase = .standingUp
    var mode: LaunchReport.Mode = .serve
    let statePath: String
    let confinesItself: Bool
    /// Asked once, at the start: behind the filter nobody answers.
    let ownUser = ThisProcess.uid
    var isFullDemanded = true
    /// The operator's word that a damaged log may be followed by a new chain.
    var startsNewChain = false
    /// What the launcher enforced on this room.
    var launchReport: [UInt8] = []
    var watcherLaunchReport: [UInt8] = []
    var egressLaunchReport: [UInt8] = []
    var state: StateDirectory?
    var journal: Journal?
    var tokens = TokenStore()
    var seal: Seal
    /// Grows with every adopted seal.
    var sealNumber: UInt32 = 0
    var sealRefusal: [UInt8]?
    var isStandingUpDone = false
    var isWatcherReady = false
    var isEgressReady = false
    /// The log takes nothing, so nothing is let out.
    var isEgressSuspended = false
    var refusals = RefusalLog()
    var rooms: [RoomStatus] = []
    let bootSeconds = WallClock.microseconds / 1_000_000

    // Traffic.
    var principals: [ClientName: Principal] = [:]
    var connections: [UInt32: Connection] = [:]
    var callers: [UInt32: Caller] = [:]
    var sessions: [UInt32: Session] = [:]
    var subscriptions: [Subscription] = []
    var upstreams: [UInt32: Upstream] = [:]
    var upstreamByKey: [UpstreamKey: Upstream] = [:]
    var backoff: [Backoff.Key: Backoff] = [:]
    /// Servers that were told to end and are not buried yet; the pid is 0 while the launcher's answer is awaited.
    var departing: [UInt32: (name: ServerName, pid: UInt32)] = [:]
    var admissions: [UInt32: Admission] = [:]
    var egressSandboxes: [UInt32: EgressSandbox] = [:]
    /// Connections that were let out and have not ended, with their sandbox.
    var decisions: [UInt64: UInt32] = [:]
    var lastDecision: UInt64 = 0
    /// Decisions that the egress room does not know to be on the disk, in order.
    var unconfirmed: [(decision: UInt64, sequence: UInt64)] = []
    var heldCalls: [[UInt8]: HeldCall] = [:]
    var inputRounds: [UInt32: InputRound] = [:]
    /// Operators' requests whose record is on its way to the disk, and those that wait for a new seal.
    var administration: [PendingAdministration] = []
    var reloading: [OperatorSession] = []
    /// What `doorward run` has started, by number.
    var sandboxes: [UInt32: AdoptedSandbox] = [:]
    /// The end of what each server wrote when it last ended badly.
    var lastErrors: [ServerName: [UInt8]] = [:]
    /// Calls whose intent is in the journal and not yet released, in order.
    var recording: [Call] = []
    var recordingLaunches: [Upstream] = []
    /// Servers with something to write in this turn.
    var upstreamsToWrite: [Upstream] = []
    var numbers = Numbers()
    private var progressNumber: Int64 = 0

    // Reused for every message.
    var requestTree = JSONTree()
    var replyTree = JSONTree()
    var reader = JSONReader(limits: .message)
    var compose = Compose()
    var lists = ListCache()
    /// Grows whenever a composed list may have become wrong: with a seal, and with a tool that is withheld.
    var listGeneration: UInt64 = 0
    /// Processes whose one call has ended in this turn.
    var served: [Upstream] = []
    var nextTick = Instant(nanoseconds: 0)

    enum Phase: Equatable {
        case standingUp
        case serving
        case draining(until: Instant)
        case ended
    }

    /// Handles, from one row for everything; 0 is none. A busy room goes through all of them within days, so from the
    /// second round on those that are still in use are passed over.
    struct Numbers {
        private var next: UInt32
        private(set) var isSecondRound = false

        init(after last: UInt32 = 0) { next = last }

        mutating func take() -> UInt32 {
            next &+= 1
            if next == 0 {
                isSecondRound = true
                next = 1
            }
            return next
        }
    }

    func takeNumber() -> UInt32 {
        while true {
            let number = numbers.take()
            if !numbers.isSecondRound || !isInUse(number) { return number }
        }
    }

    private func isInUse(_ number: UInt32) -> Bool {
        if connections[number] != nil || callers[number] != nil || sessions[number] != nil { return true }
        if egressSandboxes[number] != nil { return true }
        if upstreams[number] != nil || departing[number] != nil || admissions[number] != nil { return true }
        if gates[number] != nil || operators[number] != nil || inputRounds[number] != nil { return true }
        if sandboxes[number] != nil { return true }
        return principals.values.contains { $0.number == number }
            || upstreams.values.contains {
                $0.questions[number] != nil || $0.key.session == number || $0.key.call == number
            }
    }

    /// Ours towards servers; the client's own token never gets there.
    func takeProgressNumber() -> Int64 {
        progressNumber += 1
        return progressNumber
    }

    /// Between two looks at deadlines, in milliseconds: the precision of every time limit here.
    static let tickMilliseconds: UInt64 = 100

    /// - Parameters:
    ///   - statePath: the state directory, as this room's own tree shows it.
    ///   - clock: moved by tests, which then need not wait.
    ///   - wall: the same for seconds since 1970.
    ///   - confinesItself: whether the room loads its filter when it is ready; a process that hosts more than the room,
    ///     as a test does, cannot.
    init(
        door: consuming FileDescriptor, statePath: String, confinesItself: Bool = true,
        clock: @escaping () -> Instant = { .now },
        wall: @escaping () -> UInt64 = { WallClock.microseconds / 1_000_000 }
    ) throws(SyscallError) {
        self.statePath = statePath
        self.clock = clock
        self.wall = wall
        now = clock()
        self.confinesItself = confinesItself
        poller = try Poller()
        launcher = Channel(door) { kind in LaunchReport.Kind(rawValue: kind) == nil ? nil : Caps.report + 2 * Caps.path
        }
        seal = Seal.empty
        try poller.add(launcher.socket, .readable, token: Token.launcher.value)
    }

    /// Seconds since 1970, by which tokens live.
    var wallSeconds: UInt64 { wall() }

    /// Runs until the launcher is told that everything has ended, or is gone.
    func run() throws(BrokerFault) {
        while phase != .ended { try turn() }
    }

    /// One turn of the loop.
    ///
    /// - Parameter patience: how long to wait for something to do, in milliseconds; nil for as long as nothing is due.
    func turn(patience: Int32? = nil) throws(BrokerFault) {
        do { try poller.wait(&ready, milliseconds: patience ?? waitTime()) } catch {
            throw BrokerFault("the broker cannot wait: \(error)", hint: "this is a fault of doorward, please report it")
        }
        now = clock()
        for event in ready { try handle(event) }
        if now >= nextTick { tick() }
        // Gates get the time of a tick to pass on what was answered; without any, nothing has to be waited for.
        if gates.isEmpty { tickDrain() }
        endServed()
        settle()
        try flush()
    }

    private func waitTime() -> Int32? {
        // Nothing is under way: sleep until somebody comes. Tokens and idle processes are looked at once a minute.
        // A command line that only holds the lease of its sandbox has no deadline.
        let isQuiet =
            connections.isEmpty && upstreams.isEmpty && admissions.isEmpty && unconfirmed.isEmpty
            && operators.values.allSatisfy { $0.sandbox != nil && !$0.isBusy }
        if case .draining = phase { return Int32(Self.tickMilliseconds) }
        // What was decided is on the disk within 20 ms, and the egress room waits to hear it.
        if !unconfirmed.isEmpty { return 20 }
        if phase == .standingUp || isQuiet { return 60_000 }
        return Int32(min(nextTick.milliseconds(after: clock()), 60_000))
    }

    private func handle(_ event: Readiness) throws(BrokerFault) {
        guard let token = Token(event.token) else { return }
        switch token.kind {
        case .launcher: try serveLauncher()
        case .watcher: serveWatcher()
        case .egress: serveEgressDoor()
        case .journal: journal?.collect()
        case .gate:
            if let gate = gates[token.number] { serve(gate, event) }
        case .listener: admit(Int(token.number))
        case .operatorSocket: admitOperators()
        case .operator:
            if let session = operators[token.number] { serve(session, event) }
        case .serverOutput:
            if let upstream = upstreams[token.number] { readOutput(upstream) }
        case .serverErrors:
            if let upstream = upstreams[token.number] { readErrors(upstream) }
        case .serverInput:
            if let upstream = upstreams[token.number] { resumeInput(upstream, hungUp: event.hungUp) }
        }
    }

    /// Writes the journal and lets go what it has released. Repeats while what was let go makes new records.
    func settle() {
        guard let journal else { return }
        journal.flush()
        releaseAdministration(journal)
        releaseSandboxes(journal)
        releaseLaunches(journal)
        releaseCalls(journal)
        confirmDecisions(journal)
        // Outcomes and launch intents that the releases made; they gate nothing that could be released at once.
        journal.flush()
        for upstream in upstreamsToWrite { writeInput(upstream) }
        upstreamsToWrite.removeAll(keepingCapacity: true)
    }

    private func flush() throws(BrokerFault) {
        do throws(ChannelError) {
            if try launcher.flush() == .closed { phase = .ended }
        } catch { throw BrokerFault.door("launch", error) }
        for gate in gatesToFlush { flush(gate) }
        gatesToFlush.removeAll(keepingCapacity: true)
        if let watcher {
            do throws(ChannelError) { _ = try watcher.flush() } catch { loseWatcher() }
        }
        if let egress {
            do throws(ChannelError) { _ = try egress.flush() } catch { loseEgress() }
        }
        for session in operators.values { flush(session) }
    }

    /// Looks at everything that has a time limit.
    private func tick() {
        nextTick = now.adding(milliseconds: Self.tickMilliseconds)
        tickAdmissions()
        tickUpstreams()
        tickCallers()
        tickRecording()
        tickHeld()
        tickRounds()
        tickRefusals()
        tickEgress()
        tickDrain()
    }
}

/// What a ready descriptor is, and which of its kind.
struct Token {
    enum Kind: UInt8, CaseIterable {
        case launcher = 1
        case watcher
        case egress
        case journal
        case gate
        case listener
        case operatorSocket
        case `operator`
        case serverOutput
        case serverErrors
        case serverInput
    }

    let kind: Kind
    let number: UInt32

    static let launcher = Token(.launcher, 0)
    static let watcher = Token(.watcher, 0)
    static let egress = Token(.egress, 0)
    static let journal = Token(.journal, 0)
    static let operatorSocket = Token(.operatorSocket, 0)

    init(_ kind: Kind, _ number: UInt32) {
        self.kind = kind
        self.number = number
    }

    init?(_ value: UInt64) {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: value >> 32)) else { return nil }
        self.kind = kind
        number = UInt32(truncatingIfNeeded: value)
    }

    var value: UInt64 { UInt64(kind.rawValue) << 32 | UInt64(number) }
}

extension BrokerFault {
    static func door(_ name: StaticString, _ error: ChannelError) -> BrokerFault {
        BrokerFault(
            "the \(name) door failed: \(error)",
            hint: "all parts of doorward must be of one release; reinstall and restart")
    }
}
