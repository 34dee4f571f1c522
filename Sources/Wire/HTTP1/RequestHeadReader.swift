// SPDX-License-Identifier: Apache-2.0

/// How far a head has been read.
package enum HeadProgress: Equatable, Sendable {
    case needMore
    /// The head is complete and was this many bytes long; the body begins behind it.
    case complete(length: Int)
}

/// Reads request heads of HTTP/1.1 (RFC 9110, RFC 9112) in their strictest form.
///
/// Step 1 of the order of refusal: whatever another reader could understand in another way is refused here.
package struct RequestHeadReader: Sendable {
    private enum Place: UInt8, Sendable {
        case method, target, path, query, version, lineFeed, fields, complete
    }

    /// The head that is being read. After a refusal it holds the method and path, if they had been accepted.
    package private(set) var head = RequestHead()
    private var place = Place.method
    private var position = 0
    private var mark = 0
    private var scanner = FieldScanner(at: 0)
    private var refusal: WireError?

    package init() {}

    /// Makes ready for the next head; the storage stays.
    package mutating func reset() {
        head.removeAll()
        place = .method
        position = 0
        mark = 0
        refusal = nil
    }

    /// Goes on where the last call stopped.
    ///
    /// - Parameter bytes: everything that has arrived since the head began. What an earlier call saw must not change.
    /// - Throws: the rule that was broken, again at every further call: the connection cannot be used any more.
    package mutating func read(_ bytes: borrowing Span<UInt8>) throws(WireError) -> HeadProgress {
        if let refusal { throw refusal }
        do throws(WireError) {
            try readRequestLine(bytes)
            return try readFields(bytes)
        } catch {
            refusal = error
            head.adopt(bytes, length: head.path.upperBound)
            throw error
        }
    }

    private mutating func readRequestLine(_ bytes: borrowing Span<UInt8>) throws(WireError) {
        // No line end can follow here any more in time, except after a complete version.
        let end = min(bytes.count, HeadLimits.requestLine)
        while position < end && place.rawValue < Place.version.rawValue {
            switch place {
            case .method: try readMethod(bytes, end)
            case .target:
                // Origin form only: an absolute form would be a second place that names a host.
                guard bytes[position] == ASCII.slash else { throw WireError(.targetForm, at: position) }
                head.path = position..<position
                position += 1
                mark = position
                place = .path
            case .path: try readPath(bytes, end)
            case .query: try readQuery(bytes, end)
            case .version, .lineFeed, .fields, .complete: break
            }
        }
        if place == .version {
            if try RequestLine.readVersion(bytes, &position, from: mark, admitsOld: false) { place = .lineFeed }
        }
        if position == HeadLimits.requestLine && place.rawValue <= Place.version.rawValue && !versionIsWhole {
            throw WireError(.requestLineTooLong, at: position)
        }
        if place == .lineFeed && position < bytes.count {
            guard bytes[position] == ASCII.lineFeed else { throw WireError(.lineEnding, at: position) }
            position += 1
            place = .fields
            scanner = FieldScanner(at: position)
        }
    }

    private mutating func readMethod(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        guard try RequestLine.readMethod(bytes, &position, end) else { return }
        head.method = HTTPMethod(bytes, 0..<(position - 1))
        place = .target
    }

    private mutating func readPath(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        while position < end {
            let byte = bytes[position]
            switch byte {
            case ASCII.slash:
                try endSegment(bytes)
                mark = position + 1
            case ASCII.space, ASCII.question:
                // The bare `/` is the one path that may end in its slash.
                if position > head.path.lowerBound + 1 { try endSegment(bytes) }
                head.path = head.path.lowerBound..<position
                head.hasQuery = byte == ASCII.question
                position += 1
                mark = position
                place = byte == ASCII.question ? .query : .version
                return
            default:
                // Whatever would need decoding, folding or normalising first is not a path here.
                guard byte.isPathByte else { throw WireError(.pathByte, at: position) }
            }
            position += 1
        }
    }

    private func endSegment(_ bytes: borrowing Span<UInt8>) throws(WireError) {
        let segment = mark..<position
        if segment.isEmpty || bytes.holds(".", in: segment) || bytes.holds("..", in: segment) {
            throw WireError(.pathSegment, at: position)
        }
    }

    private mutating func readQuery(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        while position < end && bytes[position].isVisible { position += 1 }
        if position == end { return }
        guard bytes[position] == ASCII.space else { throw WireError(.queryByte, at: position) }
        position += 1
        mark = position
        place = .version
    }

    private var versionIsWhole: Bool { place == .version && position == mark + RequestLine.versionBytes }

    private mutating func readFields(_ bytes: borrowing Span<UInt8>) throws(WireError) -> HeadProgress {
        if place == .complete { return .complete(length: position) }
        guard place == .fields else { return .needMore }
        while true {
            switch try scanner.next(bytes) {
            case .needMore: return .needMore
            case .named(let name, let range): try head.table.refuseRepetition(of: name, range, in: bytes)
            case .field(let field): try head.take(field, of: bytes)
            case .end(let length):
                try head.checkTogether(at: length)
                head.adopt(bytes, length: length)
                position = length
                place = .complete
                return .complete(length: length)
            }
        }
    }
}

extension UInt8 {
    /// Letters, digits, `.`, `_`, `-`. (The slash between segments is the caller's.)
    @inline(__always)
    fileprivate var isPathByte: Bool {
        isLetter || isDigit || self == ASCII.dot || self == ASCII.minus || self == UInt8(ascii: "_")
    }
}
