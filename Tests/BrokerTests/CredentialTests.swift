// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A caller is whoever shows a live credential of this listener from a process that policy accepts")
struct CredentialTests {
    private func judged(_ house: House, _ credential: [UInt8]?) throws -> GateOrder? {
        let connection = try house.connect()
        house.gate.send(.authenticate(connection: connection.handle, credential: credential))
        try house.turn()
        var order = house.gate.takeOrder()
        // Of others whose end is told at the same time.
        while case .callerEnded = order { order = house.gate.takeOrder() }
        return order
    }

    private func denial(_ order: GateOrder?) -> Denial? {
        if case .unknown(_, let denial) = order { denial } else { nil }
    }

    @Test("Without a credential, or with one that is not ours, nobody is known")
    func strangers() throws {
        let house = try House()
        #expect(denial(try judged(house, nil)) == .credentialMissing)
        let near = try house.token()
        var far = near
        far[near.count - 1] = far[near.count - 1] == 0x41 ? 0x42 : 0x41
        for text in [
            [], Array("dwt_".utf8), far, near + [0x41], Array(near.dropLast()), Array("DWT_".utf8) + near.dropFirst(4),
        ] {
            #expect(denial(try judged(house, text)) == .credentialUnknown)
        }
        #expect(try house.records("caller.admitted").isEmpty)
    }

    @Test("A token that has ended says how")
    func ended() throws {
        let house = try House()
        let short = try house.token(life: 10)
        let revoked = try house.token()
        house.room.tokens.revoke(try unwrap(house.room.tokens.records.last).id, now: house.clock.seconds)
        #expect(denial(try judged(house, revoked)) == .credentialRevoked)
        house.clock.move(9_000)
        #expect(denial(try judged(house, short)) == nil)
        house.clock.move(1_000)
        #expect(denial(try judged(house, short)) == .credentialExpired)
    }

    @Test("A token of another listener does not reach this one")
    func otherListener() throws {
        let house = try House()
        let made = house.room.tokens.make(
            client: try unwrap(ClientName(Array("tester".utf8))), servers: nil, listener: .local, life: 60,
            now: house.clock.seconds)
        house.room.tokens.add(made.record)
        #expect(denial(try judged(house, made.text)) == .scopeInsufficient)
    }

    @Test("A token that is not valid yet is refused")
    func early() throws {
        let house = try House()
        let made = house.room.tokens.make(
            client: try unwrap(ClientName(Array("tester".utf8))), servers: nil, listener: .main, life: 60,
            now: house.clock.seconds + 5)
        house.room.tokens.add(made.record)
        #expect(denial(try judged(house, made.text)) == .credentialExpired)
    }

    @Test(
        "What policy demands of a client's process is held against the process that the watcher found",
        arguments: [
            (Peer.unknown(uid: nil), false), (Peer.unknown(uid: 1000), false),
            (House.process(uid: 1000, "/usr/bin/agent"), true), (House.process(uid: 1001, "/usr/bin/agent"), false),
            (House.process(uid: 1000, "/usr/bin/agent2"), false), (House.process(uid: 1000, ""), false),
        ])
    func demands(_ peer: Peer, _ isAccepted: Bool) throws {
        let house = try House(clients: [try House.client("tester", uid: 1000, "/usr/bin/agent")], watched: true)
        house.peer = peer
        let order = try judged(house, try house.token())
        #expect(denial(order) == (isAccepted ? nil : .peerNotAsDemanded))
    }

    @Test("A browser's connection is closed without a byte, and recorded")
    func browser() throws {
        let house = try House(watched: true)
        house.peer = .process(
            PeerProcess(uid: 1, pid: 2, startTime: 3, executable: Array("/opt/chrome".utf8), isBrowser: true))
        let client = try TCPSocket.connect(to: house.listener)
        try house.turn(until: { try house.records("refused").count == 1 })
        #expect(try house.records("refused").first?.data("reason") == "browser-peer")
        #expect(house.gate.connections.isEmpty)
        _ = consume client
    }

    @Test("A connection shows sixteen credentials at most")
    func callerCap() throws {
        let house = try House()
        let connection = try house.connect()
        let token = try house.token()
        for _ in 0..<16 {
            house.gate.send(.authenticate(connection: connection.handle, credential: token))
            try house.turn()
            guard case .known = house.gate.takeOrder() else { throw HouseError.notKnown }
        }
        house.gate.send(.authenticate(connection: connection.handle, credential: token))
        try house.turn()
        #expect(denial(house.gate.takeOrder()) == .callerCap)
    }

    @Test("When a token expires its callers end, their calls are given up, and the record says so")
    func expiry() throws {
        let house = try House()
        let caller = try house.caller(life: 5)
        _ = try house.callEcho(caller)
        let server = try house.startServer()
        try server.greetModern()
        let request = try server.hear()
        try house.pass(6_000)
        guard case .callerEnded(caller.caller, .credentialExpired) = house.gate.takeOrder() else {
            throw HouseError.missing
        }
        let cancelled = try server.hear()
        #expect(server.method(cancelled) == "notifications/cancelled")
        #expect(try house.records("caller.gone").map { $0.data("reason") } == ["credential-expired"])
        #expect(try house.records("call.outcome").map { $0.data("outcome") } == ["credential-ended"])
        // The late answer is dropped without being a fault.
        try server.answer(request, House.hi)
        #expect(house.gate.answers.isEmpty)
        #expect(try house.records("server.misbehaved").isEmpty)
    }

    @Test("A message that crosses the end of its credential is refused, and its gate stays")
    func crossing() throws {
        let house = try House()
        let caller = try house.caller(life: 5)
        let other = try house.caller()
        // On its way before the gate can know.
        house.clock.move(6_000)
        try house.turn()
        let call = try house.ask(caller, .toolsList)
        let reply = try house.answer(call)
        #expect(Refusal(reply)?.reason == "credential-expired")
        #expect(reply.status == 401)
        house.gate.send(
            .select(connection: caller.connection.handle, caller: caller.caller, server: try House.name("echo")))
        try house.turn()
        #expect(try house.records("room.ended").isEmpty)
        #expect(try house.answer(try house.ask(other, .toolsList)).status == 200)
    }

    @Test("A new seal that demands another process ends the callers that are not it")
    func demandChanges() throws {
        let house = try House(watched: true)
        house.peer = House.process(uid: 1, "/usr/bin/agent")
        let caller = try house.caller()
        try house.change { $0.clients = [try House.client("tester", uid: nil, "/usr/bin/other")] }
        guard case .callerEnded(caller.caller, .peerNotAsDemanded) = house.gate.takeOrder() else {
            throw HouseError.missing
        }
    }

    @Test("Sessions end with the credential that opened them")
    func sessionsEnd() throws {
        let house = try House()
        let caller = try house.caller(life: 5)
        let session = try house.session(caller)
        try house.pass(6_000)
        #expect(house.room.sessions[session] == nil)
    }
}
