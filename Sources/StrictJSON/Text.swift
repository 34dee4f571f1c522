// SPDX-License-Identifier: Apache-2.0

/// A string as it stands in the tree: where its unescaped bytes lie, and how it was written.
struct ScannedText {
    /// Just behind the closing quote, in the source.
    var end: Int
    /// Unescaped length in bytes.
    var count: Int
    /// Nothing in it needs an escape in canonical text.
    var isPlain: Bool
}

/// Reads the string whose first content byte is at `start`, and unescapes it in place in `text`, the copy of `source`.
///
/// An escape is never shorter than what it stands for, so the unescaped bytes fit where the escaped ones were, and what
/// follows the string in the copy is never touched. `growth` rises by what canonical text adds to the string's length.
@inline(__always)
func scanText(
    _ source: borrowing Span<UInt8>, from start: Int, unescapingInto text: inout MutableSpan<UInt8>,
    growth: inout Int
) throws(JSONError) -> ScannedText {
    var at = start
    var flags = stops(word(source, at))
    while flags == 0 {
        at &+= 8
        flags = stops(word(source, at))
    }
    at &+= firstPlace(flags)
    guard byte(source, at) != 0x22 else { return ScannedText(end: at &+ 1, count: at &- start, isPlain: true) }
    return try scanMixedText(source, from: start, stoppedAt: at, unescapingInto: &text, growth: &growth)
}

/// Continues where the plain run of a string ended with something else than its quote.
@inline(never)
private func scanMixedText(
    _ source: borrowing Span<UInt8>, from start: Int, stoppedAt: Int, unescapingInto text: inout MutableSpan<UInt8>,
    growth: inout Int
) throws(JSONError) -> ScannedText {
    var at = stoppedAt
    /// Where the next unescaped byte goes: falls behind `at` with the first escape. Until then nothing needs copying.
    var target = stoppedAt
    var isPlain = true
    while true {
        let next = byte(source, at)
        if next == 0x22 {
            return ScannedText(end: at &+ 1, count: target &- start, isPlain: isPlain)
        } else if next == 0x5C {
            let escape = try scanEscape(source, at)
            target = encode(escape.scalar, in: &text, at: target)
            at = escape.end
            isPlain = false
        } else if next >= 0x80 {
            repeat {
                let found = sequence(in: word(source, at))
                guard found.length > 0 else { throw JSONError(rule: .encoding, offset: at) }
                if isLineBreak(found.scalar) {
                    isPlain = false
                    growth &+= 6 &- found.length
                }
                if target < at {
                    for place in 0..<found.length { text[target &+ place] = source[at &+ place] }
                }
                at &+= found.length
                target &+= found.length
            } while byte(source, at) >= 0x80
        } else if next == 0x7F {
            text[target] = next
            at &+= 1
            target &+= 1
            isPlain = false
            growth &+= 5
        } else {
            throw JSONError(rule: at >= source.count ? .truncated : .controlCharacter, offset: at)
        }
        let run = scanPlainRun(source, from: at, into: &text, at: target)
        at &+= run
        target &+= run
    }
}

/// Moves the run of plain text at `start` to `target`, which is not behind it, and returns its length.
@inline(__always)
private func scanPlainRun(
    _ source: borrowing Span<UInt8>, from start: Int, into text: inout MutableSpan<UInt8>, at target: Int
) -> Int {
    var done = 0
    var bytes = word(source, start)
    var flags = stops(bytes)
    while flags == 0 {
        if target < start { store(bytes, in: &text, at: target &+ done) }
        done &+= 8
        bytes = word(source, start &+ done)
        flags = stops(bytes)
    }
    let count = firstPlace(flags)
    if target < start {
        if start &- target >= 8 &- count {
            store(bytes, in: &text, at: target &+ done)
        } else {
            // A whole word would reach behind what has been read, into text that is still to be kept.
            for place in 0..<count {
                text[target &+ done &+ place] = UInt8(truncatingIfNeeded: bytes &>> UInt64(8 &* place))
            }
        }
    }
    return done &+ count
}

/// Reads the escape whose backslash is at `at`; a pair of surrogate escapes is one.
private func scanEscape(
    _ source: borrowing Span<UInt8>, _ at: Int
) throws(JSONError) -> (scalar: UInt32, end: Int) {
    let simple: UInt32
    switch byte(source, at &+ 1) {
    case 0x22: simple = 0x22
    case 0x5C: simple = 0x5C
    case 0x2F: simple = 0x2F
    case 0x62: simple = 0x08
    case 0x66: simple = 0x0C
    case 0x6E: simple = 0x0A
    case 0x72: simple = 0x0D
    case 0x74: simple = 0x09
    case 0x75: return try scanHexEscape(source, at)
    default: throw JSONError(rule: at &+ 1 >= source.count ? .truncated : .escape, offset: at)
    }
    return (simple, at &+ 2)
}

private func scanHexEscape(
    _ source: borrowing Span<UInt8>, _ at: Int
) throws(JSONError) -> (scalar: UInt32, end: Int) {
    let unit = try fourHexDigits(source, at)
    if unit & 0xF800 != 0xD800 { return (unit, at &+ 6) }
    // A low half first, or a high half with no escape behind it, is alone.
    guard unit < 0xDC00, byte(source, at &+ 6) == 0x5C, byte(source, at &+ 7) == 0x75 else {
        throw JSONError(rule: .loneSurrogate, offset: at)
    }
    let low = try fourHexDigits(source, at &+ 6)
    guard low & 0xFC00 == 0xDC00 else { throw JSONError(rule: .loneSurrogate, offset: at) }
    return (0x1_0000 &+ (unit & 0x3FF) &<< 10 &+ (low & 0x3FF), at &+ 12)
}

/// The four digits of the escape whose backslash is at `escape`.
private func fourHexDigits(_ source: borrowing Span<UInt8>, _ escape: Int) throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for place in 2..<6 {
        let digit: UInt32
        switch byte(source, escape &+ place) {
        case let byte where byte >= 0x30 && byte <= 0x39: digit = UInt32(byte &- 0x30)
        case let byte where byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66: digit = UInt32((byte | 0x20) &- 0x57)
        default: throw JSONError(rule: escape &+ place >= source.count ? .truncated : .escape, offset: escape)
        }
        unit = unit &<< 4 | digit
    }
    return unit
}
