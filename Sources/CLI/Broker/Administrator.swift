// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Lets a command talk to the broker, whether or not something is serving: if not, a launcher is started that serves
/// this one operator, opens no listener, and ends with the connection.
enum Administrator {
    /// Runs `body` with a connection to the broker of this state directory.
    static func with<Result>(
        _ places: Places, _ arguments: ParsedArguments, _ body: (OperatorClient) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let patience = Instant.now.adding(milliseconds: patienceMilliseconds)
        while true {
            if let client = try OperatorClient.connect(places) { return try body(client) }
            if let launcher = try start(places, arguments, until: patience) {
                let result = try once(places, body)
                // The client is gone now, which is the launcher's sign to end; the next command finds the directory
                // unlocked.
                try launcher.awaitEnd()
                return result
            }
        }
    }

    /// How long another command may take that does the same at this moment.
    private static let patienceMilliseconds: UInt64 = 10_000

    /// A launcher that is ready; nil where another one holds the directory, which will serve us or end in a moment.
    private static func start(_ places: Places, _ arguments: ParsedArguments, until patience: Instant) throws(Failure)
        -> AdministrationProcess?
    {
        if try SealedFile.read(places) == nil { try SealedFile.writeEmpty(places, now: Now.seconds) }
        let demand = arguments.value(.requireConfinement) ?? Array("full".utf8)
        let launcher = try AdministrationProcess(places, demand: demand, LauncherImage.newChain(arguments))
        do throws(Failure) { try launcher.awaitReady() } catch {
            guard error.status == .alreadyRunning, Instant.now < patience else { throw error }
            return nil
        }
        return launcher
    }

    private static func once<Result>(_ places: Places, _ body: (OperatorClient) throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        guard let client = try OperatorClient.connect(places) else {
            throw Failure("the broker that was started cannot be reached", hint: "doorward doctor")
        }
        return try body(client)
    }
}

/// `doorward-launch administer` as a child, until it has ended.
private final class AdministrationProcess {
    /// Standing up takes a tenth of a second; a machine that swaps may need longer.
    private static let readyWithinMilliseconds: UInt64 = 60_000
    private static let endsWithinMilliseconds: UInt64 = 20_000
    /// What a launcher that fails may have to say.
    private static let mostBytes = 65_536

    private let process: Pidfd
    private let errors: FileDescriptor
    private var said = ByteQueue()

    /// - Parameter more: words behind the demand.
    init(_ places: Places, demand: [UInt8], _ more: [[UInt8]]) throws(Failure) {
        let program = try Programs.find(Programs.launcher)
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(program.description) } catch { throw Failure(error) }
        let words =
            [
                Array("doorward-launch".utf8), Array("administer".utf8), places.state.bytes, places.sealed.bytes,
                demand,
            ] + more
        let image = LauncherImage.make(words)
        do throws(SyscallError) {
            let pipe = try Pipe()
            let null = try FileDescriptor.null()
            var table = DescriptorTable()
            table.add(null)
            table.add(null)
            table.add(pipe.writing)
            table.keep(file.descriptor)
            let wanted = table
            // Nothing in this program runs beside this thread, so the copy may go on in its code.
            process = try Clone.start([]) {
                do throws(SyscallError) {
                    // First, or the kernel's word about the parent's end could be missed.
                    try ThisProcess.dieWithParent(Signal.terminate)
                    try ThisProcess.resetSignals()
                    var kept = try wanted.apply()
                    if let program = kept.takeFirst() { _ = image.execute(program) }
                } catch {}
                Clone.exit(127)
            }.keepPidfd()
            errors = pipe.keepReading()
        } catch { throw Failure(program.description, error, hint: "doorward doctor") }
    }

    /// Waits for the launcher's word that it can be talked to.
    ///
    /// - Throws: what the launcher said instead.
    func awaitReady() throws(Failure) {
        let ready = Array("doorward: ready\n".utf8)
        try listen(Self.readyWithinMilliseconds) { $0.containsLine(ready) }
        guard lines.containsLine(ready) else { throw try ended() }
    }

    /// Waits until the launcher has ended and let go of the directory.
    func awaitEnd() throws(Failure) {
        try listen(Self.endsWithinMilliseconds) { _ in false }
        do throws(SyscallError) { _ = try process.wait() } catch { throw Failure("doorward-launch", error) }
    }

    private var lines: [UInt8] { Array(said.storage[said.range]) }

    /// Reads what the launcher says until `isEnough`, or until it says no more.
    private func listen(_ milliseconds: UInt64, until isEnough: ([UInt8]) -> Bool) throws(Failure) {
        let deadline = Instant.now.adding(milliseconds: milliseconds)
        while !isEnough(lines) {
            do throws(SyscallError) {
                let left = Int32(clamping: deadline.milliseconds(after: .now))
                guard try errors.waitUntilReadable(milliseconds: left) else {
                    try process.signal(Signal.kill)
                    throw SyscallError.timedOut("poll")
                }
                switch try errors.read(into: &said, limit: 4096) {
                case .moved, .wouldBlock: break
                case .closed: return
                }
                if said.count > Self.mostBytes { said.drop(said.count - Self.mostBytes) }
            } catch { throw Failure("doorward-launch", error, hint: "doorward doctor") }
        }
    }

    /// What it said when it ended before its time, with the meaning of its exit status.
    private func ended() throws(Failure) -> Failure {
        let exit: ProcessExit
        do throws(SyscallError) { exit = try process.wait() } catch { return Failure("doorward-launch", error) }
        let status: ExitStatus
        switch exit {
        case .exited(ExitStatus.unconfined.code): status = .unconfined
        case .exited(ExitStatus.alreadyRunning.code): status = .alreadyRunning
        case .exited, .killed: status = .failed
        }
        let texts = Visible.lines(lines)
        let error = texts.compactMap { $0.after("doorward: error: ") }.first
        let hint = texts.compactMap { $0.after("doorward: hint: ") }.first
        return Failure(
            error ?? "doorward-launch ended before it was ready", hint: hint ?? "doorward doctor", status: status)
    }
}

extension [UInt8] {
    /// Whether `line`, its end included, stands in this text as a line.
    fileprivate func containsLine(_ line: [UInt8]) -> Bool {
        var rest = self[...]
        while rest.count >= line.count {
            if rest.starts(with: line) { return true }
            guard let end = rest.firstIndex(of: 0x0A) else { return false }
            rest = rest[(end + 1)...]
        }
        return false
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
