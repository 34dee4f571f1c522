// SPDX-License-Identifier: Apache-2.0
package import Linux

/// The open descriptors that go into a sandbox. Whoever starts it gives them up.
package struct Handover: ~Copyable {
    /// What is executed: verified, close-on-exec, never looked up by path again.
    let executable: FileDescriptor
    let input: FileDescriptor
    let output: FileDescriptor
    let errors: FileDescriptor
    /// Becomes 3 and following.
    let inherited: PassedDescriptors
    /// What ``RootEntry/descriptor(_:at:_:)`` counts through.
    let bound: PassedDescriptors

    package init(
        executable: consuming FileDescriptor, input: consuming FileDescriptor, output: consuming FileDescriptor,
        errors: consuming FileDescriptor, inherited: consuming PassedDescriptors = PassedDescriptors(),
        bound: consuming PassedDescriptors = PassedDescriptors()
    ) {
        self.executable = executable
        self.input = input
        self.output = output
        self.errors = errors
        self.inherited = inherited
        self.bound = bound
    }
}

/// A program that runs in its sandbox.
package struct StartedChild: ~Copyable {
    /// The first process of the sandbox as the host counts: a room itself, or a server's reaper.
    package let process: Clone.Child
    package let report: ConfinementReport

    /// Keeps the process alone.
    package consuming func keepProcess() -> Clone.Child { process }
}

/// A child that is confined and ready, and waits to be let into its program.
package struct Applicant: ~Copyable {
    /// The first process of the sandbox as the host counts.
    package let pid: Int32
    package let report: ConfinementReport
    let doors: PassedDescriptors

    /// A listener for each of ``SandboxPlan/doors``, in that order, non-blocking. Accepting works from any namespace.
    package consuming func takeDoors() -> PassedDescriptors { doors }
}

/// Starts programs confined. For processes with one thread only: the child goes on in this program's code.
package enum Sandbox {
    /// How long a child may take to get ready. It takes milliseconds unless a file system under it hangs.
    package static let readyWithinMilliseconds: Int32 = 10_000

    /// Starts the plan and returns when the program runs, or when nothing of it is left.
    ///
    /// The child dies with the thread that called this. Whether the report is good enough is the caller's question:
    /// see ``ConfinementReport/firstGap(for:)``.
    package static func start(_ plan: SandboxPlan, _ handover: consuming Handover) throws(SandboxError) -> StartedChild
    {
        try launch(plan, handover, .none, isAdmitted: false) { namespaces, body throws(SyscallError) in
            try Clone.start(namespaces, body)
        }.run()
    }

    /// The same inside `cgroup`, from its first instruction on.
    package static func start(_ plan: SandboxPlan, _ handover: consuming Handover, in cgroup: borrowing Cgroup)
        throws(SandboxError) -> StartedChild
    {
        try launch(plan, handover, CgroupCover(cgroup), isAdmitted: false) { namespaces, body throws(SyscallError) in
            try Clone.start(namespaces, in: cgroup, body)
        }.run()
    }

    /// Starts the plan, and asks `admit` before the program exists: the child is confined by then and waits.
    ///
    /// - Parameter admit: takes the listeners; if it throws, the child is ended before this returns.
    package static func start<Refusal: Error>(
        _ plan: SandboxPlan, _ handover: consuming Handover,
        admit: (consuming Applicant) throws(Refusal) -> Void
    ) throws(AdmissionError<Refusal>) -> StartedChild {
        let child: LaunchedChild
        do throws(SandboxError) {
            child = try launch(plan, handover, .none, isAdmitted: true) { namespaces, body throws(SyscallError) in
                try Clone.start(namespaces, body)
            }
        } catch { throw .sandbox(error) }
        return try child.run(plan, admit)
    }

    /// The same inside `cgroup`, from its first instruction on.
    package static func start<Refusal: Error>(
        _ plan: SandboxPlan, _ handover: consuming Handover, in cgroup: borrowing Cgroup,
        admit: (consuming Applicant) throws(Refusal) -> Void
    ) throws(AdmissionError<Refusal>) -> StartedChild {
        let child: LaunchedChild
        do throws(SandboxError) {
            child = try launch(plan, handover, CgroupCover(cgroup), isAdmitted: true) {
                namespaces, body throws(SyscallError) in
                try Clone.start(namespaces, in: cgroup, body)
            }
        } catch { throw .sandbox(error) }
        return try child.run(plan, admit)
    }

    private static func launch(
        _ plan: SandboxPlan, _ handover: consuming Handover, _ cover: CgroupCover, isAdmitted: Bool,
        _ clone: (Namespaces, () -> Never) throws(SyscallError) -> Clone.Child
    ) throws(SandboxError) -> LaunchedChild {
        // Nobody would take the listeners, or they would be the host's.
        if !plan.doors.isEmpty && !(isAdmitted && plan.namespaces.contains(.network)) { throw .doorsLeadNowhere }
        switch plan.backend {
        case .own: break
        case .bubblewrap(let backend): return try launch(plan, handover, cover, backend, isAdmitted: isAdmitted, clone)
        }
        do {
            let channel = try UnixSocket.pair(.packet)
            var setup = ChildSetup(plan, cover, handover, channel.far, isAdmitted: isAdmitted)
            let child = try clone(plan.namespaces) { setup.run(handover, channel) }
            // Without our copy of the far end the channel ends when the child's is gone: at the exec, or at its death.
            return LaunchedChild(process: child, answers: ChildAnswers(channel.keepNear()))
        } catch {
            throw SandboxError(.start, error)
        }
    }
}

extension Sandbox {
    private static func launch(
        _ plan: SandboxPlan, _ handover: consuming Handover, _ cover: CgroupCover, _ backend: Bubblewrap,
        isAdmitted: Bool, _ clone: (Namespaces, () -> Never) throws(SyscallError) -> Clone.Child
    ) throws(SandboxError) -> LaunchedChild {
        let setup = try BubblewrapSetup(plan, backend, cover, handover, isAdmitted: isAdmitted)
        do {
            let channel = try UnixSocket.pair(.packet)
            let complaints = try Pipe()
            // bubblewrap makes the namespaces.
            let child = try clone([]) { setup.run(handover, channel, complaints) }
            var kept = PassedDescriptors()
            kept.append(complaints.keepReading())
            return LaunchedChild(process: child, answers: ChildAnswers(channel.keepNear(), complaints: kept))
        } catch {
            throw SandboxError(.start, error)
        }
    }
}

/// A child on its way to its program.
private struct LaunchedChild: ~Copyable {
    let process: Clone.Child
    var answers: ChildAnswers

    consuming func run() throws(SandboxError) -> StartedChild {
        let report: ConfinementReport
        do { report = try answers.untilExec() } catch { throw end(error) }
        return StartedChild(process: process, report: report)
    }

    consuming func run<Refusal: Error>(
        _ plan: SandboxPlan, _ admit: (consuming Applicant) throws(Refusal) -> Void
    ) throws(AdmissionError<Refusal>) -> StartedChild {
        let report: ConfinementReport
        let applicant: Applicant
        do throws(SandboxError) {
            report = try answers.ready()
            applicant = Applicant(pid: process.pid, report: report, doors: try answers.takeDoors(plan.doors.count))
        } catch { throw .sandbox(end(error)) }
        do throws(Refusal) { try admit(applicant) } catch {
            _ = end(.silent)
            throw .refused(error)
        }
        do throws(SandboxError) { try answers.admit() } catch { throw .sandbox(end(error)) }
        return StartedChild(process: process, report: report)
    }

    /// Leaves nothing of it, whatever it is doing; who has ended already only has to be buried.
    private borrowing func end(_ error: SandboxError) -> SandboxError {
        do {
            if let exit = try process.pidfd.exit() { return error == .silent ? .ended(exit) : error }
            try process.pidfd.signal(Signal.kill)
            let exit = try process.pidfd.wait()
            return error == .silent ? .ended(exit) : error
        } catch {
            return SandboxError(.start, error)
        }
    }
}

/// Which of a sandbox's limits its cgroup carries.
struct CgroupCover: Equatable, Sendable {
    let exists: Bool
    let processes: Bool
    let memory: Bool

    static let none = CgroupCover(exists: false, processes: false, memory: false)

    init(_ cgroup: borrowing Cgroup) {
        self.init(exists: true, processes: cgroup.limitsProcesses, memory: cgroup.limitsMemory)
    }

    init(exists: Bool, processes: Bool, memory: Bool) {
        self.exists = exists
        self.processes = processes
        self.memory = memory
    }
}
