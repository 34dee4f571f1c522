// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// UDP with one other side: the kernel lets nobody else's datagrams through, and chooses a port that nobody can know.
package enum DatagramSocket {
    /// Non-blocking, close-on-exec. Write sends one datagram; ``receive(_:into:limit:)`` takes one.
    package static func connect(to endpoint: Endpoint) throws(SyscallError) -> FileDescriptor {
        let number = dw_socket(endpoint.family, Int32(SOCK_DGRAM.rawValue), 0)
        guard number >= 0 else { throw .last("socket(SOCK_DGRAM)") }
        let socket = FileDescriptor(owning: number)
        guard dw_connect_internet(number, endpoint.raw) == 0 else { throw .last("connect", endpoint.text) }
        return socket
    }

    /// One datagram onto the end of `queue`, at most `limit` bytes of it; false if none waits. An empty one counts.
    ///
    /// - Throws: ECONNREFUSED, if the other side's host has said that nobody listens there.
    package static func receive(_ socket: borrowing FileDescriptor, into queue: inout ByteQueue, limit: Int)
        throws(SyscallError) -> Bool
    {
        let number = socket.number
        let count = unsafe queue.fill(limit) { room in
            // The queue lends exactly `room.count` writable bytes for the length of the call.
            unsafe recv(number, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
        }
        if count >= 0 { return true }
        guard errno == EAGAIN || errno == EINTR else { throw .last("recv") }
        return false
    }
}
