// SPDX-License-Identifier: Apache-2.0

/// The opening handshake of RFC 6455 section 4, with the one subprotocol that we speak.
package enum Handshake {
    /// Appended to the client's key before hashing (RFC 6455 section 1.3).
    private static let salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    private static let subprotocol = "mcp"
    /// Base64 of 16 bytes.
    private static let keyBytes = 24

    /// Judges a client's handshake as a whole: accepted or refused before anything else is looked at.
    ///
    /// - Returns: where the key stands in the head.
    /// - Throws: `handshake-method`, `upgrade-required`, `upgrade-not-connected`, `handshake-body`,
    ///   `websocket-version`, `websocket-key`, `subprotocol`.
    package static func check(_ head: borrowing RequestHead) throws(WireError) -> Range<Int> {
        guard head.method == .get else { throw WireError(.handshakeMethod, at: 0) }
        guard head.asksForWebSocket else { throw WireError(.upgradeRequired, at: 0, in: .upgrade) }
        guard head.connectsUpgrade else { throw WireError(.upgradeNotConnected, at: 0, in: .connection) }
        // A body would stand where the frames begin.
        guard head.framing == .none else { throw WireError(.handshakeBody, at: 0) }
        guard head.holds("13", in: .webSocketVersion) else {
            throw WireError(.webSocketVersion, at: 0, in: .webSocketVersion)
        }
        guard let key = head.value(.webSocketKey) else { throw WireError(.webSocketKey, at: 0, in: .webSocketKey) }
        let bytes = head.bytes
        guard key.count == keyBytes, Base64.decode(bytes.span, key)?.count == 16 else {
            throw WireError(.webSocketKey, at: key.lowerBound, in: .webSocketKey)
        }
        // A second offer is how tokens are smuggled into subprotocols elsewhere; it is not ours to choose from.
        guard head.holds(subprotocol, in: .webSocketProtocol) else {
            throw WireError(.subprotocol, at: 0, in: .webSocketProtocol)
        }
        return key
    }

    /// Appends the answer to a handshake that ``check(_:)`` accepted. Extensions are never negotiated.
    package static func appendAcceptance(
        of key: Range<Int>, in head: borrowing RequestHead, to output: inout [UInt8]
    ) {
        output.append(text: HTTPStatus.switchingProtocols.line)
        output.append(text: "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        output.append(text: "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mcp\r\n")
        output.append(text: "Sec-WebSocket-Accept: ")
        output.append(contentsOf: acceptKey(for: head.copy(key)))
        output.append(text: "\r\n\r\n")
    }

    /// The value that shows that a key was read by somebody who speaks RFC 6455.
    static func acceptKey(for key: [UInt8]) -> [UInt8] {
        var salted = key
        salted.append(text: salt)
        var accept: [UInt8] = []
        Base64.append(SHA1.digest(salted).span, to: &accept)
        return accept
    }
}

/// Our own side of a handshake as a client.
package struct ClientHandshake: Sendable {
    private let key: [UInt8]

    /// - Parameter nonce: 16 fresh random bytes.
    package init?(nonce: [UInt8]) {
        guard nonce.count == 16 else { return nil }
        var key: [UInt8] = []
        Base64.append(nonce.span, to: &key)
        self.key = key
    }

    /// Appends the request.
    ///
    /// - Parameters:
    ///   - path: as it stands in the request line.
    ///   - headers: values for `Host` and, where there is one, for `Authorization`.
    package func appendRequest(
        path: FieldValue, host: FieldValue, authorization: FieldValue?, to output: inout [UInt8]
    ) {
        output.append(text: "GET ")
        output.append(contentsOf: path.bytes)
        output.append(text: " HTTP/1.1\r\nHost: ")
        output.append(contentsOf: host.bytes)
        output.append(text: "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
        output.append(text: "Sec-WebSocket-Protocol: mcp\r\nSec-WebSocket-Key: ")
        output.append(contentsOf: key)
        if let authorization {
            output.append(text: "\r\nAuthorization: ")
            output.append(contentsOf: authorization.bytes)
        }
        output.append(text: "\r\n\r\n")
    }

    /// Judges the server's answer.
    ///
    /// - Throws: `handshake-refused` for any status but 101, `upgrade-not-connected`, `accept-key`, `subprotocol`,
    ///   `extension-negotiated`.
    package func check(_ head: borrowing ResponseHead) throws(WireError) {
        guard head.status == HTTPStatus.switchingProtocols.rawValue else { throw WireError(.handshakeRefused, at: 0) }
        let bytes = head.bytes
        guard let upgrade = head.value(.upgrade), bytes.span.folds("websocket", in: upgrade), head.connectsUpgrade
        else { throw WireError(.upgradeNotConnected, at: 0, in: .upgrade) }
        guard let accept = head.value(.webSocketAccept),
            bytes.span.holds(Handshake.acceptKey(for: key), in: accept)
        else { throw WireError(.acceptKey, at: 0, in: .webSocketAccept) }
        guard let chosen = head.value(.webSocketProtocol), bytes.span.holds("mcp", in: chosen) else {
            throw WireError(.subprotocol, at: 0, in: .webSocketProtocol)
        }
        if head.field(.webSocketExtensions) != nil {
            throw WireError(.extensionNegotiated, at: 0, in: .webSocketExtensions)
        }
    }
}
