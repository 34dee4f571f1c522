// SPDX-License-Identifier: Apache-2.0

/// How the end of a message body is found (RFC 9112 section 6).
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked

    /// Refuses a body by its declared size alone, before a byte of it is held.
    ///
    /// A chunked body declares no size yet: ``ChunkedBody`` judges each chunk's.
    package func admit(limit: Int) throws(WireError) {
        guard case .length(let length) = self, length > limit else { return }
        throw WireError(.bodyTooLarge, at: 0, in: .contentLength)
    }

    /// The longest `Content-Length` that is read as a number; a longer one is too large for anybody.
    static let maxLengthDigits = 18

    /// Takes in a `Content-Length` value.
    mutating func take(contentLength range: Range<Int>, of bytes: borrowing Span<UInt8>) throws(WireError) {
        var value = 0
        for index in range {
            // Digits alone: a sign, a list, a space or an 0x is read differently by different servers.
            guard bytes[index].isDigit else {
                throw WireError(.contentLengthMalformed, at: index, in: .contentLength)
            }
            if index - range.lowerBound < BodyFraming.maxLengthDigits {
                value = value * 10 + Int(bytes[index] - ASCII.zero)
            }
        }
        if range.isEmpty { throw WireError(.contentLengthMalformed, at: range.lowerBound, in: .contentLength) }
        if range.count > BodyFraming.maxLengthDigits {
            throw WireError(.contentLengthHuge, at: range.lowerBound, in: .contentLength)
        }
        // Whoever sends both lets two readers find two ends: the one thing that request smuggling needs.
        guard self == .none else { throw WireError(.framingConflict, at: range.lowerBound, in: .contentLength) }
        self = .length(value)
    }

    /// Takes in a `Transfer-Encoding` value.
    mutating func take(transferEncoding range: Range<Int>, of bytes: borrowing Span<UInt8>) throws(WireError) {
        if !bytes.folds("chunked", in: range) {
            var isToken = !range.isEmpty
            for index in range where !bytes[index].isTokenByte { isToken = false }
            // One coding that we lack is an honest wish; lists and parameters are ways to be read twice.
            throw WireError(
                isToken ? .transferEncodingUnknown : .transferEncodingMalformed, at: range.lowerBound,
                in: .transferEncoding)
        }
        guard self == .none else { throw WireError(.framingConflict, at: range.lowerBound, in: .transferEncoding) }
        self = .chunked
    }
}

/// What the `Connection` lines of a head ask for.
struct ConnectionOptions: OptionSet, Sendable {
    let rawValue: UInt8

    static let close = ConnectionOptions(rawValue: 1)
    static let upgrade = ConnectionOptions(rawValue: 2)

    /// Takes in one `Connection` value: a list of tokens, none of them empty.
    mutating func take(_ range: Range<Int>, of bytes: borrowing Span<UInt8>) throws(WireError) {
        var start = range.lowerBound
        while true {
            let end = bytes.first(ASCII.comma, in: start..<range.upperBound) ?? range.upperBound
            let option = bytes.trimmed(start..<end)
            if option.isEmpty { throw WireError(.connectionMalformed, at: start, in: .connection) }
            for index in option where !bytes[index].isTokenByte {
                throw WireError(.connectionMalformed, at: index, in: .connection)
            }
            if bytes.folds("close", in: option) { insert(.close) }
            if bytes.folds("upgrade", in: option) { insert(.upgrade) }
            if end == range.upperBound { return }
            start = end + 1
        }
    }
}
