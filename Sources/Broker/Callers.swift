// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

extension BrokerRoom {
    /// Credentials that one connection may show; more is somebody guessing.
    private static let mostCallersPerConnection = 16
    /// Above this many, those that have ended are forgotten.
    private static let mostRememberedCallers = 64

    /// Who is this? Nothing is recorded here: a refusal comes back as a note of the gate, with method and path.
    func answerAuthenticate(_ connection: Connection, _ credential: [UInt8]?) {
        let gate = connection.gate
        let seconds = wallSeconds
        let caller: Caller
        switch (credential, gate.kind) {
        case (nil, .tcp):
            order(gate, .unknown(connection: connection.handle, denial: .credentialMissing))
            return
        case (nil, .local):
            // Admitted by the peer's uid: the operator.
            caller = Caller(
                handle: takeNumber(), connection: connection.handle, principal: principal(.local), token: nil,
                servers: nil, expires: nil)
        case (.some(let credential), _):
            switch tokens.judge(credential, listener: gate.listener, now: seconds) {
            case .refused(let denial, _):
                order(gate, .unknown(connection: connection.handle, denial: denial))
                return
            case .live(let token):
                caller = Caller(
                    handle: takeNumber(), connection: connection.handle, principal: principal(token.client),
                    token: token.id, servers: token.servers.map(Set.init), expires: token.expires)
            }
        }
        guard caller.principal.demand.isMet(by: connection.peer) else {
            order(gate, .unknown(connection: connection.handle, denial: .peerNotAsDemanded))
            return
        }
        let live = connection.callers.count { callers[$0]?.ended == nil }
        guard live < Self.mostCallersPerConnection else {
            order(gate, .unknown(connection: connection.handle, denial: .callerCap))
            return
        }
        if connection.callers.count >= Self.mostRememberedCallers { forgetEnded(connection) }
        callers[caller.handle] = caller
        connection.callers.append(caller.handle)
        connection.state = .known
        order(
            gate,
            .known(connection: connection.handle, caller: caller.handle, principal: caller.principal.number))
    }

    private func forgetEnded(_ connection: Connection) {
        connection.callers.removeAll { handle in
            guard callers[handle]?.ended != nil else { return false }
            callers[handle] = nil
            return true
        }
    }

    func answerSelect(_ connection: Connection, _ caller: Caller, _ server: ServerName) {
        let isKnown = caller.ended == nil && servers(at: server, caller, connection) != nil
        order(connection.gate, .selected(connection: connection.handle, isKnown: isKnown))
    }

    /// The one object for a client, made when it first calls.
    func principal(_ client: ClientName) -> Principal {
        if let known = principals[client] { return known }
        let principal = Principal(client: client, number: takeNumber(), demand: seal.demand(of: client))
        principals[client] = principal
        return principal
    }

    /// Ends everything that rests on a token; the gate hears of it in this turn, and closes what lived on it.
    func endCallers(of token: TokenID, _ denial: Denial) {
        for caller in Array(callers.values) where caller.token == token { end(caller, denial) }
        for session in Array(sessions.values) where session.token == token { withdraw(session) }
    }

    /// After a change of the registry: a process that is no longer what policy demands.
    func judgeCallersAgain() {
        for caller in Array(callers.values) {
            guard let connection = connections[caller.connection] else { continue }
            if !caller.principal.demand.isMet(by: connection.peer) { end(caller, .peerNotAsDemanded) }
        }
    }

    private func withdraw(_ session: Session) {
        order(session.gate, .sessionEnded(session: session.number))
        end(session)
    }

    private func end(_ caller: Caller, _ denial: Denial) {
        guard caller.ended == nil, let connection = connections[caller.connection] else { return }
        caller.ended = denial
        order(connection.gate, .callerEnded(caller: caller.handle, denial: denial))
        for call in Array(connection.gate.calls.values) where call.caller === caller {
            giveUp(call, outcome: .credentialEnded)
        }
        record(.callerGone) { json in
            json.key("client")
            json.string(caller.principal.client.bytes)
            json.key("peer")
            json.value(connection.peerRecord)
            json.key("reason")
            json.string(denial.word)
            if let token = caller.token {
                json.key("token")
                json.string(token.bytes)
            }
        }
    }

    /// Tokens end by themselves; a connection that lived on one ends with it.
    func tickCallers() {
        let seconds = wallSeconds
        for caller in Array(callers.values) where caller.ended == nil {
            if let expires = caller.expires, expires <= seconds { end(caller, .credentialExpired) }
        }
        for session in Array(sessions.values) {
            if let expires = session.expires, expires <= seconds { withdraw(session) }
        }
    }

    /// What passed for the first time on a connection is told once; after that each call tells its own story.
    func noteAdmission(_ caller: Caller, _ connection: Connection) {
        guard !caller.isAdmitted else { return }
        caller.isAdmitted = true
        record(.callerAdmitted) { json in
            json.key("client")
            json.string(caller.principal.client.bytes)
            json.key("listener")
            json.string(connection.gate.listener.bytes)
            json.key("peer")
            json.value(connection.peerRecord)
            if let token = caller.token {
                json.key("token")
                json.string(token.bytes)
            }
        }
    }
}
