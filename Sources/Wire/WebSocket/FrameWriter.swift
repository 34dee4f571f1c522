// SPDX-License-Identifier: Apache-2.0

/// Writes frames, never fragmented and with the shortest length (RFC 6455 section 5).
package enum FrameWriter {
    /// What may be sent. A close frame has a writer of its own.
    package enum Kind: Sendable {
        case text
        case binary
        case ping
        case pong
    }

    /// Appends one frame with `payload`.
    ///
    /// - Parameters:
    ///   - payload: for text, valid UTF-8; for ping and pong at most ``FrameLimits/controlPayload`` bytes.
    ///   - mask: nil as a server; as a client 32 fresh random bits for every frame.
    package static func append(
        _ kind: Kind, _ payload: borrowing Span<UInt8>, mask: UInt32? = nil, to output: inout [UInt8]
    ) {
        let opcode: Opcode =
            switch kind {
            case .text: .text
            case .binary: .binary
            case .ping: .ping
            case .pong: .pong
            }
        precondition(!opcode.isControl || payload.count <= FrameLimits.controlPayload)
        appendHead(opcode, payload.count, mask, to: &output)
        if let mask {
            _ = Masking.append(payload, 0..<payload.count, mask, to: &output)
        } else {
            output.append(0..<payload.count, of: payload)
        }
    }

    /// Appends a close frame, with no reason text: what a peer needs to know is in the code.
    package static func appendClose(_ code: CloseCode?, mask: UInt32? = nil, to output: inout [UInt8]) {
        let payload = code.map { [UInt8($0.rawValue >> 8), UInt8($0.rawValue & 0xFF)] } ?? []
        appendHead(.close, payload.count, mask, to: &output)
        _ = Masking.append(payload.span, 0..<payload.count, mask ?? 0, to: &output)
    }

    private static func appendHead(_ opcode: Opcode, _ length: Int, _ mask: UInt32?, to output: inout [UInt8]) {
        output.append(0x80 | opcode.rawValue)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        var lengthBytes = 0
        switch length {
        case ..<126: output.append(masked | UInt8(length))
        case ..<65_536:
            output.append(masked | 126)
            lengthBytes = 2
        default:
            output.append(masked | 127)
            lengthBytes = 8
        }
        for index in stride(from: lengthBytes - 1, through: 0, by: -1) {
            output.append(UInt8(truncatingIfNeeded: length >> (8 * index)))
        }
        guard let mask else { return }
        for shift in [0 as UInt32, 8, 16, 24] { output.append(UInt8(truncatingIfNeeded: mask >> shift)) }
    }
}
