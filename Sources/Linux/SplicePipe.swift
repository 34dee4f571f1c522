// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Bytes on their way from one socket to another, inside the kernel (splice(2)): no copy of them is ever ours.
///
/// A class, so that a pool can hold those that nobody needs.
package final class SplicePipe {
    private let reading: FileDescriptor
    private let writing: FileDescriptor
    /// Bytes inside.
    package private(set) var count = 0

    package init() throws(SyscallError) {
        var first: Int32 = -1
        var second: Int32 = -1
        // Both results are ours for the length of the call.
        guard unsafe dw_pipe(&first, &second) == 0 else { throw .last("pipe2") }
        reading = FileDescriptor(owning: first)
        writing = FileDescriptor(owning: second)
    }

    /// Asks the kernel for room for this many bytes; it may refuse, as users have a share.
    package func grow(to bytes: Int32) -> Bool { dw_fcntl_int(writing.number, F_SETPIPE_SZ, bytes) >= 0 }

    /// Moves up to `limit` bytes in; one system call. `.wouldBlock`: the socket has nothing, or the pipe no room.
    package func fill(from socket: borrowing FileDescriptor, limit: Int) throws(SyscallError) -> Transfer {
        let moved = try transfer(dw_splice(socket.number, writing.number, limit, 0))
        if case .moved(let bytes) = moved { count += bytes }
        return moved
    }

    /// Moves what is inside out; one system call.
    ///
    /// - Parameter more: further bytes follow at once, so the kernel may wait for a full segment.
    /// - Precondition: something is inside.
    package func drain(into socket: borrowing FileDescriptor, more: Bool = false) throws(SyscallError) -> Transfer {
        precondition(count > 0, "nothing to move")
        let moved = try transfer(dw_splice(reading.number, socket.number, count, more ? 1 : 0))
        if case .moved(let bytes) = moved { count -= bytes }
        return moved
    }

    private func transfer(_ count: Int) throws(SyscallError) -> Transfer {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case EPIPE, ECONNRESET: return .closed
        default: throw .last("splice")
        }
    }
}

private let F_SETPIPE_SZ: Int32 = 1031
