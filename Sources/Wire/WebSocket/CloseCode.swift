// SPDX-License-Identifier: Apache-2.0

/// A WebSocket close code (RFC 6455 section 7.4) that may stand in a close frame.
package struct CloseCode: Equatable, Hashable, Sendable {
    package let rawValue: UInt16

    package static let normal = CloseCode(trusted: 1000)
    package static let goingAway = CloseCode(trusted: 1001)
    package static let protocolError = CloseCode(trusted: 1002)
    package static let unsupportedData = CloseCode(trusted: 1003)
    package static let invalidPayload = CloseCode(trusted: 1007)
    package static let messageTooBig = CloseCode(trusted: 1009)
    package static let internalError = CloseCode(trusted: 1011)
    /// A text frame that is not one strict JSON-RPC message.
    package static let messageMalformed = CloseCode(trusted: 4400)
    /// The credential ended: expired, revoked, rotated.
    package static let credentialEnded = CloseCode(trusted: 4401)
    /// The caller may no longer hold this connection.
    package static let forbidden = CloseCode(trusted: 4403)
    package static let tooFast = CloseCode(trusted: 4429)

    private init(trusted rawValue: UInt16) { self.rawValue = rawValue }

    /// nil for what a peer may not send: below 1000, reserved for local use (1004–1006, 1015), not assigned, above 4999.
    package init?(_ rawValue: UInt16) {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: self.rawValue = rawValue
        default: return nil
        }
    }
}
