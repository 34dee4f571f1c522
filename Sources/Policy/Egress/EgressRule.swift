// SPDX-License-Identifier: Apache-2.0

/// Whether the TLS server name must be the host that was asked for, or is only written down.
package enum SNIDemand: UInt8, CaseIterable, Sendable {
    case record
    /// A tunnel with another name, an encrypted one or none is closed before a byte has gone out.
    case strict

    package var word: String {
        switch self {
        case .record: "record"
        case .strict: "strict"
        }
    }
}

/// Which hosts a rule is about.
package enum HostPattern: Hashable, Sendable {
    /// Every name and every address.
    case any
    case exact(HostName)
    /// All names below this one, not the name itself.
    case below(HostName)
    case address(NetworkAddress)

    package func matches(_ host: TargetHost) -> Bool {
        switch (self, host) {
        case (.any, _): true
        case (.exact(let wanted), .name(let name)): wanted == name
        case (.below(let wanted), .name(let name)): name.isBelow(wanted)
        case (.address(let wanted), .address(let address)): wanted == address
        case (.exact, .address), (.below, .address), (.address, .name): false
        }
    }

    /// From `*`, `*.example.com`, `example.com`, `192.0.2.1` or `[2001:db8::1]`.
    package init?(_ bytes: [UInt8]) {
        if bytes == Array("*".utf8) {
            self = .any
        } else if bytes.starts(with: "*.".utf8) {
            guard let name = HostName(Array(bytes.dropFirst(2))), bytes.last != UInt8(ascii: ".") else { return nil }
            self = .below(name)
        } else {
            do throws(TargetFault) {
                switch try TargetHost.read(bytes.span, 0..<bytes.count) {
                case .name(let name):
                    guard bytes.last != UInt8(ascii: ".") else { return nil }
                    self = .exact(name)
                case .address(let address): self = .address(address)
                }
            } catch { return nil }
        }
    }

    package var text: [UInt8] {
        switch self {
        case .any: Array("*".utf8)
        case .exact(let name): name.bytes
        case .below(let name): Array("*.".utf8) + name.bytes
        case .address(let address): TargetHost.address(address).text
        }
    }
}

/// A block of addresses: those that begin with the same bits.
package struct AddressBlock: Hashable, Sendable {
    /// Bits behind the prefix are 0.
    package let address: NetworkAddress
    package let prefix: UInt8

    /// Nil if the prefix is longer than the address, or a bit behind it is set.
    package init?(_ address: NetworkAddress, prefix: UInt8) {
        self.address = address
        self.prefix = prefix
        guard prefix <= (address.isV4 ? 32 : 128), address == Self.masked(address, prefix) else { return nil }
    }

    /// From `192.0.2.0/24` or `2001:db8::/32`.
    package init?(_ text: [UInt8]) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let digits = text[(slash + 1)...]
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let prefix = UInt8(exactly: digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }),
            let address = NetworkAddress(text: Array(text[..<slash]))
        else { return nil }
        self.init(address, prefix: prefix)
    }

    package func contains(_ other: NetworkAddress) -> Bool {
        address.isV4 == other.isV4 && Self.masked(other, prefix) == address
    }

    private static func masked(_ address: NetworkAddress, _ prefix: UInt8) -> NetworkAddress {
        switch address {
        case .v4(let number): .v4(number & ~(UInt32.max >> UInt32(prefix)))
        case .v6(let high, let low):
            .v6(
                high & ~(UInt64.max >> UInt64(prefix)), prefix <= 64 ? 0 : low & ~(UInt64.max >> UInt64(prefix - 64)))
        }
    }

    /// The address with every bit set that the block leaves open.
    var last: NetworkAddress {
        switch address {
        case .v4(let number): .v4(number | UInt32.max >> UInt32(prefix))
        case .v6(let high, let low):
            .v6(
                high | UInt64.max >> UInt64(prefix), prefix <= 64 ? .max : low | UInt64.max >> UInt64(prefix - 64))
        }
    }

    package var text: String { "\(address.text)/\(prefix)" }
}

extension NetworkAddress {
    package var isV4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }
}

/// One rule about connections to the outside: whom it is about, and what it says.
package struct EgressRule: Equatable, Sendable {
    /// Longest ``name``, in bytes: a place in the file, or an option as it was given.
    package static let maxNameBytes = 320
    /// Ports or methods that one rule may name.
    package static let maxItems = 64

    /// A condition of a rule about hosts; all that is there must hold.
    package struct Remote: Equatable, Sendable {
        package var host: HostPattern
        /// Nil means every port, which only a denial may say.
        package var ports: [UInt16]?
        /// The block in which every address must lie that is dialled.
        package var block: AddressBlock?
        /// Methods of requests in the clear; such a rule is not about tunnels, whose methods nobody sees.
        package var methods: [[UInt8]]?
        package var verdict: VerdictKind
        package var sni: SNIDemand

        package init(
            host: HostPattern, ports: [UInt16]?, block: AddressBlock? = nil, methods: [[UInt8]]? = nil,
            verdict: VerdictKind = .allow, sni: SNIDemand = .record
        ) {
            self.host = host
            self.ports = ports
            self.block = block
            self.methods = methods
            self.verdict = verdict
            self.sni = sni
        }
    }

    package enum Matter: Equatable, Sendable {
        case remote(Remote)
        /// One TCP port of this host's loopback: a hole, shown wherever state is shown.
        case local(port: UInt16)
    }

    /// For people and records: where the rule stands, such as `profiles.browser.network[0]`.
    package let name: String
    package let matter: Matter

    package init(name: String, matter: Matter) {
        self.name = name
        self.matter = matter
    }

    /// Whether anything can be reached by it.
    package var opens: Bool {
        switch matter {
        case .local: true
        case .remote(let remote): remote.verdict == .allow
        }
    }
}
