// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Starts processes that go on in this program's code (clone3(2), kernel 5.5).
package enum Clone {
    /// A child that was started.
    package struct Child: ~Copyable, Sendable {
        package let pid: Int32
        package let pidfd: Pidfd

        /// Keeps the descriptor alone.
        package consuming func keepPidfd() -> Pidfd { pidfd }
    }

    /// Copies this process into `namespaces` and runs `body` in the copy, which never returns from it.
    ///
    /// Only for processes with a single thread: whatever lock another thread holds would stay locked in the copy.
    package static func start(_ namespaces: Namespaces, _ body: () -> Never) throws(SyscallError) -> Child {
        try start(namespaces, -1, body)
    }

    /// The same inside `cgroup`, from its first instruction on (kernel 5.7).
    package static func start(_ namespaces: Namespaces, in cgroup: borrowing Cgroup, _ body: () -> Never)
        throws(SyscallError) -> Child
    {
        try start(namespaces, cgroup.directory.number, body)
    }

    /// Copies this process as it is and runs `body` in the copy, also where the own filter refuses clone3(2).
    package static func copy(_ body: () -> Never) throws(SyscallError) -> Child {
        var pidfd: Int32 = -1
        // The shim writes the pidfd before it returns to the parent.
        let pid = unsafe dw_fork(&pidfd)
        if pid == 0 { body() }
        guard pid > 0 else { throw .last("fork") }
        return Child(pid: pid, pidfd: Pidfd(owning: FileDescriptor(owning: pidfd)))
    }

    private static func start(_ namespaces: Namespaces, _ cgroup: Int32, _ body: () -> Never)
        throws(SyscallError) -> Child
    {
        var pidfd: Int32 = -1
        // The kernel writes the pidfd into the parent's memory before either side goes on.
        let pid = unsafe dw_clone(namespaces.rawValue, cgroup, &pidfd)
        if pid == 0 { body() }
        guard pid > 0 else { throw .last("clone3") }
        return Child(pid: pid, pidfd: Pidfd(owning: FileDescriptor(owning: pidfd)))
    }

    /// Ends this process at once: no handlers, no buffers, nothing that was registered before the copy.
    package static func exit(_ code: Int32) -> Never { _exit(code) }
}
