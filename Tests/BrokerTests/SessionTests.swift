// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("Sessions belong to their caller, and news reaches only those whom it concerns")
struct SessionTests {
    private static func rich(_ name: String = "echo", _ era: Era = .legacy) -> SealedServer {
        House.echo(
            name, era: era,
            edit: House.reviewed {
                $0.capabilities = [.tools, .resources, .resourcesSubscribe, .resourcesChanged, .logging]
            })
    }

    @Test(
        "Any revision but our two legacy ones is answered with the newest of them",
        arguments: [
            ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-11-25"),
            ("2024-11-05", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"),
        ])
    func versions(_ asked: String, _ agreed: String) throws {
        let house = try House([Self.rich()])
        let caller = try house.caller()
        let call = try house.ask(
            caller, .initialize, "{\"capabilities\":{},\"protocolVersion\":\"\(asked)\"}", revision: .y2025m11d25)
        let reply = try house.answer(call)
        #expect(reply.text("result", "protocolVersion") == agreed && reply.session != 0)
        #expect(reply.text("result", "capabilities", "resources") == #"{"listChanged":true,"subscribe":true}"#)
        #expect(reply.text("result", "capabilities", "prompts") == nil)
        #expect(reply.text("result", "serverInfo", "name") == "doorward")
        #expect(house.launched.isEmpty)
    }

    @Test("Another client's session, an ended one and an unknown one are the same")
    func foreign() throws {
        let house = try House()
        let one = try house.caller("one")
        let session = try house.session(one)
        let other = try house.caller("other")
        #expect(try house.reason(try house.ask(other, in: session, .toolsList)) == "session-unknown")
        #expect(try house.reason(try house.ask(one, in: 4_000_000, .toolsList)) == "session-unknown")
        house.gate.send(.endSession(session: session, connection: one.connection.handle, byClient: true))
        try house.turn()
        #expect(try house.reason(try house.ask(one, in: session, .toolsList)) == "session-unknown")
        #expect(house.room.principals.values.allSatisfy { $0.sessions == 0 })
    }

    @Test("A client holds so many sessions, whatever its gate counts")
    func cap() throws {
        var limits = Limits.standard
        limits.sessionsPerCaller = 2
        let house = try House(limits: limits)
        let caller = try house.caller()
        let first = try house.session(caller)
        _ = try house.session(caller)
        let call = try house.ask(
            caller, .initialize, #"{"capabilities":{},"protocolVersion":"2025-11-25"}"#, revision: .y2025m11d25)
        #expect(try house.reason(call) == "session-cap")
        house.gate.send(.endSession(session: first, connection: caller.connection.handle, byClient: false))
        _ = try house.session(caller)
    }

    @Test("A client's end of its session gives its calls up; an idle end does not")
    func endings() throws {
        for byClient in [true, false] {
            let house = try House([Self.rich()])
            let (caller, server) = try house.running(.legacy)
            let session = try house.session(caller)
            let call = try house.callEcho(caller, session: session)
            let request = try server.hear()
            house.gate.send(.endSession(session: session, connection: caller.connection.handle, byClient: byClient))
            try house.turn()
            try server.answer(request, House.hi)
            #expect((house.gate.answers[call] == nil) == byClient)
        }
    }

    @Test("A watched resource is subscribed once at the server, and its updates go to those who watch it")
    func subscriptions() throws {
        for era in [Era.legacy, .modern] {
            let house = try House([Self.rich("echo", era)])
            let (caller, server) = try house.running(era)
            let session = try house.session(caller)
            let quiet = try house.session(caller)
            let aggregate = try house.session(caller, server: nil)
            for _ in 0..<2 {
                _ = try house.answer(try house.ask(caller, in: session, .resourcesSubscribe, #"{"uri":"x:1"}"#))
            }
            let subscribe = try server.hear()
            #expect(server.method(subscribe) == (era == .legacy ? "resources/subscribe" : "subscriptions/listen"))
            if era == .legacy { try server.answer(subscribe, "{}") }
            _ = try house.answer(
                try house.ask(caller, in: aggregate, .resourcesSubscribe, #"{"uri":"doorward+echo:x:1"}"#, server: nil))
            house.gate.events = []
            try server.notify("notifications/resources/updated", #"{"uri":"x:1"}"#)
            try server.notify("notifications/resources/updated", #"{"uri":"x:2"}"#)
            let told = house.gate.events.map { ($0.scope, String(decoding: $0.message, as: UTF8.self)) }
            #expect(told.count == 2)
            #expect(told.contains { $0.0 == .session(session) && $0.1.contains("\"x:1\"") })
            #expect(told.contains { $0.0 == .session(aggregate) && $0.1.contains("doorward+echo:x:1") })
            _ = quiet
            _ = try house.answer(try house.ask(caller, in: session, .resourcesUnsubscribe, #"{"uri":"x:1"}"#))
            _ = try house.answer(
                try house.ask(
                    caller, in: aggregate, .resourcesUnsubscribe, #"{"uri":"doorward+echo:x:1"}"#, server: nil))
            #expect(house.room.upstreams.values.allSatisfy { $0.watched.isEmpty })
            let last = try server.hear()
            #expect(server.method(last) == (era == .legacy ? "resources/unsubscribe" : "notifications/cancelled"))
        }
    }

    @Test("Listening is acknowledged with what is honoured, hears of it, and ends with a result when the house drains")
    func listening() throws {
        let house = try House([Self.rich()], rules: [try House.rule("no", .deny, resources: ["y:*"])])
        let (caller, server) = try house.running(.legacy)
        let call = try house.ask(
            caller, .listen,
            #"{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["x:1","y:1"]}}"#,
            id: "\"sub\"")
        let acknowledged = String(decoding: try unwrap(house.gate.events.last).message, as: UTF8.self)
        #expect(
            acknowledged.contains(
                #""params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"sub"},"notifications":{"resourceSubscriptions":["x:1"],"toolsListChanged":true}}"#
            ))
        let subscribe = try server.hear()
        #expect(server.parameter(subscribe, "uri") == "\"x:1\"")
        try server.answer(subscribe, "{}")
        house.gate.events = []
        try server.notify("notifications/resources/updated", #"{"uri":"x:1"}"#)
        try server.notify("notifications/tools/list_changed")
        try server.list([])
        let told = house.gate.events.map { String(decoding: $0.message, as: UTF8.self) }
        #expect(told.count == 2 && told.allSatisfy { $0.contains(#"/subscriptionId":"sub""#) })
        house.launcher.send(.terminate)
        try house.turn()
        let reply = try house.answer(call)
        #expect(reply.text("result", "_meta", "io.modelcontextprotocol/subscriptionId") == "sub")
    }

    @Test("A client that goes ends its subscription, at the server too")
    func cancelledListening() throws {
        let house = try House([Self.rich()])
        let (caller, server) = try house.running(.legacy)
        let call = try house.ask(caller, .listen, #"{"notifications":{"resourceSubscriptions":["x:1"]}}"#)
        try server.answer(try server.hear(), "{}")
        house.gate.send(.cancel(call: call, connection: caller.connection.handle))
        #expect(server.method(try server.hear()) == "resources/unsubscribe")
        #expect(house.room.subscriptions.isEmpty && house.room.principals.values.allSatisfy { $0.callsInFlight == 0 })
    }

    @Test("A watched server that is not running is started once, and hears what is watched")
    func startsForWatching() throws {
        let house = try House([Self.rich()])
        let caller = try house.caller()
        _ = try house.ask(caller, .listen, #"{"notifications":{"resourceSubscriptions":["x:1","x:2","x:3"]}}"#)
        let server = try house.startServer()
        #expect(house.launched.isEmpty)
        try server.greetLegacy()
        let heard = try (0..<3).map { _ in server.parameter(try server.hear(), "uri") ?? "" }
        #expect(heard.sorted() == ["\"x:1\"", "\"x:2\"", "\"x:3\""])
        // As long as it is watched it stays.
        try house.pass(700_000)
        #expect(house.room.upstreams.values.allSatisfy { $0.state == .ready })
    }

    @Test("A new seal is announced to those who see what changed, once for each kind")
    func announced() throws {
        let house = try House([Self.rich(), Self.rich("other")])
        let wide = try house.session(try house.caller(), server: nil)
        let narrow = try house.session(try house.caller(servers: ["echo"]), server: nil)
        house.gate.events = []
        try house.change { $0.servers.removeAll { $0.name.bytes == Array("other".utf8) } }
        #expect(house.gate.events.count { $0.scope == .session(wide) } == 3)
        #expect(house.gate.events.count { $0.scope == .session(narrow) } == 0)
    }

    @Test("Log messages go to sessions that asked for their level and whose credential reaches the server")
    func levels() throws {
        let house = try House([Self.rich()])
        let (caller, server) = try house.running(.legacy)
        let wide = try house.session(caller, server: nil)
        let narrow = try house.session(try house.caller(servers: []), server: nil)
        let quiet = try house.session(caller)
        for (session, level) in [(wide, "warning"), (narrow, "debug")] {
            _ = try house.answer(try house.ask(caller, in: session, .setLevel, "{\"level\":\"\(level)\"}", server: nil))
        }
        house.gate.events = []
        try server.notify("notifications/message", #"{"level":"info","data":1}"#)
        try server.notify("notifications/message", #"{"level":"error","data":2,"logger":"l"}"#)
        #expect(house.gate.events.map(\.scope) == [.session(wide)])
        #expect(
            String(decoding: try unwrap(house.gate.events.first).message, as: UTF8.self).contains(
                "\"logger\":\"echo/l\""))
        _ = quiet
    }
}
