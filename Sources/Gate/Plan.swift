// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// What a request asks for, as far as its head can say: steps 5 to 7 have passed.
enum Plan: Equatable {
    /// POST: a message follows as the body.
    case message(Endpoint)
    /// GET with a session: the stream for what belongs to no call.
    case stream(Endpoint)
    /// DELETE with a session.
    case end(Endpoint)
    /// A handshake in good form; the key's place in the head.
    case upgrade(Endpoint, key: Range<Int>)
    case metadata(Endpoint?)
    /// Below `/.well-known/` and not there: a plain answer, no refusal.
    case absent

    /// For the routes that need no credential.
    static func open(_ head: borrowing RequestHead, _ admitted: AdmittedHead) throws(Refusal) -> Plan {
        switch head.method {
        case .get: break
        case .head, .post, .delete, .options, .put, .patch, .trace, .connect, .other: throw notAllowed("GET")
        }
        guard case .metadata(let endpoint) = admitted.route else { return .absent }
        try checkQuery(head)
        try checkNoBody(head)
        return .metadata(endpoint)
    }

    /// For a caller who is known. One order for requests and upgrades: 5 scope, 6 route and method, 7 form.
    static func closed(_ head: borrowing RequestHead, _ admitted: AdmittedHead, _ caller: KnownCaller) throws(Refusal)
        -> Plan
    {
        switch admitted.route {
        // No credential of this listener reaches the operator's pages.
        case .operators: throw Refusal(.scopeInsufficient)
        case .nothing: throw Refusal(.routeUnknown)
        case .metadata, .wellKnown: return try open(head, admitted)
        case .mcp(let endpoint): return try mcp(head, endpoint)
        case .socket(let endpoint): return try socket(head, endpoint)
        }
    }

    private static func mcp(_ head: borrowing RequestHead, _ endpoint: Endpoint) throws(Refusal) -> Plan {
        switch head.method {
        case .post:
            // A handshake is a GET; one by another method is judged as what it claims to be, not as what would pass.
            if head.asksForWebSocket { throw notAllowed("POST", rule: .handshakeMethod) }
            try checkQuery(head)
            do throws(WireError) {
                try MediaTypes.checkJSON(head)
                try MediaTypes.checkAccept(head)
                try head.framing.admit(limit: FrameLimits.message)
            } catch { throw Refusal(error) }
            if head.framing == .none { throw Refusal(.bodyMissing) }
            return .message(endpoint)
        case .get:
            try checkSessionBound(head)
            try checkQuery(head)
            try checkNoBody(head)
            do throws(WireError) { try MediaTypes.checkAccept(head, .eventStream) } catch { throw Refusal(error) }
            return .stream(endpoint)
        case .delete:
            try checkSessionBound(head)
            try checkQuery(head)
            try checkNoBody(head)
            return .end(endpoint)
        case .options, .head, .put, .patch, .trace, .connect, .other: throw notAllowed("POST")
        }
    }

    private static func socket(_ head: borrowing RequestHead, _ endpoint: Endpoint) throws(Refusal) -> Plan {
        guard head.method == .get else { throw notAllowed("GET", rule: .handshakeMethod) }
        try checkQuery(head)
        do throws(WireError) { return .upgrade(endpoint, key: try Handshake.check(head)) } catch {
            throw Refusal(error)
        }
    }

    /// GET and DELETE exist for sessions alone, and those in the legacy era alone (H1).
    private static func checkSessionBound(_ head: borrowing RequestHead) throws(Refusal) {
        if head.value(.mcpSessionID) == nil || VersionHeader(head).isModern { throw notAllowed("POST") }
        if head.asksForWebSocket { throw Refusal(.handshakeMalformed, rule: "upgrade-elsewhere", field: "upgrade") }
    }

    private static func checkQuery(_ head: borrowing RequestHead) throws(Refusal) {
        if head.hasQuery { throw Refusal(.queryNotAllowed) }
    }

    private static func checkNoBody(_ head: borrowing RequestHead) throws(Refusal) {
        switch head.framing {
        case .none, .length(0): return
        case .length: throw Refusal(.bodyMalformed, rule: "body-unexpected", field: "content-length")
        case .chunked: throw Refusal(.bodyMalformed, rule: "body-unexpected", field: "transfer-encoding")
        }
    }

    private static func notAllowed(_ methods: String, rule: WireRule? = nil) -> Refusal {
        Refusal(.methodNotAllowed, rule: rule?.rawValue ?? "", detail: .allow(methods))
    }
}
