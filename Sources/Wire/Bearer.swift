// SPDX-License-Identifier: Apache-2.0

/// What `Authorization` holds, by RFC 6750 section 2.1 without any tolerance.
package enum Bearer: Equatable, Sendable {
    case missing
    /// Another scheme, or not exactly `Bearer`, one space and a token: answered like a wrong token.
    case malformed
    /// Where the token stands in the head.
    case token(Range<Int>)

    /// Reads the one place where a credential may stand (step 4 of the order of refusal).
    package init(_ head: borrowing RequestHead) {
        guard let field = head.field(.authorization) else {
            self = .missing
            return
        }
        // Blanks behind the token are no part of the value by RFC 9110, but no client that we issue tokens to sends
        // them, and a token that was pasted with something behind it should fail where its owner can see it.
        if field.hasTrailingBlank {
            self = .malformed
            return
        }
        let bytes = head.bytes
        self = Bearer(bytes.span, field.value)
    }

    init(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
        let start = value.lowerBound + 7
        guard start < value.upperBound, bytes.folds("bearer ", in: value.lowerBound..<start),
            Bearer.isToken68(bytes, start..<value.upperBound)
        else {
            self = .malformed
            return
        }
        self = .token(start..<value.upperBound)
    }

    /// `token68` of RFC 9110 section 11.2: at least one letter, digit or `-._~+/`, then any number of `=`.
    private static func isToken68(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound && isToken68Byte(bytes[index]) { index += 1 }
        if index == range.lowerBound { return false }
        while index < range.upperBound && bytes[index] == ASCII.equals { index += 1 }
        return index == range.upperBound
    }

    @inline(__always)
    private static func isToken68Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.minus, ASCII.dot, UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), ASCII.slash: true
        default: byte.isLetter || byte.isDigit
        }
    }
}
