// SPDX-License-Identifier: Apache-2.0

/// Ours, `public-host`: a host as it is written that is no obvious way back to this machine or its network.
///
/// The first line of defence only: what a name resolves to is the egress room's business, which decides again.
enum PublicHost {
    /// A dotted quad, an IPv6 address with or without brackets, or a name with a dot in it; one trailing dot of a name
    /// is allowed.
    static func isPublic(_ bytes: [UInt8]) -> Bool {
        if bytes.contains(0x3A) {
            let isBracketed = bytes.first == 0x5B && bytes.last == 0x5D
            guard let groups = HostFormat.ipv6(isBracketed ? bytes.dropFirst().dropLast() : bytes[...]) else {
                return false
            }
            return isPublic(groups)
        }
        if let address = HostFormat.ipv4(bytes[...]) { return isPublic(address) }
        let name = bytes.last == 0x2E ? bytes.dropLast() : bytes[...]
        guard HostFormat.isName(name) else { return false }
        let labels = name.split(separator: 0x2E).map { label in
            label.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        // A name without a dot is one of this network. One that ends in a number is an address in some spelling.
        guard labels.count > 1, let last = labels.last, !isNumber(last) else { return false }
        return !localDomains.contains { labels.suffix($0.count).elementsEqual($0) } && labels[0] != Array("wpad".utf8)
    }

    /// Whether a label could be read as a number: digits, or hexadecimal digits behind `0x` (as `inet_aton` reads).
    private static func isNumber(_ label: [UInt8]) -> Bool {
        if label.starts(with: [0x30, 0x78]) { return label.dropFirst(2).allSatisfy { $0.hexadecimalDigit != nil } }
        return label.allSatisfy(\.isDigit)
    }

    /// Domains that no public name lies in (RFC 6761, 6762, 7686, 8375, 9476; ICANN's names for private use), and those
    /// under which clouds and containers keep their own.
    private static let localDomains: [[[UInt8]]] = [
        "localhost", "local", "localdomain", "internal", "intranet", "private", "lan", "home", "corp", "home.arpa",
        "invalid", "onion", "alt", "svc",
    ].map { name in name.utf8.split(separator: 0x2E).map(Array.init) }

    /// Blocks of the IANA special-purpose registry that are not globally reachable, and what is no unicast address.
    private static let specialBlocks: [(address: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
        (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16), (0xC612_0000, 15),
        (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 4), (0xF000_0000, 4),
    ]

    static func isPublic(_ address: UInt32) -> Bool {
        !specialBlocks.contains { address >> (32 - $0.bits) == $0.address >> (32 - $0.bits) }
    }

    /// Only 2000::/3 is given out. Of it protocol assignments (with Teredo), documentation and 6to4 are refused whole.
    static func isPublic(_ groups: [UInt16]) -> Bool {
        guard groups.count == 8, groups[0] >> 13 == 1 else { return false }
        if groups[0] == 0x2001 && (groups[1] < 0x200 || groups[1] == 0xDB8) { return false }
        if groups[0] == 0x2002 || (groups[0] == 0x3FFF && groups[1] < 0x1000) { return false }
        // An ISATAP identifier holds an IPv4 address.
        if groups[5] == 0x5EFE && (groups[4] == 0 || groups[4] == 0x200) {
            return isPublic(UInt32(groups[6]) << 16 | UInt32(groups[7]))
        }
        return true
    }
}
