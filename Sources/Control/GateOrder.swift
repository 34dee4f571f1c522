// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What the broker tells a gate.
package enum GateOrder: Equatable, Sendable {
    /// Whom this gate answers for; the first frame, once.
    case configure(GateConfiguration)
    /// Here is an admitted connection, unread; the descriptor travels with the frame.
    case connection(handle: UInt32)
    /// The credential is that of this caller. `principal` is the same number for all credentials of one client.
    case known(connection: UInt32, caller: UInt32, principal: UInt32)
    /// The credential is not accepted.
    case unknown(connection: UInt32, denial: Denial)
    /// The answer to `select`; an unknown server and one that this caller may not see are the same.
    case selected(connection: UInt32, isKnown: Bool)
    /// The one answer to a call: a whole JSON-RPC message.
    case answer(Answer)
    /// A notification, or a question, that belongs to a call, a session or a subscription.
    case event(Event)
    /// End this connection now; a WebSocket gets the close code that goes with the reason.
    case cut(connection: UInt32, reason: CutReason)
    /// The credential behind this handle has ended: every connection that used it answers 401 from here on, streams and
    /// sockets close.
    case callerEnded(caller: UInt32, denial: Denial)
    /// The broker ended a session (limit reached, server gone): its id is unknown from here on.
    case sessionEnded(session: UInt32)
    /// Answer what is in flight, accept nothing new, then leave.
    case drain

    package enum Kind: UInt8, CaseIterable, Sendable {
        case configure = 1
        case connection
        case known
        case unknown
        case selected
        case answer
        case event
        case cut
        case callerEnded
        case sessionEnded
        case drain
    }

    package var kind: Kind {
        switch self {
        case .configure: .configure
        case .connection: .connection
        case .known: .known
        case .unknown: .unknown
        case .selected: .selected
        case .answer: .answer
        case .event: .event
        case .cut: .cut
        case .callerEnded: .callerEnded
        case .sessionEnded: .sessionEnded
        case .drain: .drain
        }
    }
}

/// Why the broker ends a connection.
package enum CutReason: UInt8, CaseIterable, Sendable {
    /// The credential expired, was revoked or rotated: close code 4401.
    case credentialEnded = 1
    /// The caller may no longer hold this connection: 4403.
    case forbidden
    /// 4429
    case tooFast
    /// 1001
    case stopping
}

/// What a gate must know about the listener it serves.
package struct GateConfiguration: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// TCP on loopback: bearer tokens.
        case tcp = 1
        /// The unix socket of `doorward connect`: the peer's uid was the credential.
        case local
    }
    package var kind: Kind
    package var listener: ListenerName
    /// Authorities that `Host` may name, exactly.
    package var authorities: [[UInt8]]
    /// Scheme and authority that clients were given, such as `http://127.0.0.1:8742`; also the only origin let through.
    package var origin: [UInt8]
    package var limits: GateLimits

    package init(
        kind: Kind, listener: ListenerName, authorities: [[UInt8]], origin: [UInt8], limits: GateLimits
    ) {
        self.kind = kind
        self.listener = listener
        self.authorities = authorities
        self.origin = origin
        self.limits = limits
    }
}

/// The part of the installation's limits that a gate enforces by itself.
package struct GateLimits: Equatable, Sendable {
    package var connectionsPerCaller: UInt32
    package var sessionsPerCaller: UInt32

    package init(connectionsPerCaller: UInt32, sessionsPerCaller: UInt32) {
        self.connectionsPerCaller = connectionsPerCaller
        self.sessionsPerCaller = sessionsPerCaller
    }
}

/// The end of one call.
package struct Answer: Equatable, Sendable {
    package var call: UInt32
    /// HTTP status in the modern era and on POSTs that were not answered yet; streams and sockets carry the message only.
    package var status: UInt16
    /// A whole JSON-RPC response, canonical.
    package var message: [UInt8]
    /// The session that an `initialize` opened; 0 for none.
    package var session: UInt32
    /// The revision that an `initialize` agreed on.
    package var revision: Revision?

    package init(call: UInt32, status: UInt16, message: [UInt8], session: UInt32 = 0, revision: Revision? = nil) {
        self.call = call
        self.status = status
        self.message = message
        self.session = session
        self.revision = revision
    }
}

/// A message from a server (or from us) that is not the end of a call.
package struct Event: Equatable, Sendable {
    package enum Scope: Equatable, Sendable {
        /// On the stream of this call; also what a subscription is: a call that stays open.
        case call(UInt32)
        /// On the GET stream of this session, or its socket.
        case session(UInt32)
    }
    package var scope: Scope
    /// Not 0: this is a request of the server, and the client's response comes back with this number.
    package var question: UInt32
    /// A whole JSON-RPC message, canonical; for a question without `id`, which the gate adds.
    package var message: [UInt8]

    package init(scope: Scope, question: UInt32 = 0, message: [UInt8]) {
        self.scope = scope
        self.question = question
        self.message = message
    }
}
