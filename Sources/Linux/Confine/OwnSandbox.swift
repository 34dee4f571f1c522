// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What a program that was started in a sandbox of its own can find out about it, and do to what it starts there.
package enum OwnSandbox {
    /// Whether this process is the one that a sandbox with all namespaces was made for.
    ///
    /// Then it is process 2, the child of the reaper; on a machine that number belongs to the kernel. It can gain no
    /// rights, and a filter is on it, as on everything in there.
    package static var isComplete: Bool {
        getpid() == 2 && getppid() == 1 && dw_prctl(PR_GET_NO_NEW_PRIVS, 0, 0) == 1
            && dw_prctl(PR_GET_SECCOMP, 0, 0) == filtered
    }

    /// Kills every process of this PID namespace but the first one and this one.
    ///
    /// What has been killed is still there until it is buried, so ask again until the answer is no.
    ///
    /// - Precondition: ``isComplete``. Elsewhere these are all processes of the user.
    /// - Returns: whether there was any.
    package static func killOthers() throws(SyscallError) -> Bool {
        precondition(isComplete, "not in a sandbox")
        if kill(-1, SIGKILL) == 0 { return true }
        guard errno == ESRCH else { throw .last("kill", "-1") }
        return false
    }

    /// Kills the process group that a child leads, for whoever is not in a sandbox; false if nothing is left of it.
    package static func killGroup(_ leader: Int32) throws(SyscallError) -> Bool {
        precondition(leader > 1, "not a group of a child")
        if kill(-leader, SIGKILL) == 0 { return true }
        guard errno == ESRCH else { throw .last("kill", "group") }
        return false
    }
}

private let PR_GET_SECCOMP: Int32 = 21
private let PR_GET_NO_NEW_PRIVS: Int32 = 39
/// SECCOMP_MODE_FILTER of linux/seccomp.h.
private let filtered: Int32 = 2
