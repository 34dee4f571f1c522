// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// How a process ended.
package enum ProcessExit: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    init(how: Int32, status: Int32) {
        self = how == CLD_EXITED ? .exited(status) : .killed(signal: status)
    }
}

/// One process, held by a descriptor, so that a reused process id can never be meant by mistake (kernel 5.3).
///
/// The descriptor becomes readable when the process has ended.
package struct Pidfd: ~Copyable, Sendable {
    /// For the ``Poller``.
    package let descriptor: FileDescriptor

    package init(owning descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// - Throws: ESRCH, if there is no such process now. Whether the number still means the process that the caller
    ///   had in mind must be checked after this call, never before.
    package init(opening pid: Int32) throws(SyscallError) {
        let number = dw_pidfd_open(pid)
        guard number >= 0 else { throw .last("pidfd_open", "\(pid)") }
        descriptor = FileDescriptor(owning: number)
    }

    /// Sends a signal; false if the process has ended already.
    @discardableResult
    package borrowing func signal(_ signal: Int32) throws(SyscallError) -> Bool {
        if dw_pidfd_signal(descriptor.number, signal) == 0 { return true }
        guard errno == ESRCH else { throw .last("pidfd_send_signal", "\(signal)") }
        return false
    }

    /// Waits for a child of this process and reaps it, and no other child.
    package borrowing func wait() throws(SyscallError) -> ProcessExit {
        guard let exit = try wait(block: 1) else { throw SyscallError("waitid", code: ECHILD) }
        return exit
    }

    /// Reaps a child of this process if it has ended, else nil.
    package borrowing func exit() throws(SyscallError) -> ProcessExit? {
        try wait(block: 0)
    }

    private borrowing func wait(block: Int32) throws(SyscallError) -> ProcessExit? {
        var how: Int32 = 0
        var status: Int32 = 0
        // Both results are ours for the length of the call.
        let result = unsafe dw_pidfd_wait(descriptor.number, block, &how, &status)
        guard result >= 0 else { throw .last("waitid") }
        return result == 0 ? nil : ProcessExit(how: how, status: status)
    }
}
