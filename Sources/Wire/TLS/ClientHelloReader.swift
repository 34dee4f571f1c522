// SPDX-License-Identifier: Apache-2.0

/// What the first bytes of a tunnel say about whom the client wants to talk to.
package enum ServerNameVerdict: Equatable, Sendable {
    case needMore
    /// The server name, as it was sent: letters in either case, possibly no host name at all.
    case name([UInt8])
    /// A hello without a server name.
    case none
    /// A hello with an encrypted one inside (RFC 9849). The name outside, where there is one, is where the connection
    /// goes for everybody on its way. Browsers send the extension with nothing inside, too, on purpose: nobody without the
    /// server's key can tell the two apart.
    case encrypted(outer: [UInt8]?)
    /// Something else than TLS.
    case notTLS
    /// TLS that breaks the grammar, is larger than any hello, or begins with something else than a hello.
    case malformed
}

/// Finds the server name in the first flight of a TLS client (RFC 8446 section 4.1.2, RFC 6066 section 3), whatever its
/// version, however it is cut into records and segments.
package struct ClientHelloReader: Sendable {
    /// The bytes in which a hello must end, records included. Hellos with post-quantum keys have about 1,800.
    package static let maxBytes = 16_384

    private static let recordHeader = 5
    private static let handshakeHeader = 4
    /// RFC 8446 section 5.1.
    private static let handshakeRecord: UInt8 = 22
    private static let majorVersion: UInt8 = 3
    private static let clientHello: UInt8 = 1

    private var position = 0
    /// Bytes of the current record that are to come.
    private var remaining = 0
    private var message: [UInt8] = []
    private var verdict = ServerNameVerdict.needMore

    package init() {}

    /// Goes on where the last call stopped.
    ///
    /// - Parameter bytes: everything that has arrived since the tunnel began. What an earlier call saw must not change.
    /// - Returns: a verdict; any but ``ServerNameVerdict/needMore`` stays.
    package mutating func read(_ bytes: borrowing Span<UInt8>) -> ServerNameVerdict {
        let end = min(bytes.count, ClientHelloReader.maxBytes)
        while verdict == .needMore && position < end {
            if remaining == 0 {
                readRecordHeader(bytes, end)
                if remaining == 0 { break }
            } else {
                readFragment(bytes, end)
            }
        }
        if verdict == .needMore && bytes.count >= ClientHelloReader.maxBytes { verdict = .malformed }
        return verdict
    }

    private mutating func readRecordHeader(_ bytes: borrowing Span<UInt8>, _ end: Int) {
        // Somebody who speaks something else is recognised by one byte, at the start; later it is a broken rule.
        let other: ServerNameVerdict = position == 0 ? .notTLS : .malformed
        if bytes[position] != ClientHelloReader.handshakeRecord { return verdict = other }
        if position + 1 < end && bytes[position + 1] != ClientHelloReader.majorVersion { return verdict = other }
        if end - position < ClientHelloReader.recordHeader { return }
        let length = Int(bytes.big16(at: position + 3))
        // An empty fragment of a handshake is forbidden, and this much holds no hello of ours (RFC 8446 section 5.1).
        if length == 0 || length > ClientHelloReader.maxBytes { return verdict = .malformed }
        remaining = length
        position += ClientHelloReader.recordHeader
    }

    private mutating func readFragment(_ bytes: borrowing Span<UInt8>, _ end: Int) {
        let count = min(remaining, end - position, missing)
        message.append(position..<(position + count), of: bytes)
        position += count
        remaining -= count
        if message[0] != ClientHelloReader.clientHello { return verdict = .malformed }
        guard message.count >= ClientHelloReader.handshakeHeader else { return }
        if missing > ClientHelloReader.maxBytes { return verdict = .malformed }
        if missing > 0 { return }
        // A second message in the record of the first is nothing that a client may say yet.
        verdict = remaining == 0 ? HelloBody.verdict(message.span) : .malformed
    }

    /// Bytes of the message that are to come; of its header first, because it says how many follow.
    private var missing: Int {
        if message.count < ClientHelloReader.handshakeHeader {
            return ClientHelloReader.handshakeHeader - message.count
        }
        let length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
        return ClientHelloReader.handshakeHeader + length - message.count
    }
}
