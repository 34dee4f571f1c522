// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// TCP over exactly the address that was named: close-on-exec and non-blocking from the first moment.
package enum TCPSocket {
    package enum Direction: Sendable {
        /// No more bytes go out; what the other side still sends can be read.
        case write
        /// Both ways, at once, for every duplicate of the descriptor: how a connection is cut.
        case both
    }

    /// Listens on `endpoint`; port 0 lets the kernel choose. An IPv6 listener never takes IPv4 connections.
    package static func listen(on endpoint: Endpoint, backlog: Int32) throws(SyscallError) -> FileDescriptor {
        let listener = try make(endpoint.family)
        if endpoint.family == AF_INET6 { try set(listener, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        // A restart must not wait for connections in TIME_WAIT; on Linux this does not let two listeners share a port.
        try set(listener, SOL_SOCKET, SO_REUSEADDR)
        guard dw_bind_internet(listener.number, endpoint.raw) == 0 else { throw .last("bind", endpoint.text) }
        guard Glibc.listen(listener.number, backlog) == 0 else { throw .last("listen", endpoint.text) }
        return listener
    }

    /// Starts to connect; the socket becomes writable when that has ended, and ``error(of:)`` says how.
    package static func connect(to endpoint: Endpoint) throws(SyscallError) -> FileDescriptor {
        let socket = try make(endpoint.family)
        guard dw_connect_internet(socket.number, endpoint.raw) == 0 || errno == EINPROGRESS else {
            throw .last("connect", endpoint.text)
        }
        return socket
    }

    /// The next waiting connection of any listening socket, or nil if none waits.
    ///
    /// A connection that died while it waited counts as none.
    package static func accept(_ listener: borrowing FileDescriptor) throws(SyscallError) -> FileDescriptor? {
        let number = dw_accept(listener.number)
        if number >= 0 { return FileDescriptor(owning: number) }
        switch errno {
        case EAGAIN, EINTR, ECONNABORTED: return nil
        default: throw .last("accept4")
        }
    }

    package static func local(_ socket: borrowing FileDescriptor) throws(SyscallError) -> Endpoint {
        try endpoint(socket, remote: false)
    }

    /// - Throws: ENOTCONN once the other side has reset the connection.
    package static func peer(_ socket: borrowing FileDescriptor) throws(SyscallError) -> Endpoint {
        try endpoint(socket, remote: true)
    }

    /// Small answers leave at once instead of waiting for an acknowledgement (TCP_NODELAY).
    package static func sendAtOnce(_ socket: borrowing FileDescriptor) throws(SyscallError) {
        try set(socket, Int32(IPPROTO_TCP), TCP_NODELAY)
    }

    /// A connection that the other side has left already is no error.
    package static func shutDown(_ socket: borrowing FileDescriptor, _ direction: Direction) throws(SyscallError) {
        let how: Int32 =
            switch direction {
            case .write: Int32(SHUT_WR)
            case .both: Int32(SHUT_RDWR)
            }
        guard shutdown(socket.number, how) == 0 || errno == ENOTCONN else { throw .last("shutdown") }
    }

    /// Takes the error that waits on the socket (SO_ERROR), or nil.
    package static func error(of socket: borrowing FileDescriptor) throws(SyscallError) -> SyscallError? {
        let code = dw_get_option(socket.number, SOL_SOCKET, SO_ERROR)
        guard code >= 0 else { throw .last("getsockopt(SO_ERROR)") }
        return code == 0 ? nil : SyscallError("connect", code: code)
    }

    private static func make(_ family: Int32) throws(SyscallError) -> FileDescriptor {
        let number = dw_socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard number >= 0 else { throw .last("socket(AF_INET)") }
        return FileDescriptor(owning: number)
    }

    private static func set(_ socket: borrowing FileDescriptor, _ level: Int32, _ option: Int32)
        throws(SyscallError)
    {
        guard dw_set_option(socket.number, level, option, 1) == 0 else { throw .last("setsockopt", "\(option)") }
    }

    private static func endpoint(_ socket: borrowing FileDescriptor, remote: Bool) throws(SyscallError) -> Endpoint {
        var found = dw_endpoint()
        // The shim fills the whole struct or fails.
        guard unsafe dw_endpoint_of(socket.number, remote ? 1 : 0, &found) == 0 else {
            throw .last(remote ? "getpeername" : "getsockname")
        }
        return Endpoint(raw: found)
    }
}
