// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A filter of system calls, compiled when Doorward is built (seccomp/*.json).
package enum SeccompProgram: Int32, CaseIterable, Sendable {
    // The raw value is the place in the table that seccomp/generate writes.
    case gate
    case broker
    case watch
    /// The first process of a server's sandbox.
    case reaper
    /// Servers, tools, agents in namespaces of their own.
    case server
    /// The same without namespaces: no sockets, no shared memory.
    case reduced
    /// As ``server``, for programs that put parts of themselves into namespaces of their own.
    case browser
    /// The room that reaches out for sandboxes.
    case egress

    /// Filters every thread of this process from here on. A room calls it last before its loop.
    ///
    /// Needs ``ThisProcess/gainNothing()`` before it. Cannot be undone; further filters only add refusals.
    package func loadForAllThreads() throws(SyscallError) { try load(allThreads: 1) }

    /// Filters the calling thread from here on.
    package func load() throws(SyscallError) { try load(allThreads: 0) }

    private func load(allThreads: Int32) throws(SyscallError) {
        guard dw_seccomp_load(rawValue, allThreads) == 0 else { throw .last("seccomp", "\(self)") }
    }
}
