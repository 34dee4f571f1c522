// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

extension BrokerRoom {
    /// Credentials that one connection may show; more is somebody guessing.
    private static let mostCallersPerConnection = 16

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
                handle: numbers.take(), connection: connection.handle, principal: principal(.local), token: nil,
                servers: nil, expires: nil)
        case (.some(let credential), _):
            switch tokens.judge(credential, listener: gate.listener, now: seconds) {
            case .refused(let denial, _):
                order(gate, .unknown(connection: connection.handle, denial: denial))
                return
            case .live(let token):
                caller = Caller(
                    handle: numbers.take(), connection: connection.handle, principal: principal(token.client),
                    token: token.id, servers: token.servers.map(Set.init), expires: token.expires)
            }
        }
        guard caller.principal.demand.isMet(by: connection.peer) else {
            order(gate, .unknown(connection: connection.handle, denial: .peerNotAsDemanded))
            return
        }
        guard connection.callers.count < Self.mostCallersPerConnection else {
            order(gate, .unknown(connection: connection.handle, denial: .callerCap))
            return
        }
        callers[caller.handle] = caller
        connection.callers.append(caller.handle)
        connection.state = .known
        order(
            gate,
            .known(connection: connection.handle, caller: caller.handle, principal: caller.principal.number))
    }

    func answerSelect(_ connection: Connection, _ caller: Caller, _ server: ServerName) {
        let isKnown = servers(at: server, caller, connection) != nil
        order(connection.gate, .selected(connection: connection.handle, isKnown: isKnown))
    }

    /// The one object for a client, made when it first calls.
    func principal(_ client: ClientName) -> Principal {
        if let known = principals[client] { return known }
        let principal = Principal(client: client, number: numbers.take(), demand: seal.demand(of: client))
        principals[client] = principal
        return principal
    }

    /// Ends everything that rests on a token: within this turn the gate knows, within a second the socket is shut.
    func endCallers(of token: TokenID, _ denial: Denial) {
        for caller in Array(callers.values) where caller.token == token { end(caller, denial) }
    }

    private func end(_ caller: Caller, _ denial: Denial) {
        callers[caller.handle] = nil
        guard let connection = connections[caller.connection] else { return }
        connection.callers.removeAll { $0 == caller.handle }
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
        for caller in Array(callers.values) {
            if let expires = caller.expires, expires <= seconds { end(caller, .credentialExpired) }
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
