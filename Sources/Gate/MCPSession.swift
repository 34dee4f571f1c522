// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// The name of a legacy session: 256 random bits in base64url. Never a credential, only ever of use to its owner.
struct SessionID: Equatable {
    static let byteCount = 43
    let bytes: [UInt8]

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// - Parameter random: 32 fresh random bytes.
    init(random: [UInt8]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        var held: UInt32 = 0
        var bits: UInt32 = 0
        for byte in random {
            held = held << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                bytes.append(Self.digits[Int(held >> bits & 63)])
            }
            held &= 1 << bits - 1
        }
        if bits > 0 { bytes.append(Self.digits[Int(held << (6 - bits) & 63)]) }
        self.bytes = bytes
    }

    /// Whatever a client shows; nil where its length is not that of an id of ours.
    init?(shown: borrowing Span<UInt8>) {
        guard shown.count == Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for index in shown.indices { bytes.append(shown[index]) }
        self.bytes = bytes
    }

    /// The first 48 random bits, as the key of a table: what they leave open is compared in full.
    var key: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// Looks at every byte whatever the first ones say.
    static func == (left: SessionID, right: SessionID) -> Bool {
        guard left.bytes.count == right.bytes.count else { return false }
        var difference: UInt8 = 0
        for index in left.bytes.indices { difference |= left.bytes[index] ^ right.bytes[index] }
        return difference == 0
    }
}

/// One session of the legacy era: of one caller, at one endpoint, on HTTP by its id or on a socket by being there.
final class MCPSession {
    /// The broker's number.
    let number: UInt32
    /// Nil on a socket.
    let id: SessionID?
    let principal: UInt32
    let endpoint: Endpoint
    let revision: Revision
    let opened: Instant
    var lastUsed: Instant
    /// The connection that it was last used on.
    var connection: UInt32
    /// Where events go that belong to no call: the GET stream, or the socket.
    var outlet: Connection?
    /// Requests that wait for an answer, with the number of the call.
    var calls: [RequestID: UInt32] = [:]
    /// Numbers of the broker's questions that this client was asked and has not answered.
    var questions: Set<UInt32> = []

    init(
        number: UInt32, id: SessionID?, principal: UInt32, endpoint: Endpoint, revision: Revision, connection: UInt32,
        now: Instant
    ) {
        self.number = number
        self.id = id
        self.principal = principal
        self.endpoint = endpoint
        self.revision = revision
        self.connection = connection
        opened = now
        lastUsed = now
    }

    var isIdle: Bool { calls.isEmpty && outlet == nil }

    /// When it ends by itself. One that is in use is looked at again after the idle time.
    func due(now: Instant) -> Instant {
        let hard = opened.adding(milliseconds: Times.sessionLife)
        let idle = (isIdle ? lastUsed : now).adding(milliseconds: Times.sessionIdle)
        return min(hard, idle)
    }

    func touch(_ now: Instant, _ connection: UInt32) {
        lastUsed = now
        self.connection = connection
    }
}
