// SPDX-License-Identifier: Apache-2.0

/// Says what an address leads to, by the special-purpose registries, what is wrapped into it, and this host's own.
///
/// Unknown means refused: IPv4 outside the tables is public, IPv6 outside 2000::/3 never is.
package struct AddressJudge: Sendable {
    /// Knows no own address and lets NAT64 through: the least that is refused anywhere.
    package static let widest = AddressJudge(own: [], nat64: true)

    private let own4: [UInt32]
    private let own6: [UInt128]
    private let onLoopback: Set<NetworkAddress>
    private let names: Set<HostName>
    private let nat64: Bool

    /// - Parameters:
    ///   - own: addresses of this host's interfaces, bridges and tunnels too, without its loopback interface.
    ///   - onLoopback: addresses of the loopback interface. They are own ones only where they would be public: what a
    ///     block of addresses is for says more than that somebody has put one of them there.
    ///   - names: what this host is called, by itself and by the files that it resolves names with.
    ///   - nat64: the network needs NAT64, so its well-known prefix means the IPv4 address in it.
    package init(own: [NetworkAddress], onLoopback: [NetworkAddress] = [], names: [HostName] = [], nat64: Bool) {
        var four: [UInt32] = []
        var six: [UInt128] = []
        for address in own {
            switch address {
            case .v4(let number): four.append(number)
            case .v6(let high, let low): six.append(UInt128(high) << 64 | UInt128(low))
            }
        }
        own4 = four.sorted()
        own6 = six.sorted()
        self.onLoopback = Set(onLoopback)
        self.names = Set(names.flatMap(Self.variants))
        self.nat64 = nat64
    }

    package func classify(_ address: NetworkAddress) -> AddressClass {
        let special: AddressClass
        let isOwn: Bool
        switch address {
        case .v4(let number):
            special = SpecialRanges.classify4(number)
            isOwn = Self.contains(own4, number)
        case .v6(let high, let low):
            special = classify6(high, low)
            isOwn = Self.contains(own6, UInt128(high) << 64 | UInt128(low))
        }
        switch special {
        case .loopback, .unspecified: return special
        case .publicAddress: return isOwn || onLoopback.contains(address) ? .ownAddress : special
        case .privateUse, .linkLocal, .uniqueLocal, .siteLocal, .sharedAddressSpace, .multicast, .broadcast,
            .embeddedIPv4, .transition, .documentation, .benchmarking, .protocolAssignment, .deprecated, .discard,
            .reserved, .unassigned, .metadataAddress, .nameToLoopback, .ownAddress, .metadataName, .proxyDiscovery,
            .rebinding:
            return isOwn ? .ownAddress : special
        }
    }

    /// What a name leads to before it is resolved; nil if only its addresses can say.
    package func classify(_ name: HostName) -> AddressClass? {
        if let special = name.special { return special }
        return names.contains(name) ? .ownAddress : nil
    }

    /// A name of this host, its first label, and what multicast DNS makes of both (RFC 6762 section 3).
    private static func variants(_ name: HostName) -> [HostName] {
        let first = name.bytes.prefix { $0 != UInt8(ascii: ".") }
        return [name.bytes, Array(first)].flatMap { [$0, $0 + Array(".local".utf8)] }.compactMap(HostName.init(_:))
    }

    /// The class of an address that a name resolved to: loopback, bare or wrapped, has a word of its own there.
    package func classify(answer address: NetworkAddress) -> AddressClass {
        let found = classify(address)
        if found == .loopback { return .nameToLoopback }
        guard found == .embeddedIPv4, case .v6(let high, let low) = address,
            let embedded = EmbeddedAddress.inside(high, low),
            classify(.v4(embedded.first)) == .loopback || classify(.v4(embedded.second)) == .loopback
        else { return found }
        return .nameToLoopback
    }

    private func classify6(_ high: UInt64, _ low: UInt64) -> AddressClass {
        let outer = SpecialRanges.classify6(high, low)
        // :: and ::1 look like compatible addresses, and mean something else.
        if outer == .unspecified || outer == .loopback { return outer }
        guard let embedded = EmbeddedAddress.inside(high, low) else { return outer }
        // What is wrapped decides first: it says more about what somebody is after than the wrapping.
        if classify(.v4(embedded.first)) != .publicAddress || classify(.v4(embedded.second)) != .publicAddress {
            return .embeddedIPv4
        }
        if embedded.carrier == .nat64 && nat64 { return .publicAddress }
        return outer == .publicAddress ? .transition : outer
    }

    private static func contains<Number: Comparable>(_ sorted: [Number], _ wanted: Number) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == wanted
    }
}
