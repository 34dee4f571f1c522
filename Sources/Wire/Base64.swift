// SPDX-License-Identifier: Apache-2.0

/// Base64 by RFC 4648 section 4, canonical only: full groups, padding where due, no bit set that no byte holds.
package enum Base64 {
    package static func append(_ bytes: borrowing Span<UInt8>, to output: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let second = left > 1 ? bytes[index + 1] : 0
            let third = left > 2 ? bytes[index + 2] : 0
            let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
            output.append(digit(group >> 18))
            output.append(digit(group >> 12))
            output.append(left > 1 ? digit(group >> 6) : ASCII.equals)
            output.append(left > 2 ? digit(group) : ASCII.equals)
            index += 3
        }
    }

    /// The bytes that `range` stands for, or nil where any other text would stand for the same ones.
    static func decode(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        guard range.count % 4 == 0 else { return nil }
        var end = range.upperBound
        while end > range.lowerBound && range.upperBound - end < 2 && text[end - 1] == ASCII.equals { end -= 1 }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count / 4 * 3)
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for index in range.lowerBound..<end {
            guard let value = value(of: text[index]) else { return nil }
            group = group << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                decoded.append(UInt8(truncatingIfNeeded: group >> bits))
                group &= 1 << bits - 1
            }
        }
        // What is left belongs to no byte; were it not zero, several texts would mean the same bytes.
        return group == 0 && bits < 6 ? decoded : nil
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        let six = UInt8(truncatingIfNeeded: value & 63)
        switch six {
        case 0..<26: return UInt8(ascii: "A") + six
        case 26..<52: return UInt8(ascii: "a") + six - 26
        case 52..<62: return ASCII.zero + six - 52
        case 62: return UInt8(ascii: "+")
        default: return ASCII.slash
        }
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - ASCII.zero) + 52
        case UInt8(ascii: "+"): 62
        case ASCII.slash: 63
        default: nil
        }
    }
}
