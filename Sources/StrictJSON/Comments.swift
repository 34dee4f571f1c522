// SPDX-License-Identifier: Apache-2.0

/// A copy of `source` in which every comment is spaces, so that offsets stay true and the strict reader does the rest.
///
/// Up to the first fault this sees strings begin and end where the reader does; behind it nothing matters any more.
/// A comment must be what it looks like in an editor: UTF-8 text without control characters, without the line
/// separators that only some programs end a line at, and without bidirectional overrides.
func withoutComments(_ source: borrowing Span<UInt8>) throws(JSONError) -> [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(source.count)
    var at = 0
    while at < source.count {
        switch (source[at], byte(source, at + 1)) {
        case (0x22, _):
            copyString(source, &at, into: &copy)
        case (0x2F, 0x2F):
            try blankLineComment(source, &at, into: &copy)
        case (0x2F, 0x2A):
            try blankBlockComment(source, &at, into: &copy)
        default:
            copy.append(source[at])
            at += 1
        }
    }
    return copy
}

private func copyString(_ source: borrowing Span<UInt8>, _ at: inout Int, into copy: inout [UInt8]) {
    copy.append(source[at])
    at += 1
    while at < source.count {
        let next = source[at]
        copy.append(next)
        at += 1
        if next == 0x22 { return }
        if next == 0x5C && at < source.count {
            copy.append(source[at])
            at += 1
        }
    }
}

/// Up to the line feed, which stays, or the end of the document.
private func blankLineComment(
    _ source: borrowing Span<UInt8>, _ at: inout Int, into copy: inout [UInt8]
) throws(JSONError) {
    while at < source.count && source[at] != 0x0A { try blankCharacter(source, &at, into: &copy) }
}

private func blankBlockComment(
    _ source: borrowing Span<UInt8>, _ at: inout Int, into copy: inout [UInt8]
) throws(JSONError) {
    let start = at
    at += 2
    while !(byte(source, at) == 0x2A && byte(source, at + 1) == 0x2F) {
        guard at < source.count else { throw JSONError(rule: .comment, offset: start) }
        try blankCharacter(source, &at, into: &copy)
    }
    at += 2
    // The opening and the closing mark.
    copy.append(contentsOf: [0x20, 0x20, 0x20, 0x20])
}

private func blankCharacter(
    _ source: borrowing Span<UInt8>, _ at: inout Int, into copy: inout [UInt8]
) throws(JSONError) {
    let length: Int
    switch source[at] {
    case 0x09, 0x0A, 0x20...0x7E:
        length = 1
    case 0x0D where byte(source, at + 1) == 0x0A:
        length = 1
    case 0x80...0xFF:
        let found = sequence(in: word(source, at))
        guard found.length > 0 else { throw JSONError(rule: .encoding, offset: at) }
        guard !misleads(found.scalar) else { throw JSONError(rule: .comment, offset: at) }
        length = found.length
    default:
        throw JSONError(rule: .comment, offset: at)
    }
    for _ in 0..<length { copy.append(0x20) }
    at += length
}

/// Whether an editor could show `scalar` as a line break, or reorder what stands around it.
private func misleads(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x80...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
}
