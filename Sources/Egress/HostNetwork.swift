// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The network as the room uses it; tests put one in its place in which nothing leads outside.
struct HostNetwork {
    /// Every address that is this host's own.
    var addresses: () throws(SyscallError) -> [HostAddresses.Own]
    /// Where a packet to this address would go.
    var route: (InternetAddress) throws(SyscallError) -> HostAddresses.Route
    /// Starts to connect.
    var connect: (Endpoint) throws(SyscallError) -> FileDescriptor
    /// Who has answered.
    var peer: (borrowing FileDescriptor) throws(SyscallError) -> Endpoint
    /// Readable when an address has come or gone; nil where nothing changes.
    var changes: FileDescriptorBox?
    /// Whether anything has changed since the last time.
    var takeChanges: () throws(SyscallError) -> Bool

    static func open() throws(EgressEnd) -> HostNetwork {
        do throws(SyscallError) {
            let kernel = HostAddressesBox(try HostAddresses())
            return HostNetwork(
                addresses: { () throws(SyscallError) in try kernel.addresses.all() },
                route: { (address) throws(SyscallError) in try kernel.addresses.route(to: address) },
                connect: { (endpoint) throws(SyscallError) in try TCPSocket.connect(to: endpoint) },
                peer: { (socket) throws(SyscallError) in try TCPSocket.peer(socket) },
                changes: FileDescriptorBox(try kernel.addresses.changes.duplicate()),
                takeChanges: { () throws(SyscallError) in try kernel.addresses.takeChanges() })
        } catch { throw .system(error) }
    }
}

/// Closures cannot own what cannot be copied.
private final class HostAddressesBox {
    var addresses: HostAddresses
    init(_ addresses: consuming HostAddresses) { self.addresses = addresses }
}

/// One descriptor that several refer to.
final class FileDescriptorBox {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

extension InternetAddress {
    init(_ address: NetworkAddress) {
        switch address {
        case .v4(let number): self = .v4(number)
        case .v6(let high, let low): self = .v6(high, low)
        }
    }
}

extension NetworkAddress {
    init(_ address: InternetAddress) {
        switch address {
        case .v4(let number): self = .v4(number)
        case .v6(let high, let low): self = .v6(high, low)
        }
    }
}
