// SPDX-License-Identifier: Apache-2.0

// Canonical strings. Escaped are the quote, the backslash, control characters, and beyond RFC 8785 U+007F, U+0085,
// U+2028 and U+2029: no program that reads lines may see one end inside a string.
//
// Text is copied a word at a time, and the word at the end of a run writes a few bytes too many, which what comes next
// overwrites. So every target has `slackBytes` more than is needed.

/// The most that one step of ``putText(_:_:in:at:)`` writes: a word, and an escape behind at most seven bytes of it.
let slackBytes = 16

/// Appends UTF-8 `text` as a string, quotes included.
func appendString(_ text: borrowing Span<UInt8>, to bytes: inout [UInt8]) {
    /// Long texts go in parts, so that the room for a text of nothing but control characters is never taken at once.
    let partBytes = 4096
    bytes.append(0x22)
    var from = 0
    repeat {
        var at = bytes.count
        let room = min(6 &* (text.count &- from), partBytes) &+ slackBytes
        bytes.append(addingCapacity: room) { $0.append(repeating: 0, count: room) }
        var target = bytes.mutableSpan
        from = putText(text, from..<text.count, in: &target, at: &at)
        bytes.removeLast(bytes.count &- at)
    } while from < text.count
    bytes.append(0x22)
}

/// Writes the UTF-8 in `range` with escapes where it needs some, until it or the room in `target` is used up; returns
/// how far it got.
func putText(
    _ text: borrowing Span<UInt8>, _ range: Range<Int>, in target: inout MutableSpan<UInt8>, at: inout Int
) -> Int {
    var from = range.lowerBound
    let lastStep = target.count &- slackBytes
    while from < range.upperBound && at <= lastStep {
        let bytes = word(text, from)
        let flags = stops(bytes)
        let run = min(flags == 0 ? 8 : firstPlace(flags), range.upperBound &- from)
        store(bytes, in: &target, at: at)
        at &+= run
        from &+= run
        guard run < 8 && from < range.upperBound else { continue }
        let next = text[from]
        if next < 0x80 {
            putEscape(next, in: &target, at: &at)
            from &+= 1
            continue
        }
        let following = word(text, from)
        let found = sequence(in: following)
        if isLineBreak(found.scalar) {
            putHexEscape(found.scalar, in: &target, at: &at)
        } else {
            store(following, in: &target, at: at)
            at &+= found.length
        }
        from &+= found.length
    }
    return from
}

/// Writes the bytes in `range` as they are.
@inline(__always)
func putPlain(
    _ text: borrowing Span<UInt8>, _ range: Range<Int>, in target: inout MutableSpan<UInt8>, at: inout Int
) {
    var done = 0
    while done < range.count {
        store(word(text, range.lowerBound &+ done), in: &target, at: at &+ done)
        done &+= 8
    }
    at &+= range.count
}

@inline(__always)
func put(_ byte: UInt8, in target: inout MutableSpan<UInt8>, at: inout Int) {
    target[at] = byte
    at &+= 1
}

/// Writes the shortest escape of an ASCII character.
private func putEscape(_ character: UInt8, in target: inout MutableSpan<UInt8>, at: inout Int) {
    let letter: UInt8
    switch character {
    case 0x08: letter = 0x62
    case 0x09: letter = 0x74
    case 0x0A: letter = 0x6E
    case 0x0C: letter = 0x66
    case 0x0D: letter = 0x72
    case 0x22, 0x5C: letter = character
    default: return putHexEscape(UInt32(character), in: &target, at: &at)
    }
    put(0x5C, in: &target, at: &at)
    put(letter, in: &target, at: &at)
}

/// Writes `\u` and the four lower-case digits of one UTF-16 code unit.
func putHexEscape(_ unit: UInt32, in target: inout MutableSpan<UInt8>, at: inout Int) {
    put(0x5C, in: &target, at: &at)
    put(0x75, in: &target, at: &at)
    for shift: UInt32 in [12, 8, 4, 0] {
        let digit = UInt8(truncatingIfNeeded: unit &>> shift & 0xF)
        put(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit, in: &target, at: &at)
    }
}

/// Whether all of `text` is UTF-8.
func isWellFormed(_ text: borrowing Span<UInt8>) -> Bool {
    var at = 0
    while at < text.count {
        let bytes = word(text, at)
        let others = bytes & topsWord
        if others == 0 {
            at &+= 8
            continue
        }
        at &+= firstPlace(others)
        let found = sequence(in: word(text, at))
        guard found.length > 0 else { return false }
        at &+= found.length
    }
    return true
}

func appendBytes(_ text: borrowing Span<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: text.count) { output in
        for at in text.indices { output.append(text[at]) }
    }
}
