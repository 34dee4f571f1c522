// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The kernel's keyrings (keyrings(7)): secrets that never touch a file.
package enum Keyring {
    /// Where a key is looked for.
    package enum Ring: Sendable {
        case session
        case user

        var id: Int32 {
            switch self {
            case .session: -3
            case .user: -4
            }
        }
    }

    /// The payload of the key of type `user` with this description, or nil if there is none.
    ///
    /// - Throws: EFBIG, if it is longer than `limit` bytes; EACCES, EKEYEXPIRED, EKEYREVOKED as the kernel says.
    package static func read(_ description: SystemString, from ring: Ring, limit: Int) throws(SyscallError) -> [UInt8]?
    {
        let type: SystemString = "user"
        let id = unsafe type.lend { type in
            unsafe description.lend { text in
                // Both texts are terminated; nothing is linked into another ring (0).
                dw_keyctl(KEYCTL_SEARCH, ring.argument, UInt(bitPattern: type), UInt(bitPattern: text), 0)
            }
        }
        guard id >= 0 else {
            if errno == ENOKEY { return nil }
            throw .last("keyctl(KEYCTL_SEARCH)", description.description)
        }
        var payload = [UInt8](repeating: 0, count: limit)
        let count = unsafe payload.withUnsafeMutableBytes { room in
            // The kernel writes at most `limit` bytes and returns the whole length.
            dw_keyctl(KEYCTL_READ, UInt(bitPattern: id), UInt(bitPattern: room.baseAddress), UInt(limit), 0)
        }
        guard count >= 0 else { throw .last("keyctl(KEYCTL_READ)", description.description) }
        guard count <= limit else { throw SyscallError("keyctl(KEYCTL_READ)", description.description, code: EFBIG) }
        payload.removeLast(limit - count)
        return payload
    }

    /// Leaves the session's keyring for a new, empty one that nobody else has.
    ///
    /// - Throws: EDQUOT, if the user has too many keys; ENOSYS on a kernel without keyrings.
    package static func leaveSession() throws(SyscallError) {
        guard dw_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) >= 0 else {
            throw .last("keyctl(KEYCTL_JOIN_SESSION_KEYRING)")
        }
    }
}

extension Keyring.Ring {
    /// The kernel takes ring ids as signed numbers.
    fileprivate var argument: UInt { UInt(bitPattern: Int(id)) }
}

private let KEYCTL_JOIN_SESSION_KEYRING: Int32 = 1
private let KEYCTL_SEARCH: Int32 = 10
private let KEYCTL_READ: Int32 = 11
