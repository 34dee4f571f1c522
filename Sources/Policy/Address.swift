// SPDX-License-Identifier: Apache-2.0

/// A loopback address and port to listen on, written in exactly one way.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Host: Hashable, Sendable {
        /// The last three octets of 127.x.y.z.
        case v4(UInt8, UInt8, UInt8)
        /// ::1
        case v6
    }
    package let host: Host
    /// 0 lets the kernel choose.
    package let port: UInt16

    package init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// From `127.0.0.1:8742` or `[::1]:8742`; any other address, name or spelling is nil.
    package init?(_ bytes: [UInt8]) {
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), let port = Self.port(bytes[(colon + 1)...]) else {
            return nil
        }
        let name = bytes[..<colon]
        if Array(name) == Array("[::1]".utf8) {
            self.init(host: .v6, port: port)
            return
        }
        var octets: [UInt8] = []
        for part in name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard let number = Self.decimal(part, atMost: 255) else { return nil }
            octets.append(UInt8(number))
        }
        guard octets.count == 4, octets[0] == 127 else { return nil }
        self.init(host: .v4(octets[1], octets[2], octets[3]), port: port)
    }

    /// As in a `Host` header, port included.
    package var description: String {
        switch host {
        case .v4(let b, let c, let d): "127.\(b).\(c).\(d):\(port)"
        case .v6: "[::1]:\(port)"
        }
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? { decimal(digits, atMost: 65535).map(UInt16.init) }

    /// Decimal digits without a leading zero.
    private static func decimal(_ digits: ArraySlice<UInt8>, atMost limit: Int) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy(\.isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0")
        else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return number <= limit ? number : nil
    }
}
