// SPDX-License-Identifier: Apache-2.0

/// What a client says it can read.
package struct AcceptedTypes: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `application/json`
    package static let json = AcceptedTypes(rawValue: 1)
    /// `text/event-stream`
    package static let eventStream = AcceptedTypes(rawValue: 2)
}

/// Media types of requests (RFC 9110 sections 8.3 and 12.5.1), no more of them than MCP uses.
package enum MediaTypes {
    /// Step 7 of the order of refusal: the body must be JSON by name, in UTF-8 where an encoding is named.
    ///
    /// - Throws: `content-type-unsupported`, also where there is no type at all: a page can send that without asking.
    package static func checkJSON(_ head: borrowing RequestHead) throws(WireError) {
        // Whoever undoes an encoding that we do not undo sees another message in the same bytes.
        if let encoding = head.field(.contentEncoding) {
            throw WireError(.contentTypeUnsupported, at: encoding.value.lowerBound, in: .contentEncoding)
        }
        guard let value = head.value(.contentType) else {
            throw WireError(.contentTypeUnsupported, at: 0, in: .contentType)
        }
        let bytes = head.bytes
        guard isJSON(bytes.span, value) else {
            throw WireError(.contentTypeUnsupported, at: value.lowerBound, in: .contentType)
        }
    }

    static func isJSON(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> Bool {
        let end = bytes.first(ASCII.semicolon, in: value) ?? value.upperBound
        guard bytes.folds("application/json", in: bytes.trimmed(value.lowerBound..<end)) else { return false }
        if end == value.upperBound { return true }
        return bytes.folds("charset=utf-8", in: bytes.trimmed((end + 1)..<value.upperBound))
    }

    /// The types that the `Accept` lines name. Ranges such as `*/*` name nothing, and neither does a quality of 0.
    package static func accepted(_ head: borrowing RequestHead) -> AcceptedTypes {
        let bytes = head.bytes
        var types: AcceptedTypes = []
        for field in head.fields where field.name == .accept {
            guard let named = AcceptReader.read(bytes.span, field.value) else { return [] }
            types.formUnion(named)
        }
        return types
    }

    /// Step 7 of the order of refusal: an answer may be either type, so a client must take both.
    ///
    /// - Throws: `not-acceptable`.
    package static func checkAccept(
        _ head: borrowing RequestHead, _ wanted: AcceptedTypes = [.json, .eventStream]
    ) throws(WireError) {
        guard accepted(head).isSuperset(of: wanted) else { throw WireError(.notAcceptable, at: 0, in: .accept) }
    }
}

/// One `Accept` value: `type/subtype` with parameters, in a list.
private struct AcceptReader {
    private var index: Int
    private let end: Int

    /// nil where the value is no such list: then nobody can say what it names.
    static func read(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> AcceptedTypes? {
        var reader = AcceptReader(index: value.lowerBound, end: value.upperBound)
        var types: AcceptedTypes = []
        while true {
            reader.skipBlanks(bytes)
            if reader.index < reader.end && bytes[reader.index] != ASCII.comma {
                guard let named = reader.element(bytes) else { return nil }
                types.formUnion(named)
                reader.skipBlanks(bytes)
            }
            if reader.index == reader.end { return types }
            guard bytes[reader.index] == ASCII.comma else { return nil }
            reader.index += 1
        }
    }

    private mutating func element(_ bytes: borrowing Span<UInt8>) -> AcceptedTypes? {
        let start = index
        guard !token(bytes).isEmpty, take(ASCII.slash, bytes), !token(bytes).isEmpty else { return nil }
        let name = start..<index
        var types: AcceptedTypes = []
        if bytes.folds("application/json", in: name) { types = .json }
        if bytes.folds("text/event-stream", in: name) { types = .eventStream }
        while true {
            skipBlanks(bytes)
            guard take(ASCII.semicolon, bytes) else { return types }
            skipBlanks(bytes)
            let parameter = token(bytes)
            guard !parameter.isEmpty, take(ASCII.equals, bytes), let value = parameterValue(bytes) else { return nil }
            if bytes.folds("q", in: parameter) {
                guard let isZero = AcceptReader.isZeroQuality(bytes, value) else { return nil }
                if isZero { types = [] }
            }
        }
    }

    private mutating func parameterValue(_ bytes: borrowing Span<UInt8>) -> Range<Int>? {
        let start = index
        guard take(ASCII.quote, bytes) else {
            let value = token(bytes)
            return value.isEmpty ? nil : value
        }
        while index < end {
            let byte = bytes[index]
            index += byte == ASCII.backslash ? 2 : 1
            if byte == ASCII.quote { return start..<index }
        }
        return nil
    }

    /// `qvalue` of RFC 9110 section 12.4.2: 0 or 1, and at most three decimals.
    private static func isZeroQuality(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> Bool? {
        let first = bytes[value.lowerBound]
        guard value.count <= 5, first == ASCII.zero || first == ASCII.zero + 1 else { return nil }
        var isZero = first == ASCII.zero
        for index in value.dropFirst() {
            if index == value.lowerBound + 1 {
                guard bytes[index] == ASCII.dot else { return nil }
                continue
            }
            guard bytes[index].isDigit, first == ASCII.zero || bytes[index] == ASCII.zero else { return nil }
            if bytes[index] != ASCII.zero { isZero = false }
        }
        return isZero
    }

    private mutating func token(_ bytes: borrowing Span<UInt8>) -> Range<Int> {
        let start = index
        while index < end && bytes[index].isTokenByte { index += 1 }
        return start..<index
    }

    private mutating func take(_ byte: UInt8, _ bytes: borrowing Span<UInt8>) -> Bool {
        guard index < end && bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks(_ bytes: borrowing Span<UInt8>) {
        while index < end && bytes[index].isBlank { index += 1 }
    }
}
