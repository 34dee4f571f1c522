// SPDX-License-Identifier: Apache-2.0

/// Why something is no target: the words of ``EgressReason`` for the same.
package enum TargetFault: Error, Equatable, Sendable {
    case notAHost
    case zone
    case port

    package var word: String { reason.word }

    package var reason: EgressReason {
        switch self {
        case .notAHost: .notAHost
        case .zone: .zone
        case .port: .portMalformed
        }
    }
}

/// A host as one may ask for it: an address, or a name that nobody can mistake for one.
package enum TargetHost: Hashable, Sendable {
    case address(NetworkAddress)
    case name(HostName)

    /// A dotted quad, an IPv6 address in brackets, or a name; nothing is normalised beyond the case of a name and one
    /// dot at its end.
    package static func read(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(TargetFault) -> TargetHost {
        guard let first = range.first else { throw .notAHost }
        if bytes[first] == UInt8(ascii: "[") {
            guard range.count > 2, bytes[range.upperBound - 1] == UInt8(ascii: "]") else { throw .notAHost }
            return .address(try readBracketed(bytes, (range.lowerBound + 1)..<(range.upperBound - 1)))
        }
        if let number = NetworkAddress.read4(bytes, range) { return .address(.v4(number)) }
        guard let name = HostName(bytes, range) else { throw .notAHost }
        return .name(name)
    }

    private static func readBracketed(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(TargetFault) -> NetworkAddress {
        var end = range.lowerBound
        while end < range.upperBound, bytes[end] != UInt8(ascii: "%") { end += 1 }
        guard let (high, low) = NetworkAddress.read6(bytes, range.lowerBound..<end) else { throw .notAHost }
        // A zone names an interface of this host: nobody beyond it has a use for one.
        guard end == range.upperBound else { throw .zone }
        return .v6(high, low)
    }

    /// The one spelling of this host, with brackets around an IPv6 address.
    package var text: [UInt8] {
        switch self {
        case .address(.v4(let number)): Array(NetworkAddress.v4(number).text.utf8)
        case .address(let address): Array("[\(address.text)]".utf8)
        case .name(let name): name.bytes
        }
    }

    /// What the host means by itself: the name's class, if it has one. Of addresses ``AddressJudge`` speaks.
    package var special: AddressClass? {
        switch self {
        case .address: nil
        case .name(let name): name.special
        }
    }
}

/// Where a connection shall go. Named so because a call's target has the shorter name.
package struct EgressTarget: Hashable, Sendable {
    package let host: TargetHost
    package let port: UInt16

    package init(host: TargetHost, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `host:port` as in `CONNECT`, or an authority whose port may be missing if there is a default.
    package static func read(
        authority bytes: borrowing Span<UInt8>, _ range: Range<Int>, defaultPort: UInt16?
    ) throws(TargetFault) -> EgressTarget {
        var split = range.upperBound
        var isBehindHost = true
        for index in range.reversed() {
            switch bytes[index] {
            // Userinfo: what stands in front of it looks like a host, and is none.
            case UInt8(ascii: "@"): throw .notAHost
            case UInt8(ascii: "]"): isBehindHost = false
            // The last colon that is not in brackets; a host has none outside of them.
            case UInt8(ascii: ":") where isBehindHost:
                split = index
                isBehindHost = false
            default: break
            }
        }
        let host = try TargetHost.read(bytes, range.lowerBound..<split)
        if split == range.upperBound, let defaultPort { return EgressTarget(host: host, port: defaultPort) }
        guard split < range.upperBound, let port = port(bytes, (split + 1)..<range.upperBound) else { throw .port }
        return EgressTarget(host: host, port: port)
    }

    /// 1 to 65535 in decimal digits without a leading zero.
    package static func port(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt16? {
        guard (1...5).contains(range.count) else { return nil }
        var number = 0
        for index in range {
            guard bytes[index].isDigit else { return nil }
            number = number * 10 + Int(bytes[index] - 0x30)
        }
        guard number <= 65_535, bytes[range.lowerBound] != UInt8(ascii: "0") else { return nil }
        return UInt16(number)
    }

    /// The one spelling of this target: what is sent on and what is recorded.
    package var text: [UInt8] { host.text + [UInt8(ascii: ":")] + Array(String(port).utf8) }
}
