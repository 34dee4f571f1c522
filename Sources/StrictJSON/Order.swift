// SPDX-License-Identifier: Apache-2.0

/// Whether the key at `range` in `text` stands before the one at `otherRange` in `other` in canonical order: by UTF-16
/// code units (RFC 8785, 3.2.3).
///
/// Bytes of UTF-8 sort in the same order, but for one thing: characters above U+FFFF begin with a surrogate in UTF-16
/// and so stand before U+E000 to U+FFFF, while their first byte, F0 to F4, is greater than EE and EF.
func precedes(
    _ text: borrowing Span<UInt8>, _ range: Range<Int>, _ other: borrowing Span<UInt8>, _ otherRange: Range<Int>
) -> Bool {
    let shorter = min(range.count, otherRange.count)
    var done = 0
    while done < shorter {
        let one = word(text, range.lowerBound &+ done)
        let two = word(other, otherRange.lowerBound &+ done)
        if one != two {
            let place = firstPlace(one ^ two)
            // A difference behind the shorter key is none of the keys'.
            guard done &+ place < shorter else { break }
            let bits = UInt64(8 &* place)
            return rank(UInt8(truncatingIfNeeded: one &>> bits)) < rank(UInt8(truncatingIfNeeded: two &>> bits))
        }
        done &+= 8
    }
    return range.count < otherRange.count
}

/// Puts EE and EF behind all other bytes.
@inline(__always)
private func rank(_ byte: UInt8) -> UInt8 { byte & 0xFE == 0xEE ? byte | 0xF0 : byte }
