// SPDX-License-Identifier: Apache-2.0

extension ResponseHead {
    /// Whether another head follows this one (RFC 9110 section 15.2).
    var isInterim: Bool { status < 200 }

    /// How the end of the body is found in an answer to `method` (RFC 9112 section 6.3).
    ///
    /// - Throws: `protocol-switched`, since nothing asked for it; `framing-conflict` where HTTP/1.0, which has no
    ///   transfer codings, names one.
    func body(answering method: HTTPMethod) throws(WireError) -> RelayedBody {
        if status == HTTPStatus.switchingProtocols.rawValue { throw WireError(.protocolSwitched, at: 0) }
        if isOld && framing == .chunked { throw WireError(.framingConflict, at: 0, in: .transferEncoding) }
        if isInterim || method == .head || status == HTTPStatus.noContent.rawValue || status == 304 { return .none }
        switch framing {
        case .none: return .untilClose
        case .length(let length): return .length(length)
        case .chunked: return .chunked
        }
    }

    /// Appends the head as the client gets it: our own status line, the lines that go further, our own framing, and the
    /// end of the connection behind the body.
    func append(relaying body: RelayedBody, to output: inout [UInt8]) {
        if let known = HTTPStatus(rawValue: status) {
            output.append(text: known.line)
        } else {
            output.append(text: "HTTP/1.1 ")
            output.append(decimal: Int(status))
            // The phrase is for people and may be empty (RFC 9112 section 4).
            output.append(text: " \r\n")
        }
        output.append(relayed: fields, of: bytes.span)
        if isInterim {
            output.append(text: "\r\n")
            return
        }
        // How long a body would have been (answers to HEAD, 304): no body follows, whatever it says.
        let announces = body == .none && status != HTTPStatus.noContent.rawValue
        if announces, case .length(let length) = framing {
            output.append(framing: .length(length))
        } else {
            output.append(framing: body)
        }
        output.append(text: "Connection: close\r\n\r\n")
    }
}

/// Passes one response on, head and body, composed anew from what was understood.
package struct ResponseRelay: Sendable {
    /// Interim responses in front of the final one; a real server sends one or two.
    static let maxInterim = 8

    private let method: HTTPMethod
    private var reader = ResponseHeadReader(admitsWeb: true)
    private var interim = 0
    private var body: BodyRelay?
    /// The status of the final response, once its head has been passed on: from then on no other answer can be given.
    package private(set) var status: UInt16?

    /// - Parameter method: of the request that is answered. An answer to `HEAD` has no body, whatever its head says.
    package init(answering method: HTTPMethod) { self.method = method }

    /// Whether the whole response has been passed on.
    package var isComplete: Bool { body?.isComplete ?? false }

    /// Bytes of the body that were passed on.
    package var passed: UInt64 { body?.passed ?? 0 }

    /// Takes what it can from the front of `bytes`, and appends what the client is to get.
    ///
    /// - Parameter bytes: what was not taken yet, with what has come since behind it.
    /// - Returns: how many bytes were taken.
    /// - Throws: the rule that the server broke. Without a ``status`` the client can still be told; with one, the
    ///   connection can only be cut.
    package mutating func relay(
        _ bytes: borrowing Span<UInt8>, to output: inout [UInt8]
    ) throws(WireError) -> Int {
        var taken = 0
        while body == nil {
            guard case .complete(let length) = try reader.read(bytes.extracting(taken..<bytes.count)) else {
                return taken
            }
            let framing = try reader.head.body(answering: method)
            reader.head.append(relaying: framing, to: &output)
            taken += length
            if reader.head.isInterim {
                interim += 1
                if interim > ResponseRelay.maxInterim { throw WireError(.tooManyInterim, at: 0) }
                reader = ResponseHeadReader(admitsWeb: true)
            } else {
                status = reader.head.status
                body = BodyRelay(framing)
            }
        }
        return taken + (try body?.relay(bytes.extracting(taken..<bytes.count), to: &output) ?? 0)
    }

    /// The server has closed its side.
    ///
    /// - Throws: `body-truncated`, where the response is not whole.
    package func end() throws(WireError) {
        guard let body else { throw WireError(.bodyTruncated, at: 0) }
        try body.end()
    }
}
