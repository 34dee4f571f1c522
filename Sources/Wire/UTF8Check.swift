// SPDX-License-Identifier: Apache-2.0

/// Checks a text that arrives in pieces against RFC 3629, and fails at the first byte that no continuation can mend.
struct UTF8Check: Sendable {
    /// Continuation bytes still owed by the character that has begun.
    private var owed = 0
    // What the next continuation byte may be. Narrower than 80…BF only behind E0, ED, F0 and F4: that is where
    // overlong forms, surrogates and values above U+10FFFF begin.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    init() {}

    /// Whether the text could end here.
    var isWhole: Bool { owed == 0 }

    /// The place of the first wrong byte in `range`, or nil.
    mutating func check(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if owed == 0 {
                // Most text is ASCII, eight bytes of which need no look at each.
                while range.upperBound &- index >= 8 && bytes.word(at: index) & ByteWord.high == 0 { index += 8 }
                if index == range.upperBound { return nil }
            }
            let byte = bytes[index]
            if owed == 0 {
                if byte >= 0x80 && !begin(byte) { return index }
            } else {
                guard byte >= lowest && byte <= highest else { return index }
                owed -= 1
                lowest = 0x80
                highest = 0xBF
            }
            index += 1
        }
        return nil
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: owed = 1
        case 0xE0...0xEF:
            owed = 2
            if byte == 0xE0 { lowest = 0xA0 }
            if byte == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            owed = 3
            if byte == 0xF0 { lowest = 0x90 }
            if byte == 0xF4 { highest = 0x8F }
        default: return false
        }
        return true
    }

    /// Whether `range` is a whole text.
    static func isText(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var check = UTF8Check()
        return check.check(bytes, range) == nil && check.isWhole
    }
}
