// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// An internet address without a port, as a number in host byte order.
package enum InternetAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt64, UInt64)

    package static let loopback4 = InternetAddress.v4(0x7f00_0001)
    package static let loopback6 = InternetAddress.v6(0, 1)

    /// Four or sixteen bytes in network order.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let number): (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
        case .v6(let high, let low):
            [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) } }
        }
    }

    /// From four or sixteen bytes in network order; nil for any other number of them.
    package init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// 127.0.0.0/8, ::1, and the first of these written as an IPv6 address.
    package var isLoopback: Bool {
        switch self {
        case .v4(let number): number >> 24 == 127
        case .v6(0, 1): true
        case .v6(let high, let low): high == 0 && low >> 32 == 0xffff && (low >> 24) & 0xff == 127
        }
    }
}

/// One end of a TCP connection.
package struct Endpoint: Hashable, Sendable {
    package let address: InternetAddress
    package let port: UInt16
    /// The interface a link-local IPv6 address belongs to, otherwise 0.
    package let scope: UInt32

    package init(address: InternetAddress, port: UInt16, scope: UInt32 = 0) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// As it stands in a URL: `127.0.0.1:8080`, `[::1]:8080`. IPv6 groups are not shortened except for ::1.
    package var text: String {
        switch address {
        case .v4(let number):
            let parts = (0..<4).map { String((number >> (24 - 8 * UInt32($0))) & 0xff) }
            return parts.joined(separator: ".") + ":\(port)"
        case .v6(0, 1): return "[::1]:\(port)"
        case .v6(let high, let low):
            let groups = [high, low].flatMap { half in
                (0..<4).map { String((half >> (48 - 16 * UInt64($0))) & 0xffff, radix: 16) }
            }
            return "[" + groups.joined(separator: ":") + "]:\(port)"
        }
    }

    var family: Int32 {
        switch address {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    var raw: dw_endpoint {
        switch address {
        case .v4(let number):
            dw_endpoint(high: 0, low: UInt64(number), scope: 0, port: port, family: UInt16(AF_INET))
        case .v6(let high, let low):
            dw_endpoint(high: high, low: low, scope: scope, port: port, family: UInt16(AF_INET6))
        }
    }

    init(raw: dw_endpoint) {
        let isV4 = raw.family == UInt16(AF_INET)
        address = isV4 ? .v4(UInt32(truncatingIfNeeded: raw.low)) : .v6(raw.high, raw.low)
        port = raw.port
        scope = raw.scope
    }
}
