// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A gate may ask what its row permits; anything else ends it, and nobody but its own callers")
struct PermitTests {
    private static func decision(_ call: UInt32, _ connection: UInt32, _ caller: UInt32, id: String = "1")
        -> GateRequest
    {
        .decide(
            Decision(
                call: call, connection: connection, caller: caller, session: 0, method: .toolsList,
                revision: .y2026m07d28,
                server: nil, id: Array(id.utf8), parameters: [], mirrored: []))
    }

    private static func requests(_ connection: UInt32, _ caller: UInt32) throws -> [GateRequest] {
        [
            .authenticate(connection: connection, credential: nil),
            .select(connection: connection, caller: caller, server: try House.name("echo")),
            decision(900, connection, caller), .reply(question: 1, connection: connection, message: Array("{}".utf8)),
            .cancel(call: 1, connection: connection), .endSession(session: 1, connection: connection, byClient: true),
            .refused(RefusalNote(connection: connection, denial: .slow)), .gone(connection: connection),
            .ready(report: []),
        ]
    }

    @Test("Every request in every state of its connection", arguments: ConnectionState.allCases)
    func matrix(_ state: ConnectionState) throws {
        for index in try Self.requests(0, 0).indices {
            let house = try House()
            var handle: UInt32 = 77_777
            var caller: UInt32 = 77_778
            switch state {
            case .admitted: handle = try house.connect().handle
            case .known:
                let known = try house.caller()
                (handle, caller) = (known.connection.handle, known.caller)
            case .gone: break
            }
            let request = try Self.requests(handle, caller)[index]
            house.gate.send(request)
            try house.turn()
            let isPermitted = request.kind != .ready && request.kind.isPermitted(in: state)
            let ended = try house.records("room.ended")
            #expect(ended.isEmpty == isPermitted, "\(request) while \(state)")
            if !isPermitted {
                #expect(ended.map { $0.data("reason") } == ["not-permitted"])
                #expect(house.requests.contains(.startGate(listener: .main)))
                #expect(house.room.connections.isEmpty && house.room.callers.isEmpty)
            }
        }
    }

    @Test("Before it is ready a gate may ask nothing")
    func unready() throws {
        let house = try House()
        house.gate.send(.ready(report: []))
        try house.turn()
        try house.bringSilentGate()
        house.gate.send(.authenticate(connection: 1, credential: nil))
        try house.turn()
        #expect(try house.records("room.ended").count == 2)
    }

    @Test("Handles of another gate's connections do not exist for this one")
    func foreign() throws {
        let house = try House()
        let caller = try house.caller()
        let first = house.gate
        try house.replaceGate()
        // Now there are two gates; the second one tries the first one's handles.
        house.gate.send(Self.decision(1, caller.connection.handle, caller.caller))
        try house.turn()
        #expect(house.gate.answers.isEmpty)
        #expect(try house.records("room.ended").count == 1)
        // The first one and its caller are as they were.
        first.send(Self.decision(5, caller.connection.handle, caller.caller))
        try house.turn()
        try first.collectOrders()
        #expect(first.answers[5]?.status == 200)
    }

    @Test("A caller's handle is good on its own connection only")
    func otherConnection() throws {
        let house = try House()
        let one = try house.caller()
        let other = try house.caller()
        house.gate.send(Self.decision(1, one.connection.handle, other.caller))
        try house.turn()
        #expect(try house.records("room.ended").map { $0.data("reason") } == ["not-permitted"])
    }

    @Test("A call number that is in flight cannot be used again")
    func sameNumber() throws {
        let house = try House()
        let caller = try house.caller()
        let call = try house.callEcho(caller)
        house.gate.send(Self.decision(call, caller.connection.handle, caller.caller))
        try house.turn()
        #expect(try house.records("room.ended").count == 1)
        #expect(try house.records("call.outcome").map { $0.data("outcome") } == ["gate-lost"])
    }

    @Test(
        "An id that is neither text nor integer ends the gate that let it through",
        arguments: ["null", "1.5", "[]", "{", "true", ""])
    func ids(_ id: String) throws {
        let house = try House()
        let caller = try house.caller()
        house.gate.send(Self.decision(1, caller.connection.handle, caller.caller, id: id))
        try house.turn()
        #expect(try house.records("room.ended").map { $0.data("reason") } == ["id-malformed"])
    }

    @Test("What a gate did not understand correctly is refused here")
    func rereads() throws {
        let house = try House()
        let caller = try house.caller()
        for (method, parameters, reason) in [
            (Method.toolsCall, #"{"name":"echo","name":"boom"}"#, "json-malformed"),
            (.toolsCall, "{", "json-malformed"),
            (.toolsCall, #"{"name":"echo","command":"/bin/sh"}"#, "parameters-malformed"),
            (.toolsCall, "{}", "parameters-malformed"), (.toolsCall, #"{"name":7}"#, "parameters-malformed"),
            (.toolsCall, "[]", "parameters-malformed"), (.toolsList, #"{"cursor":1}"#, "parameters-malformed"),
            (.resourcesRead, #"{"uri":{}}"#, "parameters-malformed"), (.listen, "{}", "parameters-malformed"),
        ] {
            #expect(try house.reason(try house.ask(caller, method, parameters)) == reason, "\(parameters)")
        }
        #expect(house.launched.isEmpty)
        #expect(try house.records("room.ended").isEmpty)
    }

    @Test("When a gate is lost its connections are shut, its sessions and callers end, and another gate serves on")
    func lost() throws {
        let house = try House()
        let caller = try house.caller()
        _ = try house.session(caller)
        house.gate.send(.ready(report: []))
        try house.turn()
        #expect(house.room.sessions.isEmpty && house.room.callers.isEmpty && house.room.connections.isEmpty)
        let client = try caller.connection.client.take()
        var queue = ByteQueue()
        let transfer = try client.read(into: &queue, limit: 10)
        #expect(transfer == .closed)
        try house.replaceGate()
        let again = try house.caller()
        #expect(try house.toolNames(again) == ["echo"])
    }

    @Test("A gate that takes nothing from its door is asked for nothing more, and ended at a bound")
    func deaf() throws {
        let house = try House()
        let (caller, server) = try house.running()
        for _ in 0..<20 { _ = try house.callEcho(caller) }
        house.isGateDeaf = true
        let text = String(repeating: "x", count: 4_000_000)
        for _ in 0..<20 where try house.records("room.ended").isEmpty {
            try server.answer(try server.hear(), "{\"content\":[{\"type\":\"text\",\"text\":\"\(text)\"}]}")
            if let gate = house.room.gates.values.first, gate.channel.isCongested {
                #expect(gate.interest == [.writable])
                #expect(gate.channel.waitingCount <= 68 << 20)
            }
        }
        #expect(try house.records("room.ended").map { $0.data("reason") } == ["door-congested"])
        #expect(house.room.connections.isEmpty)
    }

    @Test("Handles are used again after 2^32 of them, and never while they are in use")
    func wrap() throws {
        let house = try House()
        let caller = try house.caller()
        house.room.numbers = BrokerRoom.Numbers(after: .max - 3)
        var seen: Set<UInt32> = []
        for _ in 0..<400 { seen.insert(house.room.takeNumber()) }
        #expect(seen.count == 400)
        #expect(!seen.contains(0) && !seen.contains(caller.caller) && !seen.contains(caller.connection.handle))
        #expect(!seen.contains(caller.principal))
    }
}
