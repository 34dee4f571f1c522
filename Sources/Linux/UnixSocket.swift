// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Unix-domain sockets: close-on-exec and non-blocking from the first moment.
package enum UnixSocket {
    package enum Kind: Sendable {
        case stream
        /// Connected, ordered, with message borders: what doors are made of.
        case packet

        var type: Int32 {
            switch self {
            case .stream: Int32(SOCK_STREAM.rawValue)
            case .packet: Int32(SOCK_SEQPACKET.rawValue)
            }
        }
    }

    /// The two ends of one connection without a name.
    package struct Pair: ~Copyable {
        package let near: FileDescriptor
        package let far: FileDescriptor

        /// Gives both ends away.
        package consuming func part(
            _ take: (consuming FileDescriptor, consuming FileDescriptor) -> Void
        ) { take(near, far) }

        /// Closes the far end, so that the near one sees when its last copy is gone, and hands the near one over.
        package consuming func keepNear() -> FileDescriptor { near }

        /// Closes the near end in a forked copy of this process that never comes back, and so never ends its owner.
        package borrowing func closeNearForGood() { _ = Glibc.close(near.number) }
    }

    /// Who had the other end when it was connected, as the kernel recorded it, in this process's user namespace.
    package struct PeerCredentials: Equatable, Sendable {
        package let pid: Int32
        package let uid: UInt32
        package let gid: UInt32
    }

    package static func pair(_ kind: Kind) throws(SyscallError) -> Pair {
        var ends: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutablePointer(to: &ends) { pair in
            // A tuple of two Int32 is laid out as int[2].
            unsafe pair.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe dw_socket_pair(kind.type, $0) }
        }
        guard result == 0 else { throw .last("socketpair") }
        return Pair(near: FileDescriptor(owning: ends.0), far: FileDescriptor(owning: ends.1))
    }

    /// Listens under `name` in `directory`; only the owner may connect, from the moment the name exists.
    ///
    /// - Throws: also EADDRINUSE, if the name exists: whether it is stale is the caller's question.
    package static func listen(
        _ kind: Kind, in directory: borrowing FileDescriptor, name: SystemString, backlog: Int32
    ) throws(SyscallError) -> FileDescriptor {
        let listener = try make(kind)
        // Before bind: the name takes its mode from the socket, so there is no moment with a wider one.
        guard fchmod(listener.number, 0o600) == 0 else { throw .last("fchmod", "socket") }
        let place = directory.number
        guard unsafe name.lend({ unsafe dw_bind_unix(listener.number, place, $0) }) == 0 else {
            throw .last("bind", name.description)
        }
        guard Glibc.listen(listener.number, backlog) == 0 else { throw .last("listen", name.description) }
        return listener
    }

    package static func connect(_ kind: Kind, in directory: borrowing FileDescriptor, name: SystemString)
        throws(SyscallError) -> FileDescriptor
    {
        let socket = try make(kind)
        let place = directory.number
        guard unsafe name.lend({ unsafe dw_connect_unix(socket.number, place, $0) }) == 0 else {
            throw .last("connect", name.description)
        }
        return socket
    }

    package static func peer(of socket: borrowing FileDescriptor) throws(SyscallError) -> PeerCredentials {
        var found = dw_credentials()
        // The shim fills the whole struct or fails.
        guard unsafe dw_peer_credentials(socket.number, &found) == 0 else { throw .last("getsockopt(SO_PEERCRED)") }
        return PeerCredentials(pid: found.pid, uid: found.uid, gid: found.gid)
    }

    private static func make(_ kind: Kind) throws(SyscallError) -> FileDescriptor {
        let number = dw_socket(AF_UNIX, kind.type, 0)
        guard number >= 0 else { throw .last("socket(AF_UNIX)") }
        return FileDescriptor(owning: number)
    }
}
