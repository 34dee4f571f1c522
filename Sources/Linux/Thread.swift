// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A thread of our own for work that blocks: the concurrency pool has one thread per core and must never wait.
///
/// Its signals are blocked, all but those that its own faults raise, so that the loop's signal descriptor sees them.
/// It runs when the initialiser returns: what the C library asks of the kernel at a thread's start is behind it then, and
/// a room may load its filter, which would end the process over those calls.
package struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    /// - Parameter name: what `ps -L` shows; at most 15 bytes of it.
    package init(named name: StaticString, _ body: @escaping @Sendable () -> Void) throws(SyscallError) {
        let begin = try Start(name: name, body: body)
        let start = unsafe Unmanaged.passRetained(begin)
        var created = pthread_t()
        var previous = sigset_t()
        // Blocked here and inherited: between creation and a mask set by the thread itself a signal could slip in.
        // Both sets are ours; blocking valid signals cannot fail.
        _ = unsafe dw_block_signals(&previous)
        // The retained Start is the argument, and ``run`` releases it exactly once.
        let code = unsafe pthread_create(&created, nil, run, start.toOpaque())
        _ = unsafe dw_restore_signals(&previous)
        guard code == 0 else {
            unsafe start.release()
            throw SyscallError("pthread_create", "\(name)", code: code)
        }
        handle = created
        // A wait ends early when a signal comes; the thread's own word is what counts.
        while !begin.running.drain() { begin.running.wait(milliseconds: nil) }
    }

    /// Waits until the body has returned. A thread that is never joined lives as long as the process.
    package consuming func join() {
        // The handle is of a thread that was created joinable, and joining consumes it: never twice.
        _ = pthread_join(handle, nil)
    }
}

private final class Start {
    let name: StaticString
    let body: @Sendable () -> Void
    /// Signalled by the thread as its first act.
    let running: EventDescriptor

    init(name: StaticString, body: @escaping @Sendable () -> Void) throws(SyscallError) {
        running = try EventDescriptor()
        self.name = name
        self.body = body
    }
}

private func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    // Made by `passRetained` in ``Thread``'s initialiser, for this one call.
    let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    // A literal with NUL behind it; the kernel copies at most 16 bytes.
    _ = unsafe withTerminatedBytes(Array(start.name.description.utf8)) { unsafe dw_name_thread($0) }
    start.running.signal()
    start.body()
    return nil
}
