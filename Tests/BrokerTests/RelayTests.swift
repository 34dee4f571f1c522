// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("What a server writes is read strictly, and only what was asked for goes on")
struct RelayTests {
    @Test("A request is composed anew: one line, canonical, our own id, whatever the client wrote")
    func smuggling() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.ask(
            caller, .toolsCall,
            "{ \"name\" :\"echo\",\n\"arguments\":{\"text\":\"\\u0041\\/\"},\n\"_meta\":{\"x\":\n{\"jsonrpc\":\"2.0\",\"id\":666,\"method\":\"tools/call\"}\n}}",
            id: "\"mine\"")
        let request = try server.hear()
        #expect(request.member(.root, "id").flatMap(request.integer) != nil)
        #expect(server.parameter(request, "arguments") == #"{"text":"A/"}"#)
        #expect(try server.hearsNothing())
        try server.answer(request, House.hi)
        #expect(try house.answer(call).text("id") == "mine")
    }

    @Test("What a client put under the protocol's or our own prefix stays here")
    func metaStays() throws {
        let house = try House()
        let (caller, server) = try house.running()
        _ = try house.ask(
            caller, .toolsCall,
            #"{"name":"echo","_meta":{"io.modelcontextprotocol/clientInfo":{"name":"x"},"io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"dev.doorward/other":1,"traceparent":"00-1"}}"#
        )
        let request = try server.hear()
        #expect(server.parameter(request, "_meta", "io.modelcontextprotocol/clientCapabilities") == "{}")
        #expect(server.parameter(request, "_meta", "io.modelcontextprotocol/clientInfo", "name") == "\"doorward\"")
        #expect(server.parameter(request, "_meta", "traceparent") == "\"00-1\"")
        #expect(server.parameter(request, "_meta", "dev.doorward/other") == nil)
    }

    @Test("Two callers with the same id get each its own answer, in whatever order they come")
    func reverse() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let one = try house.callEcho(caller, "one")
        let first = try server.hear()
        let two = try house.callEcho(caller, "two")
        let second = try server.hear()
        try server.answer(second, #"{"content":[],"n":2}"#)
        try server.answer(first, #"{"content":[],"n":1}"#)
        #expect(try house.answer(one).text("result", "n") == "1")
        #expect(try house.answer(two).text("result", "n") == "2")
    }

    @Test(
        "A line that is no answer to anything is dropped and recorded",
        arguments: [
            ("this is no JSON", "json-"), ("\u{FEFF}{}", "json-"),
            (#"{"jsonrpc":"2.0","id":99,"result":{}}"#, "unasked-answer"),
            (#"{"jsonrpc":"2.0","id":"ID","result":{}}"#, "unasked-answer"),
            (#"{"jsonrpc":"2.0","id":ID,"id":ID,"result":{}}"#, "json-"),
            (#"{"jsonrpc":"2.0","id":ID,"result":{}} {}"#, "json-"),
            (#"[{"jsonrpc":"2.0","id":ID,"result":{}}]"#, "envelope-not-an-object"),
            (#"{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":""}}"#, "envelope-mixed"),
            (#"{"jsonrpc":"2.0","id":ID,"result":7}"#, "envelope-mixed"),
            (#"{"jsonrpc":"2.0","id":ID,"result":{"__proto__":{}}}"#, "envelope-forbidden-key"),
            (#"{"jsonrpc":"2.0","id":ID,"Result":{}}"#, "envelope-folded-key"),
            (#"{"jsonrpc":"1.0","id":ID,"result":{}}"#, "envelope-version"),
            (#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}"#, "method-not-allowed"),
            (#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#, "method-not-allowed"),
            (#"{"jsonrpc":"2.0","method":"notifications/other"}"#, "method-not-allowed"),
            (
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
                "unasked-answer"
            ),
        ])
    func faults(_ line: String, _ word: String) throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        let request = try server.hear()
        let id = try unwrap(request.member(.root, "id").flatMap(request.integer))
        try server.say(line.replacing("ID", with: "\(id)"))
        #expect(house.gate.answers.isEmpty && house.gate.events.isEmpty)
        let recorded = try house.records("server.misbehaved").compactMap { $0.data("fault") }
        #expect(recorded.count == 1 && recorded.allSatisfy { $0.hasPrefix(word) }, "\(recorded)")
        // The call is still open and gets its answer, once.
        try server.answer(request, House.hi)
        #expect(try house.answer(call).status == 200)
        try server.answer(request, House.hi)
        #expect(house.gate.answers.isEmpty)
        #expect(try house.records("server.misbehaved").count == 2)
    }

    @Test("After a hundred faults the server is stopped, and ten of them are on record")
    func manyFaults() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        for _ in 0..<100 { try server.say("x") }
        #expect(try house.reason(call) == "server-misbehaved")
        #expect(try house.records("server.misbehaved").count == 10)
        #expect(house.requests.contains(.stop(launch: server.launch, force: true)))
    }

    @Test("A line may have 4 MiB and not one byte more", arguments: [(0, true), (1, false)])
    func lineLimit(_ extra: Int, _ isAccepted: Bool) throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        let request = try server.hear()
        let id = try unwrap(request.member(.root, "id").flatMap(request.integer))
        let start = "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":{\"content\":[{\"type\":\"text\",\"text\":\""
        let end = "\"}]}}"
        let fill = (4 << 20) - start.utf8.count - end.utf8.count + extra
        try server.say(start + String(repeating: "x", count: fill) + end)
        try house.turn(until: { house.gate.answers[call] != nil })
        let answer = try unwrap(house.gate.answers[call])
        #expect((answer.message.count > 4_000_000) == isAccepted)
        #expect(house.requests.contains(.stop(launch: server.launch, force: true)) != isAccepted)
    }

    @Test("Half a line for ever ends in the call's own limit")
    func halfLine() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        try server.write(Array("{\"jsonrpc\"".utf8))
        try house.pass(119_000)
        #expect(house.gate.answers.isEmpty)
        try house.pass(1_100)
        #expect(try house.reason(call) == "server-slow")
    }

    @Test("A flood on standard error keeps its end, and nothing of it is parsed")
    func errorFlood() throws {
        let house = try House()
        let (_, server) = try house.running()
        for _ in 0..<40 { try server.complain(String(repeating: "x", count: 16_000) + "\n") }
        try server.complain("the end\n{\"jsonrpc\":\"2.0\"}\n")
        #expect(try house.records("server.misbehaved").isEmpty)
        try server.end(status: 1)
        let kept = try unwrap(house.room.lastErrors[try House.name("echo")])
        #expect(kept.count <= 2000)
        #expect(String(decoding: kept, as: UTF8.self).contains("the end"))
    }

    @Test("A server that dies after its answer has answered")
    func lastWords() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        let request = try server.hear()
        let id = try unwrap(request.member(.root, "id").flatMap(request.integer))
        try server.sayAndEnd("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(House.hi)}")
        #expect(try house.answer(call).text("result", "content") != nil)
        #expect(try house.records("launch.ended").count == 1)
    }

    @Test(
        "The client's progress token comes back, the server sees ours, and progress moves the limit up to the hard one")
    func progress() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.ask(caller, .toolsCall, #"{"name":"echo","_meta":{"progressToken":"mine"}}"#)
        let request = try server.hear()
        let token = try unwrap(server.parameter(request, "_meta", "progressToken"))
        #expect(token != "\"mine\"")
        try server.notify("notifications/progress", "{\"progressToken\":\(token),\"progress\":1,\"message\":\"half\"}")
        let event = try unwrap(house.gate.events.last)
        #expect(event.scope == .call(call))
        let tree = try parsed(event.message)
        let parameters = try unwrap(tree.member(.root, "params"))
        #expect(tree.member(parameters, "progressToken").flatMap(tree.text) == Array("mine".utf8))
        // 120 seconds for an answer, 1,200 whatever happens.
        for _ in 0..<12 {
            try house.pass(99_000)
            try server.notify("notifications/progress", "{\"progressToken\":\(token),\"progress\":2}")
        }
        #expect(house.gate.answers.isEmpty)
        try house.pass(13_000)
        #expect(try house.reason(call) == "server-slow")
    }

    @Test("A call that was cancelled is cancelled at the server too, and many of them do no harm")
    func cancellations() throws {
        let house = try House()
        let (caller, server) = try house.running()
        for _ in 0..<1100 {
            let call = try house.callEcho(caller)
            let request = try server.hear()
            house.gate.send(.cancel(call: call, connection: caller.connection.handle))
            try house.turn(2)
            let cancelled = try server.hear()
            #expect(
                server.parameter(cancelled, "requestId")
                    == "\(try unwrap(request.member(.root, "id").flatMap(request.integer)))")
            if house.room.upstreams.values.contains(where: { $0.awaited.count > 1000 }) { try house.pass(120_100) }
        }
        let call = try house.callEcho(caller)
        try server.answer(try server.hear(), House.hi)
        #expect(try house.answer(call).status == 200)
    }

    @Test("A server that lets one call after the other run into its limit is stopped")
    func silent() throws {
        let house = try House()
        let (caller, server) = try house.running()
        for _ in 0..<65 {
            let call = try house.callEcho(caller)
            try house.pass(120_100)
            #expect(try house.reason(call) == "server-slow")
        }
        #expect(try house.records("relay.cut").map { $0.data("reason") } == ["too-many-overdue"])
        #expect(house.requests.contains(.stop(launch: server.launch, force: true)))
    }

    @Test("Requests of a legacy server are answered only as fast as it may send them, and only while it reads")
    func pings() throws {
        let house = try House([House.echo(era: .legacy)])
        let (_, server) = try house.running(.legacy)
        try server.say(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        let pong = try server.hear()
        #expect(pong.member(.root, "result") != nil)
        try server.write(
            Array(String(repeating: "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n", count: 1000).utf8))
        try house.turn()
        #expect(try house.records("relay.cut").map { $0.data("reason") } == ["too-many-faults"])
        #expect(house.room.upstreams.isEmpty)
    }

    @Test("A flood of notifications is cut, and the rest of the house goes on")
    func notificationFlood() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let line = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/list_changed\"}\n"
        try server.write(Array(String(repeating: line, count: 10_100).utf8))
        #expect(try house.records("relay.cut").map { $0.data("reason") } == ["notification-flood"])
        #expect(house.gate.events.count <= 200)
        #expect(try house.toolNames(caller) == ["echo"])
    }

    @Test(
        "Error codes of servers are put back into the ranges that the protocol allows",
        arguments: [
            (-32700, -32603), (-32600, -32603), (-32601, -32601), (-32602, -32602), (-32603, -32603), (-32000, -32603),
            (-32019, -32603), (-32020, -32603), (-32021, -32021), (-32022, -32603), (-32002, -32602), (-32042, -32603),
            (-32099, -32603), (-32768, -32603), (-32769, -32769), (-31999, -31999), (1, 1), (0, 0),
        ])
    func codes(_ given: Int64, _ shown: Int64) throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        try server.fail(try server.hear(), given, "why", data: #"{"a":1}"#)
        let reply = try house.answer(call)
        #expect(reply.text("error", "code") == "\(shown)")
        #expect(reply.text("error", "message") == "why")
        #expect(reply.text("error", "data") == #"{"a":1}"#)
    }

    @Test("A server cannot imitate a refusal of ours")
    func imitation() throws {
        for era in [Era.modern, .legacy] {
            let house = try House([House.echo(era: era)])
            let (caller, server) = try house.running(era)
            let session = era == .legacy ? try house.session(caller) : 0
            let call = try house.callEcho(caller, session: session)
            try server.answer(
                try server.hear(),
                #"{"content":[],"isError":true,"_meta":{"dev.doorward/denial":{"reason":"policy-denied"},"other":1}}"#)
            let reply = try house.answer(call)
            #expect(Refusal(reply) == nil)
            #expect(reply.text("result", "_meta", "other") == "1")
        }
    }

    @Test("The mark of content from outside goes on to the client, and nothing that only looks like it")
    func untrusted() throws {
        let long = String(repeating: "x", count: Product.maxSourceBytes + 1)
        for era in [Era.modern, .legacy] {
            let house = try House([House.echo(era: era)])
            let (caller, server) = try house.running(era)
            let session = era == .legacy ? try house.session(caller) : 0
            func marks(_ meta: String) throws -> [String?] {
                let call = try house.callEcho(caller, session: session)
                try server.answer(try server.hear(), "{\"content\":[],\"_meta\":{\(meta),\"other\":1}}")
                let reply = try house.answer(call)
                #expect(reply.text("result", "_meta", "other") == "1")
                return ["untrusted", "source"].map { reply.text("result", "_meta", "dev.doorward/\($0)") }
            }
            #expect(
                try marks(#""dev.doorward/untrusted":true,"dev.doorward/source":"https://e.org/""#)
                    == ["true", "https://e.org/"])
            #expect(try marks(#""dev.doorward/untrusted":true"#) == ["true", nil])
            #expect(try marks(#""dev.doorward/source":"https://e.org/""#) == [nil, nil])
            #expect(try marks(#""dev.doorward/untrusted":false,"dev.doorward/source":"x""#) == [nil, nil])
            #expect(try marks(#""dev.doorward/untrusted":"true""#) == [nil, nil])
            #expect(try marks(#""dev.doorward/untrusted":true,"dev.doorward/source":7"#) == ["true", nil])
            #expect(try marks("\"dev.doorward/untrusted\":true,\"dev.doorward/source\":\"\(long)\"") == ["true", nil])
        }
    }
}
