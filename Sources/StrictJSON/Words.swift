// SPDX-License-Identifier: Apache-2.0

// Eight bytes at a time, in plain integer arithmetic. A word holds the first byte in its lowest bits, on every machine.
//
// Offsets are cut to 32 bits before they are used: that changes none (no text here reaches 4 GiB) and lets the optimiser
// prove that the eight places behind a tested one cannot overflow, so that one test and one load remain of eight.

/// A one in every byte.
let onesWord: UInt64 = 0x0101_0101_0101_0101
/// The top bit of every byte.
let topsWord: UInt64 = 0x8080_8080_8080_8080

/// `byte` in all eight places.
@inline(__always)
func repeated(_ byte: UInt8) -> UInt64 { onesWord &* UInt64(byte) }

/// The byte at `at`, or 0 behind the end: no grammar here has a use for NUL, so it stops every scan.
@inline(__always)
func byte(_ source: borrowing Span<UInt8>, _ at: Int) -> UInt8 {
    source.indices.contains(at) ? source[at] : 0
}

/// The eight bytes from `at` on; bytes behind the end read as 0.
@inline(__always)
func word(_ source: borrowing Span<UInt8>, _ at: Int) -> UInt64 {
    let at = Int(UInt32(truncatingIfNeeded: at))
    guard at <= source.count &- 8 else { return partialWord(source, at) }
    return UInt64(source[at]) | UInt64(source[at &+ 1]) << 8 | UInt64(source[at &+ 2]) << 16
        | UInt64(source[at &+ 3]) << 24 | UInt64(source[at &+ 4]) << 32 | UInt64(source[at &+ 5]) << 40
        | UInt64(source[at &+ 6]) << 48 | UInt64(source[at &+ 7]) << 56
}

@inline(never)
private func partialWord(_ source: borrowing Span<UInt8>, _ at: Int) -> UInt64 {
    var result: UInt64 = 0
    for place in 0..<8 { result |= UInt64(byte(source, at &+ place)) << UInt64(place &* 8) }
    return result
}

/// Writes the eight bytes of `word` from `at` on; the caller has made sure of the room.
@inline(__always)
func store(_ word: UInt64, in target: inout MutableSpan<UInt8>, at: Int) {
    let at = Int(UInt32(truncatingIfNeeded: at))
    precondition(at <= target.count &- 8)
    target[at] = UInt8(truncatingIfNeeded: word)
    target[at &+ 1] = UInt8(truncatingIfNeeded: word >> 8)
    target[at &+ 2] = UInt8(truncatingIfNeeded: word >> 16)
    target[at &+ 3] = UInt8(truncatingIfNeeded: word >> 24)
    target[at &+ 4] = UInt8(truncatingIfNeeded: word >> 32)
    target[at &+ 5] = UInt8(truncatingIfNeeded: word >> 40)
    target[at &+ 6] = UInt8(truncatingIfNeeded: word >> 48)
    target[at &+ 7] = UInt8(truncatingIfNeeded: word >> 56)
}

/// The top bit of each byte in `word` that ends a run of plain string text: `"`, `\`, below U+0020, U+007F, not ASCII.
///
/// Only the lowest bit of the result is exact: a borrow or carry out of a flagged byte may flag the ones above it.
@inline(__always)
func stops(_ word: UInt64) -> UInt64 {
    let quotes = (word ^ repeated(0x22)) &- onesWord
    let backslashes = (word ^ repeated(0x5C)) &- onesWord
    let controls = word &- repeated(0x20)
    let deletes = word &+ onesWord
    return (quotes | backslashes | controls | deletes | word) & topsWord
}

/// The top bit of each byte in `word` that is not space, tab, LF or CR. Exact in every place.
@inline(__always)
func solids(_ word: UInt64) -> UInt64 {
    let spaces = others(word, 0x20)
    let tabs = others(word, 0x09)
    return spaces & tabs & others(word, 0x0A) & others(word, 0x0D) & topsWord
}

/// The top bit of each byte in `word` that is not `byte`; other bits mean nothing.
@inline(__always)
private func others(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word ^ repeated(byte)
    return (difference & ~topsWord &+ ~topsWord) | difference
}

/// The top bit of each byte in `word` that is not a decimal digit. Only the lowest bit is exact.
@inline(__always)
func nonDigits(_ word: UInt64) -> UInt64 {
    let values = word ^ repeated(0x30)
    return (values &+ repeated(0x76) | values) & topsWord
}

/// Which byte the lowest flag of `flags` belongs to, 0 to 7.
@inline(__always)
func firstPlace(_ flags: UInt64) -> Int { flags.trailingZeroBitCount &>> 3 }

/// Whether two spans hold the same bytes.
@inline(__always)
func equalBytes(_ one: borrowing Span<UInt8>, _ other: borrowing Span<UInt8>) -> Bool {
    guard one.count == other.count else { return false }
    var at = 0
    while at <= one.count &- 8 {
        guard word(one, at) == word(other, at) else { return false }
        at &+= 8
    }
    while at < one.count {
        guard byte(one, at) == byte(other, at) else { return false }
        at &+= 1
    }
    return true
}
