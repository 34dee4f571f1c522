// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What the run of some code can use too much of.
enum CodeLimit: String, CaseIterable, Sendable {
    case time
    case memory
    case processes
    case disk
    case output

    var words: String {
        switch self {
        case .time: "it ran out of time"
        case .memory: "it used too much memory"
        case .processes: "it started too many processes"
        case .disk: "it wrote too much"
        case .output: "it never stopped writing output"
        }
    }
}

/// How far what is started reaches, and with it how it is ended and measured.
enum Reach: Sendable {
    /// A sandbox that holds nothing else: all other processes in there belong to the run.
    case sandbox
    /// The process group of the child; for tests, where the rest of the machine is near.
    case group
}

/// Looks at all processes of the sandbox together: the kernel's own limits hold for one process, or not for root.
struct UsageMeter: ~Copyable {
    /// Between two looks, in milliseconds: a bomb gets that far.
    static let milliseconds: UInt64 = 25
    /// The reaper and this program.
    private static let own = 2

    private let limits: CodeCaps
    private let scratch: Directory
    private let freeAtStart: UInt64

    /// - Parameter scratch: on the file system that holds everything which can be written.
    init(_ limits: CodeCaps, scratch: consuming Directory) throws(SyscallError) {
        self.limits = limits
        freeAtStart = try scratch.freeSpace()
        self.scratch = scratch
    }

    /// What there is too much of now.
    borrowing func excess() throws(SyscallError) -> CodeLimit? {
        let free = try scratch.freeSpace()
        if freeAtStart > free, freeAtStart - free > UInt64(limits.diskBytes) { return .disk }
        let processes = try Proc.processes()
        guard processes.count - Self.own <= limits.processes else { return .processes }
        var memory: UInt64 = 0
        for pid in processes where pid > 1 && pid != ThisProcess.pid {
            memory += try ProcessRecord(pid: pid)?.privateMemory() ?? 0
        }
        return memory > UInt64(limits.memoryBytes) ? .memory : nil
    }
}
