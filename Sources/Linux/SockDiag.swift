// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Asks the kernel for one TCP socket of this network namespace by its two ends (sock_diag(7), exact look-up).
///
/// Works without privileges. Tells the inode and the owner; which process holds the inode is ``Proc``'s question.
package struct SockDiag: ~Copyable {
    private let netlink: FileDescriptor

    /// A socket as the kernel knows it.
    package struct Socket: Equatable, Sendable {
        /// 0 once its last descriptor is closed: then no process can be found any more.
        package let inode: UInt32
        package let uid: UInt32
    }

    package init() throws(SyscallError) {
        let number = dw_socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue), NETLINK_SOCK_DIAG)
        guard number >= 0 else { throw .last("socket(NETLINK_SOCK_DIAG)") }
        netlink = FileDescriptor(owning: number)
    }

    /// The socket whose own end is `local` and whose other end is `remote`, or nil.
    ///
    /// For the client of an accepted connection, `local` is that connection's peer and `remote` its own end.
    package borrowing func find(local: Endpoint, remote: Endpoint) throws(SyscallError) -> Socket? {
        var inode: UInt32 = 0
        var uid: UInt32 = 0
        // Both results are ours for the length of the call.
        guard unsafe dw_find_tcp(netlink.number, local.raw, remote.raw, &inode, &uid) == 0 else {
            if errno == ENOENT { return nil }
            throw .last("sock_diag", local.text)
        }
        return Socket(inode: inode, uid: uid)
    }
}

private let NETLINK_SOCK_DIAG: Int32 = 4
