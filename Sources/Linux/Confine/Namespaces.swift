// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Which parts of the system a child gets its own copy of (namespaces(7)).
package struct Namespaces: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let mount = Namespaces(rawValue: 0x0002_0000)
    package static let cgroup = Namespaces(rawValue: 0x0200_0000)
    package static let uts = Namespaces(rawValue: 0x0400_0000)
    package static let ipc = Namespaces(rawValue: 0x0800_0000)
    package static let user = Namespaces(rawValue: 0x1000_0000)
    package static let pid = Namespaces(rawValue: 0x2000_0000)
    package static let network = Namespaces(rawValue: 0x4000_0000)

    package static let all: Namespaces = [.user, .mount, .pid, .network, .ipc, .uts, .cgroup]
}

/// The identity that a process has inside its user namespace, and no other exists there.
package struct UserMap: Sendable {
    private let users: SystemString
    private let groups: SystemString

    /// The map for a child of this process; to be made before the child, which no longer knows its ids.
    ///
    /// - Parameter shown: what uid and gid are called inside, if not as outside. What may be done with files is decided
    ///   by the outer ones all the same.
    package static func ofThisProcess(as shown: UInt32? = nil) -> UserMap {
        UserMap(
            users: line(shown ?? ThisProcess.uid, ThisProcess.uid),
            groups: line(shown ?? ThisProcess.gid, ThisProcess.gid))
    }

    /// Maps the calling process, which must be the first one in its new user namespace.
    package func apply() throws(SyscallError) {
        // The kernel lets an unprivileged process map its group only after it has given up changing groups:
        // otherwise it could drop one that a file denies something to.
        try ProcFile.write(AT_FDCWD, "/proc/self/setgroups", "deny")
        try ProcFile.write(AT_FDCWD, "/proc/self/uid_map", users)
        try ProcFile.write(AT_FDCWD, "/proc/self/gid_map", groups)
    }

    private static func line(_ inside: UInt32, _ outside: UInt32) -> SystemString {
        SystemString.decimal(UInt64(inside)) + " " + SystemString.decimal(UInt64(outside)) + " 1"
    }
}

/// What exists per namespace and is set from inside.
package enum NamespaceSettings {
    /// The lowest ceiling that the kernel takes for process ids: the first 300 are reserved.
    package static let lowestProcessCeiling: UInt32 = 301

    /// Raises the interface `lo`, which is born down.
    package static func raiseLoopback() throws(SyscallError) {
        guard dw_raise_loopback() == 0 else { throw .last("ioctl(SIOCSIFFLAGS)", "lo") }
    }

    /// Limits the process ids of this PID namespace, and so the processes that are alive in it; false before 6.14.
    ///
    /// An older kernel has one such setting for the whole machine, which root could change from in here: so the
    /// version decides, not an attempt.
    package static func setProcessCeiling(_ count: UInt32, on kernel: KernelVersion) throws(SyscallError) -> Bool {
        if kernel < KernelVersion(6, 14) { return false }
        try ProcFile.write(AT_FDCWD, "/proc/sys/kernel/pid_max", .decimal(UInt64(max(count, lowestProcessCeiling))))
        return true
    }

    /// The name of the machine, as this UTS namespace sees it.
    package static func setHostName(_ name: SystemString) throws(SyscallError) {
        let result = unsafe name.lend { text in
            // Borrowed for the length of the call.
            unsafe sethostname(text, name.count)
        }
        guard result == 0 else { throw .last("sethostname", name.description) }
    }
}
