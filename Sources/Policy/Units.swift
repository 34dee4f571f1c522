// SPDX-License-Identifier: Apache-2.0

/// Spans of time and sizes as people write them: digits and one unit.
package enum Units {
    /// `500ms`, `30s`, `10m`, `1h`, `7d`; nil for anything else, and for zero or more than ten years.
    package static func milliseconds(_ text: [UInt8]) -> UInt64? {
        let scales: [(String, UInt64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        return scaled(text, scales, atMost: 10 * 366 * 86_400_000)
    }

    /// `64K`, `512M`, `2G` (powers of 1,024); nil for anything else, and for zero or more than 1 TiB.
    package static func bytes(_ text: [UInt8]) -> UInt64? {
        scaled(text, [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)], atMost: 1 << 40)
    }

    private static func scaled(_ text: [UInt8], _ scales: [(String, UInt64)], atMost limit: UInt64) -> UInt64? {
        let digits = text.prefix(while: \.isDigit)
        guard (1...12).contains(digits.count) else { return nil }
        let unit = text.dropFirst(digits.count)
        guard let scale = scales.first(where: { Array($0.0.utf8) == Array(unit) })?.1 else { return nil }
        let number = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        guard number > 0, number <= limit / scale else { return nil }
        return number * scale
    }
}
