// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// An exclusive flock(2) on a directory, held until this value goes; the kernel drops it when the process dies.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Takes the lock, or fails at once.
    ///
    /// - Throws: the failing call; `EWOULDBLOCK` (``SyscallError/isWouldBlock``) where somebody else holds it.
    package init(on directory: borrowing Directory) throws(SyscallError) {
        // A lock belongs to an open file description, so this one is shared with nobody.
        let own = try directory.reopened()
        while dw_flock(own.number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR else { throw .last("flock") }
        }
        descriptor = own
    }
}
