// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What the operator's command line may ask of the broker, over a unix socket of mode 0600 whose peer is checked.
package enum OperatorRequest: Equatable, Sendable {
    case status
    case issueToken(client: ClientName, servers: [ServerName]?, listener: ListenerName?, lifeSeconds: UInt64)
    case listTokens
    /// By the token's id or by its client's name.
    case revokeTokens(selector: [UInt8])
    case rotateToken(selector: [UInt8], lifeSeconds: UInt64)
    /// Adopt the sealed registry that is on disk now.
    case reload
    /// Start this server in its sandbox, ask it what it offers, stop it again: for review.
    case probe(server: ServerName)
    /// Take this sandbox, which the command line has started and holds back until the answer, into the books. The
    /// connection is its lease: when it closes, the sandbox has ended. Two descriptors travel along, the listener for
    /// HTTP and then that for SOCKS, or none where it has no network.
    case adoptSandbox(SandboxAdoption)
    /// The sandbox of this connection has ended.
    case sandboxEnded(SandboxEnding)

    package enum Kind: UInt8, CaseIterable, Sendable {
        case status = 1
        case issueToken
        case listTokens
        case revokeTokens
        case rotateToken
        case reload
        case probe
        case adoptSandbox
        case sandboxEnded
    }

    package var kind: Kind {
        switch self {
        case .status: .status
        case .issueToken: .issueToken
        case .listTokens: .listTokens
        case .revokeTokens: .revokeTokens
        case .rotateToken: .rotateToken
        case .reload: .reload
        case .probe: .probe
        case .adoptSandbox: .adoptSandbox
        case .sandboxEnded: .sandboxEnded
        }
    }

    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .status, .listTokens, .reload: break
        case .issueToken(let client, let servers, let listener, let life):
            writer.data(client.bytes)
            writer.flag(servers != nil)
            writer.list(servers ?? []) { $0.data($1.bytes) }
            writer.data(listener?.bytes ?? [])
            writer.u64(life)
        case .revokeTokens(let selector): writer.data(selector)
        case .rotateToken(let selector, let life):
            writer.data(selector)
            writer.u64(life)
        case .probe(let server): writer.data(server.bytes)
        case .adoptSandbox(let adoption): adoption.write(to: &writer)
        case .sandboxEnded(let ending): ending.write(to: &writer)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> OperatorRequest {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let request: OperatorRequest
        switch known {
        case .status: request = .status
        case .issueToken:
            guard let client = ClientName(try reader.data(atMost: ClientName.maxBytes, "client")) else {
                throw .invalid("client")
            }
            let isLimited = try reader.flag("limited")
            let servers = try reader.list(atMost: 4096, "servers") { reader throws(FrameError) in try server(&reader) }
            guard isLimited || servers.isEmpty else { throw .invalid("servers") }
            let name = try reader.data(atMost: Caps.name, "listener")
            let listener = ListenerName(name)
            guard name.isEmpty || listener != nil else { throw .invalid("listener") }
            request = .issueToken(
                client: client, servers: isLimited ? servers : nil, listener: listener, lifeSeconds: try reader.u64())
        case .listTokens: request = .listTokens
        case .revokeTokens: request = .revokeTokens(selector: try reader.data(atMost: Caps.name, "selector"))
        case .rotateToken:
            request = .rotateToken(
                selector: try reader.data(atMost: Caps.name, "selector"), lifeSeconds: try reader.u64())
        case .reload: request = .reload
        case .probe: request = .probe(server: try server(&reader))
        case .adoptSandbox: request = .adoptSandbox(try SandboxAdoption.read(&reader))
        case .sandboxEnded: request = .sandboxEnded(try SandboxEnding.read(&reader))
        }
        try reader.finish()
        return request
    }

    private static func server(_ reader: inout FrameReader) throws(FrameError) -> ServerName {
        guard let name = ServerName(try reader.data(atMost: ServerName.maxBytes, "server")) else {
            throw .invalid("server")
        }
        return name
    }
}

extension OperatorRequest.Kind {
    /// How many descriptors may come with a request.
    package func permits(descriptors count: Int) -> Bool {
        switch self {
        case .adoptSandbox: count == 0 || count == 2
        case .status, .issueToken, .listTokens, .revokeTokens, .rotateToken, .reload, .probe, .sandboxEnded: count == 0
        }
    }
}

/// What the broker answers: one for each request, in order.
package enum OperatorReply: Equatable, Sendable {
    /// Done. A canonical JSON document, described with each command in docs/protocol-control.md.
    case done(document: [UInt8])
    /// Not done, with words for a person.
    case failed(error: [UInt8], hint: [UInt8])

    package func write(to writer: inout FrameWriter) {
        switch self {
        case .done(let document):
            writer.begin(1)
            writer.data(document)
        case .failed(let error, let hint):
            writer.begin(2)
            writer.data(error)
            writer.data(hint)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> OperatorReply {
        let reply: OperatorReply
        switch kind {
        case 1: reply = .done(document: try reader.data(atMost: Caps.document, "document"))
        case 2:
            reply = .failed(
                error: try reader.data(atMost: Caps.report, "error"), hint: try reader.data(atMost: Caps.report, "hint")
            )
        default: throw .kindUnknown(kind)
        }
        try reader.finish()
        return reply
    }
}
