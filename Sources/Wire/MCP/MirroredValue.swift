// SPDX-License-Identifier: Apache-2.0

/// Header values that repeat what the body of a request says (MCP 2026-07-28, transports, request metadata).
///
/// A header never decides; it can only contradict. So the questions here are comparisons with what the body said.
package enum MirroredValue {
    private static let opening = "=?base64?"
    private static let closing = "?="

    /// The bytes that a value of `Mcp-Name` or `Mcp-Param-*` stands for: itself, or what `=?base64?…?=` holds.
    ///
    /// - Throws: `mirrored-value` where the markers stand but not canonical base64 of UTF-8 between them.
    package static func decode(
        _ bytes: borrowing Span<UInt8>, _ value: Range<Int>
    ) throws(WireError) -> [UInt8] {
        let head = value.lowerBound + opening.utf8.count
        let tail = value.upperBound - closing.utf8.count
        guard head <= tail, bytes.holds(opening, in: value.lowerBound..<head),
            bytes.holds(closing, in: tail..<value.upperBound)
        else { return bytes.copy(value) }
        guard let decoded = Base64.decode(bytes, head..<tail),
            UTF8Check.isText(decoded.span, 0..<decoded.count)
        else { throw WireError(.mirroredValue, at: value.lowerBound) }
        return decoded
    }

    /// A text as a header value: itself where a header can carry it and nobody would decode it, else in base64.
    package static func encode(_ text: [UInt8]) -> [UInt8] {
        let span = text.span
        let isPlain =
            !text.isEmpty && span.trimmed(0..<span.count).count == span.count
            && text.allSatisfy { $0.isVisible || $0 == ASCII.space } && text[0] != ASCII.equals
        if isPlain { return text }
        var encoded = Array(opening.utf8)
        Base64.append(span, to: &encoded)
        return encoded + closing.utf8
    }

    /// Whether a value says the same as a text of the body.
    ///
    /// - Throws: as ``decode(_:_:)``.
    package static func matches(
        _ bytes: borrowing Span<UInt8>, _ value: Range<Int>, text: [UInt8]
    ) throws(WireError) -> Bool {
        // Almost always written plainly: compare in place, and decode only what begins like an encoded value.
        if value.isEmpty || bytes[value.lowerBound] != ASCII.equals { return bytes.holds(text, in: value) }
        return try decode(bytes, value) == text
    }

    /// Whether a value is the same integer as a number of the body, however both are written: `42` equals `42.0`.
    ///
    /// - Throws: as ``decode(_:_:)``.
    package static func matches(
        _ bytes: borrowing Span<UInt8>, _ value: Range<Int>, number: [UInt8]
    ) throws(WireError) -> Bool {
        let text = try decode(bytes, value)
        guard let mirrored = DecimalInteger.value(of: text.span, 0..<text.count) else { return false }
        return mirrored == DecimalInteger.value(of: number.span, 0..<number.count)
    }

    /// Whether `bytes` may be the part of a header name behind `Mcp-Param-`: a token of RFC 9110, short enough to leave
    /// a header line its value.
    package static func isParameterName(_ bytes: borrowing Span<UInt8>) -> Bool {
        if bytes.isEmpty || bytes.count > maxParameterNameBytes { return false }
        for index in 0..<bytes.count where !bytes[index].isTokenByte { return false }
        return true
    }

    /// The longest declared name, in bytes.
    package static let maxParameterNameBytes = 128
}
