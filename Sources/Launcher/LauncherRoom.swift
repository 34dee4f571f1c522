// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Sandboxing

/// The resident launcher: one thread, one table of children, one door. It starts what is sealed and nothing else, and
/// when the broker ends it takes the whole tree down.
final class LauncherRoom {
    let invocation: Invocation
    var poller: Poller
    private var ready: [Readiness] = []
    private let signals: SignalDescriptor
    let broker: Channel
    /// The broker's end, until the broker has it.
    private let brokerEnd: Passing

    var state: LauncherState = .preparing
    /// What this host turned out to give.
    var tier: Tier = .full
    var seal: SealFile
    let host: SandboxHost
    let cgroups: CgroupTreeBox?
    let programs: Programs
    var children: [UInt32: ChildProcess] = [:]
    private var nextNumber: UInt32 = 0
    var listeners: [OpenListener] = []
    let sockets: StateSockets
    /// Gates to be started, not before their moment: a gate that keeps dying is not started in a tight circle.
    var gatesDue: [(listener: ListenerName, at: Instant)] = []
    var gateStarts: [Instant] = []
    /// When the rooms that are one of their kind, watcher and egress, were started of late.
    var roomStarts: [String: [Instant]] = [:]
    private var status: Int32?
    private var isBrokerLost = false
    /// Nothing is read from the broker's door any more.
    private var isDoorShut = false
    /// The broker has been told to finish what is in flight.
    private var isEnding = false
    private var killAt: Instant?

    enum Tier { case full, reduced }

    private enum Source {
        static let broker: UInt64 = 1
        static let signals: UInt64 = 2
        static let child: UInt64 = 1 << 32
    }

    init(_ invocation: Invocation) throws(LaunchFault) {
        self.invocation = invocation
        do throws(SyscallError) {
            // Blocked before anything else exists, so that no signal is lost.
            signals = try SignalDescriptor(blocking: [Signal.terminate, Signal.interrupt, Signal.hangUp])
            Signal.ignoreBrokenPipe()
            try ThisProcess.refuseInspection()
            // A sandbox keeps the groups of who starts it and cannot leave them: where we may, we do.
            _ = try ThisProcess.leaveGroups()
            programs = try Programs.beside()
            host = try SandboxHost.discover()
            if let delegated = try CgroupTree.adopt() { cgroups = CgroupTreeBox(delegated) } else { cgroups = nil }
            poller = try Poller()
            var near: Channel?
            var far: Passing?
            try UnixSocket.pair(.packet).part { one, other in
                near = Channel(one) { LaunchRequest.Kind(rawValue: $0)?.maxBytes }
                far = Passing(other)
            }
            guard let near, let far else { throw SyscallError("socketpair", code: 0) }
            broker = near
            brokerEnd = far
            try poller.add(broker.socket, .readable, token: Source.broker)
            try poller.add(signals.descriptor, .readable, token: Source.signals)
        } catch { throw LaunchFault("the launcher cannot prepare itself: \(error)", hint: "doorward doctor") }
        do throws(SealRefusal) { seal = try SealFile(path: invocation.registry) } catch {
            throw LaunchFault("\(invocation.registry): \(error.reason)", hint: error.hint)
        }
        sockets = try StateSockets(invocation.state)
    }

    /// Runs until the tree has been taken down; the exit status.
    func run() throws(LaunchFault) -> Int32 {
        try openListeners()
        try startRooms()
        while true {
            flush()
            do throws(SyscallError) { try poller.wait(&ready, milliseconds: waitTime()) } catch {
                throw LaunchFault(
                    "the launcher cannot wait: \(error)", hint: "this is a fault of doorward, please report it")
            }
            for event in ready { serve(event) }
            tick()
            if let status, children.isEmpty { return status }
        }
    }

    var doorOfBroker: Passing { brokerEnd }

    private func waitTime() -> Int32? {
        let now = Instant.now
        var soonest = gatesDue.map(\.at).min()
        if let killAt { soonest = min(soonest ?? killAt, killAt) }
        return soonest.map { Int32(min($0.milliseconds(after: now), 60_000)) }
    }

    private func serve(_ event: Readiness) {
        switch event.token {
        case Source.broker: if !isDoorShut { serveBroker() }
        case Source.signals: serveSignals()
        default:
            let number = UInt32(truncatingIfNeeded: event.token)
            if event.token & Source.child != 0, let child = children[number] { bury(child) }
        }
    }

    private func tick() {
        let now = Instant.now
        let due = gatesDue.filter { $0.at <= now }
        gatesDue.removeAll { $0.at <= now }
        for gate in due where state != .stopping { startGate(gate.listener) }
        // Whoever was asked to end and did not is ended.
        if let killAt, killAt <= now {
            self.killAt = nil
            for child in children.values { child.kill() }
        }
    }

    // MARK: The broker's door

    func tell(_ report: LaunchReport) { broker.send { report.write(to: &$0) } }

    func tell(_ report: LaunchReport, passing descriptors: consuming PassedDescriptors) {
        broker.send(passing: descriptors) { report.write(to: &$0) }
    }

    private func flush() {
        if isBrokerLost { return }
        do throws(ChannelError) {
            let transfer = try broker.flush()
            do throws(SyscallError) {
                let interest: Interest = transfer == .wouldBlock ? [.readable, .writable] : [.readable]
                try poller.change(broker.socket, interest, token: Source.broker)
            } catch { throw .system(error) }
        } catch { loseBroker() }
    }

    private func serveBroker() {
        do throws(ChannelError) {
            while true {
                switch try broker.receive() {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    loseBroker()
                    return
                }
                guard broker.descriptorCount == 0 else { throw .frame(.descriptors(kind: 0, count: 1)) }
                while var frame = try broker.next() {
                    let request: LaunchRequest
                    do throws(FrameError) {
                        request = try LaunchRequest.read(frame.kind, &frame.fields)
                        guard let kind = LaunchRequest.Kind(rawValue: frame.kind), kind.isPermitted(in: state) else {
                            throw .invalid("state")
                        }
                    } catch { throw .frame(error) }
                    obey(request)
                }
            }
        } catch {
            Console.line("doorward: error: the broker broke its protocol: \(error)")
            // Who broke the protocol is not heard any more, whatever it still sends before it is killed.
            shutDoor()
            loseBroker()
        }
    }

    private func obey(_ request: LaunchRequest) {
        switch request {
        case .ready: break
        case .serving:
            state = .serving
            announce()
        case .start(let launch, let server, let digest, let choices): start(launch, server, digest, choices)
        case .stop(let launch, let force):
            guard let child = children.values.first(where: { $0.role == .server(launch: launch) }) else { return }
            if force { child.kill() } else { child.terminate() }
        case .startGate(let listener): scheduleGate(listener)
        case .reload: reload()
        case .finished: takeDown(status: 0)
        case .fatal(let error, let hint, let isUnconfined):
            Console.line("doorward: error: \(String(decoding: error, as: UTF8.self))")
            if !hint.isEmpty { Console.line("doorward: hint: \(String(decoding: hint, as: UTF8.self))") }
            takeDown(status: isUnconfined ? LaunchFault.unconfined : 1)
        }
    }

    private func reload() {
        do throws(SealRefusal) {
            seal = try SealFile(path: invocation.registry)
            try tellSeal()
        } catch {
            Console.line("doorward: warning: the sealed registry was not adopted: \(error.reason)")
            tell(.sealRefused(reason: Array(error.reason.utf8)))
        }
    }

    func tellSeal() throws(SealRefusal) {
        do throws(SyscallError) {
            tell(.seal(digest: seal.digest), passing: Passing(try seal.duplicate()).take())
        } catch { throw SealRefusal("it cannot be handed on: \(error)", hint: "") }
    }

    // MARK: Signals and ends

    private func serveSignals() {
        do throws(SyscallError) {
            while let signal = try signals.next() {
                switch signal {
                case Signal.hangUp:
                    if state == .serving { reload() }
                default:
                    // A second wish to end is an order.
                    if isEnding || state == .stopping || state == .preparing {
                        takeDown(status: 1)
                    } else {
                        isEnding = true
                        tell(.terminate)
                    }
                }
            }
        } catch { Console.line("doorward: warning: signals cannot be read: \(error)") }
    }

    func adopt(_ child: ChildProcess) {
        children[child.number] = child
        do throws(SyscallError) {
            try poller.add(child.pidfd.descriptor, .readable, token: Source.child | UInt64(child.number))
        } catch {
            Console.line("doorward: error: \(child.word) cannot be watched: \(error)")
            child.kill()
        }
    }

    func takeNumber() -> UInt32 {
        nextNumber += 1
        return nextNumber
    }

    private func bury(_ child: ChildProcess) {
        var code: UInt32 = 0
        do throws(SyscallError) {
            guard let exit = try child.pidfd.exit() else { return }
            code = exit.waitStatus
            try poller.remove(child.pidfd.descriptor)
        } catch { Console.line("doorward: warning: \(child.word) could not be buried: \(error)") }
        children[child.number] = nil
        child.cgroup?.remove()
        // Nothing runs any more that the names were held against.
        for failure in child.protection?.release() ?? [] {
            Console.line("doorward: warning: \(child.word): a placeholder is left behind: \(failure)")
        }
        switch child.role {
        case .broker: loseBroker()
        case .server(let launch): tell(.exited(launch: launch, status: code))
        case .gate: tell(.roomEnded(word: Array(child.word.utf8), status: code))
        case .watch, .egress:
            tell(.roomEnded(word: Array(child.word.utf8), status: code))
            if state != .stopping { restart(child.role) }
        }
    }

    /// Without the broker nothing is decided, so nothing may run.
    ///
    /// Its last word may still lie in the door: it ends right behind it, and where it has left something of ours unread,
    /// the kernel tells us of that first.
    private func loseBroker() {
        if !isBrokerLost {
            isBrokerLost = true
            if !isDoorShut { serveBroker() }
            shutDoor()
        }
        guard status == nil else { return }
        Console.line("doorward: error: the broker has ended, so everything ends")
        takeDown(status: 1)
    }

    /// An end that has hung up is ready for ever: it is not waited for any more.
    private func shutDoor() {
        if isDoorShut { return }
        isDoorShut = true
        do throws(SyscallError) { try poller.remove(broker.socket) } catch {
            Console.line("doorward: warning: the broker's door could not be put away: \(error)")
        }
    }

    /// Ends every process of the tree. Rooms and servers are killed: what had to be finished has been by now.
    func takeDown(status: Int32) {
        self.status = self.status ?? status
        state = .stopping
        sockets.remove()
        for child in children.values where child.role != .broker || status != 0 { child.kill() }
        // The broker ends by itself after its last word; a second is ample.
        killAt = Instant.now.adding(milliseconds: 1000)
    }
}

extension ProcessExit {
    /// As wait(2) packs it: the code in the second byte, or the signal in the first.
    var waitStatus: UInt32 {
        switch self {
        case .exited(let code): UInt32(truncatingIfNeeded: code) << 8 & 0xFF00
        case .killed(let signal): UInt32(truncatingIfNeeded: signal) & 0x7F
        }
    }
}
