// SPDX-License-Identifier: Apache-2.0

/// Limits on a message head, in bytes unless said otherwise.
package enum HeadLimits {
    /// The request line without its line end. RFC 9112 section 3 asks for at least 8,000; more is `414`.
    package static let requestLine = 8192
    /// One header line without its line end; more is `431`. Tokens and mirrored values are the longest lines we expect.
    package static let headerLine = 8192
    /// The whole head with its empty line; more is `431`. It bounds what an unauthenticated peer makes us hold.
    package static let head = 16_384
    /// Header lines in a head; more is `431`. Real clients send 5 to 20.
    package static let headers = 64
}

/// Header lines by RFC 9112 section 5, with nothing that the RFC merely tolerates.
///
/// Resumes at any byte: a refusal depends on the bytes before it alone, never on how they were cut.
struct FieldScanner: Sendable {
    enum Event: Equatable {
        case needMore
        /// A name has ended at its colon. What forbids it can refuse before the value has arrived.
        case named(HeaderName, Range<Int>)
        case field(HeaderField)
        /// The empty line has ended at this offset.
        case end(Int)
    }

    private enum Place: UInt8, Sendable {
        case lineStart, name, leadingBlank, value, lineFeed, endLineFeed
    }

    private var place = Place.lineStart
    private(set) var position = 0
    private var lineStart = 0
    private var nameEnd = 0
    private var valueStart = 0
    private var lineEnd = 0
    private var name = HeaderName.other
    private var count = 0
    private let admitsOpaque: Bool

    /// Header lines begin at `position` of what will be handed over.
    ///
    /// - Parameter admitsOpaque: whether bytes above ASCII pass in every value (RFC 9110 section 5.5, `obs-text`).
    init(at position: Int, admitsOpaque: Bool = false) {
        self.position = position
        self.admitsOpaque = admitsOpaque
        lineStart = position
    }

    mutating func next(_ bytes: borrowing Span<UInt8>) throws(WireError) -> Event {
        let end = min(bytes.count, HeadLimits.head)
        while position < end {
            switch place {
            case .lineStart: try startLine(bytes[position])
            case .name:
                try scanName(bytes, min(end, lineStart + HeadLimits.headerLine))
                if place == .leadingBlank { return .named(name, lineStart..<nameEnd) }
            case .leadingBlank:
                let limit = min(end, lineStart + HeadLimits.headerLine)
                while position < limit && bytes[position].isBlank { position += 1 }
                if position < limit {
                    valueStart = position
                    place = .value
                } else if position < end {
                    // A line of blanks only that is exactly as long as allowed may end here.
                    valueStart = position
                    try endValue(bytes[position])
                }
            case .value:
                let limit = min(end, lineStart + HeadLimits.headerLine)
                scanValue(bytes, limit)
                if position < end { try endValue(bytes[position]) }
            case .lineFeed:
                guard bytes[position] == ASCII.lineFeed else {
                    throw WireError(.lineEnding, at: position, in: name)
                }
                position += 1
                place = .lineStart
                let field = makeField(bytes)
                lineStart = position
                return .field(field)
            case .endLineFeed:
                guard bytes[position] == ASCII.lineFeed else { throw WireError(.lineEnding, at: position) }
                position += 1
                return .end(position)
            }
        }
        if position == HeadLimits.head { throw WireError(.headTooLarge, at: position) }
        return .needMore
    }

    private mutating func startLine(_ byte: UInt8) throws(WireError) {
        switch byte {
        case ASCII.carriageReturn:
            place = .endLineFeed
            position += 1
        case ASCII.lineFeed: throw WireError(.lineEnding, at: position)
        case ASCII.space, ASCII.tab: throw WireError(.headerFolded, at: position)
        default:
            if count == HeadLimits.headers { throw WireError(.tooManyHeaders, at: position) }
            guard byte.isTokenByte else { throw WireError(.headerName, at: position) }
            count += 1
            place = .name
            position += 1
        }
    }

    private mutating func scanName(_ bytes: borrowing Span<UInt8>, _ limit: Int) throws(WireError) {
        var index = position
        while index < limit && bytes[index].isTokenByte { index += 1 }
        position = index
        if index == lineStart + HeadLimits.headerLine { throw WireError(.headerLineTooLong, at: index) }
        if index == limit { return }
        // A space before the colon is read differently by different servers, so it is no name at all.
        guard bytes[index] == ASCII.colon else { throw WireError(.headerName, at: index) }
        nameEnd = index
        name = HeaderName(bytes, lineStart..<index)
        position = index + 1
        place = .leadingBlank
    }

    /// Moves to the first byte that is not plain text: visible ASCII, space or tab.
    ///
    /// Of our own requests, bytes above ASCII pass in `Authorization` alone: only the step that judges credentials may answer for one, so a
    /// mistyped token is told what a wrong token is told.
    private mutating func scanValue(_ bytes: borrowing Span<UInt8>, _ limit: Int) {
        var index = position
        while limit &- index >= 8 {
            let other = ByteWord.notText(in: bytes.word(at: index))
            if other != 0 {
                index += ByteWord.place(of: other)
                break
            }
            index += 8
        }
        let isOpaque = passesOpaque
        while index < limit {
            let byte = bytes[index]
            guard byte &- 0x20 < 0x5F || byte == ASCII.tab || (isOpaque && byte >= 0x80) else {
                break
            }
            index += 1
        }
        position = index
    }

    private var passesOpaque: Bool { admitsOpaque || name == .authorization }

    private mutating func endValue(_ byte: UInt8) throws(WireError) {
        switch byte {
        case ASCII.carriageReturn:
            lineEnd = position
            position += 1
            place = .lineFeed
        case ASCII.lineFeed: throw WireError(.lineEnding, at: position, in: name)
        default:
            // Text can only stop a scan by filling the line.
            let isText = byte &- 0x20 < 0x5F || byte == ASCII.tab || (passesOpaque && byte >= 0x80)
            throw WireError(isText ? .headerLineTooLong : .headerValue, at: position, in: name)
        }
    }

    private func makeField(_ bytes: borrowing Span<UInt8>) -> HeaderField {
        var end = lineEnd
        while end > valueStart && bytes[end - 1].isBlank { end -= 1 }
        return HeaderField(name, named: lineStart..<nameEnd, value: valueStart..<end, lineEnd: lineEnd)
    }
}
