// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The part of the cgroup v2 tree that was given to this process to manage.
package struct CgroupTree: ~Copyable {
    fileprivate let directory: FileDescriptor
    /// Whether children of this tree can be limited in processes and threads, and in memory.
    package let limitsProcesses: Bool
    package let limitsMemory: Bool

    /// Takes over the cgroup that this process runs in, or nil if it may not be managed or there is none.
    ///
    /// The process moves into a child of it, because a cgroup that holds processes cannot limit its children. To be
    /// called once, before any child is started.
    package static func adopt() throws(SyscallError) -> CgroupTree? {
        guard let path = try ownPath() else { return nil }
        do {
            return try CgroupTree(managing: path)
        } catch  where error.isForeign {
            return nil
        }
    }

    /// What would keep ``adopt()`` from limiting sandboxes, found out without changing anything; nil if nothing would.
    package static func obstacle() throws(SyscallError) -> Shortfall? {
        guard let path = try ownPath() else { return .noDelegatedCgroup }
        let controllers: [UInt8]
        do {
            let directory = try ProcFile.open(AT_FDCWD, path, directory: true)
            for name in [".", "cgroup.procs", "cgroup.subtree_control"] as [SystemString]
            where !Tree.mayWrite(directory, name) { return .noDelegatedCgroup }
            controllers = try ProcFile.read(directory.number, "cgroup.controllers", limit: 4096)
        } catch  where error.isForeign {
            return .noDelegatedCgroup
        }
        let names = controllers.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        let limits = ["pids", "memory"].allSatisfy { wanted in names.contains { $0.elementsEqual(wanted.utf8) } }
        return limits ? nil : .noControllers
    }

    init(managing path: SystemString) throws(SyscallError) {
        let directory = try ProcFile.open(AT_FDCWD, path, directory: true)
        try Tree.makeDirectory(directory, "doorward-launch", mode: 0o755)
        try ProcFile.write(directory.number, "doorward-launch/cgroup.procs", "0")
        limitsProcesses = CgroupTree.enable("+pids", in: directory)
        limitsMemory = CgroupTree.enable("+memory", in: directory)
        self.directory = directory
    }

    /// A new cgroup below this one. The limits hold for all its processes together, where the tree can limit.
    package borrowing func make(_ name: SystemString, processes: UInt64, memory: UInt64)
        throws(SyscallError) -> Cgroup
    {
        try Tree.makeDirectory(directory, name, mode: 0o755)
        let child = try ProcFile.open(directory.number, name, directory: true)
        if limitsProcesses { try ProcFile.write(child.number, "pids.max", .decimal(processes)) }
        if limitsMemory {
            try ProcFile.write(child.number, "memory.max", .decimal(memory))
            // Or the limit would only push memory out to the disk.
            if Tree.exists(child, "memory.swap.max") { try ProcFile.write(child.number, "memory.swap.max", "0") }
            // One process killed for memory leaves a server in a state that nobody has tested.
            try ProcFile.write(child.number, "memory.oom.group", "1")
        }
        return try Cgroup(directory: child, in: self, name: name)
    }

    /// Whether the controller is now enabled. It is not where the parent keeps it, or other processes stand in the way.
    private static func enable(_ controller: SystemString, in directory: borrowing FileDescriptor) -> Bool {
        do {
            try ProcFile.write(directory.number, "cgroup.subtree_control", controller)
            return true
        } catch {
            return false
        }
    }

    /// Where the cgroup of this process lies in the file system.
    private static func ownPath() throws(SyscallError) -> SystemString? {
        guard let process = try ProcessRecord(pid: ThisProcess.pid), let own = try process.cgroup() else { return nil }
        let mounts = try ProcFile.read(AT_FDCWD, "/proc/self/mountinfo", limit: 1_048_576)
        return CgroupTree.locate(own, mounts: mounts)
    }

    /// Joins a path from /proc/PID/cgroup with the cgroup2 mount in /proc/PID/mountinfo that shows it.
    static func locate(_ path: [UInt8], mounts: [UInt8]) -> SystemString? {
        for line in mounts.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            // proc(5): root and mount point are fields 4 and 5, the type follows a single "-".
            guard let dash = fields.firstIndex(of: ArraySlice([UInt8(ascii: "-")])), fields.count > dash + 1, dash > 5,
                fields[dash + 1].elementsEqual("cgroup2".utf8)
            else { continue }
            let root = fields[3].elementsEqual("/".utf8) ? [] : Array(fields[3])
            let below = path.dropFirst(root.count)
            guard path.starts(with: root), below.isEmpty || below.first == UInt8(ascii: "/"),
                !fields[4].contains(UInt8(ascii: "\\"))
            else { continue }
            return SystemString(Array(fields[4]) + below)
        }
        return nil
    }
}

/// One cgroup of ours; its limits hold for all processes inside together.
package struct Cgroup: ~Copyable {
    let directory: FileDescriptor
    private let parent: FileDescriptor
    package let name: SystemString
    package let limitsProcesses: Bool
    package let limitsMemory: Bool

    init(directory: consuming FileDescriptor, in tree: borrowing CgroupTree, name: SystemString) throws(SyscallError) {
        self.directory = directory
        parent = try tree.directory.duplicate()
        self.name = name
        limitsProcesses = tree.limitsProcesses
        limitsMemory = tree.limitsMemory
    }

    /// Kills every process inside at once (kernel 5.14).
    package borrowing func kill() throws(SyscallError) {
        try ProcFile.write(directory.number, "cgroup.kill", "1")
    }

    /// Removes it; false while a process inside has not been buried.
    package borrowing func remove() throws(SyscallError) -> Bool {
        let place = parent.number
        if unsafe name.lend({ unsafe unlinkat(place, $0, AT_REMOVEDIR) }) == 0 { return true }
        guard errno == EBUSY else { throw .last("unlinkat", name.description) }
        return false
    }
}

extension SyscallError {
    /// The kernel's ways to say that this part of the tree is not ours to manage.
    fileprivate var isForeign: Bool {
        isForbidden || code == EROFS || code == ENOENT || code == EOPNOTSUPP || code == EBUSY
    }
}
