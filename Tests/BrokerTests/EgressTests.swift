// SPDX-License-Identifier: Apache-2.0
import Audit
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A sandbox has the way out that was granted, and every use of it is on record")
struct EgressTests {
    private static let outgoing = EgressPolicy.public

    private static func server() -> SealedServer { House.echo { $0.traits.network = outgoing } }

    private static func doors() throws -> [Owned] {
        try (0..<2).map { _ in
            Owned(try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 1))
        }
    }

    /// A server with a network that was just started for its first call, and the number of its sandbox.
    private func served(_ house: House) throws -> (UInt32, ScriptedServer) {
        _ = try house.callEcho(try house.caller())
        try house.turn(until: { !house.launched.isEmpty })
        let launch = house.launched.removeFirst().launch
        return (launch, try ScriptedServer(launch, house, doors: try Self.doors()))
    }

    @Test("The egress room learns of our own ports first, and of a sandbox with its listeners and its policy")
    func serves() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        #expect(egress.take(.configure) == .configure(nat64: false, ownPorts: [house.listener.port]))
        let (sandbox, _) = try served(house)
        #expect(
            egress.take(.serve)
                == .serve(sandbox: sandbox, label: Array("echo".utf8), policy: Self.outgoing.canonical))
        #expect(egress.listeners.map(\.count) == [2])
        #expect(house.room.egressSandboxes[sandbox]?.label.pid == 4711)
    }

    @Test("What nobody may reach stands before what a server was granted")
    func denials() throws {
        let house = try House([Self.server()], outgoing: true)
        let denial = EgressPolicy(rules: [
            EgressRule(name: "egress.deny[0]", matter: .remote(.init(host: .any, ports: [80], verdict: .deny)))
        ])
        try house.change { $0.egress = EgressSettings(nat64: false, deny: denial) }
        let (sandbox, _) = try served(house)
        let policy = try unwrap(house.room.egressSandboxes[sandbox]).policy
        #expect(policy == EgressPolicy(rules: denial.rules + Self.outgoing.rules))
    }

    @Test("A decision is one record, and what was let out has one end")
    func records() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, _) = try served(house)
        let first = egress.decide(sandbox, "api.example.com", .allow)
        egress.decide(sandbox, "127.0.0.1", .deny, .address, addressClass: .loopback, address: [127, 0, 0, 1])
        egress.decide(sandbox, "far.example.com", .allow, .connectFailed)
        egress.end(first)
        try house.turn()
        let decided = try house.records("egress.decided")
        #expect(decided.map { $0.data("verdict") } == ["allow", "deny", "allow"])
        #expect(decided[0].data("name") == "echo" && decided[0].data("host") == "api.example.com")
        #expect(decided[0].data("address") == "93.184.216.34" && decided[0].data("event") == nil)
        #expect(decided[1].data("class") == "loopback" && decided[1].data("reason") == "address")
        #expect(decided[1].data("event") == "boundaryCrossing" && decided[1].data("severity") == "medium")
        let ended = try house.records("egress.ended")
        #expect(ended.count == 1, "what was refused and what never opened has no end")
        #expect(ended[0].data("connection") == "\(first)" && ended[0].data("down") == "20")
        #expect(ended[0].data("serverNameIs") == "same")
    }

    @Test("The room hears what is on the disk, in order")
    func confirms() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, _) = try served(house)
        for _ in 0..<3 { egress.decide(sandbox, "a.example.com", .deny, .hostNotAllowed) }
        try house.turn(until: { egress.orders.contains(.recorded(upTo: 3)) })
        let synced = try unwrap(house.room.journal).status.synced
        #expect(try house.records("egress.decided").allSatisfy { $0.sequence <= synced })
    }

    @Test("A server that ends takes its doors with it, and what was open is recorded as ended")
    func releases() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, server) = try served(house)
        egress.decide(sandbox, "api.example.com", .allow)
        try house.turn()
        try server.end()
        #expect(egress.take(.release) == .release(sandbox: sandbox))
        #expect(try house.records("egress.ended").map { $0.data("cause") } == ["released"])
        #expect(house.room.egressSandboxes.isEmpty && house.room.decisions.isEmpty)
        // Said after all that, it is no second end.
        egress.end(1)
        try house.turn()
        #expect(try house.records("egress.ended").count == 1)
    }

    @Test("A room that dies ends what it had open, and the next one gets the same sandboxes")
    func replaces() throws {
        let house = try House([Self.server()], outgoing: true)
        let (sandbox, _) = try served(house)
        try unwrap(house.egress).decide(sandbox, "api.example.com", .allow)
        try house.turn()
        try unwrap(house.egress).die()
        try house.turn()
        #expect(try house.records("egress.ended").map { $0.data("cause") } == ["room-lost"])
        try house.bringEgress()
        try house.turn()
        let egress = try unwrap(house.egress)
        #expect(egress.orders.isEmpty, "nothing is handed to a room that is not confined yet")
        egress.ready()
        try house.turn()
        #expect(egress.take(.configure) != nil)
        #expect(egress.take(.serve)?.kind == .serve && egress.listeners.map(\.count) == [2])
        egress.decide(sandbox, "api.example.com", .allow)
        try house.turn()
        #expect(try house.records("egress.decided").count == 2)
    }

    @Test("A room that skips a decision is not believed any more")
    func counts() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, _) = try served(house)
        egress.decide(sandbox, "api.example.com", .allow, number: 2)
        try house.turn()
        #expect(house.room.egress == nil && egress.isClosed)
        #expect(try house.records("egress.decided").isEmpty)
    }

    @Test("A flood of refusals is counted, and what is let out is recorded all the same")
    func floods() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, _) = try served(house)
        let extra = 7
        for _ in 0..<(DecisionBudget.singlesPerMinute + extra) {
            egress.decide(sandbox, "10.0.0.1", .deny, .address, addressClass: .privateUse, address: [10, 0, 0, 1])
            // A door holds so much before it is looked at.
            try house.turn(1)
        }
        egress.decide(sandbox, "api.example.com", .allow)
        try house.turn(until: { try house.records("egress.decided").count == DecisionBudget.singlesPerMinute + 1 })
        try house.pass(DecisionBudget.windowMilliseconds)
        #expect(try house.records("refused.more").map { $0.data("count") } == ["\(extra)"])
    }

    @Test("A policy that is sealed anew reaches the sandbox that runs")
    func amends() throws {
        let house = try House([Self.server()], outgoing: true)
        let egress = try unwrap(house.egress)
        let (sandbox, _) = try served(house)
        let denial = EgressPolicy(rules: [
            EgressRule(name: "egress.deny[0]", matter: .remote(.init(host: .any, ports: nil, verdict: .deny)))
        ])
        try house.change { $0.egress = EgressSettings(nat64: false, deny: denial) }
        let policy = EgressPolicy(rules: denial.rules + Self.outgoing.rules)
        #expect(try house.records("registry.refused").isEmpty)
        #expect(egress.take(.amend) == .amend(sandbox: sandbox, policy: policy.canonical))
        // While it finishes its calls, a server that was removed reaches nothing.
        try house.change { $0.servers = [] }
        #expect(egress.take(.amend) == .amend(sandbox: sandbox, policy: denial.canonical))
    }
}
