// SPDX-License-Identifier: Apache-2.0
import Control
import Policy

private func server(_ name: String) -> ServerName? { ServerName(bytes(name)) }

extension Decision {
    static func sample(
        method: Method = .toolsCall, revision: Revision = .y2026m07d28, server: ServerName? = nil,
        id: [UInt8] = bytes("1"), parameters: [UInt8] = [], mirrored: [MirroredHeader] = []
    ) -> Decision {
        Decision(
            call: 1, connection: 2, caller: 0x0403_0201, session: .max, method: method, revision: revision,
            server: server, id: id, parameters: parameters, mirrored: mirrored)
    }
}

extension Door {
    static let gateRequests = Door(
        testDescription: "gate to broker", kinds: Set(GateRequest.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("ready", GateRequest.ready(report: bytes("report"))),
            Sample("ready without a report", GateRequest.ready(report: [])),
            Sample("authenticate", GateRequest.authenticate(connection: 7, credential: bytes("token"))),
            Sample("authenticate with nothing in the token", GateRequest.authenticate(connection: 7, credential: [])),
            Sample("authenticate by the connection", GateRequest.authenticate(connection: .max, credential: nil)),
            Sample("decide", GateRequest.decide(.sample())),
            Sample(
                "decide with everything",
                GateRequest.decide(
                    .sample(
                        server: server("files"), id: bytes("\"a\""), parameters: bytes("{}"),
                        mirrored: [
                            MirroredHeader(name: bytes("city"), value: bytes("Paris")),
                            MirroredHeader(name: [], value: []),
                        ]))),
            Sample("decide in the legacy era", GateRequest.decide(.sample(method: .ping, revision: .y2025m06d18))),
            Sample("reply", GateRequest.reply(question: 1, connection: 2, message: bytes("{}"))),
            Sample("cancel", GateRequest.cancel(call: 1, connection: 2)),
            Sample("endSession", GateRequest.endSession(session: 1, connection: 2, byClient: true)),
            Sample("endSession by itself", GateRequest.endSession(session: 1, connection: 0, byClient: false)),
            Sample("refused", GateRequest.refused(RefusalNote(connection: 1, denial: .connectionCap))),
            Sample(
                "refused with everything",
                GateRequest.refused(
                    RefusalNote(
                        connection: 1, denial: .stopping, rule: bytes("rule"), method: bytes("POST"),
                        path: bytes("/mcp"),
                        field: bytes("host")))),
            Sample("gone", GateRequest.gone(connection: 0)),
        ]
            + [server("a")].compactMap(\.self).map {
                Sample("select", GateRequest.select(connection: 1, caller: 2, server: $0))
            },
        maxBytes: { GateRequest.Kind(rawValue: $0)?.permit.maxBytes })

    static let gateOrders = Door(
        testDescription: "broker to gate", kinds: Set(GateOrder.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("configure", GateOrder.configure(.sample(kind: .tcp, authorities: ["127.0.0.1:1", "localhost:1"]))),
            Sample("configure without authorities", GateOrder.configure(.sample(kind: .local, authorities: []))),
            Sample("connection", GateOrder.connection(handle: 0x0102_0304)),
            Sample("known", GateOrder.known(connection: 1, caller: 2, principal: 3)),
            Sample("unknown", GateOrder.unknown(connection: 1, denial: .credentialUnknown)),
            Sample("selected", GateOrder.selected(connection: 1, isKnown: true)),
            Sample("not selected", GateOrder.selected(connection: 1, isKnown: false)),
            Sample("answer", GateOrder.answer(Answer(call: 1, status: 200, message: bytes("{}")))),
            Sample(
                "answer that opens a session",
                GateOrder.answer(
                    Answer(call: 1, status: .max, message: [], session: 9, revision: .y2025m11d25))),
            Sample("event of a call", GateOrder.event(Event(scope: .call(1), message: bytes("{}")))),
            Sample("question of a session", GateOrder.event(Event(scope: .session(1), question: 2, message: []))),
            Sample("callerEnded", GateOrder.callerEnded(caller: 1, denial: .credentialRevoked)),
            Sample("sessionEnded", GateOrder.sessionEnded(session: 1)), Sample("drain", GateOrder.drain),
        ] + CutReason.allCases.map { Sample("cut \($0)", GateOrder.cut(connection: 1, reason: $0)) },
        maxBytes: { GateOrder.Kind(rawValue: $0)?.permit.maxBytes })
}

extension GateConfiguration {
    static func sample(
        kind: Kind, authorities: [String], listener: ListenerName = .main, origin: [UInt8] = bytes("http://127.0.0.1:1")
    ) -> GateConfiguration {
        GateConfiguration(
            kind: kind, listener: listener, authorities: authorities.map { bytes($0) }, origin: origin,
            limits: GateLimits(connectionsPerCaller: 64, sessionsPerCaller: .max))
    }
}
