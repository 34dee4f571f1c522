// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `code_run`: starts the interpreter, keeps to the limits, kills everything, and collects what is left.
final class CodeJob {
    /// Of output, after which it is taken for one that never ends: what is kept is long full.
    static let mostOutput = 64 << 20
    /// Between two looks at what the client says, in milliseconds.
    private static let patience: Int32 = 5
    private static let readBytes = 64 << 10
    /// How long what was killed may take to be gone.
    private static let burialMilliseconds: UInt64 = 5000
    /// Of recent output in a notification of progress.
    private static let shownBytes = 400

    private enum Stage {
        case waiting
        case running
        /// The interpreter has ended or is to end; everything is being killed.
        case ending
    }

    private let request: CodeRequest
    private let house: CodeHouse
    private var stage = Stage.waiting
    private var directory: WorkDirectory?
    private var child: ChildProgram?
    private var meter: UsageMeter?
    private var output: HeadAndTail
    private var started = Instant(nanoseconds: 0)
    private var ended = Instant(nanoseconds: 0)
    private var nextLook = Instant(nanoseconds: 0)
    private var burial: Instant?
    private var elapsed = 0
    private(set) var limit: CodeLimit?

    init(_ arguments: ToolArguments, _ house: CodeHouse) throws(ToolFault) {
        request = try CodeRequest(arguments, house.settings)
        self.house = house
        output = HeadAndTail(capacity: request.limits.outputBytes)
    }

    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        do throws(SyscallError) {
            switch stage {
            case .waiting:
                try start(now)
                return .working
            case .running:
                try run(now)
                return .working
            case .ending:
                guard try bury(now) else { return .working }
                return .done(.tool(try answer()))
            }
        } catch {
            cancel()
            throw ToolFault(.runFailed, [], detail: Array("\(error)".utf8))
        }
    }

    /// Kills what runs; nobody wants the answer.
    func cancel() {
        guard stage != .waiting else { return }
        stage = .ending
        // Where this fails the sandbox is next: the broker ends it with the call.
        do throws(SyscallError) { try kill() } catch {}
    }

    var progress: JobProgress? {
        guard stage == .running else { return nil }
        let recent = output.last(Self.shownBytes)
        let shown = recent.drop { isContinuation($0) }
        return JobProgress(
            done: elapsed,
            words: "running for \(elapsed / 1000) s, \(output.total) bytes of output\n"
                + String(decoding: shown, as: UTF8.self))
    }

    // MARK: Stages

    private func start(_ now: Instant) throws(SyscallError) {
        let directory = try WorkDirectory(in: house.scratch, request)
        self.directory = directory
        let input = try house.input(request.input)
        if house.reach == .sandbox { meter = try UsageMeter(request.limits, scratch: Directory(path: house.scratch)) }
        (started, ended, nextLook) = (now, now, now)
        // Before the child: should starting it fail half-way, it is killed.
        stage = .running
        child = try ChildProgram(house.plan(request, in: directory.path), input: input)
    }

    private func run(_ now: Instant) throws(SyscallError) {
        guard let child else { return }
        try child.wait(milliseconds: Self.patience)
        try read(child)
        elapsed = Int(now.milliseconds(after: started))
        if child.exit != nil { return end(nil, now) }
        if output.total > Self.mostOutput { return end(.output, now) }
        if elapsed >= request.limits.seconds * 1000 { return end(.time, now) }
        guard now >= nextLook else { return }
        nextLook = now.adding(milliseconds: UsageMeter.milliseconds)
        if let excess = try meter?.excess() { end(excess, now) }
    }

    private func end(_ limit: CodeLimit?, _ now: Instant) {
        self.limit = limit
        ended = now
        stage = .ending
    }

    /// Kills until nothing is left, whoever its parent is: what the code has left behind ends with it.
    ///
    /// - Returns: whether all is gone.
    private func bury(_ now: Instant) throws(SyscallError) -> Bool {
        guard let child else { return true }
        let isLeft = try kill()
        // What was written before is read; from what has been killed nothing more comes.
        try read(child)
        let end = burial ?? now.adding(milliseconds: Self.burialMilliseconds)
        burial = end
        guard isLeft, now < end else { return true }
        ThisProcess.yield()
        return false
    }

    @discardableResult
    private func kill() throws(SyscallError) -> Bool {
        guard let child else { return false }
        let isLeft: Bool
        switch house.reach {
        case .sandbox: isLeft = try OwnSandbox.killOthers()
        case .group: isLeft = try OwnSandbox.killGroup(child.pid)
        }
        try child.kill()
        return isLeft
    }

    private func read(_ child: ChildProgram) throws(SyscallError) {
        var queue = ByteQueue()
        // One pipe's worth, so that a flood does not keep the limits from being looked at.
        while queue.count < Self.readBytes, try child.read(into: &queue, limit: Self.readBytes - queue.count) {}
        let bytes = queue.storage
        output.append(bytes[queue.range])
    }

    private func answer() throws(SyscallError) -> ToolAnswer {
        let results = try directory?.results(budget: house.settings.caps.resultBytes) ?? CodeResults()
        return CodeAnswer(
            exit: child?.exit, limit: limit, milliseconds: ended.milliseconds(after: started), output: output,
            results: results, isMarked: house.hasNetwork
        ).compose()
    }
}
