// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// How far the head of a request to a proxy has been read.
package enum ProxyProgress: Sendable {
    case needMore
    /// The head is complete and was this many bytes long. Behind it begins the body, or what belongs into the tunnel.
    case complete(ProxyRequest, length: Int)
}

/// Reads the one request of a client's connection to a forward proxy, as strictly as ``RequestHeadReader`` reads ours.
///
/// Its limits are ``HeadLimits``. Two forms pass, `CONNECT host:port` and `http://host[:port]/path?query`; any other
/// scheme, a user, a fragment, a second or another `Host` does not.
package struct ProxyRequestReader: Sendable {
    /// The longest authority that is kept for the record, in bytes: a name has 253, a port six.
    package static let maxAsked = 256
    /// The port of `http` (RFC 9110 section 4.2.1).
    static let defaultPort: UInt16 = 80

    private enum Place: UInt8, Sendable {
        case method, scheme, slashes, authority, path, query, version, lineFeed, fields
    }

    /// The authority as it was sent, cut at ``maxAsked`` bytes, for the record; empty until its end has arrived.
    package private(set) var asked: [UInt8] = []
    /// The method, once it has been accepted.
    package private(set) var method = HTTPMethod.other
    /// The form, once the method has told it.
    package private(set) var form: ProxyForm?

    private let admitsOldConnect: Bool
    private var place = Place.method
    private var position = 0
    private var mark = 0
    private var methodEnd = 0
    private var path = 0..<0
    private var target: EgressTarget?
    private var isOld = false
    private var scanner = FieldScanner(at: 0)
    private var table = FieldTable()
    private var framing = BodyFraming.none
    private var connection: ConnectionOptions = []
    private var expectsContinue = false
    private var authority = 0..<0
    private var refusal: WireError?
    private var request: ProxyRequest?

    /// - Parameter admitsOldConnect: whether `CONNECT` alone may be asked in HTTP/1.0, and then without `Host`. Python's
    ///   own client did so until 3.11. A tunnel keeps no connection and frames no body, so there is nothing in which the
    ///   versions differ; every other request in HTTP/1.0 is refused in any case.
    package init(admitsOldConnect: Bool) { self.admitsOldConnect = admitsOldConnect }

    /// Goes on where the last call stopped.
    ///
    /// - Parameter bytes: everything that has arrived since the head began. What an earlier call saw must not change.
    /// - Throws: the rule that was broken, again at every further call: the connection cannot be used any more.
    package mutating func read(_ bytes: borrowing Span<UInt8>) throws(WireError) -> ProxyProgress {
        if let refusal { throw refusal }
        if let request { return .complete(request, length: request.bytes.count) }
        do throws(WireError) {
            try readRequestLine(bytes)
            return try readFields(bytes)
        } catch {
            refusal = error
            throw error
        }
    }

    // MARK: The request line

    private mutating func readRequestLine(_ bytes: borrowing Span<UInt8>) throws(WireError) {
        let end = min(bytes.count, HeadLimits.requestLine)
        while position < end && place.rawValue < Place.version.rawValue {
            switch place {
            case .method:
                guard try RequestLine.readMethod(bytes, &position, end) else { continue }
                methodEnd = position - 1
                method = HTTPMethod(bytes, 0..<methodEnd)
                form = method == .connect ? .connect : .absolute
                mark = position
                place = method == .connect ? .authority : .scheme
            case .scheme: try readScheme(bytes, end)
            case .slashes:
                guard bytes[position] == ASCII.slash else { throw WireError(.targetForm, at: position) }
                position += 1
                guard position == mark + 2 else { continue }
                mark = position
                place = .authority
            case .authority: try readAuthority(bytes, end)
            case .path, .query: try readPath(bytes, end)
            case .version, .lineFeed, .fields: break
            }
        }
        if place == .version {
            let admitsOld = admitsOldConnect && form == .connect
            if try RequestLine.readVersion(bytes, &position, from: mark, admitsOld: admitsOld) {
                isOld = bytes[mark + RequestLine.versionBytes - 1] == ASCII.zero
                place = .lineFeed
            }
        }
        let isWhole = place == .version && position == mark + RequestLine.versionBytes
        if position == HeadLimits.requestLine && place.rawValue <= Place.version.rawValue && !isWhole {
            throw WireError(.requestLineTooLong, at: position)
        }
        if place == .lineFeed && position < bytes.count {
            guard bytes[position] == ASCII.lineFeed else { throw WireError(.lineEnding, at: position) }
            position += 1
            place = .fields
            scanner = FieldScanner(at: position)
        }
    }

    /// `scheme` of RFC 3986 section 3.1 and its colon. Only the lower-case `http` has a meaning here; clients send no
    /// other spelling.
    private mutating func readScheme(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        while position < end {
            let byte = bytes[position]
            if byte == ASCII.colon && position > mark {
                guard bytes.holds("http", in: mark..<position) else { throw WireError(.scheme, at: position) }
                position += 1
                mark = position
                place = .slashes
                return
            }
            let isFurther = byte.isDigit || byte == ASCII.dot || byte == ASCII.minus || byte == UInt8(ascii: "+")
            guard byte.isLetter || (isFurther && position > mark) else { throw WireError(.targetForm, at: position) }
            position += 1
        }
    }

    /// The authority is judged as a whole, so that the record can show all of it.
    private mutating func readAuthority(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        while position < end && !endsAuthority(bytes[position]) { position += 1 }
        if position == end { return }
        authority = mark..<position
        asked = bytes.copy(authority.prefix(ProxyRequestReader.maxAsked))
        // Whatever stands around it: where there is a user, no reader agrees with another on what the host is.
        if bytes.first(UInt8(ascii: "@"), in: authority) != nil { throw WireError(.targetHost, at: position) }
        do throws(TargetFault) {
            let fallback = form == .connect ? nil : ProxyRequestReader.defaultPort
            target = try EgressTarget.read(authority: bytes, authority, defaultPort: fallback)
        } catch { throw WireError(error, at: position) }
        path = position..<position
        if bytes[position] == ASCII.space {
            position += 1
            mark = position
            place = .version
        } else {
            if form == .connect { throw WireError(.versionMalformed, at: position) }
            // What stands here is a path's, a query's, or a byte that neither may hold.
            place = bytes[position] == ASCII.question ? .query : .path
        }
    }

    private func endsAuthority(_ byte: UInt8) -> Bool {
        if byte == ASCII.space || byte == ASCII.carriageReturn || byte == ASCII.lineFeed { return true }
        return form == .absolute && (byte == ASCII.slash || byte == ASCII.question || byte == ASCII.hash)
    }

    private mutating func readPath(_ bytes: borrowing Span<UInt8>, _ end: Int) throws(WireError) {
        while position < end {
            let byte = bytes[position]
            if byte == ASCII.space {
                path = path.lowerBound..<position
                position += 1
                mark = position
                place = .version
                return
            }
            if byte == ASCII.question { place = .query }
            let isQuery = place == .query
            guard byte.isPathOrQueryByte && (isQuery || byte != ASCII.backslash) else {
                throw WireError(isQuery ? .queryByte : .pathByte, at: position)
            }
            position += 1
        }
    }

    // MARK: Header lines

    private mutating func readFields(_ bytes: borrowing Span<UInt8>) throws(WireError) -> ProxyProgress {
        guard place == .fields, let target, let form else { return .needMore }
        while true {
            switch try scanner.next(bytes) {
            case .needMore: return .needMore
            case .named(let name, let range): try table.refuseRepetition(of: name, range, in: bytes)
            case .field(let field): try take(field, of: bytes, target)
            case .end(let length):
                if table[.host] == nil && !isOld { throw WireError(.hostMissing, at: length, in: .host) }
                if form == .connect { try refuseBody(at: length) }
                let request = ProxyRequest(
                    bytes: bytes.copy(0..<length), form: form, target: target, methodRange: 0..<methodEnd,
                    method: method, path: path, framing: form == .connect ? .none : framing,
                    expectsContinue: expectsContinue, table: table)
                self.request = request
                return .complete(request, length: length)
            }
        }
    }

    private mutating func take(
        _ field: HeaderField, of source: borrowing Span<UInt8>, _ target: EgressTarget
    ) throws(WireError) {
        let value = field.value
        switch field.name {
        case .host: try checkHost(value, of: source, target)
        case .contentLength: try framing.take(contentLength: value, of: source)
        case .transferEncoding: try framing.take(transferEncoding: value, of: source)
        case .connection: try connection.take(value, of: source)
        // One request for each connection leaves nothing to upgrade; WebSockets come through tunnels.
        case .upgrade: throw WireError(.upgradeUnknown, at: value.lowerBound, in: .upgrade)
        case .expect:
            guard source.folds("100-continue", in: value) else {
                throw WireError(.expectationUnknown, at: value.lowerBound, in: .expect)
            }
            expectsContinue = true
        default: break
        }
        table.append(field)
    }

    /// `Host` and authority are compared as what they mean: names without regard to case or a last dot, ports by number.
    ///
    /// A tunnel has no default port: a `Host` without one names no other port than the tunnel's.
    private func checkHost(
        _ value: Range<Int>, of source: borrowing Span<UInt8>, _ target: EgressTarget
    ) throws(WireError) {
        // Nearly every client writes both alike, and what is the same means the same.
        if bytesAgree(source, authority, value) { return }
        let named: EgressTarget
        do throws(TargetFault) {
            let fallback = form == .connect ? target.port : ProxyRequestReader.defaultPort
            named = try EgressTarget.read(authority: source, value, defaultPort: fallback)
        } catch { throw WireError(.hostMalformed, at: value.lowerBound, in: .host) }
        if named != target { throw WireError(.hostDiffers, at: value.lowerBound, in: .host) }
    }

    private func bytesAgree(_ source: borrowing Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
        if left.count != right.count { return false }
        for index in 0..<left.count where source[left.lowerBound + index] != source[right.lowerBound + index] {
            return false
        }
        return true
    }

    private func refuseBody(at end: Int) throws(WireError) {
        switch framing {
        case .none, .length(0): return
        // The tunnel's first bytes would be taken for a body by one reader and not by another.
        case .length, .chunked: throw WireError(.connectBody, at: end)
        }
    }
}

extension UInt8 {
    /// Visible ASCII without what every client encodes: `"`, `#`, `<`, `>`. Wider than RFC 3986, since browsers send
    /// braces and bars as they are; none of these bytes has a meaning to us.
    @inline(__always)
    fileprivate var isPathOrQueryByte: Bool {
        isVisible && self != ASCII.quote && self != ASCII.hash && self != UInt8(ascii: "<") && self != UInt8(ascii: ">")
    }
}
