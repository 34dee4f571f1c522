// SPDX-License-Identifier: Apache-2.0

/// 2^53−1: the largest integer that every peer reads as itself. Above it a double begins to skip integers, and a
/// reader that rounds sees another number than one that does not.
let largestInteger: UInt64 = 9_007_199_254_740_991
/// Its length in digits.
private let largestIntegerDigits = 16

struct ScannedNumber {
    /// Just behind the last byte.
    var end: Int
    /// Written with digits and an optional minus alone, and not as `-0`.
    var isInteger: Bool
}

/// Reads the number at `start`, which begins with a digit or a minus, and refuses one that is not within range.
@inline(__always)
func scanNumber(
    _ source: borrowing Span<UInt8>, from start: Int, limit: Int
) throws(JSONError) -> ScannedNumber {
    let isNegative = byte(source, start) == 0x2D
    let digits = isNegative ? start &+ 1 : start
    let at = skipDigits(source, from: digits)
    let isZero = byte(source, digits) == 0x30
    guard at > digits else { throw numberError(source, at) }
    guard !isZero || at &- digits == 1 else { throw JSONError(rule: .number, offset: digits &+ 1) }
    let next = byte(source, at)
    if next == 0x2E || next | 0x20 == 0x65 {
        return try scanReal(source, from: start, digits: digits..<at, limit: limit)
    }
    guard at &- digits < largestIntegerDigits || isInRange(source, digits..<at) else {
        throw JSONError(rule: .integerRange, offset: start)
    }
    guard at &- start <= limit else { throw JSONError(rule: .numberBytes, offset: start) }
    return ScannedNumber(end: at, isInteger: !(isNegative && isZero))
}

/// Continues a number whose integer part is `digits` at its fraction or exponent.
@inline(never)
private func scanReal(
    _ source: borrowing Span<UInt8>, from start: Int, digits: Range<Int>, limit: Int
) throws(JSONError) -> ScannedNumber {
    var at = digits.upperBound
    var fraction = at..<at
    if byte(source, at) == 0x2E {
        fraction = at &+ 1..<skipDigits(source, from: at &+ 1)
        at = fraction.upperBound
        guard !fraction.isEmpty else { throw numberError(source, at) }
    }
    var exponent = 0
    if byte(source, at) | 0x20 == 0x65 {
        at &+= 1
        let sign = byte(source, at)
        if sign == 0x2B || sign == 0x2D { at &+= 1 }
        let end = skipDigits(source, from: at)
        guard end > at else { throw numberError(source, at) }
        for place in at..<end {
            // Held far above any document's length, so that the sum below stays true and cannot overflow.
            exponent = min(exponent &* 10 &+ Int(source[place] &- 0x30), 1 << 40)
        }
        if sign == 0x2D { exponent = 0 &- exponent }
        at = end
    }
    // Before the exact answer below, which is slow for long numbers.
    guard at &- start <= limit else { throw JSONError(rule: .numberBytes, offset: start) }
    if digits.count &+ exponent > 308 {
        guard isFinite(source, start..<at, digits, fraction, exponent) else {
            throw JSONError(rule: .numberRange, offset: start)
        }
    }
    return ScannedNumber(end: at, isInteger: false)
}

/// The place behind the run of decimal digits at `start`.
@inline(__always)
private func skipDigits(_ source: borrowing Span<UInt8>, from start: Int) -> Int {
    var at = start
    var flags = nonDigits(word(source, at))
    while flags == 0 {
        at &+= 8
        flags = nonDigits(word(source, at))
    }
    return at &+ firstPlace(flags)
}

/// Whether an integer of sixteen digits or more is within ±(2^53−1).
@inline(never)
private func isInRange(_ source: borrowing Span<UInt8>, _ digits: Range<Int>) -> Bool {
    guard digits.count == largestIntegerDigits else { return false }
    var value: UInt64 = 0
    for place in digits { value = value &* 10 &+ UInt64(source[place] &- 0x30) }
    return value <= largestInteger
}

/// Whether the number in `whole` has a finite nearest double, decided by its power of ten where that is enough.
@inline(never)
private func isFinite(
    _ source: borrowing Span<UInt8>, _ whole: Range<Int>, _ digits: Range<Int>, _ fraction: Range<Int>, _ exponent: Int
) -> Bool {
    // The first digit that counts says which power of ten the number is below.
    var power = digits.count &+ exponent
    if source[digits.lowerBound] == 0x30 {
        power = exponent
        var place = fraction.lowerBound
        while place < fraction.upperBound && source[place] == 0x30 { place &+= 1 }
        if place == fraction.upperBound { return true }
        power &-= place &- fraction.lowerBound
    }
    // The largest double is about 1.8·10^308: only numbers of 309 places before the point need the exact answer.
    guard power == 309 else { return power < 309 }
    var bytes: [UInt8] = []
    for at in whole { bytes.append(source[at]) }
    return Double(String(decoding: bytes, as: UTF8.self))?.isFinite ?? false
}

/// A digit is missing at `at`.
@inline(never)
private func numberError(_ source: borrowing Span<UInt8>, _ at: Int) -> JSONError {
    JSONError(rule: at >= source.count ? .truncated : .number, offset: at)
}
