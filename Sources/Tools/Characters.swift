// SPDX-License-Identifier: Apache-2.0

// Text that files hold, as UTF-8 bytes.

/// Whether all of `bytes` is UTF-8.
func isText(_ bytes: borrowing Span<UInt8>) -> Bool {
    do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: bytes.extracting(...))
        return true
    } catch {
        return false
    }
}

/// A character that begins in a range and is cut off at its end.
struct CutCharacter: Equatable {
    /// Its bytes in the range.
    let here: Int
    /// Its bytes behind it.
    let missing: Int
}

/// The character that the end of `range` cuts, if there is one that begins like a character.
func cutCharacter(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> CutCharacter? {
    var first = range.upperBound
    while first > range.lowerBound, first > range.upperBound - 3 {
        first -= 1
        if !isContinuation(bytes[first]) {
            let here = range.upperBound - first
            let missing = length(bytes[first]) - here
            return missing > 0 ? CutCharacter(here: here, missing: missing) : nil
        }
    }
    return nil
}

/// How many of `bytes` canonical JSON can say in `budget` bytes of string, without cutting a character.
func countInBudget(_ bytes: borrowing Span<UInt8>, _ budget: Int) -> Int {
    var cost = 0
    for at in bytes.indices {
        let byte = bytes[at]
        // Control characters and DEL take six, quotes and backslashes two. The first bytes of U+0085, U+2028 and U+2029
        // are charged as if each of their characters were escaped.
        switch byte {
        case 0..<0x20, 0x7F, 0xC2: cost += 6
        case 0xE2: cost += 4
        case 0x22, 0x5C: cost += 2
        default: cost += 1
        }
        if cost > budget { return at - (cutCharacter(bytes, 0..<at)?.here ?? 0) }
    }
    return bytes.count
}

func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

private func length(_ lead: UInt8) -> Int {
    switch lead {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 1
    }
}
