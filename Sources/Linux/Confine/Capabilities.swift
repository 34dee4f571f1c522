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

    /// Looks at any process as its owner could (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH), and does nothing else.
    package static let inspection: UInt64 = 1 << 19 | 1 << 2

    /// Gives up everything but `kept`, for this thread and for whatever it executes.
    ///
    /// - Returns: what of `kept` this thread had, and so has kept.
    package static func drop(keeping kept: UInt64) throws(SyscallError) -> UInt64 {
        let had = try effective()
        let kept = kept & had
        guard kept != 0 else {
            _ = try dropAll()
            return 0
        }
        for capability in UInt(0)..<64 where kept & (1 << UInt64(capability)) == 0 {
            // EINVAL: behind the last capability that this kernel knows.
            guard dw_prctl(PR_CAPBSET_DROP, capability, 0) == 0 || errno == EINVAL else {
                throw .last("prctl(PR_CAPBSET_DROP)", "\(capability)")
            }
        }
        // Ambient is what an exec keeps of a thread without other privileges, and it must be inheritable first.
        guard dw_set_capabilities(had, had, kept) == 0 else { throw .last("capset") }
        for capability in UInt(0)..<64 where kept & (1 << UInt64(capability)) != 0 {
            guard dw_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability) == 0 else {
                throw .last("prctl(PR_CAP_AMBIENT_RAISE)", "\(capability)")
            }
        }
        // Behind the raising, which it forbids; before CAP_SETPCAP goes.
        guard dw_prctl(PR_SET_SECUREBITS, lockedSecurebits, 0) == 0 else { throw .last("prctl(PR_SET_SECUREBITS)") }
        guard dw_set_capabilities(kept, kept, kept) == 0 else { throw .last("capset") }
        return kept
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
            // Whoever started this may have emptied the set: then an exec brings nothing back either.
            for capability in UInt(0)..<64 where dw_prctl(PR_CAPBSET_READ, capability, 0) == 1 {
                outcome = .boundingKept
            }
        }
        // Emptying the permitted set empties the ambient set with it; asked for all the same, so that it fails aloud.
        guard dw_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0) == 0 else { throw .last("prctl(PR_CAP_AMBIENT)") }
        guard dw_drop_capabilities() == 0 else { throw .last("capset") }
        return outcome
    }
}

private let PR_CAPBSET_READ: Int32 = 23
private let PR_CAPBSET_DROP: Int32 = 24
private let PR_SET_SECUREBITS: Int32 = 28
private let PR_CAP_AMBIENT: Int32 = 47
private let PR_CAP_AMBIENT_RAISE: UInt = 2
private let PR_CAP_AMBIENT_CLEAR_ALL: UInt = 4
// SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, SECBIT_NO_CAP_AMBIENT_RAISE, each with its lock, and the lock of KEEP_CAPS.
private let lockedSecurebits: UInt = 0x03 | 0x0c | 0x20 | 0xc0
