// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("One process for each server and caller, started when it is needed and ended when it is not")
struct LaunchTests {
    @Test("Callers have processes of their own; a shared server has one, which is nobody's")
    func identity() throws {
        for isShared in [false, true] {
            let house = try House([House.echo { $0.traits.process = isShared ? .shared : .perCaller }])
            let one = try house.caller("one")
            let other = try house.caller("other")
            _ = try house.callEcho(one)
            _ = try house.callEcho(one)
            _ = try house.callEcho(other)
            try house.turn(until: { house.launched.count == (isShared ? 1 : 2) })
            #expect(house.room.upstreams.count == (isShared ? 1 : 2))
            #expect(house.room.upstreams.values.allSatisfy { ($0.principal == nil) == isShared })
            let intents = try house.records("launch.intent")
            #expect(intents.allSatisfy { $0.data("purpose") == "call" && ($0.data("client") == nil) == isShared })
        }
    }

    @Test("Choices among sealed parameters make processes of their own, and only sealed ones are accepted")
    func choices() throws {
        let parameter = ParameterEntry(
            name: try House.name("root"),
            values: [
                .init(name: try House.name("small"), text: Array("/a".utf8)),
                .init(name: try House.name("large"), text: Array("/b".utf8)),
            ])
        let house = try House([
            House.echo { server in
                server.parameters = [parameter]
                House.reviewed { $0.capabilities = [.tools, .resources] }(&server)
            }
        ])
        let caller = try house.caller()
        func call(_ given: String) throws -> UInt32 {
            try house.ask(caller, .toolsCall, "{\"name\":\"echo\",\"_meta\":{\"dev.doorward/parameters\":\(given)}}")
        }
        _ = try call("{}")
        _ = try call(#"{"root":"large"}"#)
        _ = try call(#"{"root":"small"}"#)
        try house.turn(until: { house.launched.count == 2 })
        #expect(house.launched.map(\.choices) == [[0], [1]])
        for wrong in [#"{"root":"/etc"}"#, #"{"other":"small"}"#, #"{"root":0}"#, "7", #"["root"]"#] {
            #expect(try house.reason(try call(wrong)) == "parameter-unknown")
        }
        // A session chooses for all its requests, listings among them.
        let session = try house.session(caller, meta: #"{"dev.doorward/parameters":{"root":"large"}}"#)
        _ = try house.ask(caller, in: session, .resourcesList)
        try house.turn()
        #expect(house.launched.count == 2)
        let wrong = try house.ask(
            caller, .initialize,
            #"{"capabilities":{},"protocolVersion":"2025-11-25","_meta":{"dev.doorward/parameters":"large"}}"#,
            revision: .y2025m11d25)
        #expect(try house.reason(wrong) == "parameter-unknown")
    }

    @Test("A server that may ask has one process for each session")
    func perSession() throws {
        let house = try House([House.echo(era: .legacy) { $0.traits.grants = [.roots] }])
        let caller = try house.caller()
        let one = try house.session(caller, capabilities: #"{"roots":{}}"#)
        let two = try house.session(caller, capabilities: #"{"roots":{}}"#)
        _ = try house.callEcho(caller, session: one)
        _ = try house.callEcho(caller, session: two)
        try house.turn(until: { house.launched.count == 2 })
        let server = try house.startServer()
        try server.greetLegacy()
        try server.answer(try server.hear(), House.hi)
        house.gate.send(.endSession(session: one, connection: caller.connection.handle, byClient: true))
        try house.turn()
        #expect(house.room.upstreams.values.first { $0.key.session == one }?.state == .leaving)
    }

    @Test("Launch limits of one caller and of all")
    func limits() throws {
        var limits = Limits.standard
        limits.serversPerCaller = 1
        limits.serversInAll = 2
        let house = try House([House.echo("a"), House.echo("b"), House.echo("c")], limits: limits)
        let one = try house.caller("one")
        let other = try house.caller("other")
        let third = try house.caller("third")
        func call(_ caller: GateCaller, _ server: String) throws -> UInt32 {
            try house.ask(caller, .toolsCall, #"{"name":"echo"}"#, server: server)
        }
        _ = try call(one, "a")
        #expect(try house.reason(try call(one, "b")) == "launch-limit")
        _ = try call(other, "b")
        #expect(try house.reason(try call(third, "c")) == "launch-limit")
        // A place is free again when a process has ended.
        let server = try house.startServer()
        try server.end(status: 1)
        _ = try call(third, "c")
        try house.turn(until: { house.launched.contains { $0.server.bytes == Array("c".utf8) } })
    }

    @Test("After failures the next start waits, longer each time, and a new seal forgives")
    func backoff() throws {
        let house = try House()
        let caller = try house.caller()
        var pause: UInt64 = 250
        for _ in 0..<4 {
            let call = try house.callEcho(caller)
            let server = try house.startServer()
            try server.end(status: 1)
            #expect(try house.reason(call) == "server-failed")
            #expect(try house.reason(try house.callEcho(caller)) == "launch-limit")
            try house.pass(pause - 1)
            #expect(try house.reason(try house.callEcho(caller)) == "launch-limit")
            try house.pass(1)
            pause *= 2
        }
        let call = try house.callEcho(caller)
        try house.startServer().end(status: 1)
        _ = try house.answer(call)
        try house.change { $0.servers = [House.echo { $0.arguments = [.fixed(Array("other".utf8))] }] }
        _ = try house.callEcho(caller)
        try house.turn(until: { !house.launched.isEmpty })
        try house.startServer().end(status: 1)
        // Nobody asks any more: nothing is remembered.
        try house.pass(700_000)
        #expect(house.room.backoff.isEmpty)
    }

    @Test("A changed program is told as such, and may be tried at once after the repair")
    func executableChanged() throws {
        let house = try House()
        let caller = try house.caller()
        let call = try house.callEcho(caller)
        try house.turn(until: { !house.launched.isEmpty })
        let launch = house.launched.removeFirst().launch
        house.launcher.send(.refused(launch: launch, denial: .executableChanged, detail: []))
        #expect(try house.reason(call) == "executable-changed")
        // It never was: nobody has to wait for its end, and it takes nobody's place.
        #expect(house.room.departing.isEmpty)
        _ = try house.callEcho(caller)
        try house.turn(until: { !house.launched.isEmpty })
        #expect(try house.records("launch.refused").map { $0.data("reason") } == ["executable-changed"])
    }

    @Test("A start that takes too long is given up, in whichever stage", arguments: 0..<3)
    func slowStart(_ stage: Int) throws {
        let house = try House()
        let call = try house.callEcho(try house.caller())
        try house.turn(until: { !house.launched.isEmpty })
        let server = stage > 0 ? try house.startServer() : nil
        if let server {
            let discover = try server.hear()
            if stage > 1 {
                try server.answer(discover, #"{"capabilities":{"tools":{}},"supportedVersions":["2026-07-28"]}"#)
            }
        }
        try house.pass(59_000)
        #expect(house.gate.answers.isEmpty)
        try house.pass(1_100)
        #expect(try house.reason(call) == "server-slow")
        #expect(try house.records("relay.cut").map { $0.data("reason") } == ["start-too-slow"])
        withExtendedLifetime(server) {}
    }

    @Test("An idle process is asked to leave: input closed, SIGTERM, SIGKILL")
    func idle() throws {
        let house = try House()
        let (_, server) = try house.running()
        try house.pass(599_000)
        #expect(house.room.upstreams.values.map(\.state) == [.ready])
        try house.pass(1_100)
        #expect(house.room.upstreams.values.map(\.state) == [.leaving])
        try house.turn(until: server.isInputClosed)
        house.requests = []
        try house.pass(2_100)
        #expect(house.requests == [.stop(launch: server.launch, force: false)])
        try house.pass(2_100)
        #expect(house.requests.last == .stop(launch: server.launch, force: true))
        try server.end(status: 9)
        #expect(house.room.upstreams.isEmpty)
        #expect(try house.records("launch.ended").count == 1)
        #expect(house.room.backoff.isEmpty)
    }

    @Test("What a leaving server still sends is read and answered by nothing")
    func leavingFlood() throws {
        let house = try House([House.echo(era: .legacy)])
        let (_, server) = try house.running(.legacy)
        try house.pass(601_000)
        try server.write(
            Array(String(repeating: "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n", count: 50).utf8))
        #expect(house.room.upstreams.values.allSatisfy { $0.outgoing.isEmpty })
    }

    @Test("A process outlives the last session of its client by two seconds, and longer if somebody comes")
    func lingers() throws {
        let house = try House([House.echo(era: .legacy)])
        let caller = try house.caller()
        func oneCall() throws -> UInt32 {
            let session = try house.session(caller)
            _ = try house.callEcho(caller, session: session)
            return session
        }
        func leave(_ session: UInt32) throws {
            house.gate.send(.endSession(session: session, connection: caller.connection.handle, byClient: true))
            try house.turn()
        }
        let first = try oneCall()
        let server = try house.startServer()
        try server.greetLegacy()
        try server.answer(try server.hear(), House.hi)
        try leave(first)
        try house.pass(1_000)
        let second = try oneCall()
        try server.answer(try server.hear(), House.hi)
        // The second session is open: the first one's end is no reason to go.
        try house.pass(3_000)
        #expect(house.room.upstreams.values.map(\.state) == [.ready])
        try leave(second)
        try house.pass(2_100)
        #expect(house.room.upstreams.values.map(\.state) == [.leaving])
    }

    @Test("A server that was changed or removed finishes its calls and leaves; the next call is decided anew")
    func reload() throws {
        for isRemoved in [true, false] {
            let house = try House()
            let (caller, server) = try house.running()
            let call = try house.callEcho(caller)
            let request = try server.hear()
            try house.change { registry in
                registry.servers = isRemoved ? [] : [House.echo { $0.arguments = [.fixed(Array("new".utf8))] }]
            }
            let next = try house.callEcho(caller)
            try server.answer(request, House.hi)
            #expect(try house.answer(call).status == 200)
            try house.pass(200)
            try house.turn(until: server.isInputClosed)
            if isRemoved {
                #expect(try house.reason(next) == "server-unknown")
            } else {
                let fresh = try house.startServer()
                try fresh.greetModern()
                try fresh.answer(try fresh.hear(), House.hi)
                #expect(try house.answer(next).status == 200)
            }
        }
    }

    @Test("A call that waits for the disk while the seal changes is decided again", arguments: 0..<4)
    func reloadMeanwhile(_ variant: Int) throws {
        let allow = try House.rule("all", .allow)
        let house = try House([House.echo(risk: .changes)], rules: [allow])
        let caller = try house.caller()
        let call = try house.post(caller, .toolsCall, #"{"name":"echo"}"#)
        try house.room.turn(patience: 100)
        #expect(house.room.recording.count == 1)
        try house.change { registry in
            switch variant {
            case 0: registry.servers = []
            case 1: registry.policy = ToolPolicy(rules: [try House.rule("no", .deny)])
            case 2: registry.servers = [House.echo(risk: .changes) { $0.arguments = [.fixed(Array("new".utf8))] }]
            default: registry.servers += [House.echo("another")]
            }
        }
        if variant == 3 {
            try house.turn(until: { !house.launched.isEmpty })
        } else {
            #expect(try house.reason(call) == ["server-unknown", "policy-denied", "server-failed"][variant])
            #expect(house.launched.isEmpty)
        }
        #expect(try house.records("call.intent").count == 1)
    }

    @Test("A launch names the seal that it was decided by, not the one that came meanwhile")
    func sealOfLaunch() throws {
        let house = try House()
        let caller = try house.caller()
        let before = house.digest
        _ = try house.post(caller, .toolsCall, #"{"name":"echo"}"#)
        // One turn: the intent to launch is written, and not yet known to be on the disk.
        try house.room.turn(patience: 100)
        #expect(house.room.recordingLaunches.count == 1)
        try house.change { $0.servers = [House.echo { $0.arguments = [.fixed(Array("new".utf8))] }] }
        try house.turn(until: { !house.launched.isEmpty })
        #expect(house.launched.map(\.seal) == [before])
    }

    @Test("Nobody's log messages reach another client of a shared process")
    func sharedLog() throws {
        let house = try House([
            House.echo(era: .legacy) { server in
                server.traits.process = .shared
                House.reviewed { $0.capabilities = [.tools, .logging] }(&server)
            }
        ])
        let one = try house.caller("one")
        let other = try house.caller("other")
        let first = try house.session(one)
        let second = try house.session(other)
        for (caller, session) in [(one, first), (other, second)] {
            _ = try house.answer(try house.ask(caller, in: session, .setLevel, #"{"level":"debug"}"#))
        }
        let call = try house.callEcho(one, session: first)
        let server = try house.startServer()
        try server.greetLegacy()
        let request = try server.hear()
        try server.notify("notifications/message", #"{"level":"error","data":"about one"}"#)
        #expect(house.gate.events.map(\.scope) == [.session(first)])
        // Two callers at a time: nobody can tell whom it is about.
        _ = try house.callEcho(other, session: second)
        try server.notify("notifications/message", #"{"level":"error","data":"about whom"}"#)
        try server.answer(request, House.hi)
        _ = try house.answer(call)
        #expect(house.gate.events.count == 1)
        try server.notify("notifications/message", #"{"level":"error","data":"about other"}"#)
        #expect(house.gate.events.map(\.scope) == [.session(first), .session(second)])
    }
}
