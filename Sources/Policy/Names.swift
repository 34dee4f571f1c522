// SPDX-License-Identifier: Apache-2.0

/// Key of a registered server: `[a-z0-9]` with single inner `-`, at most 32 bytes.
///
/// Never `_` and never a dot, so that the first `__` of a name on the aggregate endpoint always separates server
/// from tool.
package struct ServerName: Hashable, Sendable, CustomStringConvertible {
    package static let maxBytes = 32
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard (1...Self.maxBytes).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.last != UInt8(ascii: "-")
        else { return nil }
        var previous: UInt8 = 0
        for byte in bytes {
            guard byte.isLowerOrDigit || (byte == UInt8(ascii: "-") && previous != byte) else { return nil }
            previous = byte
        }
        self.bytes = bytes
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// Name of a client, as the operator calls it when a token is issued: `[a-z0-9]` then `[a-z0-9._-]`, at most 64 bytes.
package struct ClientName: Hashable, Sendable, CustomStringConvertible {
    package static let maxBytes = 64
    /// The caller behind the unix socket: the operator's own uid, known by peer credentials.
    package static let local = ClientName(trusted: Array("local".utf8))
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard (1...Self.maxBytes).contains(bytes.count), let first = bytes.first, first.isLowerOrDigit,
            bytes.allSatisfy({ $0.isLowerOrDigit || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F })
        else { return nil }
        self.bytes = bytes
    }

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// Name of a listener: the rules of a server's key.
package struct ListenerName: Hashable, Sendable, CustomStringConvertible {
    /// The TCP listener that `--listen` describes.
    package static let main = ListenerName(trusted: Array("main".utf8))
    /// The unix socket behind `doorward connect`.
    package static let local = ListenerName(trusted: Array("local".utf8))
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard let name = ServerName(bytes) else { return nil }
        self.bytes = name.bytes
    }

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// Name of a tool as its server gave it: 1 to 128 of letters, digits, `_`, `-` and `.` (MCP, server/tools).
package struct ToolName: Hashable, Sendable, CustomStringConvertible {
    package static let maxBytes = 128
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard (1...Self.maxBytes).contains(bytes.count),
            bytes.allSatisfy({ $0.isLetterOrDigit || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E })
        else { return nil }
        self.bytes = bytes
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// SHA-256 of something, as 32 bytes.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// From 64 lower-case hexadecimal digits.
    package init?(hex: [UInt8]) {
        guard hex.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for index in stride(from: 0, to: hex.count, by: 2) {
            guard let high = hex[index].hexValue, let low = hex[index + 1].hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    package var hex: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(2 * Self.byteCount)
        for byte in bytes {
            text.append(Self.digits[Int(byte >> 4)])
            text.append(Self.digits[Int(byte & 15)])
        }
        return text
    }

    package var description: String { String(decoding: hex, as: UTF8.self) }

    private static let digits = Array("0123456789abcdef".utf8)
}

extension UInt8 {
    package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    package var isLowerOrDigit: Bool { isDigit || (self >= 0x61 && self <= 0x7A) }
    package var isLetterOrDigit: Bool { isLowerOrDigit || (self >= 0x41 && self <= 0x5A) }

    /// Value of a lower-case hexadecimal digit.
    fileprivate var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
