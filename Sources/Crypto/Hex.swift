// SPDX-License-Identifier: Apache-2.0

/// Lower-case hexadecimal, the one spelling that we write and accept.
package enum Hex {
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return text
    }

    /// Nil for an odd number of digits, and for anything but `0-9a-f`.
    package static func decode(_ text: borrowing Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var index = 0
        while index < text.count {
            guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
            index += 2
        }
        return bytes
    }

    /// Writes the 16 digits of a word, highest first.
    @inline(__always)
    static func write(_ word: UInt64, to text: inout MutableSpan<UInt8>, at start: Int) {
        writeHalf(UInt32(truncatingIfNeeded: word >> 32), to: &text, at: start)
        writeHalf(UInt32(truncatingIfNeeded: word), to: &text, at: start + 8)
    }

    /// Eight digits at once: the nibbles are spread over the bytes of a word, and each byte becomes its digit.
    @inline(__always)
    private static func writeHalf(_ half: UInt32, to text: inout MutableSpan<UInt8>, at start: Int) {
        var word = UInt64(half)
        word = (word << 16 | word) & 0x0000_ffff_0000_ffff
        word = (word << 8 | word) & 0x00ff_00ff_00ff_00ff
        word = (word << 4 | word) & 0x0f0f_0f0f_0f0f_0f0f
        // 1 in each byte that holds 10 to 15: adding 6 carries into the bit of 16.
        let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        // From "0", and 39 further for a letter.
        word = word &+ 0x3030_3030_3030_3030 &+ letters &* 39
        for place in 0..<8 { text[start + place] = UInt8(truncatingIfNeeded: word >> UInt64(56 - place * 8)) }
    }

    /// The digit for 0 to 15.
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// 0 to 15 for a digit, nil for anything else.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
