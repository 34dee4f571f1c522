// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What a process can say about itself.
package enum ThisProcess {
    package static var pid: Int32 { getpid() }
    /// The path of this program's file, as the kernel tells it.
    package static func executablePath() throws(SyscallError) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { room in
            guard let place = room.baseAddress else { return 0 }
            // The kernel writes at most `room.count` bytes and tells how many.
            return unsafe readlink("/proc/self/exe", place.assumingMemoryBound(to: CChar.self), room.count)
        }
        guard count > 0, count < buffer.count else { throw .last("readlink", "/proc/self/exe") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    package static var uid: UInt32 { geteuid() }
    package static var gid: UInt32 { getegid() }

    /// What this program was started with, its own name first.
    ///
    /// Not `CommandLine.arguments`, which is empty where there is no /proc.
    package static var arguments: [SystemString] {
        var all: [SystemString] = []
        while let text = unsafe dw_argument(Int32(all.count)) {
            // Terminated, as the kernel laid it down.
            let bytes = unsafe UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
            guard let argument = SystemString(bytes) else { break }
            all.append(argument)
        }
        return all
    }

    /// Lets another process run, where the answer is a few microseconds away and sleeping would cost more.
    package static func yield() { _ = sched_yield() }

    /// Gives memory that is not in use any more back to the kernel, after work that needed much of it once.
    package static func trimMemory() { dw_trim_memory() }

    /// Without it the kernel writes no core, and no process of the same user can read this one's memory.
    ///
    /// An exec resets it, so every room does this for itself.
    package static func refuseInspection() throws(SyscallError) {
        try control(PR_SET_DUMPABLE, 0, "prctl(PR_SET_DUMPABLE)")
    }

    /// Takes ``refuseInspection()`` back, which a copy of a process inherits.
    package static func allowInspection() throws(SyscallError) {
        try control(PR_SET_DUMPABLE, 1, "prctl(PR_SET_DUMPABLE)")
    }

    /// From here on no exec can gain rights: not by set-uid, not by file capabilities. Cannot be undone.
    package static func gainNothing() throws(SyscallError) {
        try control(PR_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)")
    }

    /// The kernel sends `signal` when the thread that started this process ends.
    ///
    /// A change of identity clears it; a parent that is gone already is not noticed.
    package static func dieWithParent(_ signal: Int32) throws(SyscallError) {
        try control(PR_SET_PDEATHSIG, UInt(signal), "prctl(PR_SET_PDEATHSIG)")
    }

    /// Gives up every group but the process's own; false if that takes rights that it does not have.
    ///
    /// A sandbox keeps the groups of who starts it, and cannot change them: a program with the right to leave them
    /// does so before it starts any.
    package static func leaveGroups() throws(SyscallError) -> Bool {
        // An empty list has no address.
        if setgroups(0, nil) == 0 { return true }
        guard errno == EPERM else { throw .last("setgroups") }
        return false
    }

    /// Leaves the session and process group of the parent, and with them its terminal.
    package static func startSession() throws(SyscallError) {
        guard setsid() >= 0 else { throw .last("setsid") }
    }

    /// Empties the mask and gives ignored signals their default effect again; an exec does the rest.
    package static func resetSignals() throws(SyscallError) {
        guard dw_default_signals() == 0 else { throw .last("sigaction") }
    }

    /// The permissions that files are created without.
    package static func setFileMask(_ mask: UInt32) { _ = umask(mask) }

    /// Moves this process, and what it starts, towards the front of those that the kernel kills when memory is out.
    ///
    /// - Parameter score: 0 to 1000; lowering it again takes a capability.
    package static func offerForKilling(score: Int) throws(SyscallError) {
        try ProcFile.write(AT_FDCWD, "/proc/self/oom_score_adj", .decimal(UInt64(score)))
    }

    /// Orphans among this process's descendants become its children.
    package static func adoptOrphans() throws(SyscallError) {
        try control(PR_SET_CHILD_SUBREAPER, 1, "prctl(PR_SET_CHILD_SUBREAPER)")
    }

    /// Replaces the name in `ps` (15 bytes are shown) and the whole command line.
    ///
    /// The command line of any process can be read by everybody who sees it, so a forked child that keeps running
    /// does not go on showing its parent's.
    package static func setTitle(_ title: SystemString) throws(SyscallError) {
        let named = unsafe title.lend { text in
            // The kernel copies at most 16 bytes of a terminated text.
            dw_prctl(PR_SET_NAME, UInt(bitPattern: text), 0)
        }
        guard named == 0 else { throw .last("prctl(PR_SET_NAME)") }
        // Memory of this process that nobody else writes.
        unsafe title.lend { unsafe dw_overwrite_arguments($0) }
    }

    private static func control(_ operation: Int32, _ value: UInt, _ call: StaticString) throws(SyscallError) {
        guard dw_prctl(operation, value, 0) == 0 else { throw .last(call) }
    }
}

private let PR_SET_PDEATHSIG: Int32 = 1
private let PR_SET_DUMPABLE: Int32 = 4
private let PR_SET_NAME: Int32 = 15
private let PR_SET_CHILD_SUBREAPER: Int32 = 36
private let PR_SET_NO_NEW_PRIVS: Int32 = 38
