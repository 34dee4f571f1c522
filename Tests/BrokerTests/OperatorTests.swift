// SPDX-License-Identifier: Apache-2.0
import Audit
import Control
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import Broker

@Suite("The operator's door: one request at a time, answered when it is on record")
struct OperatorTests {
    private static func issue(
        _ client: String, servers: [String]? = nil, listener: ListenerName? = nil, life: UInt64 = 60
    ) throws
        -> OperatorRequest
    {
        .issueToken(
            client: try unwrap(ClientName(Array(client.utf8))), servers: try servers?.map { try House.name($0) },
            listener: listener, lifeSeconds: life)
    }

    private func failure(_ reply: OperatorReply) -> String? {
        if case .failed(let error, _) = reply { String(decoding: error, as: UTF8.self) } else { nil }
    }

    private func text(_ tree: JSONTree, _ path: String...) throws -> [UInt8] {
        var node: JSONNode? = .root
        for key in path { node = node.flatMap { tree.member($0, key) } }
        return try unwrap(node.flatMap(tree.text))
    }

    @Test("A token is issued once its record is on the disk, works, and is listed without its secret")
    func issues() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        let made = try line.document(try Self.issue("agent", servers: ["echo"]))
        let token = try text(made, "token")
        let journal = try unwrap(house.room.journal)
        let record = try unwrap(try house.records("token.issued").last)
        #expect(journal.status.synced >= record.sequence)
        #expect(try house.records("admin.outcome").map { $0.data("done") } == ["true"])
        #expect(try house.toolNames(try house.caller(showing: token)) == ["echo"])
        let list = String(decoding: try line.document(.listTokens).canonical(.root).bytes, as: UTF8.self)
        #expect(
            list.contains("\"agent\"") && !list.contains("hash")
                && !list.contains(String(decoding: token, as: UTF8.self)))
        let file = String(decoding: try unwrap(house.scratch.contents("tokens.json")), as: UTF8.self)
        #expect(file.contains("\"hash\"") && !file.contains(String(decoding: token, as: UTF8.self)))
    }

    @Test("What cannot be issued is said, and not recorded")
    func refuses() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        for request in [
            try Self.issue("agent", life: 0), try Self.issue("agent", life: TokenStore.longestLife + 1),
            try Self.issue("agent", life: .max), try Self.issue("local"), try Self.issue("agent", servers: ["nowhere"]),
            try Self.issue("agent", listener: try unwrap(ListenerName(Array("other".utf8)))),
            .rotateToken(selector: Array("nobody".utf8), lifeSeconds: 60),
            .rotateToken(selector: [], lifeSeconds: .max),
            .revokeTokens(selector: Array("nobody".utf8)), .probe(server: try House.name("nowhere")),
        ] {
            #expect(failure(try line.ask(request)) != nil, "\(request)")
        }
        #expect(try house.records("token.issued").isEmpty && house.records("token.revoked").isEmpty)
    }

    @Test("A revoked or rotated token ends what lives on it, and the new one lives", arguments: [true, false])
    func revokes(_ isRotated: Bool) throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        let token = try text(try line.document(try Self.issue("agent")), "token")
        let caller = try house.caller(showing: token)
        let session = try house.session(caller)
        let call = try house.callEcho(caller)
        let selector = Array("agent".utf8)
        let done = try line.document(
            isRotated ? .rotateToken(selector: selector, lifeSeconds: 0) : .revokeTokens(selector: selector))
        guard case .callerEnded(caller.caller, .credentialRevoked) = house.gate.takeOrder() else {
            throw HouseError.missing
        }
        #expect(house.room.sessions[session] == nil && house.gate.answers[call] == nil)
        #expect(try house.records("call.outcome").map { $0.data("outcome") } == ["credential-ended"])
        #expect(throws: HouseError.self) { _ = try house.caller(showing: token) }
        if isRotated { #expect(try house.toolNames(try house.caller(showing: try text(done, "token"))) == ["echo"]) }
    }

    @Test("Tokens outlive a restart, revocations too; a damaged file is believed in no part")
    func restart() throws {
        let scratch = Scratch()
        var live: [UInt8] = []
        var dead: [UInt8] = []
        do {
            let house = try House(attended: true, in: scratch)
            let line = try OperatorLine(house)
            live = try text(try line.document(try Self.issue("one", life: 86_400)), "token")
            dead = try text(try line.document(try Self.issue("two", life: 86_400)), "token")
            _ = try line.document(.revokeTokens(selector: Array("two".utf8)))
        }
        do {
            let house = try House(in: scratch)
            #expect(try house.toolNames(try house.caller(showing: live)) == ["echo"])
            #expect(throws: HouseError.self) { _ = try house.caller(showing: dead) }
        }
        let good = try unwrap(scratch.contents("tokens.json"))
        for damaged in [
            Array(good.dropLast(20)), [], Array("{}".utf8), Array(#"{"format":2,"tokens":[]}"#.utf8),
            Array(String(decoding: good, as: UTF8.self).replacing("\"listener\"", with: "\"Listener\"").utf8),
        ] {
            scratch.put("tokens.json", damaged)
            #expect(throws: BrokerFault.self) { _ = try House(in: scratch) }
        }
    }

    @Test("Tokens that ended long ago make room for new ones")
    func forgets() throws {
        let house = try House(attended: true)
        for _ in 0..<TokenStore.most { _ = try house.token(life: 1) }
        house.clock.move(1_000 * 86_400 * 91)
        let line = try OperatorLine(house)
        #expect(failure(try line.ask(try Self.issue("agent"))) == nil)
        #expect(house.room.tokens.records.count == 1)
    }

    @Test("Status is whole and says what is withheld, running and refused")
    func status() throws {
        let house = try House([House.echo(tools: [House.echoTool, House.tool("with.dot")])], attended: true)
        let caller = try house.caller()
        _ = try house.callEcho(caller)
        let server = try house.startServer()
        try server.greetModern(tools: [House.tool("echo", "poisoned"), House.tool("with.dot"), House.tool("new")])
        house.launcher.send(.sealRefused(reason: Array("writable by others".utf8)))
        try house.turn()
        let line = try OperatorLine(house)
        let status = try line.document(.status)
        for key in [
            "audit", "calls", "connections", "isFullConfinementDemanded", "listeners", "mode", "rooms", "seal",
            "servers",
            "sessions", "since", "tokens", "uid", "version",
        ] { #expect(status.member(.root, key) != nil, "\(key)") }
        let whole = String(decoding: status.canonical(.root).bytes, as: UTF8.self)
        #expect(whole.contains(#""withheld":["echo"]"#) && whole.contains(#""unreviewed":["new"]"#))
        #expect(whole.contains(#""notOnAggregate":["with.dot"]"#) && whole.contains(#""pid":4711"#))
        #expect(whole.contains("writable by others") && whole.contains(#""client":"tester""#))
    }

    @Test("Nonsense, and a second request before the first is answered, end the connection and nothing else")
    func malformed() throws {
        let house = try House(attended: true)
        let first = try OperatorLine(house)
        try first.sendNonsense()
        try house.turn(until: { try first.reply() == nil && first.isClosed })
        let second = try OperatorLine(house)
        try second.send(.reload)
        try second.send(.status)
        try house.turn(until: { try second.reply() == nil && second.isClosed })
        #expect(try OperatorLine(house).document(.status).member(.root, "version") != nil)
    }

    @Test("A reload is answered by what it changes, or by why it was not believed, and the last good seal stays")
    func reload() throws {
        let house = try House(attended: true)
        let caller = try house.caller()
        let line = try OperatorLine(house)
        try line.send(.reload)
        #expect(house.requests.contains(.reload))
        house.launcher.send(.sealRefused(reason: Array("no".utf8)))
        #expect(failure(try unwrap(try line.reply()))?.contains("no") == true)
        try line.send(.reload)
        try house.change { $0.servers.append(House.echo("new")) }
        guard case .done(let document) = try unwrap(try line.reply()) else { throw HouseError.missing }
        #expect(String(decoding: document, as: UTF8.self).contains(#""added":["new"]"#))
        // A file that is not what its digest says.
        try line.send(.reload)
        house.scratch.put("sealed.json", Array("{}".utf8))
        let file = try house.scratch.directory().open(FileName("sealed.json"))
        house.launcher.send(.seal(digest: try House.zero()), passing: [Owned(try file.descriptor.duplicate())])
        #expect(failure(try unwrap(try line.reply())) != nil)
        #expect(try house.toolNames(caller) == ["echo"])
        #expect(try house.records("registry.refused").count == 2)
    }

    @Test("A probe collects everything that a server offers, from a process that serves nobody else")
    func probe() throws {
        for era in [Era.modern, .legacy] {
            let house = try House(attended: true)
            let line = try OperatorLine(house)
            try line.send(.probe(server: try House.name("echo")))
            let server = try house.startServer()
            #expect(try house.records("launch.intent").map { $0.data("purpose") } == ["review"])
            let discover = try server.hear()
            let capabilities = #""capabilities":{"tools":{},"prompts":{},"resources":{"subscribe":true}}"#
            if era == .modern {
                try server.answer(
                    discover, "{\(capabilities),\"supportedVersions\":[\"2026-07-28\"],\"instructions\":\"be kind\"}")
            } else {
                try server.fail(discover, -32601)
                try server.answer(
                    try server.hear(),
                    "{\(capabilities),\"protocolVersion\":\"2025-11-25\",\"instructions\":\"be kind\"}")
                #expect(server.method(try server.hear()) == "notifications/initialized")
            }
            let caller = try house.caller()
            _ = try house.callEcho(caller)
            try server.answer(try server.hear(), "{\"tools\":[\(House.tool("a"))],\"nextCursor\":\"2\"}")
            try server.answer(try server.hear(), "{\"tools\":[\(House.tool("b"))]}")
            try server.answer(try server.hear(), #"{"prompts":[{"name":"p"}]}"#)
            try server.fail(try server.hear(), -32601)
            try house.turn()
            guard case .done(let document) = try unwrap(try line.reply()) else { throw HouseError.missing }
            let found = String(decoding: document, as: UTF8.self)
            #expect(
                found.contains("be kind") && found.contains(#""prompts":[{"name":"p"}]"#)
                    && found.contains(#""templates":[]"#))
            #expect(found.contains(#""name":"a""#) && found.contains(#""name":"b""#))
            try house.turn(until: server.isInputClosed)
            // The caller's own process is another one.
            try house.turn(until: { house.launched.count == 1 })
        }
    }

    @Test("A probe that fails says what the server wrote; one whose operator has gone is ended")
    func probeFails() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        try line.send(.probe(server: try House.name("echo")))
        let server = try house.startServer()
        try server.complain("no module named x\u{1b}[2J")
        try server.end(status: 256)
        let said = try unwrap(failure(try unwrap(try line.reply())))
        #expect(said.contains("no module named x") && !said.contains("\u{1b}"))
        var gone: OperatorLine? = try OperatorLine(house)
        try unwrap(gone).send(.probe(server: try House.name("echo")))
        let second = try house.startServer()
        gone = nil
        try house.turn()
        #expect(house.requests.contains(.stop(launch: second.launch, force: true)))
        #expect(house.room.upstreams.isEmpty)
    }

    @Test("A probe that offers more than fits is ended")
    func probeFloods() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        try line.send(.probe(server: try House.name("echo")))
        let server = try house.startServer()
        try server.answer(try server.hear(), #"{"capabilities":{"tools":{}},"supportedVersions":["2026-07-28"]}"#)
        let long = House.tool("t", String(repeating: "x", count: 3 << 20))
        for _ in 0..<6 where !house.room.upstreams.isEmpty {
            try server.answer(try server.hear(), "{\"tools\":[\(long)],\"nextCursor\":\"n\"}")
        }
        #expect(failure(try unwrap(try line.reply())) != nil)
        #expect(house.room.upstreams.isEmpty)
    }

    @Test("A room that was started for one command line ends with it")
    func administer() throws {
        let house = try House(attended: true, mode: .administer)
        var line: OperatorLine? = try OperatorLine(house)
        _ = try unwrap(line).document(try Self.issue("agent"))
        line = nil
        try house.turn()
        try house.pass(200)
        #expect(house.requests.contains(.finished))
        #expect(house.room.phase == .ended)
    }
}

@Suite("An orderly end answers what runs, asks servers to leave, and closes the log last")
struct DrainTests {
    @Test("New calls are refused, running ones are answered, then servers leave, then the log is signed and closed")
    func order() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        let request = try server.hear()
        house.requests = []
        house.launcher.send(.terminate)
        try house.turn()
        #expect(house.gate.takeOrder() == .drain)
        #expect(try house.reason(try house.callEcho(caller)) == "stopping")
        try house.pass(200)
        #expect(!house.requests.contains(.finished))
        try server.answer(request, House.hi)
        #expect(try house.answer(call).status == 200)
        try house.pass(200)
        try house.turn(until: server.isInputClosed)
        #expect(!house.requests.contains(.finished))
        try server.end()
        try house.pass(200)
        #expect(house.requests.last == .finished)
        let kinds = try house.records().map(\.kind)
        #expect(kinds.contains("daemon.stopping") && kinds.last == "launch.ended")
        #expect(
            house.scratch.contents("audit/checkpoint.json") != nil || house.scratch.contents("audit/checkpoint") != nil)
    }

    @Test("Ten seconds are enough: whatever still runs is refused, stopped and recorded")
    func deadline() throws {
        let house = try House([House.echo(), House.echo("slow")])
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        _ = try server.hear()
        _ = try house.ask(caller, .toolsCall, #"{"name":"echo"}"#, server: "slow")
        try house.turn(until: { !house.launched.isEmpty })
        house.launcher.send(.terminate)
        try house.turn()
        try house.pass(9_000)
        #expect(house.gate.answers[call] == nil)
        try house.pass(1_100)
        #expect(try house.reason(call) == "stopping")
        #expect(house.requests.contains(.stop(launch: server.launch, force: true)))
        // The one that was being started comes too late, and is buried like the other.
        let late = try house.startServer()
        #expect(house.requests.contains(.stop(launch: late.launch, force: true)))
        try server.end(status: 9)
        try late.end(status: 9)
        try house.pass(200)
        #expect(house.requests.last == .finished)
        let records = try house.records()
        #expect(records.count { $0.kind == "launch.ended" } == 2)
        #expect(records.count { $0.kind == "launch.started" || $0.kind == "launch.refused" } == 2)
        #expect(records.count { $0.kind == "call.outcome" } == records.count { $0.kind == "call.intent" })
    }

    @Test("If the launcher buries nobody the end comes all the same")
    func unburied() throws {
        let house = try House()
        let (_, server) = try house.running()
        house.launcher.send(.terminate)
        try house.turn()
        try house.pass(10_100)
        #expect(!house.requests.contains(.finished))
        try house.pass(2_100)
        #expect(house.requests.last == .finished)
        withExtendedLifetime(server) {}
    }

    @Test("Refusals that were only counted are told before the log closes")
    func floods() throws {
        let house = try House()
        let connection = try house.connect()
        for _ in 0..<50 { house.gate.send(.refused(RefusalNote(connection: connection.handle, denial: .slow))) }
        try house.turn()
        house.launcher.send(.terminate)
        try house.turn()
        try house.pass(200)
        #expect(try house.records("refused").count == 20)
        #expect(try house.records("refused.more").map { $0.data("count") } == ["30"])
    }
}
