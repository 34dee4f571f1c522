// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What the kernel knows of this network namespace's addresses and routes (rtnetlink(7)). Works without privileges.
package struct HostAddresses: ~Copyable {
    /// More addresses than a host has; a host that has more is not served.
    package static let limit = 4096

    private let questions: FileDescriptor
    /// Of the last question.
    private var sequence: UInt32 = 0
    /// Becomes readable when an address has come or gone; see ``takeChanges()``.
    package let changes: FileDescriptor

    package init() throws(SyscallError) {
        let first = try Self.socket()
        let second = try Self.subscribed()
        questions = first
        changes = second
    }

    private static func subscribed() throws(SyscallError) -> FileDescriptor {
        let socket = try Self.socket()
        guard dw_watch_addresses(socket.number) == 0 else { throw .last("bind(NETLINK_ROUTE)") }
        return socket
    }

    package struct Own: Hashable, Sendable {
        package let address: InternetAddress
        /// On the loopback interface, where people put addresses of any kind.
        package let isOnLoopback: Bool

        package init(_ address: InternetAddress, isOnLoopback: Bool = false) {
            self.address = address
            self.isOnLoopback = isOnLoopback
        }
    }

    /// Every address that is this host's own, and the other ends of its point-to-point links.
    package mutating func all() throws(SyscallError) -> [Own] {
        var found = [dw_endpoint](repeating: dw_endpoint(), count: Self.limit)
        sequence &+= 1
        let (number, sequence) = (questions.number, sequence)
        let count = unsafe found.withUnsafeMutableBufferPointer { room in
            // The shim writes at most `room.count` elements.
            unsafe dw_local_addresses(number, sequence, room.baseAddress, Int32(room.count))
        }
        guard count >= 0 else { throw .last("rtnetlink(RTM_GETADDR)") }
        return found[..<Int(count)].map {
            // Every network namespace has its loopback interface at 1.
            Own(Endpoint(raw: $0).address, isOnLoopback: $0.scope == 1)
        }
    }

    /// Where a packet to this address would go.
    package enum Route: Equatable, Sendable {
        /// To another host.
        case away
        /// To this host itself, also by a route that makes more addresses its own than its interfaces have.
        case own
        /// To many, or nowhere.
        case other
    }

    /// - Throws: ENETUNREACH and the like, if there is no way.
    package mutating func route(to address: InternetAddress) throws(SyscallError) -> Route {
        sequence &+= 1
        switch dw_route_type(questions.number, sequence, Endpoint(address: address, port: 0).raw) {
        case RTN_UNICAST: return .away
        case RTN_LOCAL: return .own
        case -1: throw .last("rtnetlink(RTM_GETROUTE)")
        default: return .other
        }
    }

    /// Whether anything has changed since the last time; what was said about it is thrown away.
    package borrowing func takeChanges() throws(SyscallError) -> Bool {
        var queue = ByteQueue()
        var changed = false
        while true {
            do throws(SyscallError) {
                guard try DatagramSocket.receive(changes, into: &queue, limit: 16_384) else { return changed }
            } catch {
                // More has changed than the kernel keeps for us: all the more a change.
                guard error.code == ENOBUFS else { throw error }
            }
            changed = true
            queue.removeAll()
        }
    }

    private static func socket() throws(SyscallError) -> FileDescriptor {
        let number = dw_socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), NETLINK_ROUTE)
        guard number >= 0 else { throw .last("socket(NETLINK_ROUTE)") }
        return FileDescriptor(owning: number)
    }
}

private let NETLINK_ROUTE: Int32 = 0
private let RTN_UNICAST: Int32 = 1
private let RTN_LOCAL: Int32 = 2
