// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What a gate may ask of the broker. Numbers are handles that one of the two made up for this door alone.
package enum GateRequest: Equatable, Sendable {
    /// The gate is confined and will read what it is handed.
    case ready(report: [UInt8])
    /// Who is this? Asked once for each credential that a connection shows; nil means the connection itself is the
    /// credential (unix socket).
    case authenticate(connection: UInt32, credential: [UInt8]?)
    /// Does this caller know a server of this name? Asked before a WebSocket handshake is accepted.
    case select(connection: UInt32, caller: UInt32, server: ServerName)
    case decide(Decision)
    /// The client's answer to a question that the broker relayed to it.
    case reply(question: UInt32, connection: UInt32, message: [UInt8])
    /// The client no longer wants, or can no longer get, the answer to a call.
    case cancel(call: UInt32, connection: UInt32)
    /// A legacy session has ended: by DELETE, by idleness, or with its socket.
    case endSession(session: UInt32, connection: UInt32, byClient: Bool)
    /// Something was refused before the broker had to decide: for the record.
    case refused(RefusalNote)
    /// The gate has closed its side of a connection.
    case gone(connection: UInt32)

    /// Stable kinds, in the frame's header.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case ready = 1
        case authenticate
        case select
        case decide
        case reply
        case cancel
        case endSession
        case refused
        case gone
    }

    package var kind: Kind {
        switch self {
        case .ready: .ready
        case .authenticate: .authenticate
        case .select: .select
        case .decide: .decide
        case .reply: .reply
        case .cancel: .cancel
        case .endSession: .endSession
        case .refused: .refused
        case .gone: .gone
        }
    }

    /// The connection it is about; nil for the gate's own readiness.
    package var connection: UInt32? {
        switch self {
        case .ready: nil
        case .authenticate(let connection, _), .select(let connection, _, _), .reply(_, let connection, _),
            .cancel(_, let connection),
            .endSession(_, let connection, _), .gone(let connection):
            connection
        case .decide(let decision): decision.connection
        case .refused(let note): note.connection
        }
    }
}

/// One message of a client, understood and in canonical form, for the broker to judge.
package struct Decision: Equatable, Sendable {
    /// The gate's number for the answer; unique while it is in flight.
    package var call: UInt32
    package var connection: UInt32
    /// The handle that `known` gave.
    package var caller: UInt32
    /// The broker's number of the legacy session; 0 for none.
    package var session: UInt32
    package var method: Method
    package var revision: Revision
    /// The server that the address named; nil on the aggregate endpoint.
    package var server: ServerName?
    /// The JSON-RPC id, canonical, as the answer must repeat it.
    package var id: [UInt8]
    /// `params`, canonical; empty if there were none.
    package var parameters: [UInt8]
    /// `Mcp-Param-*` headers: lower-case rest of the name, and value. Nil where a message has no headers, in a WebSocket.
    package var mirrored: [MirroredHeader]?

    package init(
        call: UInt32, connection: UInt32, caller: UInt32, session: UInt32, method: Method, revision: Revision,
        server: ServerName?, id: [UInt8], parameters: [UInt8], mirrored: [MirroredHeader]?
    ) {
        self.call = call
        self.connection = connection
        self.caller = caller
        self.session = session
        self.method = method
        self.revision = revision
        self.server = server
        self.id = id
        self.parameters = parameters
        self.mirrored = mirrored
    }
}

/// One `Mcp-Param-*` header of a modern request.
package struct MirroredHeader: Equatable, Sendable {
    package var name: [UInt8]
    package var value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// What the record of an early refusal says. No value of a header, no query, no body is ever in it.
package struct RefusalNote: Equatable, Sendable {
    package var connection: UInt32
    package var denial: Denial
    /// The exact rule, a word of the grammar that refused; empty if the denial says it all.
    package var rule: [UInt8]
    /// The request's method if it was read; upper-case letters.
    package var method: [UInt8]
    /// The path if it was read, without query.
    package var path: [UInt8]
    /// Name of the header or member at fault.
    package var field: [UInt8]

    package init(
        connection: UInt32, denial: Denial, rule: [UInt8] = [], method: [UInt8] = [], path: [UInt8] = [],
        field: [UInt8] = []
    ) {
        self.connection = connection
        self.denial = denial
        self.rule = rule
        self.method = method
        self.path = path
        self.field = field
    }
}
