// SPDX-License-Identifier: Apache-2.0

/// An internet address without a port, as a number in host byte order.
package enum NetworkAddress: Hashable, Sendable {
    case v4(UInt32)
    /// The first and the last 64 bits.
    case v6(UInt64, UInt64)

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

    /// From text without brackets, as ``read4(_:_:)`` and ``read6(_:_:)`` take it.
    package init?(text: [UInt8]) {
        let span = text.span
        if let number = Self.read4(span, 0..<text.count) {
            self = .v4(number)
        } else if let (high, low) = Self.read6(span, 0..<text.count) {
            self = .v6(high, low)
        } else {
            return nil
        }
    }

    /// Four or sixteen bytes in network order.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let number): (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
        case .v6(let high, let low):
            [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) } }
        }
    }

    /// The one text of RFC 5952, without brackets; of the mapped addresses with a dotted tail (section 5).
    package var text: String {
        switch self {
        case .v4(let number): return Self.dotted(number)
        case .v6(0, let low) where low >> 32 == 0xFFFF:
            return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: low))
        case .v6(let high, let low):
            let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 % 4))) }
            func joined(_ part: ArraySlice<UInt16>) -> String {
                part.map { String($0, radix: 16) }.joined(separator: ":")
            }
            guard let zeros = Self.longestZeros(groups) else { return joined(groups[...]) }
            return joined(groups[..<zeros.lowerBound]) + "::" + joined(groups[zeros.upperBound...])
        }
    }

    private static func dotted(_ number: UInt32) -> String {
        (0..<4).map { String((number >> (24 - 8 * UInt32($0))) & 0xFF) }.joined(separator: ".")
    }

    /// The first of the longest runs of two or more zero groups (RFC 5952 section 4.2).
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(1, best?.count ?? 0) { best = start..<end }
            start = end + 1
        }
        return best
    }
}

extension NetworkAddress {
    /// Longest text of an address: eight groups, the last two of them dotted.
    static let maxTextBytes = 45

    /// Four decimal numbers to 255 without leading zeros (RFC 3986 section 3.2.2, `IPv4address`), and nothing else.
    package static func read4(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        guard (7...15).contains(range.count) else { return nil }
        var number: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for index in range {
            let byte = bytes[index]
            if byte.isDigit {
                guard digits == 0 || octet > 0 else { return nil }
                octet = octet * 10 + UInt32(byte - 0x30)
                digits += 1
                guard octet <= 255 else { return nil }
            } else {
                guard byte == UInt8(ascii: "."), digits > 0, dots < 3 else { return nil }
                number = number << 8 | octet
                octet = 0
                digits = 0
                dots += 1
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        return number << 8 | octet
    }

    /// An `IPv6address` of RFC 3986 section 3.2.2: groups of one to four digits, at most one `::` that stands for at
    /// least one group, perhaps a dotted tail. No brackets, no zone.
    package static func read6(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> (UInt64, UInt64)? {
        guard (2...maxTextBytes).contains(range.count) else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var count = 0
        /// Groups that stand before the `::`.
        var gap: Int?
        var index = range.lowerBound
        if bytes[index] == UInt8(ascii: ":") {
            guard bytes[index + 1] == UInt8(ascii: ":") else { return nil }
            gap = 0
            index += 2
        }
        while index < range.upperBound {
            let start = index
            var group: UInt16 = 0
            while index < range.upperBound, index - start < 4, let digit = bytes[index].hexDigit {
                group = group << 4 | UInt16(digit)
                index += 1
            }
            if index < range.upperBound, bytes[index] == UInt8(ascii: ".") {
                guard count <= 6, let tail = read4(bytes, start..<range.upperBound) else { return nil }
                append(UInt16(truncatingIfNeeded: tail >> 16), &halves)
                append(UInt16(truncatingIfNeeded: tail), &halves)
                count += 2
                index = range.upperBound
                break
            }
            guard index > start, count < 8 else { return nil }
            append(group, &halves)
            count += 1
            guard index < range.upperBound else { break }
            guard bytes[index] == UInt8(ascii: ":"), index + 1 < range.upperBound else { return nil }
            index += 1
            if bytes[index] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        guard let gap else { return count == 8 ? halves : nil }
        guard count < 8 else { return nil }
        return widened(halves, count: count, gap: gap)
    }

    private static func append(_ group: UInt16, _ halves: inout (UInt64, UInt64)) {
        halves = (halves.0 << 16 | halves.1 >> 48, halves.1 << 16 | UInt64(group))
    }

    /// Puts zero groups behind the first `gap` of `count` groups, so that there are eight.
    private static func widened(_ halves: (UInt64, UInt64), count: Int, gap: Int) -> (UInt64, UInt64) {
        let number = UInt128(halves.0) << 64 | UInt128(halves.1)
        let behind = UInt128(16 * (count - gap))
        let tail = number & ((1 << behind) - 1)
        let wide = (number >> behind) << UInt128(16 * (8 - gap)) | tail
        return (UInt64(truncatingIfNeeded: wide >> 64), UInt64(truncatingIfNeeded: wide))
    }
}

extension UInt8 {
    /// Value of a hexadecimal digit in either case.
    fileprivate var hexDigit: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
