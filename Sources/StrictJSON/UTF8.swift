// SPDX-License-Identifier: Apache-2.0

/// A character of more than one byte.
struct EncodedScalar {
    var scalar: UInt32
    /// 2, 3 or 4 bytes; 0 if the bytes are not well-formed UTF-8.
    var length: Int

    static let malformed = EncodedScalar(scalar: 0, length: 0)
}

/// The well-formed sequence at the low end of `word`, whose first byte is not ASCII (Unicode 16, table 3-7).
///
/// The shape is tested first, then the value: too small for its length is overlong, and surrogates and what lies above
/// U+10FFFF are not scalars. Bytes behind the end of a text read as 0, which continues nothing.
@inline(__always)
func sequence(in word: UInt64) -> EncodedScalar {
    let bits = UInt32(truncatingIfNeeded: word)
    let one = bits & 0xFF
    let two = bits &>> 8 & 0x3F
    let three = bits &>> 16 & 0x3F
    if bits & 0xC0_C0F0 == 0x80_80E0 {
        let scalar = (one & 0x0F) &<< 12 | two &<< 6 | three
        return scalar >= 0x800 && scalar & 0xF800 != 0xD800 ? EncodedScalar(scalar: scalar, length: 3) : .malformed
    }
    if bits & 0xC0E0 == 0x80C0 {
        let scalar = (one & 0x1F) &<< 6 | two
        return scalar >= 0x80 ? EncodedScalar(scalar: scalar, length: 2) : .malformed
    }
    if bits & 0xC0C0_C0F8 == 0x8080_80F0 {
        let scalar = (one & 0x07) &<< 18 | two &<< 12 | three &<< 6 | bits &>> 24 & 0x3F
        return scalar >= 0x1_0000 && scalar < 0x11_0000 ? EncodedScalar(scalar: scalar, length: 4) : .malformed
    }
    return .malformed
}

/// Whether some programs end a line at `scalar`, an NEL, LINE or PARAGRAPH SEPARATOR: canonical text escapes those.
@inline(__always)
func isLineBreak(_ scalar: UInt32) -> Bool { scalar == 0x85 || scalar & ~1 == 0x2028 }

/// Writes `scalar` as UTF-8 from `at` on and returns the place behind it.
///
/// `scalar` is a Unicode scalar value: its caller has paired the surrogates.
@inline(__always)
func encode(_ scalar: UInt32, in target: inout MutableSpan<UInt8>, at: Int) -> Int {
    switch scalar {
    case 0..<0x80:
        target[at] = UInt8(truncatingIfNeeded: scalar)
        return at &+ 1
    case 0x80..<0x800:
        target[at] = UInt8(truncatingIfNeeded: 0xC0 | scalar &>> 6)
        target[at &+ 1] = continuation(scalar)
        return at &+ 2
    case 0x800..<0x1_0000:
        target[at] = UInt8(truncatingIfNeeded: 0xE0 | scalar &>> 12)
        target[at &+ 1] = continuation(scalar &>> 6)
        target[at &+ 2] = continuation(scalar)
        return at &+ 3
    default:
        target[at] = UInt8(truncatingIfNeeded: 0xF0 | scalar &>> 18)
        target[at &+ 1] = continuation(scalar &>> 12)
        target[at &+ 2] = continuation(scalar &>> 6)
        target[at &+ 3] = continuation(scalar)
        return at &+ 4
    }
}

@inline(__always)
private func continuation(_ bits: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | bits & 0x3F) }
