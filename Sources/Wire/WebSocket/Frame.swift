// SPDX-License-Identifier: Apache-2.0

/// Which side of a WebSocket we are. Clients mask what they send, servers never do (RFC 6455 section 5.1).
package enum WebSocketRole: Sendable {
    case server
    case client
}

/// Limits on frames.
package enum FrameLimits {
    /// Bytes in a control frame (RFC 6455 section 5.5).
    package static let controlPayload = 125
    /// Bytes in a text or binary message, whole: what one JSON-RPC message may hold on any transport.
    package static let message = 4 << 20
    /// Frames that one message may come in. Empty fragments cost the sender nothing and would never fill a message.
    package static let fragments = 1024
}

/// What a frame is (RFC 6455 section 5.2).
enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue >= 0x8 }
}

/// The head of one frame, once it is whole.
struct FrameHead: Sendable, Equatable {
    let isFinal: Bool
    let opcode: Opcode
    /// Declared bytes of payload.
    let length: UInt64
    /// First byte lowest; 0 where the frame is not masked.
    let mask: UInt32

    /// Two bytes, eight for the longest length, four for the mask.
    static let maxBytes = 14
}

/// Collects and judges the head of one frame byte by byte.
struct FrameHeadReader: Sendable {
    private let isMaskRequired: Bool
    private var bytes = InlineArray<14, UInt8>(repeating: 0)
    private(set) var count = 0
    private var opcode = Opcode.continuation
    /// Bytes of extended length: 0, 2 or 8.
    private var lengthBytes = 0

    init(role: WebSocketRole) { isMaskRequired = role == .server }

    mutating func reset() { count = 0 }

    /// Takes one byte; returns the head when it was the last.
    mutating func take(_ byte: UInt8) throws(WireError) -> FrameHead? {
        bytes[count] = byte
        count += 1
        switch count {
        case 1: try judgeFirst(byte)
        case 2: try judgeSecond(byte)
        case 3:
            // A length of 2^63 or more is not a length (RFC 6455 section 5.2).
            if lengthBytes == 8 && byte >= 0x80 { throw WireError(.lengthTopBit, at: count) }
        default: break
        }
        if count >= 2 && count == 2 + lengthBytes { try judgeLength() }
        guard count >= 2 && count == 2 + lengthBytes + (isMaskRequired ? 4 : 0) else { return nil }
        return FrameHead(isFinal: bytes[0] & 0x80 != 0, opcode: opcode, length: length, mask: mask)
    }

    private mutating func judgeFirst(_ byte: UInt8) throws(WireError) {
        // No extension is ever negotiated, so nobody has given these bits a meaning.
        if byte & 0x70 != 0 { throw WireError(.reservedBits, at: count) }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw WireError(.reservedOpcode, at: count) }
        if opcode.isControl && byte & 0x80 == 0 { throw WireError(.controlFragmented, at: count) }
        self.opcode = opcode
    }

    private mutating func judgeSecond(_ byte: UInt8) throws(WireError) {
        if (byte & 0x80 != 0) != isMaskRequired {
            throw WireError(isMaskRequired ? .frameUnmasked : .frameMasked, at: count)
        }
        let short = byte & 0x7F
        if opcode.isControl && short > 125 { throw WireError(.controlTooLong, at: count) }
        lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
    }

    private func judgeLength() throws(WireError) {
        let smallest: UInt64 = lengthBytes == 2 ? 126 : lengthBytes == 8 ? 65_536 : 0
        if length < smallest { throw WireError(.lengthNotMinimal, at: count) }
    }

    private var length: UInt64 {
        if lengthBytes == 0 { return UInt64(bytes[1] & 0x7F) }
        var value: UInt64 = 0
        for index in 2..<(2 + lengthBytes) { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    private var mask: UInt32 {
        if !isMaskRequired { return 0 }
        let start = 2 + lengthBytes
        return UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
            | UInt32(bytes[start + 3]) << 24
    }
}
