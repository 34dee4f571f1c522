// SPDX-License-Identifier: Apache-2.0
import Audit
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("Nothing happens before it is on record, and every intent has one outcome")
struct RecordTests {
    /// Intents and outcomes of calls and launches: each intent must have exactly one outcome.
    private func balance(_ house: House) throws -> (calls: Int, outcomes: [String], launches: Int, settled: Int) {
        let records = try house.records()
        let intents = records.filter { $0.kind == "call.intent" }.map { $0.sequence }
        let outcomes = records.filter { $0.kind == "call.outcome" }
        for intent in intents { #expect(outcomes.filter { $0.data("intent") == "\(intent)" }.count == 1) }
        return (
            intents.count, outcomes.compactMap { $0.data("outcome") },
            records.filter { $0.kind == "launch.intent" }.count,
            records.filter { $0.kind == "launch.started" || $0.kind == "launch.refused" }.count
        )
    }

    @Test("Reading is asked of the server once it is written, everything else once it is on the disk")
    func durability() throws {
        for (risk, each) in [(RiskClass.reads, false), (.reads, true), (.changes, false), (.executes, false)] {
            let house = try House(
                [House.echo(risk: risk)], rules: [try House.rule("all", .allow)],
                audit: AuditSettings(syncEach: each, segmentBytes: 64 << 20))
            let caller = try house.caller()
            _ = try house.callEcho(caller)
            let server = try house.startServer()
            try server.greetModern()
            try server.answer(try server.hear(), House.hi)
            let before = try unwrap(house.room.journal).status.head.sequence
            let call = try house.callEcho(caller)
            try house.turn(until: { try !server.hearsNothing() })
            let status = try unwrap(house.room.journal).status
            // The intent is the first record after `before`: it is in the file, and on the disk where it has to be.
            #expect(try house.records().contains { $0.sequence == before + 1 && $0.kind == "call.intent" })
            if risk != .reads || each { #expect(status.synced > before) }
            try server.answer(try server.hear(), House.hi)
            _ = try house.answer(call)
        }
    }

    @Test("In the turn that decides it, a call of a class beyond reading has not reached the server")
    func waits() throws {
        let house = try House([House.echo(risk: .changes)], rules: [try House.rule("all", .allow)])
        let caller = try house.caller()
        _ = try house.callEcho(caller)
        #expect(house.launched.isEmpty || house.room.recording.isEmpty)
        let server = try house.startServer()
        try server.greetModern()
        try server.answer(try server.hear(), House.hi)
        _ = try house.post(caller, .toolsCall, #"{"name":"echo"}"#)
        try house.room.turn(patience: 100)
        #expect(house.room.recording.count == 1)
        #expect(try server.hearsNothing() || house.room.recording.isEmpty)
    }

    @Test("Neither arguments nor credentials nor results are ever in the log")
    func secrets() throws {
        let house = try House()
        let token = try house.token()
        let caller = try house.caller(showing: token)
        let call = try house.callEcho(caller, "s3cret-argument")
        let server = try house.startServer()
        try server.greetModern()
        try server.answer(try server.hear(), #"{"content":[{"type":"text","text":"s3cret-result"}]}"#)
        _ = try house.answer(call)
        _ = try house.answer(try house.ask(caller, .toolsCall, #"{"name":"echo","arguments":{"text":7,"s3cret":1}}"#))
        _ = try house.answer(try house.ask(caller, .toolsCall, #"{"name":"s3cret-tool"}"#))
        let log = try house.records().map(\.text).joined()
        #expect(!log.contains("s3cret"))
        #expect(!log.contains(String(decoding: token.dropFirst(4), as: UTF8.self)))
    }

    private enum Ending: CaseIterable {
        case answered, saidError, failed, refusedLate, cancelled, cancelledInQueue, gateLost, credentialEnded, crash
        case misbehaved, slow, launchRefused, drained, stopped, tooLarge
    }

    @Test("However a call ends, its intent has one outcome, and so has its launch", arguments: Ending.allCases)
    private func once(_ ending: Ending) throws {
        let house = try House()
        let caller = try house.caller(life: ending == .credentialEnded ? 60 : 86_400)
        let call = try house.callEcho(caller)
        var expected = ""
        if ending == .launchRefused {
            try house.turn(until: { !house.launched.isEmpty })
            house.launcher.send(
                .refused(launch: house.launched[0].launch, denial: .launchFailed, detail: Array("no".utf8)))
            #expect(try house.reason(call) == "launch-failed")
            expected = "launch-failed"
        } else {
            let server = try house.startServer()
            if ending == .cancelledInQueue {
                house.gate.send(.cancel(call: call, connection: caller.connection.handle))
                try house.turn()
                try server.greetModern()
                #expect(try server.hearsNothing())
                expected = "cancelled"
            } else {
                try server.greetModern(tools: ending == .refusedLate ? [House.tool("echo", "other")] : [House.echoTool])
                if ending == .refusedLate {
                    expected = "tool-changed"
                } else {
                    let request = try server.hear()
                    switch ending {
                    case .answered:
                        try server.answer(request, House.hi)
                        expected = "answered"
                    case .saidError:
                        try server.answer(request, #"{"content":[],"isError":true}"#)
                        expected = "answered-with-error"
                    case .failed:
                        try server.fail(request, -32000)
                        expected = "failed"
                    case .cancelled:
                        house.gate.send(.cancel(call: call, connection: caller.connection.handle))
                        expected = "cancelled"
                    case .gateLost:
                        house.gate.send(.ready(report: []))
                        expected = "gate-lost"
                    case .credentialEnded:
                        try house.pass(61_000)
                        expected = "credential-ended"
                    case .crash:
                        try server.end(status: 139)
                        expected = "server-failed"
                    case .misbehaved:
                        try server.write([UInt8](repeating: 0x20, count: (4 << 20) + 1))
                        expected = "server-misbehaved"
                    case .slow:
                        try house.pass(120_100)
                        expected = "server-slow"
                    case .drained:
                        house.launcher.send(.terminate)
                        try house.turn()
                        try server.answer(request, House.hi)
                        expected = "answered"
                    case .stopped:
                        house.launcher.send(.terminate)
                        try house.turn()
                        try house.pass(10_100)
                        expected = "stopping"
                    case .tooLarge:
                        // Each of these three bytes becomes six.
                        let text = String(repeating: "\u{2028}", count: 1_300_000)
                        let links = (0..<2000).map { _ in #"{"type":"resource_link","uri":"a"}"# }.joined(
                            separator: ",")
                        try server.answer(request, "{\"content\":[{\"type\":\"text\",\"text\":\"\(text)\"},\(links)]}")
                        expected = "answered"
                    case .launchRefused, .refusedLate, .cancelledInQueue: break
                    }
                }
            }
        }
        try house.turn()
        // Late events change nothing.
        try house.pass(100)
        let found = try balance(house)
        #expect(found.calls == 1 && found.outcomes == [expected])
        #expect(found.launches == 1 && found.settled == 1)
        #expect(house.room.principals.values.allSatisfy { $0.callsInFlight == 0 })
    }

    @Test("An answer that has grown beyond the door's bound is refused, and the gate stays")
    func tooLarge() throws {
        // Three raw bytes become six as an escape, and each address gets the longest name in front.
        let name = String(repeating: "a", count: 32)
        let house = try House([House.echo(name)])
        let caller = try house.caller()
        let call = try house.ask(caller, .toolsCall, "{\"name\":\"\(name)__echo\"}", server: nil)
        let server = try house.startServer()
        try server.greetModern()
        let text = String(repeating: "\u{2028}", count: 1_200_000)
        let links = (0..<33_000).map { _ in #"{"uri":"a"}"# }.joined(separator: ",")
        try server.answer(try server.hear(), "{\"content\":[{\"text\":\"\(text)\"},\(links)]}")
        #expect(try house.reason(call) == "server-misbehaved")
        #expect(try house.records("room.ended").isEmpty)
        #expect(try balance(house).outcomes == ["server-misbehaved"])
        // The server goes on.
        let next = try house.ask(caller, .toolsCall, "{\"name\":\"\(name)__echo\"}", server: nil)
        try server.answer(try server.hear(), House.hi)
        #expect(try house.answer(next).status == 200)
    }

    @Test("When the log cannot be written nothing goes out, and the caller is told")
    func noJournal() throws {
        let house = try House([House.echo(), House.echo("other")])
        let (caller, server) = try house.running()
        try unwrap(house.room.journal).close()
        #expect(try house.reason(try house.callEcho(caller)) == "audit-unavailable")
        #expect(try server.hearsNothing())
        let call = try house.ask(caller, .toolsCall, #"{"name":"echo"}"#, server: "other")
        #expect(try house.reason(call) == "audit-unavailable")
        #expect(house.launched.isEmpty)
    }

    @Test("A disk that does not answer does not hold a caller for ever")
    func slowDisk() throws {
        let house = try House([House.echo(risk: .changes)], rules: [try House.rule("all", .allow)])
        let caller = try house.caller()
        // The turn writes the intent; that the disk has it is only noticed in a later one.
        let call = try house.post(caller, .toolsCall, #"{"name":"echo"}"#)
        try house.room.turn(patience: 100)
        #expect(house.room.recording.count == 1)
        house.clock.move(30_000)
        house.room.tickRecording()
        #expect(try house.reason(call) == "audit-unavailable")
        try house.turn(20)
        #expect(house.launched.isEmpty)
        #expect(try balance(house).outcomes == ["audit-unavailable"])
    }

    @Test("Every end of a process is recorded, also of one that was given up while it was started")
    func exits() throws {
        let house = try House()
        let caller = try house.caller()
        _ = try house.callEcho(caller)
        try house.turn(until: { !house.launched.isEmpty })
        try house.pass(60_100)
        #expect(try house.records("relay.cut").map { $0.data("reason") } == ["start-too-slow"])
        let server = try house.startServer()
        #expect(house.requests.contains(.stop(launch: server.launch, force: true)))
        try server.end(status: 9)
        #expect(try house.records("launch.ended").map { $0.data("pid") } == ["4711"])
        #expect(house.room.departing.isEmpty)
    }
}
