// SPDX-License-Identifier: Apache-2.0

/// A set of code points, as sorted ranges that neither overlap nor touch.
struct ScalarSet: Hashable, Sendable {
    static let last: UInt32 = 0x10_FFFF
    static let everything = ScalarSet([0...last])

    private(set) var ranges: [ClosedRange<UInt32>]

    /// The union of ranges in any order.
    init(_ parts: [ClosedRange<UInt32>]) {
        ranges = []
        for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let end = ranges.last?.upperBound, part.lowerBound <= end &+ 1 else {
                ranges.append(part)
                continue
            }
            if part.upperBound > end {
                ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound...part.upperBound
            }
        }
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return ScalarSet(gaps)
    }
}

/// The classes that ECMA-262 names, without its `i` flag.
extension ScalarSet {
    /// `\d`
    static let digits = ScalarSet([0x30...0x39])
    /// `\w`
    static let wordCharacters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// Line terminators, which `.` leaves out.
    static let lineEnds = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])
    /// `\s`: WhiteSpace (the category Zs among it) and LineTerminator.
    static let spaces = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
}
