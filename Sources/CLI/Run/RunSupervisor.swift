// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

/// Stands beside a run until it has ended: passes signals, keys and what is shown on, and keeps its time.
final class RunSupervisor {
    /// How it ended.
    struct End: Equatable {
        let status: UInt8
        let cause: SandboxEnding.Cause
        /// The broker went away while it ran.
        let isUnrecorded: Bool
    }

    /// Between the request to end and the end.
    private static let patienceMilliseconds: UInt64 = 2_000
    private static let blockBytes = 65_536

    private enum Source: UInt64 {
        case process = 1
        case signals
        case broker
        case master
        case input
    }

    /// Passed on as they are.
    private static let forwarded = [
        Signal.terminate, Signal.interrupt, Signal.hangUp, Signal.quit, Signal.user1, Signal.user2,
    ]

    private let process: Pidfd
    private let signals: SignalDescriptor
    private let client: OperatorClient
    private let streams: RunStreams
    private var master: FileDescriptor?
    private var poller: Poller
    private var ready: [Readiness] = []
    /// Keys that the terminal has not taken yet.
    private var keys = ByteQueue()
    private var masterInterest: Interest = .readable
    private var isInputWatched = false
    private var saved: TerminalSettings?

    private var deadline: Instant?
    private var killAt: Instant?
    private var cause = SandboxEnding.Cause.exited
    private var isUnrecorded = false

    /// Signals of these kinds wait from here on. To be made before the run starts, or one that comes between is lost.
    static func collectSignals() throws(SyscallError) -> SignalDescriptor {
        try SignalDescriptor(blocking: forwarded + [Signal.screenChanged])
    }

    init(
        _ process: consuming Pidfd, _ signals: consuming SignalDescriptor, _ client: OperatorClient,
        _ streams: RunStreams, milliseconds: UInt64?
    ) throws(SyscallError) {
        let made = try Poller(batch: 8)
        let end = streams.takeMaster()
        self.process = process
        self.signals = signals
        self.client = client
        self.streams = streams
        master = consume end
        poller = made
        deadline = milliseconds.map { Instant.now.adding(milliseconds: $0) }
        try poller.add(self.process.descriptor, .readable, token: Source.process.rawValue)
        try poller.add(self.signals.descriptor, .readable, token: Source.signals.rawValue)
        try poller.add(client.socket, .readable, token: Source.broker.rawValue)
        if let master = master.take() {
            try poller.add(master, .readable, token: Source.master.rawValue)
            self.master = consume master
        }
        if streams.isInputTerminal {
            let settings = try TerminalSettings(of: .input)
            try settings.passEverything(.input)
            saved = settings
            try watchInput(true)
        }
    }

    /// Until the first process of the sandbox has ended, and with it everything inside.
    func run() throws(SyscallError) -> End {
        while true {
            try poller.wait(&ready, milliseconds: waitTime())
            try keepTime()
            for event in ready {
                switch Source(rawValue: event.token) {
                case .process?:
                    if let exit = try process.exit() { return try finish(exit) }
                case .signals?: try passSignals()
                case .broker?: try loseBroker()
                case .master?: try relay(event)
                case .input?: try readKeys()
                case nil: continue
                }
            }
        }
    }

    /// Gives the terminal back as it was.
    func restore() {
        // Nothing can be done about a terminal that is gone.
        do throws(SyscallError) { try saved?.restore(.input) } catch {}
        saved = nil
    }

    // MARK: Its time

    private func waitTime() -> Int32? {
        let next = [deadline, killAt].compactMap { $0 }.min()
        return next.map { Int32(clamping: $0.milliseconds(after: .now) + 1) }
    }

    private func keepTime() throws(SyscallError) {
        let now = Instant.now
        if let due = deadline, due <= now {
            deadline = nil
            try end(.timeLimit)
        }
        if let due = killAt, due <= now {
            killAt = nil
            try process.signal(Signal.kill)
        }
    }

    /// Asks it to end, and ends it if it does not.
    private func end(_ why: SandboxEnding.Cause) throws(SyscallError) {
        if cause == .exited { cause = why }
        try process.signal(Signal.terminate)
        if killAt == nil { killAt = Instant.now.adding(milliseconds: Self.patienceMilliseconds) }
    }

    /// What nobody records must not go on.
    private func loseBroker() throws(SyscallError) {
        guard !isUnrecorded else { return }
        isUnrecorded = true
        try poller.remove(client.socket)
        try end(.stopped)
    }

    private func passSignals() throws(SyscallError) {
        while let signal = try signals.next() {
            if signal == Signal.screenChanged {
                if let size = streams.screen.screen, let master = master.take() {
                    try PseudoTerminal.setSize(size, of: master)
                    self.master = consume master
                }
            } else {
                try process.signal(signal)
            }
        }
    }

    private func finish(_ exit: ProcessExit) throws(SyscallError) -> End {
        // What was written last is still on its way.
        while try showWaiting() { continue }
        restore()
        let status: UInt8
        switch exit {
        case .exited(let code): status = UInt8(truncatingIfNeeded: code)
        case .killed(let signal): status = UInt8(truncatingIfNeeded: 128 + signal)
        }
        return End(status: status, cause: cause, isUnrecorded: isUnrecorded)
    }

    // MARK: Its terminal

    private func relay(_ event: Readiness) throws(SyscallError) {
        if event.writable { try sendKeys() }
        guard event.readable || event.hungUp else { return }
        if try !showWaiting(), event.hungUp { try closeTerminal() }
    }

    /// - Returns: whether something was shown.
    private func showWaiting() throws(SyscallError) -> Bool {
        guard let end = master.take() else { return false }
        var block = ByteQueue()
        let moved: Transfer
        do throws(SyscallError) {
            moved = try end.read(into: &block, limit: Self.blockBytes)
            master = consume end
        } catch {
            // EIO: the last program that had the other end is gone.
            return false
        }
        guard case .moved = moved else { return false }
        try streams.screen.write(Array(block.storage[block.range]))
        return true
    }

    private func closeTerminal() throws(SyscallError) {
        guard let end = master.take() else { return }
        try poller.remove(end)
        try watchInput(false)
    }

    private func readKeys() throws(SyscallError) {
        switch try StandardStream.input.read(into: &keys, limit: 4096) {
        case .moved: try sendKeys()
        case .wouldBlock: break
        case .closed: try watchInput(false)
        }
    }

    private func sendKeys() throws(SyscallError) {
        guard !keys.isEmpty, let end = master.take() else { return }
        _ = try end.write(from: &keys)
        // Nothing more is read while something waits, so a program that reads nothing fills no memory.
        try watchInput(keys.isEmpty)
        let interest: Interest = keys.isEmpty ? .readable : .both
        if interest != masterInterest {
            try poller.change(end, interest, token: Source.master.rawValue)
            masterInterest = interest
        }
        master = consume end
    }

    private func watchInput(_ wanted: Bool) throws(SyscallError) {
        guard wanted != isInputWatched, streams.isInputTerminal else { return }
        isInputWatched = wanted
        try StandardStream.input.lend { stream throws(SyscallError) in
            if wanted {
                try poller.add(stream, .readable, token: Source.input.rawValue)
            } else {
                try poller.remove(stream)
            }
        }
    }
}
