// SPDX-License-Identifier: Apache-2.0
internal import Policy

extension ProxyRequest {
    /// The body that follows the head, as it is sent on.
    package var body: RelayedBody {
        switch framing {
        case .none: .none
        case .length(let length): .length(length)
        case .chunked: .chunked
        }
    }

    /// Appends the head as the server gets it (RFC 9112 section 3.2.1), composed from what was understood.
    ///
    /// `Host` is the target that was decided on, framing is what was read, and the connection ends behind the answer. A
    /// request for a tunnel has no such head, and nothing is appended.
    package func appendUpstreamHead(to output: inout [UInt8]) {
        if form == .connect { return }
        let source = bytes.span
        output.append(methodRange, of: source)
        output.append(text: " ")
        appendOriginForm(to: &output)
        output.append(text: " HTTP/1.1\r\nHost: ")
        output.append(contentsOf: target.host.text)
        // Spelling out the default port makes some servers redirect to the address without it, for ever.
        if target.port != ProxyRequestReader.defaultPort {
            output.append(text: ":")
            output.append(decimal: Int(target.port))
        }
        output.append(text: "\r\n")
        output.append(relayed: fields, of: source)
        output.append(framing: body)
        if expectsContinue { output.append(text: "Expect: 100-continue\r\n") }
        output.append(text: "Connection: close\r\n\r\n")
    }

    private func appendOriginForm(to output: inout [UInt8]) {
        let source = bytes.span
        if path.isEmpty {
            // RFC 9112 section 3.2.4: without a path this method asks about the server as a whole.
            output.append(text: method == .options ? "*" : "/")
            return
        }
        if source[path.lowerBound] == ASCII.question { output.append(text: "/") }
        output.append(path, of: source)
    }
}
