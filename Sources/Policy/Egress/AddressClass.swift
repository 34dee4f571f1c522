// SPDX-License-Identifier: Apache-2.0

/// What an address or a name leads to. Everything but ``publicAddress`` is refused.
///
/// The raw value travels in Control frames and is not stable between releases; the word is.
package enum AddressClass: UInt8, CaseIterable, Sendable {
    case publicAddress
    /// This host itself, by an address of the loopback blocks or by the name `localhost`.
    case loopback
    /// A name that resolves to loopback.
    case nameToLoopback
    /// No address at all (0.0.0.0/8, ::), which some kernels take for this host.
    case unspecified
    /// RFC 1918.
    case privateUse
    case linkLocal
    case uniqueLocal
    /// Site-local, deprecated by RFC 3879.
    case siteLocal
    /// Carrier-grade NAT, RFC 6598.
    case sharedAddressSpace
    case multicast
    case broadcast
    /// An IPv6 address with an IPv4 address in it that is not public.
    case embeddedIPv4
    /// An IPv6 address of a transition mechanism whose inner IPv4 address is public.
    case transition
    /// An address or a name of this host beside loopback.
    case ownAddress
    /// A name that only a cloud, a cluster or a container host answers, for its guests.
    case metadataName
    /// An address beyond the special blocks under which a cloud serves its guests.
    case metadataAddress
    /// A name that clients ask for a proxy configuration.
    case proxyDiscovery
    /// Another answer than a moment ago, and not a public one.
    case rebinding
    case documentation
    case benchmarking
    /// Set aside for protocols (IANA special-purpose registries).
    case protocolAssignment
    /// Blocks that were withdrawn, or returned and not given out anew.
    case deprecated
    /// Addresses whose packets are to be thrown away.
    case discard
    case reserved
    /// IPv6 outside 2000::/3.
    case unassigned

    /// Stable word for records and answers.
    package var word: String {
        switch self {
        case .publicAddress: "public"
        case .loopback: "loopback"
        case .nameToLoopback: "name-to-loopback"
        case .unspecified: "unspecified"
        case .privateUse: "private"
        case .linkLocal: "link-local"
        case .uniqueLocal: "unique-local"
        case .siteLocal: "site-local"
        case .sharedAddressSpace: "shared-address-space"
        case .multicast: "multicast"
        case .broadcast: "broadcast"
        case .embeddedIPv4: "embedded-ipv4"
        case .transition: "transition"
        case .ownAddress: "own-address"
        case .metadataName: "metadata-name"
        case .metadataAddress: "metadata-address"
        case .proxyDiscovery: "proxy-discovery"
        case .rebinding: "rebinding"
        case .documentation: "documentation"
        case .benchmarking: "benchmarking"
        case .protocolAssignment: "protocol-assignment"
        case .deprecated: "deprecated"
        case .discard: "discard"
        case .reserved: "reserved"
        case .unassigned: "unassigned"
        }
    }

    /// Whether it leads to this host, to its network, or to what serves the host from outside: an attempt to go there
    /// from a sandbox crosses a boundary, whereas the rest leads nowhere.
    package var isInward: Bool {
        switch self {
        case .loopback, .nameToLoopback, .unspecified, .privateUse, .linkLocal, .uniqueLocal, .siteLocal,
            .sharedAddressSpace, .embeddedIPv4, .ownAddress, .metadataName, .metadataAddress, .rebinding:
            true
        case .publicAddress, .multicast, .broadcast, .transition, .proxyDiscovery, .documentation, .benchmarking,
            .protocolAssignment, .deprecated, .discard, .reserved, .unassigned:
            false
        }
    }

    /// The reason under which an attempt to go there is refused; nil for what is public.
    package var reason: EgressReason? {
        switch self {
        case .publicAddress: nil
        case .ownAddress: .ownAddress
        case .metadataName: .metadataName
        case .proxyDiscovery: .proxyDiscovery
        case .rebinding: .rebinding
        case .loopback, .nameToLoopback, .unspecified, .privateUse, .linkLocal, .uniqueLocal, .siteLocal,
            .sharedAddressSpace, .multicast, .broadcast, .embeddedIPv4, .transition, .metadataAddress, .documentation,
            .benchmarking, .protocolAssignment, .deprecated, .discard, .reserved, .unassigned:
            .address
        }
    }
}
