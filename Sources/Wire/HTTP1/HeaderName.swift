// SPDX-License-Identifier: Apache-2.0

/// The header names that mean something to us, and the families whose members are told apart by their full name.
package enum HeaderName: UInt8, CaseIterable, Sendable {
    case host
    case origin
    case authorization
    case cookie
    case contentType
    case contentLength
    case contentEncoding
    case transferEncoding
    case connection
    case upgrade
    case expect
    case accept
    case webSocketKey
    case webSocketVersion
    case webSocketProtocol
    case webSocketExtensions
    case webSocketAccept
    case secFetchSite
    case secFetchMode
    case secFetchDest
    case secFetchUser
    case mcpProtocolVersion
    case mcpMethod
    case mcpName
    case mcpSessionID
    case wwwAuthenticate
    /// `Sec-Fetch-…` with an ending that is none of the four above.
    case secFetchOther
    /// `Access-Control-Request-…`.
    case accessControlRequest
    /// `Mcp-Param-…`.
    case mcpParam
    /// `Mcp-…` with an ending that is none of the above.
    case mcpOther
    case other

    /// The name for records, in lower case. A family shows its common part only: the rest is the sender's text.
    package var text: String {
        switch self {
        case .host: "host"
        case .origin: "origin"
        case .authorization: "authorization"
        case .cookie: "cookie"
        case .contentType: "content-type"
        case .contentLength: "content-length"
        case .contentEncoding: "content-encoding"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .upgrade: "upgrade"
        case .expect: "expect"
        case .accept: "accept"
        case .webSocketKey: "sec-websocket-key"
        case .webSocketVersion: "sec-websocket-version"
        case .webSocketProtocol: "sec-websocket-protocol"
        case .webSocketExtensions: "sec-websocket-extensions"
        case .webSocketAccept: "sec-websocket-accept"
        case .secFetchSite: "sec-fetch-site"
        case .secFetchMode: "sec-fetch-mode"
        case .secFetchDest: "sec-fetch-dest"
        case .secFetchUser: "sec-fetch-user"
        case .mcpProtocolVersion: "mcp-protocol-version"
        case .mcpMethod: "mcp-method"
        case .mcpName: "mcp-name"
        case .mcpSessionID: "mcp-session-id"
        case .wwwAuthenticate: "www-authenticate"
        case .secFetchOther: "sec-fetch-"
        case .accessControlRequest: "access-control-request-"
        case .mcpParam: "mcp-param-"
        case .mcpOther: "mcp-"
        case .other: "-"
        }
    }

    /// How often a message may carry it.
    enum Repetition {
        /// Once at most, under whatever spelling of letters.
        case never
        /// Once at most for each full name of the family.
        case neverByFullName
        /// A list that may be spread over several lines, or a header that we do not read.
        case allowed
    }

    var repetition: Repetition {
        switch self {
        case .host, .origin, .authorization, .cookie, .contentType, .contentLength, .transferEncoding, .upgrade,
            .expect, .webSocketKey, .webSocketVersion, .webSocketProtocol, .webSocketExtensions, .webSocketAccept,
            .secFetchSite, .secFetchMode, .secFetchDest, .secFetchUser,
            .mcpProtocolVersion, .mcpMethod, .mcpName, .mcpSessionID:
            .never
        case .secFetchOther, .mcpParam, .mcpOther: .neverByFullName
        case .connection, .accept, .accessControlRequest, .contentEncoding, .wwwAuthenticate, .other: .allowed
        }
    }

    /// The name whose bytes stand in `range`, letters in either case.
    init(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) {
        self = HeaderName.exact(bytes, range) ?? HeaderName.family(bytes, range)
    }

    private static func exact(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> HeaderName? {
        // The length leaves few candidates, so most names cost one comparison or none.
        switch range.count {
        case 4: pick(bytes, range, .host)
        case 6: pick(bytes, range, .accept) ?? pick(bytes, range, .origin, .cookie, .expect)
        case 7: pick(bytes, range, .upgrade)
        case 8: pick(bytes, range, .mcpName)
        case 10: pick(bytes, range, .connection, .mcpMethod)
        case 12: pick(bytes, range, .contentType)
        case 13: pick(bytes, range, .authorization)
        case 14:
            pick(bytes, range, .contentLength, .mcpSessionID)
                ?? pick(bytes, range, .secFetchMode, .secFetchSite, .secFetchDest, .secFetchUser)
        case 16: pick(bytes, range, .contentEncoding, .wwwAuthenticate)
        case 17: pick(bytes, range, .transferEncoding, .webSocketKey)
        case 20: pick(bytes, range, .mcpProtocolVersion, .webSocketAccept)
        case 21: pick(bytes, range, .webSocketVersion)
        case 22: pick(bytes, range, .webSocketProtocol)
        case 24: pick(bytes, range, .webSocketExtensions)
        default: nil
        }
    }

    @inline(__always)
    private static func pick(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>,
        _ first: HeaderName, _ second: HeaderName? = nil, _ third: HeaderName? = nil, _ fourth: HeaderName? = nil
    ) -> HeaderName? {
        if bytes.folds(first.text, in: range) { return first }
        if let second, bytes.folds(second.text, in: range) { return second }
        if let third, bytes.folds(third.text, in: range) { return third }
        if let fourth, bytes.folds(fourth.text, in: range) { return fourth }
        return nil
    }

    private static func family(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> HeaderName {
        // Only three first letters begin a family.
        switch range.isEmpty ? 0 : bytes[range.lowerBound].lowercasedASCII {
        case UInt8(ascii: "m"):
            if begins(bytes, range, .mcpParam) { return .mcpParam }
            if begins(bytes, range, .mcpOther) { return .mcpOther }
        case UInt8(ascii: "s"):
            if begins(bytes, range, .secFetchOther) { return .secFetchOther }
        case UInt8(ascii: "a"):
            if begins(bytes, range, .accessControlRequest) { return .accessControlRequest }
        default: break
        }
        return .other
    }

    private static func begins(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ family: HeaderName) -> Bool {
        let prefix = family.text
        let length = prefix.utf8.count
        return range.count >= length && bytes.folds(prefix, in: range.lowerBound..<(range.lowerBound + length))
    }
}
