// SPDX-License-Identifier: Apache-2.0

/// Request headers that an operator sets for a server on the network.
package enum HeaderLine {
    /// Of one value, in bytes: room for signed tokens, and what common servers take.
    package static let maxValueBytes = 8192
    /// Of one name, in bytes.
    package static let maxNameBytes = 64
    /// Of one entry.
    package static let maxCount = 16

    /// What the client itself says, or what belongs to one connection: an entry that could set it would speak for
    /// somebody else.
    private static let own = [
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
        "expect", "host", "keep-alive", "last-event-id", "origin", "referer", "te", "trailer", "transfer-encoding",
        "upgrade", "via",
    ]
    private static let ownPrefixes = ["mcp-", "proxy-", "sec-"]

    /// A token of RFC 9110 section 5.6.2 that is not ``own``.
    package static func isSettable(_ name: [UInt8]) -> Bool {
        guard (1...maxNameBytes).contains(name.count), name.allSatisfy(isTokenByte) else { return false }
        let lower = name.map(lowered)
        return !own.contains { lower.elementsEqual($0.utf8) } && !ownPrefixes.contains { lower.starts(with: $0.utf8) }
    }

    /// Visible ASCII with spaces inside, nothing else: no line can be broken by it.
    package static func isValue(_ value: [UInt8]) -> Bool {
        guard (1...maxValueBytes).contains(value.count), let first = value.first, let last = value.last else {
            return false
        }
        return first != 0x20 && last != 0x20 && value.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    package static func isSameName(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    package static func make(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] { name + [0x3A, 0x20] + value }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
