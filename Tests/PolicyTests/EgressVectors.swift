// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

/// Numbers that are the same in each run, so that a failure can be looked at again.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// One row of `scripts/special-ranges.txt`, as 4 or 16 bytes and a number of bits.
struct SpecialBlock {
    let text: String
    let bytes: [UInt8]
    let prefix: Int
    let word: String

    var isV4: Bool { bytes.count == 4 }

    func holds(_ address: [UInt8]) -> Bool {
        address.count == bytes.count && (0..<prefix).allSatisfy { bit($0, address) == bit($0, bytes) }
    }

    private func bit(_ index: Int, _ bytes: [UInt8]) -> UInt8 { bytes[index / 8] >> (7 - UInt8(index % 8)) & 1 }

    /// This block's bits, and behind them those of `fill`.
    func address(_ fill: [UInt8]) -> [UInt8] {
        var result = bytes
        for index in prefix..<(8 * bytes.count) {
            let mask = UInt8(0x80) >> UInt8(index % 8)
            result[index / 8] = result[index / 8] & ~mask | fill[index / 8] & mask
        }
        return result
    }

    /// Its first and its last address, and some between.
    func samples(_ dice: inout Dice, _ count: Int) -> [[UInt8]] {
        var all = [address([UInt8](repeating: 0, count: 16)), address([UInt8](repeating: 255, count: 16))]
        for _ in 0..<count { all.append(address((0..<16).map { _ in UInt8.random(in: 0...255, using: &dice) })) }
        return all
    }
}

enum EgressVectors {
    static func lines(_ path: String) throws -> [[String]] {
        let contents = try #require(
            SchemaFiles.contents(of: "\(SchemaFiles.repository)/\(path)"), "\(path) is not there")
        return String(decoding: contents, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    static func blocks() throws -> [SpecialBlock] {
        try lines("scripts/special-ranges.txt").map { cells in
            let parts = cells[0].split(separator: "/")
            let address = try #require(NetworkAddress(text: Array(parts[0].utf8)), "\(cells[0])")
            return SpecialBlock(
                text: cells[0], bytes: address.bytes, prefix: try #require(Int(parts[1])), word: cells[1])
        }
    }

    static func probes() throws -> [(host: String, word: String, statuses: String)] {
        try lines("Tests/PolicyTests/vectors/egress-probes.txt").map { (host: $0[0], word: $0[1], statuses: $0[2]) }
    }

    /// The class word of an IPv4 address by looking at every row.
    static func word4(_ address: [UInt8], _ blocks: [SpecialBlock]) -> String {
        blocks.filter { $0.holds(address) }.max { $0.prefix < $1.prefix }?.word ?? "public"
    }

    /// Every place into which an IPv4 address can be put, with the other bytes as a network would have them.
    static func embeddings(_ four: [UInt8]) -> [(carrier: String, bytes: [UInt8])] {
        let zeros = [UInt8](repeating: 0, count: 16)
        func tail(_ head: [UInt8]) -> [UInt8] { head + zeros[..<(12 - head.count)] + four }
        let publicFour: [UInt8] = [93, 184, 216, 34]
        return [
            ("compatible", zeros[..<12] + four),
            ("mapped", zeros[..<10] + [255, 255] + four),
            ("translated", zeros[..<8] + [255, 255, 0, 0] + four),
            ("nat64", tail([0, 0x64, 0xFF, 0x9B])),
            ("local nat64, whole tail", tail([0, 0x64, 0xFF, 0x9B, 0, 1])),
            ("local nat64, longer prefix", tail([0, 0x64, 0xFF, 0x9B, 0, 1, 0, 7])),
            ("local nat64, split", [0, 0x64, 0xFF, 0x9B, 0, 1] + four[..<2] + [0] + four[2...] + zeros[..<5]),
            ("6to4", [0x20, 0x02] + four + zeros[..<10]),
            ("6to4, host", [0x20, 0x02] + four + [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            ("Teredo server", [0x20, 0x01, 0, 0] + four + [0, 0, 1, 2] + publicFour.map { ~$0 }),
            ("Teredo client", [0x20, 0x01, 0, 0] + publicFour + [0x80, 0, 1, 2] + four.map { ~$0 }),
            ("ISATAP", [0x26, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0x5E, 0xFE] + four),
            ("ISATAP, universal", [0x2A, 0, 1, 2, 3, 4, 5, 6, 2, 0, 0x5E, 0xFE] + four),
            ("ISATAP, link-local", [0xFE, 0x80] + zeros[..<6] + [0, 0, 0x5E, 0xFE] + four),
        ]
    }

    /// One IPv6 address as one may write it: shortest, full, padded, in capitals, with a dotted tail.
    static func spellings(_ bytes: [UInt8]) throws -> [String] {
        let address = try #require(NetworkAddress(bytes: bytes))
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        let plain = groups.map { String($0, radix: 16) }
        let padded = plain.map { String(repeating: "0", count: 4 - $0.utf8.count) + $0 }
        let dotted = bytes[12...].map { "\($0)" }.joined(separator: ".")
        var all = [
            address.text, plain.joined(separator: ":"), padded.joined(separator: ":"),
            padded.joined(separator: ":").uppercased(), address.text.uppercased(),
            plain[..<6].joined(separator: ":") + ":" + dotted,
            padded[..<6].joined(separator: ":").uppercased() + ":" + dotted,
        ]
        if let zero = groups[..<6].firstIndex(of: 0) {
            // `::` may stand for a single group too.
            all.append(
                plain[..<zero].joined(separator: ":") + "::" + (plain[(zero + 1)..<6] + [dotted]).joined(separator: ":")
            )
        }
        return all
    }
}
