// SPDX-License-Identifier: Apache-2.0

/// Text without what nobody sees: a page can hide an instruction between two letters.
enum VisibleText {
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        // What is not UTF-8 becomes U+FFFD.
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars where !isHidden(scalar) {
            text += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return text
    }

    /// Control characters other than tab and line feed, marks of direction and of zero width, tag characters, and
    /// selectors of variants beyond those that emoji use.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x034F, 0x061C, 0x115F...0x1160, 0x17B4...0x17B5, 0x180B...0x180F,
            0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164, 0xFE00...0xFE0D, 0xFEFF, 0xFFA0,
            0xFFF0...0xFFFB, 0x1D173...0x1D17A, 0xE0000...0xE0FFF:
            true
        default: false
        }
    }
}
