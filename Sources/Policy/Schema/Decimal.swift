// SPDX-License-Identifier: Apache-2.0

/// A JSON number as exactly what was written: 0.d₁d₂d₃… times ten to the power of `point`, in one way for each value.
struct Decimal: Hashable, Sendable {
    let isNegative: Bool
    /// Digit values without zeros at either end; none for zero.
    let digits: [UInt8]
    let point: Int

    /// Exponents are held within ±2^40: no two numbers that a message can hold fall together by that.
    private static let exponentBound = 1 << 40

    /// Reads a number that a JSON reader has checked.
    init(_ text: borrowing Span<UInt8>) {
        var digits: [UInt8] = []
        digits.reserveCapacity(text.count)
        var point = 0
        var isFraction = false
        var at = 0
        let isNegative = text.count > 0 && text[0] == 0x2D
        if isNegative { at = 1 }
        while at < text.count, text[at] | 0x20 != 0x65 {
            if text[at] == 0x2E {
                isFraction = true
            } else {
                let digit = text[at] &- 0x30
                if digits.isEmpty && digit == 0 {
                    // A zero in front counts only behind the point.
                    if isFraction { point -= 1 }
                } else {
                    digits.append(digit)
                    if !isFraction { point += 1 }
                }
            }
            at += 1
        }
        if at < text.count { point += Self.exponent(text, from: at + 1) }
        while digits.last == 0 { digits.removeLast() }
        self.digits = digits
        self.isNegative = isNegative && !digits.isEmpty
        self.point = digits.isEmpty ? 0 : point
    }

    init(_ integer: Int64) {
        var digits: [UInt8] = []
        var rest = integer.magnitude
        while rest > 0 {
            digits.append(UInt8(rest % 10))
            rest /= 10
        }
        digits.reverse()
        point = digits.count
        while digits.last == 0 { digits.removeLast() }
        self.digits = digits
        isNegative = integer < 0
    }

    private static func exponent(_ text: borrowing Span<UInt8>, from start: Int) -> Int {
        var at = start
        var value = 0
        let sign = at < text.count ? text[at] : 0
        if sign == 0x2D || sign == 0x2B { at += 1 }
        while at < text.count {
            value = min(value * 10 + Int(text[at] &- 0x30), exponentBound)
            at += 1
        }
        return sign == 0x2D ? -value : value
    }

    /// Whether there is nothing behind the point: 1.0 and 1e2 are whole.
    var isWhole: Bool { point >= digits.count }

    /// The value if it is whole and not negative; `Int.max` for everything larger.
    var count: Int? {
        guard isWhole, !isNegative else { return nil }
        guard point <= 18 else { return .max }
        var value = 0
        for place in 0..<point { value = value * 10 + (place < digits.count ? Int(digits[place]) : 0) }
        return value
    }
}

extension Decimal: Comparable {
    static func < (one: Decimal, other: Decimal) -> Bool {
        guard one.isNegative == other.isNegative else { return one.isNegative }
        return one.isNegative ? other.isNearerZero(than: one) : one.isNearerZero(than: other)
    }

    private func isNearerZero(than other: Decimal) -> Bool {
        guard !digits.isEmpty, !other.digits.isEmpty else { return digits.isEmpty && !other.digits.isEmpty }
        return point != other.point ? point < other.point : digits.lexicographicallyPrecedes(other.digits)
    }
}

extension Decimal {
    /// Whether the quotient of the two is whole. `divisor` is not zero.
    func isMultiple(of divisor: Decimal) -> Bool {
        guard !digits.isEmpty else { return true }
        // Both as whole digits times a power of ten. Ours end in no zero, so a smaller power leaves a fraction.
        let power = (point - digits.count) - (divisor.point - divisor.digits.count)
        guard power >= 0 else { return false }
        // The divisor has at most log₂(10)·n factors of two or five: more zeros than four a digit change nothing.
        let zeros = min(power, 4 * divisor.digits.count)
        return divisor.digits.count <= 18 ? isSmallMultiple(divisor, zeros) : isLargeMultiple(divisor, zeros)
    }

    private func isSmallMultiple(_ divisor: Decimal, _ zeros: Int) -> Bool {
        let modulus = divisor.digits.reduce(0) { $0 * 10 + UInt64($1) }
        var rest: UInt64 = 0
        for digit in digits { rest = (rest * 10 + UInt64(digit)) % modulus }
        for _ in 0..<zeros { rest = rest * 10 % modulus }
        return rest == 0
    }

    /// The same by hand: the rest as digits, from the lowest.
    private func isLargeMultiple(_ divisor: Decimal, _ zeros: Int) -> Bool {
        let modulus = Array(divisor.digits.reversed())
        var rest = [UInt8](repeating: 0, count: modulus.count + 1)
        for place in 0..<(digits.count + zeros) {
            rest.removeLast()
            rest.insert(place < digits.count ? digits[place] : 0, at: 0)
            while Self.subtract(modulus, from: &rest) {}
        }
        return rest.allSatisfy { $0 == 0 }
    }

    /// Takes `amount` away once, unless it is more than there is. `value` has one digit more than `amount`.
    private static func subtract(_ amount: [UInt8], from value: inout [UInt8]) -> Bool {
        var difference = value
        var borrow: UInt8 = 0
        for place in value.indices {
            let loss = (place < amount.count ? amount[place] : 0) + borrow
            borrow = value[place] < loss ? 1 : 0
            difference[place] = value[place] + 10 * borrow - loss
        }
        guard borrow == 0 else { return false }
        value = difference
        return true
    }
}
