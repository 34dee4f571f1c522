// SPDX-License-Identifier: Apache-2.0

/// The rule that a document broke. Raw values are stable words: they stand in logs, tests and documentation.
package enum JSONRule: String, Sendable, CaseIterable {
    // What every JSON text must be (RFC 8259).
    /// No value: nothing at all, or white space only.
    case empty
    /// The input ends inside the value.
    case truncated
    /// A byte that may not stand where it stands.
    case unexpectedByte = "unexpected-byte"
    /// Something follows the one value.
    case trailingBytes = "trailing-bytes"
    /// The input begins with U+FEFF.
    case byteOrderMark = "byte-order-mark"
    /// Not UTF-8: a stray, missing, overlong or out-of-range sequence, or an encoded surrogate.
    case encoding
    /// A raw control character inside a string.
    case controlCharacter = "control-character"
    /// A backslash that no RFC 8259 escape begins with.
    case escape
    /// An escaped surrogate without its other half.
    case loneSurrogate = "lone-surrogate"
    /// A number that the grammar does not know.
    case number
    /// A comment that is not ended, or hides more than text (commented dialect only).
    case comment

    // What two readers could understand differently.
    /// A key that already stands in the same object, compared as bytes after unescaping.
    case duplicateKey = "duplicate-key"
    /// An integer outside ±(2^53−1): another reader may round it.
    case integerRange = "integer-range"
    /// A number whose nearest double is not finite.
    case numberRange = "number-range"

    // What would cost too much (``JSONLimits``).
    case bytes
    case depth
    case members
    case values
    case keyBytes = "key-bytes"
    case stringBytes = "string-bytes"
    case numberBytes = "number-bytes"
}

/// Why a document was refused, and the offset of the byte that decided it.
package struct JSONError: Error, Equatable, Sendable {
    package let rule: JSONRule
    /// Counted from the first byte of the source; equal to its length where the source ended too early.
    package let offset: Int

    package init(rule: JSONRule, offset: Int) {
        self.rule = rule
        self.offset = offset
    }
}
