// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// How a non-blocking transfer ended.
package enum Transfer: Equatable, Sendable {
    /// This many bytes moved, at least one.
    case moved(Int)
    /// The kernel has nothing (or no room) now: wait for the poller.
    case wouldBlock
    /// The other side has closed.
    case closed
}

/// One owner of one open descriptor: closed when it goes out of scope.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number. It leaves this module only as a key (``Poller`` tokens, frames), never as a right.
    package let number: Int32

    /// Takes over a descriptor that nobody else will close.
    package init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// /dev/null, for reading and writing: a standard stream that leads nowhere.
    package static func null() throws(SyscallError) -> FileDescriptor {
        let number = dw_open_null()
        guard number >= 0 else { throw .last("open", "/dev/null") }
        return FileDescriptor(owning: number)
    }

    /// A file without a name that holds `bytes`, to be read from its start: for a child.
    package static func holding(_ bytes: [UInt8]) throws(SyscallError) -> FileDescriptor {
        let number = unsafe bytes.withUnsafeBytes { all in
            // Borrowed for the length of the call.
            unsafe dw_memory_file(all.baseAddress, all.count)
        }
        guard number >= 0 else { throw .last("memfd_create") }
        return FileDescriptor(owning: number)
    }

    /// A copy of this process's standard error, for a child.
    package static func copyOfStandardError() throws(SyscallError) -> FileDescriptor {
        let copy = dw_fcntl_int(2, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("fcntl(F_DUPFD_CLOEXEC)", "2") }
        return FileDescriptor(owning: copy)
    }

    /// Closes now and reports what the kernel said; `deinit` stays silent.
    package consuming func close() throws(SyscallError) {
        let closing = number
        discard self
        guard Glibc.close(closing) == 0 else { throw .last("close") }
    }

    /// Gives up ownership: the caller closes the number, or hands it to an exec.
    package consuming func release() -> Int32 {
        let released = number
        discard self
        return released
    }

    /// A second owner of the same open file, close-on-exec.
    package borrowing func duplicate() throws(SyscallError) -> FileDescriptor {
        let copy = dw_fcntl_int(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("fcntl(F_DUPFD_CLOEXEC)") }
        return FileDescriptor(owning: copy)
    }

    package borrowing func setNonBlocking(_ on: Bool) throws(SyscallError) {
        let flags = dw_fcntl_int(number, F_GETFL, 0)
        guard flags >= 0 else { throw .last("fcntl(F_GETFL)") }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        guard dw_fcntl_int(number, F_SETFL, wanted) >= 0 else { throw .last("fcntl(F_SETFL)") }
    }

    package borrowing func setCloseOnExec(_ on: Bool) throws(SyscallError) {
        guard dw_fcntl_int(number, F_SETFD, on ? FD_CLOEXEC : 0) >= 0 else { throw .last("fcntl(F_SETFD)") }
    }

    /// Whether this is a pipe or a socket, whose other end is another program's: a terminal is often shared by several.
    package borrowing func isPipeOrSocket() throws(SyscallError) -> Bool {
        let kind = try status(of: self, "").st_mode & S_IFMT
        return kind == S_IFIFO || kind == S_IFSOCK
    }

    /// Reads up to `limit` bytes onto the end of `queue`; one system call.
    package borrowing func read(into queue: inout ByteQueue, limit: Int) throws(SyscallError) -> Transfer {
        let count = unsafe queue.fill(limit) { room in
            // The queue lends exactly `room.count` writable bytes for the length of the call.
            unsafe Glibc.read(number, room.baseAddress, room.count)
        }
        return try transfer("read", count)
    }

    /// Writes the front of `queue` and drops what the kernel took; one system call.
    package borrowing func write(from queue: inout ByteQueue) throws(SyscallError) -> Transfer {
        let count = unsafe queue.drain { bytes in
            // Borrowed for the length of the call.
            unsafe Glibc.write(number, bytes.baseAddress, bytes.count)
        }
        return try transfer("write", count)
    }

    /// Writes the front of `bytes`, as much as the kernel takes; one system call.
    ///
    /// - Precondition: `bytes` is not empty: the kernel's answer would look like an end.
    package borrowing func write(_ bytes: borrowing Span<UInt8>) throws(SyscallError) -> Transfer {
        precondition(!bytes.isEmpty, "nothing to write")
        let count = unsafe bytes.withUnsafeBytes { front in
            // Borrowed for the length of the call.
            unsafe Glibc.write(number, front.baseAddress, front.count)
        }
        return try transfer("write", count)
    }

    /// Writes all bytes, blocking if the descriptor does. A short write is continued, an interruption repeated.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(SyscallError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { all in
                // In bounds: done < bytes.count.
                unsafe Glibc.write(number, all.baseAddress.map { unsafe $0 + done }, all.count - done)
            }
            if count < 0 {
                guard errno == EINTR else { throw .last("write") }
            } else {
                done += count
            }
        }
    }

    /// Waits until there is something to read, or the other end is closed; false when the time is over.
    package borrowing func waitUntilReadable(milliseconds: Int32) throws(SyscallError) -> Bool {
        let deadline = Instant.now.adding(milliseconds: UInt64(max(milliseconds, 0)))
        while true {
            var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            let left = Int32(clamping: deadline.milliseconds(after: .now))
            // One entry, ours for the length of the call.
            let count = unsafe poll(&entry, 1, left)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { throw .last("poll") }
        }
    }

    /// Whether the reading end of this pipe, or the other end of this socket, has been closed by everybody who had it.
    package borrowing func isAbandoned() throws(SyscallError) -> Bool {
        var entry = pollfd(fd: number, events: 0, revents: 0)
        // One entry, ours for the length of the call; with no time to wait there is no interruption.
        guard unsafe poll(&entry, 1, 0) >= 0 else { throw .last("poll") }
        return entry.revents & Int16(POLLERR | POLLHUP) != 0
    }

    private borrowing func transfer(_ call: StaticString, _ count: Int) throws(SyscallError) -> Transfer {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case EPIPE, ECONNRESET: return .closed
        default: throw .last(call)
        }
    }
}
