// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Wire

/// One connection that the broker handed over, and how far what came on it has been read.
final class Connection {
    enum Phase {
        /// Between requests, or within a head.
        case head
        /// The broker has been asked who this is.
        case authenticating
        /// The broker has been asked for the server of a handshake.
        case selecting(KnownCaller, Endpoint, key: Range<Int>)
        /// A message is on its way in.
        case body(KnownCaller, Endpoint)
        /// The broker has it.
        case waiting(call: UInt32)
        /// The same, after the answer has become an event stream.
        case streaming(call: UInt32)
        /// The stream of a session.
        case listening(MCPSession)
        case socket(WebSocketSession)
        /// Our last word is on its way out; what still comes is thrown away.
        case leaving
        case gone
    }

    let handle: UInt32
    let socket: FileDescriptor
    var phase = Phase.head
    var input = ByteQueue()
    var output = OutputBuffer()
    var heads = RequestHeadReader()
    var memory = CredentialMemory()
    /// The request that is being served, past its doorstep.
    var admitted: AdmittedHead?
    /// Of a body in chunks: its decoder, and what it has decoded.
    var chunks = ChunkedBody(limit: 0)
    var body: [UInt8] = []
    /// A body was announced and has not been read to its end.
    var hasBodyAhead = false
    var bodySince = Instant(nanoseconds: 0)
    /// The connection ends with the answer to this request.
    var closesBehindAnswer = false
    /// Whose connection this counts as; nil while nobody is known on it.
    var principal: UInt32?

    var timer = Timer.none
    /// Since when output waits without any of it being taken.
    var stalledSince: Instant?
    var interest = Interest.readable
    /// In the list of connections that are looked at when the turn ends.
    var isTouched = false
    /// Reading waits for the broker's door.
    var isParked = false
    /// The peer will send nothing more.
    var hasPeerEnded = false
    /// Our side has been shut for writing.
    var isWriteShut = false
    var bytesThrownAway = 0

    init(handle: UInt32, socket: consuming FileDescriptor) {
        self.handle = handle
        self.socket = socket
    }

    var isGone: Bool {
        switch phase {
        case .gone: true
        case .head, .authenticating, .selecting, .body, .waiting, .streaming, .listening, .socket, .leaving: false
        }
    }

    /// Whether more may be read: never without bound behind a request that has to wait.
    var takesInput: Bool {
        guard !hasPeerEnded && !isParked else { return false }
        switch phase {
        // What a caller can make us say must not pile up while it does not read: a ping costs it six bytes.
        case .head, .socket: return output.count <= Bounds.pipelined
        case .body, .leaving: return true
        case .authenticating, .selecting, .waiting, .streaming, .listening: return input.count < Bounds.pipelined
        case .gone: return false
        }
    }

    var due: Instant? {
        let stall = stalledSince?.adding(milliseconds: Times.stall)
        guard let stall else { return timer.due }
        return timer.due.map { min($0, stall) } ?? stall
    }
}
