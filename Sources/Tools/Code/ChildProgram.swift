// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// A program that this one has started, with what it writes on one pipe.
final class ChildProgram {
    let pid: Int32
    private let pidfd: Pidfd
    private let output: FileDescriptor
    private var poller: Poller
    private var events: [Readiness] = []
    private var isOutputOpen = true
    /// How it ended, once it has.
    private(set) var exit: ProcessExit?

    private enum Token {
        static let output: UInt64 = 0
        static let end: UInt64 = 1
    }

    /// What to start.
    struct Plan {
        /// Absolute; also the program's own name for itself.
        let program: SystemString
        let arguments: [SystemString]
        /// `NAME=value`; nothing is inherited.
        let environment: [SystemString]
        let directory: SystemString
        /// Nil leaves those of this process.
        let limits: ResourceLimits?
        /// Whether what it writes to standard error comes on the same pipe; otherwise it goes where ours goes.
        let joinsErrors: Bool
    }

    /// Starts it as the leader of a session of its own.
    ///
    /// - Parameter input: its standard input.
    init(_ plan: Plan, input: consuming FileDescriptor) throws(SyscallError) {
        let pipe = try Pipe()
        // Before the child: what is missing is told by an error, not by a dead child.
        let program = try Tree.place(plan.program)
        let errors = plan.joinsErrors ? try pipe.writing.duplicate() : try FileDescriptor.copyOfStandardError()
        let image = ExecutableImage(arguments: [plan.program] + plan.arguments, environment: plan.environment)
        var table = DescriptorTable()
        table.add(input)
        table.add(pipe.writing)
        table.add(errors)
        table.keep(program)
        let child = try Clone.copy { Self.become(plan, table, image) }
        pid = child.pid
        pidfd = child.keepPidfd()
        // Without our copy of the writing end the pipe ends with its last writer.
        output = pipe.keepReading()
        try output.setNonBlocking(true)
        poller = try Poller(batch: 2)
        try poller.add(output, .readable, token: Token.output)
        try poller.add(pidfd.descriptor, .readable, token: Token.end)
    }

    /// In the child. What goes wrong here is written where the program would have written.
    private static func become(_ plan: Plan, _ table: DescriptorTable, _ image: ExecutableImage) -> Never {
        do throws(SyscallError) {
            try ThisProcess.dieWithParent(Signal.kill)
            try ThisProcess.startSession()
            try ThisProcess.resetSignals()
            ThisProcess.setFileMask(0o022)
            try Tree.enter(plan.directory)
            try plan.limits?.apply()
            // Last: from here on exactly the planned descriptors exist.
            var kept = try table.apply()
            guard let program = kept.takeFirst() else { Clone.exit(cannotStart) }
            throw image.execute(program)
        } catch {
            do throws(SyscallError) {
                try StandardStream.errors.write(Array("doorward-tools: cannot start \(plan.program): \(error)\n".utf8))
            } catch {
                // Nobody is left to be told.
            }
            Clone.exit(cannotStart)
        }
    }

    /// As shells say it.
    private static let cannotStart: Int32 = 127

    /// Waits until it has written something or has ended, or the time is over.
    func wait(milliseconds: Int32) throws(SyscallError) {
        guard exit == nil || isOutputOpen else { return }
        try poller.wait(&events, milliseconds: milliseconds)
        for event in events where event.token == Token.end && exit == nil { try noteExit() }
    }

    /// Appends what it has written, at most `limit` bytes.
    ///
    /// - Returns: false if there is nothing now, or ever again.
    func read(into queue: inout ByteQueue, limit: Int) throws(SyscallError) -> Bool {
        guard isOutputOpen else { return false }
        switch try output.read(into: &queue, limit: limit) {
        case .moved: return true
        case .wouldBlock: return false
        case .closed:
            isOutputOpen = false
            try poller.remove(output)
            return false
        }
    }

    /// Nobody holds the other end of the pipe any more, and all of it has been read.
    var hasOutputEnded: Bool { !isOutputOpen }

    /// Kills the program itself, and nothing that it has started.
    func kill() throws(SyscallError) {
        guard exit == nil else { return }
        try pidfd.signal(Signal.kill)
        exit = try pidfd.wait()
        try poller.remove(pidfd.descriptor)
    }

    private func noteExit() throws(SyscallError) {
        guard let found = try pidfd.exit() else { return }
        exit = found
        try poller.remove(pidfd.descriptor)
    }
}
