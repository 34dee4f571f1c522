// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What a descriptor is waited for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Interest(rawValue: EPOLLIN.rawValue)
    package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    // In other modules a set that is written as a list is made element by element, through generic code.
    package static let both = Interest(rawValue: EPOLLIN.rawValue | EPOLLOUT.rawValue)
    /// Told once for each change, both ways: whoever waits like this goes on until the kernel has nothing more.
    package static let changes = Interest(
        rawValue: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue)
}

/// One descriptor that is ready, named by the token it was added with.
package struct Readiness: Sendable {
    package let token: UInt64
    package let readable: Bool
    package let writable: Bool
    /// The other side has gone, or the descriptor failed: read to learn which.
    package let hungUp: Bool
}

/// epoll(7), level-triggered unless asked for ``Interest/changes``: the one place where a room waits.
///
/// Tokens are the caller's; the poller never interprets them. A descriptor that is closed leaves by itself, provided
/// that no duplicate of it is open anywhere, so remove before closing what was ever passed on.
package struct Poller: ~Copyable {
    private let epoll: FileDescriptor
    private var ready: [dw_ready]

    /// - Parameter batch: how many ready descriptors one wait can report.
    package init(batch: Int = 128) throws(SyscallError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .last("epoll_create1") }
        epoll = FileDescriptor(owning: number)
        ready = [dw_ready](repeating: dw_ready(), count: batch)
    }

    package borrowing func add(_ descriptor: borrowing FileDescriptor, _ interest: Interest, token: UInt64)
        throws(SyscallError)
    {
        try control(EPOLL_CTL_ADD, descriptor.number, interest, token)
    }

    package borrowing func change(_ descriptor: borrowing FileDescriptor, _ interest: Interest, token: UInt64)
        throws(SyscallError)
    {
        try control(EPOLL_CTL_MOD, descriptor.number, interest, token)
    }

    package borrowing func remove(_ descriptor: borrowing FileDescriptor) throws(SyscallError) {
        try control(EPOLL_CTL_DEL, descriptor.number, [], 0)
    }

    /// Waits until something is ready, and replaces `events` by what is.
    ///
    /// - Parameter milliseconds: nil waits for ever, 0 only looks. An interruption by a signal counts as nothing ready.
    package mutating func wait(_ events: inout [Readiness], milliseconds: Int32?) throws(SyscallError) {
        events.removeAll(keepingCapacity: true)
        let number = epoll.number
        let count = unsafe ready.withUnsafeMutableBufferPointer { buffer in
            // The kernel writes at most `buffer.count` events.
            unsafe dw_epoll_wait(number, buffer.baseAddress, Int32(buffer.count), milliseconds ?? -1)
        }
        guard count >= 0 else {
            if errno == EINTR { return }
            throw .last("epoll_wait")
        }
        for index in 0..<Int(count) {
            let bits = ready[index].bits
            events.append(
                Readiness(
                    token: ready[index].token,
                    readable: bits & EPOLLIN.rawValue != 0,
                    writable: bits & EPOLLOUT.rawValue != 0,
                    hungUp: bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLRDHUP.rawValue) != 0))
        }
    }

    private borrowing func control(_ operation: Int32, _ number: Int32, _ interest: Interest, _ token: UInt64)
        throws(SyscallError)
    {
        guard dw_epoll_control(epoll.number, operation, number, interest.rawValue, token) == 0 else {
            throw .last("epoll_ctl", "\(number)")
        }
    }
}
