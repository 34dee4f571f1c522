// SPDX-License-Identifier: Apache-2.0

/// The exact integer that a JSON number stands for (RFC 8259 section 6), without a detour through binary fractions.
enum DecimalInteger {
    /// Integers beyond ±(2^53−1) are not the same in every JSON reader (RFC 8259 section 6), so they equal nothing.
    static let largest: Int64 = 9_007_199_254_740_991
    /// The longest number that is looked at, in bytes: far more than any integer of that size needs.
    static let maxBytes = 64

    /// nil where the text is no JSON number, or none that is whole and small enough.
    static func value(of text: borrowing Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count <= maxBytes, let parts = Parts(text, range) else { return nil }
        return parts.integer(text)
    }

    private struct Parts {
        var isNegative = false
        var whole = 0..<0
        var fraction = 0..<0
        var exponent = 0

        init?(_ text: borrowing Span<UInt8>, _ range: Range<Int>) {
            var index = range.lowerBound
            if index < range.upperBound && text[index] == ASCII.minus {
                isNegative = true
                index += 1
            }
            whole = Parts.digits(text, index..<range.upperBound)
            guard !whole.isEmpty, whole.count == 1 || text[whole.lowerBound] != ASCII.zero else { return nil }
            index = whole.upperBound
            if index < range.upperBound && text[index] == ASCII.dot {
                fraction = Parts.digits(text, (index + 1)..<range.upperBound)
                if fraction.isEmpty { return nil }
                index = fraction.upperBound
            }
            if index < range.upperBound && text[index] | 0x20 == UInt8(ascii: "e") {
                index += 1
                var isSmaller = false
                if index < range.upperBound && (text[index] == ASCII.minus || text[index] == UInt8(ascii: "+")) {
                    isSmaller = text[index] == ASCII.minus
                    index += 1
                }
                let digits = Parts.digits(text, index..<range.upperBound)
                if digits.isEmpty { return nil }
                for place in digits { exponent = min(exponent * 10 + Int(text[place] - ASCII.zero), 1_000_000) }
                if isSmaller { exponent = -exponent }
                index = digits.upperBound
            }
            if index != range.upperBound { return nil }
        }

        private static func digits(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
            var end = range.lowerBound
            while end < range.upperBound && text[end].isDigit { end += 1 }
            return range.lowerBound..<end
        }

        /// Places the decimal point and sees whether anything is left behind it.
        func integer(_ text: borrowing Span<UInt8>) -> Int64? {
            var value: Int64 = 0
            let point = whole.count + exponent
            let count = whole.count + fraction.count
            for place in 0..<count {
                let at = place < whole.count ? whole.lowerBound + place : fraction.lowerBound + place - whole.count
                let digit = Int64(text[at] - ASCII.zero)
                if place >= point {
                    if digit != 0 { return nil }
                } else {
                    value = value * 10 + digit
                    if value > largest { return nil }
                }
            }
            var place = count
            while place < point && value != 0 {
                value *= 10
                if value > largest { return nil }
                place += 1
            }
            return isNegative ? -value : value
        }
    }
}
