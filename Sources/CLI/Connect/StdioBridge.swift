// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// How the bridge between standard streams and the gate ended.
enum BridgeEnd: Equatable {
    /// Standard input ended and the gate agreed, or nobody reads our answers any more.
    case finished
    /// The gate closed, with this code if it gave one.
    case closed(UInt16?)
    /// The connection broke off.
    case cut
    /// A line, without its end, is longer than any message may be.
    case lineTooLong
    /// What the gate sent is not what a gate sends.
    case gateBroken(String)
}

/// One JSON line on standard input is one text frame, and the other way round; everything else of WebSocket is answered
/// here. Pure: bytes in, bytes out, the clock as a parameter.
struct StdioBridge {
    /// Above this many waiting bytes in one direction nothing more is read for it.
    static let congestion = 1 << 20
    /// How long open calls may take once standard input has ended.
    static let graceMilliseconds: UInt64 = 5000
    /// How long the gate may take to agree to the end.
    static let closeMilliseconds: UInt64 = 2000
    /// An answer in canonical form can be longer than it came: a raw U+2028 is three bytes and its escape six.
    private static let mostAnswerBytes = 2 * FrameLimits.message + 4096

    /// For the socket.
    var toGate = ByteQueue()
    /// For standard output.
    var toOutput = ByteQueue()
    private(set) var end: BridgeEnd?

    private var input = ByteQueue()
    private var lines = LineReader(limit: FrameLimits.message)
    private var arrived = ByteQueue()
    private var frames = FrameReader(role: .client, limit: mostAnswerBytes, takesBinary: false)
    private var open = OpenRequests()
    /// An `initialize` waits for its answer. What follows it waits here: the gate opens a session with that answer, and
    /// refuses what comes before, while programs that write all their lines at once are good clients of stdio.
    private var isOpening: Bool { open.opening != nil }
    private var isInputOver = false
    private var closeSent: Instant?
    private var inputEnded: Instant?
    private let mask: () -> UInt32

    /// - Parameter mask: 32 fresh random bits for every frame.
    init(mask: @escaping () -> UInt32) { self.mask = mask }

    /// Whether more of standard input is wanted now.
    var wantsInput: Bool {
        !isInputOver && end == nil && closeSent == nil && toGate.count < Self.congestion
            && !(isOpening && input.count >= Self.congestion)
    }
    /// Whether more from the gate is wanted now.
    var wantsAnswers: Bool { end == nil && toOutput.count < Self.congestion }

    /// When ``tick(_:)`` is due.
    var deadline: Instant? {
        if let closeSent { return closeSent.adding(milliseconds: Self.closeMilliseconds) }
        return inputEnded.map { $0.adding(milliseconds: Self.graceMilliseconds) }
    }

    /// Takes bytes of standard input.
    mutating func takeInput(_ bytes: borrowing Span<UInt8>) {
        input.append(copying: bytes)
        sendLines()
    }

    /// Standard input has ended; a last line without its end counts.
    mutating func endInput(_ now: Instant) {
        guard !isInputOver else { return }
        if !input.isEmpty {
            input.append(0x0A)
            sendLines()
        }
        isInputOver = true
        inputEnded = now
        tick(now)
    }

    /// Takes bytes from the gate.
    mutating func takeAnswers(_ bytes: borrowing Span<UInt8>, _ now: Instant) {
        arrived.append(copying: bytes)
        do throws(WireError) { try readFrames(now) } catch { end = end ?? .gateBroken(error.rule.rawValue) }
        tick(now)
    }

    /// The gate's end of the connection is gone.
    mutating func endAnswers() { end = end ?? (closeSent == nil ? .cut : .finished) }

    /// Nobody reads standard output any more.
    mutating func loseOutput() { end = end ?? .finished }

    /// Closes when everything that can be answered has been, or has had its time.
    mutating func tick(_ now: Instant) {
        guard end == nil else { return }
        if let closeSent {
            if closeSent.adding(milliseconds: Self.closeMilliseconds) <= now { end = .finished }
            return
        }
        guard let inputEnded else { return }
        if (open.isEmpty && input.isEmpty) || inputEnded.adding(milliseconds: Self.graceMilliseconds) <= now {
            close(.normal)
            closeSent = now
        }
    }

    private mutating func close(_ code: CloseCode?) {
        var frame: [UInt8] = []
        FrameWriter.appendClose(code, mask: mask(), to: &frame)
        toGate.append(copying: frame.span)
    }

    /// The close code is all that the gate says; who reads lines waits for one.
    private mutating func complain() {
        let line: StaticString =
            open.hasSeenBroken
            ? #"{"error":{"code":-32700,"message":"the message is not strict JSON"},"id":null,"jsonrpc":"2.0"}"#
            : #"{"error":{"code":-32600,"message":"the message is not one JSON-RPC message"},"id":null,"jsonrpc":"2.0"}"#
        toOutput.append(Array(line.description.utf8))
        toOutput.append(0x0A)
    }

    private mutating func sendLines() {
        while end == nil, !isOpening, !input.isEmpty {
            let bytes = input.storage
            let all = bytes.span.extracting(input.range)
            do throws(WireError) {
                guard case .line(let line, let length) = try lines.next(all) else { return }
                // An empty line is no message; some programs end their last one with two line feeds.
                if !line.isEmpty {
                    let message = all.extracting(line)
                    open.note(request: message)
                    var frame: [UInt8] = []
                    FrameWriter.append(.text, message, mask: mask(), to: &frame)
                    toGate.append(copying: frame.span)
                }
                input.drop(length)
            } catch {
                end = .lineTooLong
                close(.messageTooBig)
            }
        }
    }

    private mutating func readFrames(_ now: Instant) throws(WireError) {
        while end == nil, !arrived.isEmpty {
            let bytes = arrived.storage
            let progress = try frames.read(bytes.span.extracting(arrived.range))
            arrived.drop(progress.consumed)
            switch progress.event {
            case nil: return
            case .text:
                // A line feed would make one message two for whoever reads our lines.
                let message = frames.message
                guard !message.contains(0x0A) else {
                    end = .gateBroken("line-feed")
                    return
                }
                let wasOpening = isOpening
                open.note(answer: message.span)
                if wasOpening { sendLines() }
                toOutput.append(copying: message.span)
                toOutput.append(0x0A)
                frames.trim(keeping: 65_536)
            case .ping:
                var frame: [UInt8] = []
                FrameWriter.append(.pong, frames.control.span, mask: mask(), to: &frame)
                toGate.append(copying: frame.span)
            case .binary, .pong: break
            case .close(let code):
                if code == .messageMalformed || code == .invalidPayload { complain() }
                if closeSent == nil {
                    close(code)
                    end = .closed(code?.rawValue)
                } else {
                    // The gate may have had its own reason before it saw ours.
                    end = code == nil || code == .normal ? .finished : .closed(code?.rawValue)
                }
            }
        }
    }
}

/// Requests that were sent and not answered: so that an end of input does not cut off an answer on its way.
private struct OpenRequests {
    /// More than a gate lets one caller have.
    private static let most = 4096
    private var ids: Set<CanonicalJSON> = []
    /// The id of an `initialize` that has no answer yet.
    private(set) var opening: CanonicalJSON?
    private var tree = JSONTree()
    private var reader = JSONReader(limits: .message)
    /// Whether any request was not even JSON.
    private(set) var hasSeenBroken = false

    var isEmpty: Bool { ids.isEmpty }

    mutating func note(request: borrowing Span<UInt8>) {
        guard let id = id(of: request, isRequest: true), let method = tree.member(.root, "method"),
            ids.count < Self.most
        else { return }
        ids.insert(id)
        if tree.equals(method, "initialize") { opening = id }
    }

    mutating func note(answer: borrowing Span<UInt8>) {
        guard !ids.isEmpty, let id = id(of: answer), tree.member(.root, "method") == nil else { return }
        ids.remove(id)
        if opening == id { opening = nil }
    }

    /// The message's id; nil where it has none, or is not one that the gate would take.
    private mutating func id(of message: borrowing Span<UInt8>, isRequest: Bool = false) -> CanonicalJSON? {
        do throws(JSONError) { try reader.read(message, into: &tree) } catch {
            if isRequest { hasSeenBroken = true }
            return nil
        }
        return tree.member(.root, "id").map { tree.canonical($0) }
    }
}
