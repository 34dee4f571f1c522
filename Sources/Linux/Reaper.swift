// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The first process of a sandbox: it buries orphans, passes requests to end on, and ends when the server has ended.
///
/// A server cannot be that process itself: as process 1 it would ignore SIGTERM, and its orphans would stay zombies
/// because hardly any program waits for children it did not start.
package enum Reaper {
    /// Sent when the parent of a reaper without a PID namespace has died. Chosen because nobody else sends it.
    package static let parentGone = SIGPWR

    /// How far the reaper's power reaches when the server has ended.
    package enum Reach: Sendable {
        /// Process 1: the kernel ends everything in the namespace with it.
        case namespace
        /// No namespace, but signals stay in its Landlock domain, so that "all" means what the server has started.
        case landlockDomain
        /// Neither: only the server's own process group.
        case group
    }

    /// The status of a sandbox that was ended because its time was up: as if an alarm had killed it.
    package static let timeIsUp = 128 + SIGALRM

    /// Ends everything after so many seconds. Not inherited by what this process starts later, and not before.
    package static func end(after seconds: UInt32) { _ = alarm(seconds) }

    /// From here on signals wait to be collected. To be called before the server is started.
    package static func collectSignals() throws(SyscallError) {
        guard dw_mask_all_signals() == 0 else { throw .last("sigprocmask") }
    }

    /// Waits for the server and ends with its status: its exit code, or 128 and the signal that killed it.
    ///
    /// Makes no call that the `reaper` filter does not let through.
    package static func run(server: Int32, reach: Reach) -> Never {
        while true {
            let signal = dw_wait_signal()
            switch signal {
            case SIGCHLD:
                if let code = bury(server) { end(code, server, reach) }
            case parentGone: end(128 + SIGKILL, server, reach)
            case SIGALRM: end(timeIsUp, server, reach)
            case SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2:
                // Gone already is no error: its death is the next signal.
                _ = kill(server, signal)
            default: continue
            }
        }
    }

    /// Buries all dead children; the server's exit code if it was among them.
    private static func bury(_ server: Int32) -> Int32? {
        var how: Int32 = 0
        var status: Int32 = 0
        var code: Int32?
        // Both results are ours for the length of each call.
        while case let pid = unsafe dw_reap(&how, &status), pid > 0 {
            if pid == server { code = how == CLD_EXITED ? status : 128 + status }
        }
        return code
    }

    private static func end(_ code: Int32, _ server: Int32, _ reach: Reach) -> Never {
        switch reach {
        case .namespace: break
        case .landlockDomain: _ = kill(-1, SIGKILL)
        case .group: _ = kill(-server, SIGKILL)
        }
        _exit(code)
    }
}
