// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A server per call: a fresh process for each call, killed when the call has ended")
struct PerCallTests {
    private static let server = House.echo { $0.traits.process = .perCall }

    /// The launches that the launcher was told to end at once.
    private func killed(_ house: House) -> [UInt32] {
        house.requests.compactMap { if case .stop(let launch, true) = $0 { launch } else { nil } }
    }

    /// The process for the next call, greeted, with the request that it got.
    private func started(_ house: House) throws -> (server: ScriptedServer, request: JSONTree) {
        let server = try house.startServer()
        try server.greetModern()
        return (server, try server.hear())
    }

    @Test("Two calls of one caller get two processes, and each is killed with its answer")
    func fresh() throws {
        let house = try House([Self.server])
        let caller = try house.caller()
        let first = try house.callEcho(caller)
        let second = try house.callEcho(caller)
        try house.turn(until: { house.launched.count == 2 })
        let one = try started(house)
        let other = try started(house)
        #expect(one.server.launch != other.server.launch)
        try one.server.answer(one.request, House.hi)
        #expect(try house.answer(first).text("result", "content")?.contains("hi") == true)
        #expect(killed(house) == [one.server.launch])
        #expect(house.room.upstreams.count == 1)
        try other.server.answer(other.request, House.hi)
        _ = try house.answer(second)
        #expect(killed(house) == [one.server.launch, other.server.launch])
        #expect(house.room.upstreams.isEmpty && house.room.upstreamByKey.isEmpty)
        #expect(house.room.departing.count == 2)
        for launch in killed(house) { house.launcher.send(.exited(launch: launch, status: 137)) }
        try house.turn()
        #expect(house.room.departing.isEmpty)
        #expect(try house.records("launch.ended").count == 2)
        #expect(try house.records("relay.cut").isEmpty)
    }

    @Test("A cancelled call takes its process with it, whether it runs or is still being started")
    func cancelled() throws {
        let house = try House([Self.server])
        let caller = try house.caller()
        let waiting = try house.callEcho(caller)
        try house.turn(until: { house.launched.count == 1 })
        house.gate.send(.cancel(call: waiting, connection: caller.connection.handle))
        try house.turn()
        #expect(house.room.upstreams.isEmpty && killed(house).isEmpty)
        // It comes up all the same, and is ended at once.
        let late = try house.startServer()
        #expect(killed(house) == [late.launch])
        let running = try house.callEcho(caller)
        let (server, _) = try started(house)
        house.gate.send(.cancel(call: running, connection: caller.connection.handle))
        try house.turn()
        #expect(killed(house) == [late.launch, server.launch])
        #expect(house.room.upstreams.isEmpty)
    }

    @Test("A call that takes too long takes its process with it")
    func slow() throws {
        let house = try House([Self.server])
        let call = try house.callEcho(try house.caller())
        let (server, _) = try started(house)
        try house.pass(121_000)
        #expect(try house.reason(call) == "server-slow")
        #expect(killed(house) == [server.launch])
    }

    @Test("A process that a call has brought down is no reason to let the next call wait")
    func noBackoff() throws {
        let house = try House([Self.server])
        let caller = try house.caller()
        for _ in 0..<5 {
            let call = try house.callEcho(caller)
            let (server, _) = try started(house)
            try server.end(status: 137)
            #expect(try house.reason(call) == "server-failed")
        }
        #expect(house.room.backoff.isEmpty)
        // One that never comes up is another matter.
        let call = try house.callEcho(caller)
        try house.startServer().end(status: 1)
        #expect(try house.reason(call) == "server-failed")
        #expect(try house.reason(try house.callEcho(caller)) == "launch-limit")
    }

    @Test("One caller has no more calls under way than it may have processes")
    func limits() throws {
        var limits = Limits.standard
        limits.serversPerCaller = 2
        let house = try House([Self.server], limits: limits)
        let caller = try house.caller()
        let first = try house.callEcho(caller)
        _ = try house.callEcho(caller)
        #expect(try house.reason(try house.callEcho(caller)) == "launch-limit")
        let (server, request) = try started(house)
        try server.answer(request, House.hi)
        _ = try house.answer(first)
        _ = try house.callEcho(caller)
        try house.turn(until: { house.launched.count == 2 })
    }

    @Test("A hundred calls in a row leave nothing in the books")
    func many() throws {
        let house = try House([Self.server])
        let caller = try house.caller()
        for _ in 0..<100 {
            let call = try house.callEcho(caller)
            let (server, request) = try started(house)
            try server.answer(request, House.hi)
            _ = try house.answer(call)
            house.launcher.send(.exited(launch: server.launch, status: 137))
            try house.turn()
        }
        #expect(house.room.upstreams.isEmpty && house.room.departing.isEmpty && house.room.served.isEmpty)
        #expect(caller.principal != 0)
        #expect(house.room.principals.values.allSatisfy { $0.serverProcesses == 0 && $0.callsInFlight == 0 })
    }
}
