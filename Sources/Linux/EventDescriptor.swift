// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// eventfd(2): how one thread tells another that there is something to look at.
package struct EventDescriptor: ~Copyable, Sendable {
    /// For a ``Poller``: readable while a signal waits.
    package let descriptor: FileDescriptor
    /// What ``wait(milliseconds:)`` waits with: epoll, which every room's filter lets through, and poll(2) none.
    private let epoll: FileDescriptor

    package init() throws(SyscallError) {
        let event = dw_eventfd()
        guard event >= 0 else { throw .last("eventfd") }
        let counter = FileDescriptor(owning: event)
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .last("epoll_create1") }
        let waiting = FileDescriptor(owning: number)
        guard dw_epoll_control(number, EPOLL_CTL_ADD, event, EPOLLIN.rawValue, 0) == 0 else { throw .last("epoll_ctl") }
        descriptor = counter
        epoll = waiting
    }

    /// Makes the descriptor readable. Signals that nobody has drained yet count as one.
    package borrowing func signal() {
        var one: UInt64 = 1
        while true {
            // The kernel reads eight bytes from a variable of ours.
            let count = unsafe Glibc.write(descriptor.number, &one, 8)
            // EAGAIN says that the counter is full, so the other side is being woken anyway.
            if count == 8 || errno != EINTR { return }
        }
    }

    /// Takes all signals that wait; false if there was none.
    @discardableResult
    package borrowing func drain() -> Bool {
        var value: UInt64 = 0
        while true {
            // The kernel writes eight bytes into a variable of ours.
            let count = unsafe Glibc.read(descriptor.number, &value, 8)
            if count == 8 { return true }
            if errno != EINTR { return false }
        }
    }

    /// Waits until a signal is there (and leaves it), or until the time is over.
    ///
    /// - Parameter milliseconds: nil waits for ever. An interruption ends the wait early.
    package borrowing func wait(milliseconds: Int32?) {
        var ready = dw_ready()
        // Room for one event, ours. A failure can only be an interruption, and the caller looks again anyway.
        _ = unsafe dw_epoll_wait(epoll.number, &ready, 1, milliseconds ?? -1)
    }
}
