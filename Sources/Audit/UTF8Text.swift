// SPDX-License-Identifier: Apache-2.0

/// Decoding of UTF-8 that may be broken (Unicode 15, table 3-7).
enum UTF8Text {
    /// The scalar that begins at `index`, and its length in bytes; U+FFFD and 1 where none does.
    static func scalar(_ text: borrowing Span<UInt8>, at index: Int) -> (scalar: UInt32, length: Int) {
        let first = text[index]
        switch first {
        case 0x00...0x7f: return (UInt32(first), 1)
        case 0xc2...0xdf: return joined(text, index, UInt32(first & 0x1f), 2, 0x80...0xbf)
        case 0xe0: return joined(text, index, 0, 3, 0xa0...0xbf)
        case 0xed: return joined(text, index, 0x0d, 3, 0x80...0x9f)
        case 0xe1...0xef: return joined(text, index, UInt32(first & 0x0f), 3, 0x80...0xbf)
        case 0xf0: return joined(text, index, 0, 4, 0x90...0xbf)
        case 0xf4: return joined(text, index, 4, 4, 0x80...0x8f)
        case 0xf1...0xf3: return joined(text, index, UInt32(first & 0x07), 4, 0x80...0xbf)
        default: return replacement
        }
    }

    private static let replacement: (scalar: UInt32, length: Int) = (0xfffd, 1)

    /// Joins `length - 1` continuation bytes, the first of which must lie in `second`.
    private static func joined(
        _ text: borrowing Span<UInt8>, _ index: Int, _ bits: UInt32, _ length: Int, _ second: ClosedRange<UInt8>
    ) -> (scalar: UInt32, length: Int) {
        guard index + length <= text.count, second.contains(text[index + 1]) else { return replacement }
        var scalar = bits
        for place in (index + 1)..<(index + length) {
            guard text[place] & 0xc0 == 0x80 else { return replacement }
            scalar = scalar << 6 | UInt32(text[place] & 0x3f)
        }
        return (scalar, length)
    }
}
