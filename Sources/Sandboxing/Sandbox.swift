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
        try start(plan, handover, CgroupCover.none) { namespaces, body throws(SyscallError) in
            try Clone.start(namespaces, body)
        }
    }

    /// The same inside `cgroup`, from its first instruction on.
    package static func start(_ plan: SandboxPlan, _ handover: consuming Handover, in cgroup: borrowing Cgroup)
        throws(SandboxError) -> StartedChild
    {
        try start(plan, handover, CgroupCover(cgroup)) { namespaces, body throws(SyscallError) in
            try Clone.start(namespaces, in: cgroup, body)
        }
    }

    private static func start(
        _ plan: SandboxPlan, _ handover: consuming Handover, _ cover: CgroupCover,
        _ clone: (Namespaces, () -> Never) throws(SyscallError) -> Clone.Child
    ) throws(SandboxError) -> StartedChild {
        let answer: FileDescriptor
        let child: Clone.Child
        do {
            let pipe = try Pipe()
            var setup = ChildSetup(plan, cover, handover, pipe)
            child = try clone(plan.namespaces) { setup.run(handover, pipe) }
            // Without our copy of the writing end the pipe ends when the child's is gone: at the exec, or at its death.
            answer = pipe.keepReading()
        } catch {
            throw SandboxError(.start, error)
        }
        switch awaitReport(answer) {
        case .ready(let report): return StartedChild(process: child, report: report)
        case .failed(let error):
            // Nothing of it may stay, whatever it is doing; who has ended already only has to be buried.
            let exit = try end(child.pidfd)
            throw error == .silent ? .ended(exit) : error
        }
    }

    private static func end(_ child: borrowing Pidfd) throws(SandboxError) -> ProcessExit {
        do {
            if let exit = try child.exit() { return exit }
            try child.signal(Signal.kill)
            return try child.wait()
        } catch {
            throw SandboxError(.start, error)
        }
    }

    /// Reads the pipe to its end.
    private static func awaitReport(_ answer: borrowing FileDescriptor) -> ChildReport {
        var bytes = ByteQueue()
        let deadline = Instant.now.adding(milliseconds: UInt64(readyWithinMilliseconds))
        do {
            while bytes.count <= ChildReport.maxBytes {
                let left = Int32(clamping: deadline.milliseconds(after: .now))
                guard try answer.waitUntilReadable(milliseconds: left) else {
                    return .failed(.late(milliseconds: readyWithinMilliseconds))
                }
                switch try answer.read(into: &bytes, limit: 4096) {
                case .moved, .wouldBlock: continue
                case .closed:
                    if bytes.isEmpty { return .failed(.silent) }
                    let storage = bytes.storage
                    return ChildReport.parse(storage.span.extracting(bytes.range)) ?? .failed(.garbled)
                }
            }
            return .failed(.garbled)
        } catch {
            return .failed(SandboxError(.start, error))
        }
    }
}

/// Which of a sandbox's limits its cgroup carries.
struct CgroupCover: Sendable {
    let exists: Bool
    let processes: Bool
    let memory: Bool

    static let none = CgroupCover(exists: false, processes: false, memory: false)

    init(_ cgroup: borrowing Cgroup) {
        self.init(exists: true, processes: cgroup.limitsProcesses, memory: cgroup.limitsMemory)
    }

    private init(exists: Bool, processes: Bool, memory: Bool) {
        self.exists = exists
        self.processes = processes
        self.memory = memory
    }
}
