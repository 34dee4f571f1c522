// SPDX-License-Identifier: Apache-2.0

/// What a peer has said, once it is whole.
package enum FrameEvent: Equatable, Sendable {
    /// A text message, valid UTF-8: read it from ``FrameReader/message``.
    case text
    case binary
    /// Answer with a pong of the same payload: read it from ``FrameReader/control``.
    case ping
    case pong
    /// The peer closes, with its code if it gave one; nothing that follows is read.
    case close(CloseCode?)
}

/// How far frames have been read.
package struct FrameProgress: Equatable, Sendable {
    /// Bytes taken from the front of what was handed over.
    package let consumed: Int
    /// nil: everything was taken, and more is needed.
    package let event: FrameEvent?
}

/// Reads the frames of one side of a WebSocket (RFC 6455 section 5), without extensions.
///
/// Takes payload as it comes, so a peer can make us hold no more than the message limit, whatever it declares.
package struct FrameReader: Sendable {
    /// The last message, or what has arrived of the next one.
    package private(set) var message: [UInt8] = []
    /// The payload of the last control frame.
    package private(set) var control: [UInt8] = []
    private let limit: Int
    private let takesBinary: Bool
    private var headReader: FrameHeadReader
    private var frame: FrameHead?
    private var remaining = 0
    private var maskPhase: UInt32 = 0
    private var open: Opcode?
    private var fragments = 0
    private var text = UTF8Check()
    private var isMessageTaken = false
    private var isClosed = false
    private var refusal: WireError?

    /// - Parameters:
    ///   - limit: bytes in one message; a longer one is refused on its declared length.
    ///   - takesBinary: false refuses a binary message at its first frame head.
    package init(role: WebSocketRole, limit: Int, takesBinary: Bool) {
        headReader = FrameHeadReader(role: role)
        self.limit = limit
        self.takesBinary = takesBinary
    }

    /// Reads up to the end of the next message or control frame.
    ///
    /// - Throws: a rule of frames, whose answer is the close code; again at every further call.
    package mutating func read(_ bytes: borrowing Span<UInt8>) throws(WireError) -> FrameProgress {
        if let refusal { throw refusal }
        if isClosed { return FrameProgress(consumed: bytes.count, event: nil) }
        if isMessageTaken {
            message.removeAll(keepingCapacity: true)
            isMessageTaken = false
        }
        do throws(WireError) {
            return try advance(bytes)
        } catch {
            refusal = error
            throw error
        }
    }

    /// Gives the memory of a large message back.
    package mutating func trim(keeping kept: Int) {
        if isMessageTaken && message.capacity > kept { message = [] }
    }

    private mutating func advance(_ bytes: borrowing Span<UInt8>) throws(WireError) -> FrameProgress {
        var index = 0
        while true {
            if let frame {
                let count = min(remaining, bytes.count - index)
                try takePayload(frame, bytes, index..<(index + count))
                index += count
                remaining -= count
                if remaining > 0 { return FrameProgress(consumed: index, event: nil) }
                self.frame = nil
                headReader.reset()
                if let event = try finish(frame) { return FrameProgress(consumed: index, event: event) }
            } else {
                if index == bytes.count { return FrameProgress(consumed: index, event: nil) }
                let head = try headReader.take(bytes[index])
                index += 1
                if let head { try begin(head) }
            }
        }
    }

    private mutating func begin(_ head: FrameHead) throws(WireError) {
        switch head.opcode {
        case .close, .ping, .pong: control.removeAll(keepingCapacity: true)
        case .text, .binary:
            if open != nil { throw WireError(.messageInterrupted, at: headReader.count) }
            if head.opcode == .binary && !takesBinary { throw WireError(.binaryMessage, at: headReader.count) }
            open = head.opcode
            fragments = 1
            text = UTF8Check()
        case .continuation:
            if open == nil { throw WireError(.continuationUnexpected, at: headReader.count) }
            fragments += 1
            if fragments > FrameLimits.fragments { throw WireError(.tooManyFragments, at: headReader.count) }
        }
        // Decided on the declared length, before a byte of it is held.
        if !head.opcode.isControl && head.length > UInt64(limit - message.count) {
            throw WireError(.messageTooLarge, at: headReader.count)
        }
        frame = head
        remaining = Int(head.length)
        maskPhase = 0
    }

    private mutating func takePayload(
        _ head: FrameHead, _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(WireError) {
        if range.isEmpty { return }
        let mask = head.mask >> (maskPhase * 8) | head.mask << ((32 - maskPhase * 8) & 31)
        maskPhase = (maskPhase + UInt32(range.count & 3)) & 3
        if head.opcode.isControl {
            _ = Masking.append(bytes, range, mask, to: &control)
            return
        }
        let start = message.count
        let isASCII = Masking.append(bytes, range, mask, to: &message)
        guard open == .text else { return }
        // Nothing to check where no character is open and none longer than one byte has come.
        if isASCII && text.isWhole { return }
        var check = text
        let wrong = check.check(message.span, start..<message.count)
        text = check
        if let wrong { throw WireError(.textNotUTF8, at: wrong) }
    }

    private mutating func finish(_ head: FrameHead) throws(WireError) -> FrameEvent? {
        switch head.opcode {
        case .ping: return .ping
        case .pong: return .pong
        case .close:
            isClosed = true
            return .close(try closeCode())
        case .text, .binary, .continuation:
            guard head.isFinal else { return nil }
            let isText = open == .text
            if isText && !text.isWhole { throw WireError(.textNotUTF8, at: message.count) }
            open = nil
            isMessageTaken = true
            return isText ? .text : .binary
        }
    }

    private func closeCode() throws(WireError) -> CloseCode? {
        if control.isEmpty { return nil }
        if control.count == 1 { throw WireError(.closePayload, at: 1) }
        guard let code = CloseCode(UInt16(control[0]) << 8 | UInt16(control[1])) else {
            throw WireError(.closeCode, at: 2)
        }
        guard UTF8Check.isText(control.span, 2..<control.count) else { throw WireError(.textNotUTF8, at: 2) }
        return code
    }
}
