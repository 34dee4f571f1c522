// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The kernel's capabilities (capabilities(7)).
package enum Capabilities {
    /// How far the calling thread was stripped.
    package enum Outcome: Equatable, Sendable {
        /// No capability is left, none can come back, and uid 0 means nothing special any more.
        case none
        /// No capability is left, but this thread lacked the right to empty its bounding set.
        case boundingKept
    }

    /// The effective capabilities of the calling thread, one bit each.
    package static func effective() throws(SyscallError) -> UInt64 {
        var found: UInt64 = 0
        // The result is ours for the length of the call.
        guard unsafe dw_effective_capabilities(&found) == 0 else { throw .last("capget") }
        return found
    }

    /// Gives up everything, for this thread and for whatever it executes.
    package static func dropAll() throws(SyscallError) -> Outcome {
        var outcome = Outcome.none
        // First what needs CAP_SETPCAP: without these an exec by uid 0 would bring the whole set back.
        if dw_prctl(PR_SET_SECUREBITS, lockedSecurebits, 0) == 0 {
            var capability: UInt = 0
            // Ends with EINVAL behind the last capability that this kernel knows.
            while dw_prctl(PR_CAPBSET_DROP, capability, 0) == 0 { capability += 1 }
            guard errno == EINVAL else { throw .last("prctl(PR_CAPBSET_DROP)", "\(capability)") }
        } else {
            guard errno == EPERM else { throw .last("prctl(PR_SET_SECUREBITS)") }
            outcome = .boundingKept
        }
        // Emptying the permitted set empties the ambient set with it; asked for all the same, so that it fails aloud.
        guard dw_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0) == 0 else { throw .last("prctl(PR_CAP_AMBIENT)") }
        guard dw_drop_capabilities() == 0 else { throw .last("capset") }
        return outcome
    }
}

private let PR_CAPBSET_DROP: Int32 = 24
private let PR_SET_SECUREBITS: Int32 = 28
private let PR_CAP_AMBIENT: Int32 = 47
private let PR_CAP_AMBIENT_CLEAR_ALL: UInt = 4
// SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, SECBIT_NO_CAP_AMBIENT_RAISE, each with its lock, and the lock of KEEP_CAPS.
private let lockedSecurebits: UInt = 0x03 | 0x0c | 0x20 | 0xc0
