// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Signals as something to read: for the ``Poller``, instead of handlers.
package struct SignalDescriptor: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    /// Blocks `signals` for this thread, and for every thread that it starts afterwards, and collects them here.
    ///
    /// To be made before any other thread exists: a thread with an open mask would be killed by the signal instead.
    package init(blocking signals: [Int32]) throws(SyscallError) {
        let count = Int32(signals.count)
        // Borrowed for the length of each call.
        guard unsafe dw_mask_signals(signals, count) == 0 else { throw .last("sigprocmask") }
        let number = unsafe dw_signal_descriptor(signals, count)
        guard number >= 0 else { throw .last("signalfd") }
        descriptor = FileDescriptor(owning: number)
    }

    /// The next waiting signal, or nil.
    package borrowing func next() throws(SyscallError) -> Int32? {
        let number = dw_next_signal(descriptor.number)
        guard number >= 0 else { throw .last("read", "signalfd") }
        return number == 0 ? nil : number
    }
}

/// The signals that rooms talk about.
package enum Signal {
    package static let terminate = SIGTERM
    package static let interrupt = SIGINT
    package static let hangUp = SIGHUP
    package static let kill = SIGKILL
    package static let child = SIGCHLD
    package static let brokenPipe = SIGPIPE

    /// Lets writes to a closed pipe fail with EPIPE instead of ending the process.
    package static func ignoreBrokenPipe() {
        // Cannot fail: the number is valid and may be ignored.
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }
}
