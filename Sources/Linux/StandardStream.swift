// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The three descriptors that a command line program is born with. They belong to whoever started it too, so their
/// flags are never changed here.
package enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case errors = 2

    /// Puts something that ends when it is read and refuses to be written in the place of each stream that this process
    /// was started without: otherwise the next file that is opened takes its number, and what is meant for a screen
    /// goes there. Before anything is opened, and for programs that are executed later too.
    package static func fillGaps() throws(SyscallError) {
        for number in [input, output, errors].map(\.rawValue) where dw_fcntl_int(number, F_GETFD, 0) < 0 {
            // A literal; the kernel gives the lowest free number, which is this one.
            guard unsafe Glibc.open("/dev/null", O_RDONLY) == number else { throw .last("open", "/dev/null") }
        }
    }

    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Columns of the terminal, nil if it is none or does not say.
    package var columns: Int? {
        var size = winsize()
        // The kernel fills a structure of ours.
        guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes all bytes, waiting where the other side is slow.
    package func write(_ bytes: [UInt8]) throws(SyscallError) {
        let descriptor = FileDescriptor(owning: rawValue)
        do throws(SyscallError) { try descriptor.writeAll(bytes) } catch {
            _ = descriptor.release()
            throw error
        }
        _ = descriptor.release()
    }

    /// Writes at most `limit` bytes from the front of `queue`; one system call.
    ///
    /// After the poller said that a pipe is writable, up to 4,096 bytes (PIPE_BUF) never wait.
    package func write(from queue: inout ByteQueue, atMost limit: Int) throws(SyscallError) -> Transfer {
        let count = unsafe queue.drain { bytes in
            // Borrowed for the length of the call.
            unsafe Glibc.write(rawValue, bytes.baseAddress, min(bytes.count, limit))
        }
        return try ended("write", count)
    }

    /// Reads up to `limit` bytes onto the end of `queue`; one system call, which waits if nothing is there.
    package func read(into queue: inout ByteQueue, limit: Int) throws(SyscallError) -> Transfer {
        let count = unsafe queue.fill(limit) { room in
            // The queue lends exactly `room.count` writable bytes for the length of the call.
            unsafe Glibc.read(rawValue, room.baseAddress, room.count)
        }
        return try ended("read", count)
    }

    /// Lends the descriptor, to be waited for.
    package func lend<Result, Failure: Error>(
        _ body: (borrowing FileDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let descriptor = FileDescriptor(owning: rawValue)
        do throws(Failure) {
            let result = try body(descriptor)
            _ = descriptor.release()
            return result
        } catch {
            _ = descriptor.release()
            throw error
        }
    }

    private func ended(_ call: StaticString, _ count: Int) throws(SyscallError) -> Transfer {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case EPIPE, ECONNRESET, EIO: return .closed
        default: throw .last(call)
        }
    }
}
