// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Questions about a failure that rooms without the C library's constants ask.
extension SyscallError {
    package var isNotFound: Bool { code == ENOENT }
    package var isExisting: Bool { code == EEXIST }
    /// For a refusal of our own that reads like the kernel's.
    package static let forbidden: Int32 = EACCES

    /// The kernel's ways to say that this caller may not.
    package var isForbidden: Bool { code == EACCES || code == EPERM }
    /// Nobody listens behind the name.
    package var isConnectionRefused: Bool { code == ECONNREFUSED }
    /// The user has as many of these as the kernel allows.
    package var isQuota: Bool { code == EDQUOT }
    package var isWouldBlock: Bool { code == EWOULDBLOCK }
    package var isTooBig: Bool { code == EFBIG }
    /// The disk, the quota or the process's file size limit is used up: it may pass by itself.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
    /// The file system cannot do what was asked.
    package var isUnsupported: Bool { code == EOPNOTSUPP || code == ENOSYS || code == EINVAL }
    package var isNotPermitted: Bool { code == EACCES || code == EPERM }
    package var isNotDirectory: Bool { code == ENOTDIR }
    package var isDirectory: Bool { code == EISDIR }
    package var isNameTooLong: Bool { code == ENAMETOOLONG }
    /// A link where none is followed, or one that leads in a circle.
    package var isLinkRefused: Bool { code == ELOOP }
    /// The path leads out of the directory that it had to stay below.
    package var isOutside: Bool { code == EXDEV }
    /// Something that is not a file was to be opened as one.
    package var isNoRegularFile: Bool { code == EINVAL }
    /// It lies on a file system that the kernel makes up.
    package var isKernelFile: Bool { code == EOPNOTSUPP }

    package static func outOfSpace(_ call: StaticString) -> SyscallError { SyscallError(call, code: ENOSPC) }
    package static func timedOut(_ call: StaticString) -> SyscallError { SyscallError(call, code: ETIMEDOUT) }
    package static func inputOutput(_ call: StaticString) -> SyscallError { SyscallError(call, code: EIO) }
}
