// SPDX-License-Identifier: Apache-2.0

/// One request head that kept every rule of the grammar.
///
/// It owns its bytes; all ranges are offsets into ``bytes``. The storage is used again for the next head of the same
/// connection, so take what must outlive the request.
package struct RequestHead: Sendable {
    /// The head exactly as it arrived, up to and with its empty line.
    package private(set) var bytes: [UInt8] = []
    package internal(set) var method = HTTPMethod.other
    /// Where the path stands: only `A-Za-z0-9._-/`, no empty, `.` or `..` segment.
    package internal(set) var path = 0..<0
    /// Whether a `?` followed the path. No route takes a query; what stood in it is never read.
    package internal(set) var hasQuery = false
    package internal(set) var framing = BodyFraming.none
    /// `Expect: 100-continue`: the client waits for ``HTTPStatus/continueSending`` before it sends the body.
    package internal(set) var expectsContinue = false
    /// `Upgrade: websocket`. No other value passes the grammar.
    package internal(set) var asksForWebSocket = false
    var connection: ConnectionOptions = []
    var table = FieldTable()
    /// A transfer coding that is not known here, while no worse fault of the head has shown.
    private(set) var unknownCoding: WireError?

    package init() {}

    /// The client will send nothing more on this connection.
    package var closesConnection: Bool { connection.contains(.close) }

    /// `Connection` names `upgrade`, without which an `Upgrade` means nothing (RFC 9110 section 7.8).
    package var connectsUpgrade: Bool { connection.contains(.upgrade) }

    /// All header lines in their order.
    package var fields: [HeaderField] { table.fields }

    /// The first line of that name; the only one, where the name may stand once.
    package func field(_ name: HeaderName) -> HeaderField? { table[name] }

    /// Where the value of that header stands.
    package func value(_ name: HeaderName) -> Range<Int>? { table[name]?.value }

    /// Whether that header is there with exactly this value.
    package func holds(_ text: String, in name: HeaderName) -> Bool {
        guard let value = table[name]?.value else { return false }
        return bytes.span.holds(text, in: value)
    }

    /// Whether that header is there with exactly these bytes as its value.
    package func holds(_ value: [UInt8], in name: HeaderName) -> Bool {
        guard let found = table[name]?.value else { return false }
        return bytes.span.holds(value, in: found)
    }

    /// Where the value of `Mcp-Param-NAME` stands. Names are compared without regard to case, as headers are.
    package func parameter(_ name: [UInt8]) -> Range<Int>? {
        for field in fields where field.name == .mcpParam {
            if bytes.span.folds(name, in: field.nameRange.dropFirst(HeaderName.mcpParam.text.utf8.count)) {
                return field.value
            }
        }
        return nil
    }

    /// A copy of what stands in `range`.
    package func copy(_ range: Range<Int>) -> [UInt8] { bytes.span.copy(range) }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        method = .other
        path = 0..<0
        hasQuery = false
        framing = .none
        expectsContinue = false
        asksForWebSocket = false
        connection = []
        unknownCoding = nil
        table.removeAll()
    }

    /// Copies the first `length` bytes of `source`, which the offsets refer to.
    mutating func adopt(_ source: borrowing Span<UInt8>, length: Int) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(0..<length, of: source)
    }

    /// Takes in one header line.
    mutating func take(_ field: HeaderField, of source: borrowing Span<UInt8>) throws(WireError) {
        let value = field.value
        switch field.name {
        case .host: _ = try Authority(source, value)
        case .contentLength: try framing.take(contentLength: value, of: source)
        case .transferEncoding: try take(transferEncoding: value, of: source)
        case .connection: try connection.take(value, of: source)
        case .upgrade:
            guard source.folds("websocket", in: value) else {
                throw WireError(.upgradeUnknown, at: value.lowerBound, in: .upgrade)
            }
            asksForWebSocket = true
        case .expect:
            guard source.folds("100-continue", in: value) else {
                throw WireError(.expectationUnknown, at: value.lowerBound, in: .expect)
            }
            expectsContinue = true
        default: break
        }
        table.append(field)
    }

    /// An unknown coding is an honest wish only if no other line says where the body ends: that is known at the end.
    private mutating func take(transferEncoding value: Range<Int>, of source: borrowing Span<UInt8>) throws(WireError) {
        do throws(WireError) { try framing.take(transferEncoding: value, of: source) } catch {
            guard error.rule == .transferEncodingUnknown else { throw error }
            unknownCoding = error
        }
    }

    /// Whether the lines of a complete head go together.
    func checkTogether(at end: Int) throws(WireError) {
        if let unknownCoding {
            if framing != .none { throw WireError(.framingConflict, at: end, in: .transferEncoding) }
            throw unknownCoding
        }
        if table[.host] == nil { throw WireError(.hostMissing, at: end, in: .host) }
    }
}
