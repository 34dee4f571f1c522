// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A server asks a client only what the entry grants and the client declared")
struct QuestionTests {
    private static let all: Grants = [.sampling, .elicitation, .roots, .urlElicitation]
    private static let declared = #"{"elicitation":{"form":{},"url":{}},"roots":{},"sampling":{}}"#
    private static let form =
        #"{"message":"your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#

    private static func server(_ era: Era, grants: Grants = all, edit: @escaping (inout Review) -> Void = { _ in })
        -> SealedServer
    {
        House.echo(era: era) { server in
            server.traits.grants = grants
            House.reviewed(edit)(&server)
        }
    }

    private func text(_ event: Event) -> String { String(decoding: event.message, as: UTF8.self) }

    /// A legacy session whose call is with a legacy server.
    private func legacy(_ grants: Grants, _ capabilities: String) throws -> (
        House, GateCaller, UInt32, ScriptedServer, JSONTree
    ) {
        let house = try House([Self.server(.legacy, grants: grants)])
        let caller = try house.caller()
        let session = try house.session(caller, capabilities: capabilities)
        let call = try house.callEcho(caller, session: session)
        let server = try house.startServer()
        let initialize = try server.hear()
        let offered = server.parameter(initialize, "capabilities")
        let isOffered = !grants.isEmpty && capabilities != "{}"
        #expect((offered != "{}") == isOffered)
        try server.answer(initialize, #"{"capabilities":{"tools":{}},"protocolVersion":"2025-11-25"}"#)
        _ = try server.hear()
        try server.list([House.echoTool])
        return (house, caller, call, server, try server.hear())
    }

    @Test("Legacy before legacy: the question goes to the call's stream, the answer back to the server, once")
    func bothLegacy() throws {
        let (house, caller, call, server, request) = try legacy(Self.all, Self.declared)
        try server.say("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":\(Self.form)}")
        let event = try unwrap(house.gate.events.last)
        #expect(event.scope == .call(call) && event.question != 0)
        #expect(text(event).contains("echo: your name?") && !text(event).contains("\"id\""))
        let reply = GateRequest.reply(
            question: event.question, connection: caller.connection.handle,
            message: Array(#"{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"name":"x"}}}"#.utf8))
        house.gate.send(reply)
        let answer = try server.hear()
        #expect(answer.member(.root, "id").flatMap(answer.text) == Array("q".utf8))
        let result = try unwrap(answer.member(.root, "result"))
        #expect(
            String(decoding: answer.canonical(result).bytes, as: UTF8.self)
                == #"{"action":"accept","content":{"name":"x"}}"#)
        house.gate.send(reply)
        #expect(try server.hearsNothing())
        try server.answer(request, House.hi)
        #expect(try house.answer(call).status == 200)
    }

    @Test("What was not granted, or not declared, is neither offered nor passed on", arguments: [true, false])
    func notGranted(_ isDeclared: Bool) throws {
        let (house, _, _, server, _) = try legacy(isDeclared ? [] : Self.all, isDeclared ? Self.declared : "{}")
        for method in ["sampling/createMessage", "elicitation/create", "roots/list"] {
            try server.say("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"\(method)\",\"params\":\(Self.form)}")
            let answer = try server.hear()
            #expect(answer.member(.root, "error") != nil)
        }
        #expect(house.gate.events.isEmpty)
    }

    @Test("A question that nobody answers in five minutes is answered for the server")
    func unanswered() throws {
        let (house, _, _, server, _) = try legacy(Self.all, Self.declared)
        try server.say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}")
        try house.pass(110_000)
        #expect(try server.hearsNothing())
        try house.pass(191_000)
        var said = try server.hear()
        while said.member(.root, "error") == nil { said = try server.hear() }
        #expect(house.room.upstreams.values.allSatisfy { $0.questions.isEmpty })
    }

    @Test("Sixteen questions of one server wait at a time")
    func bounded() throws {
        let (house, _, _, server, _) = try legacy(Self.all, Self.declared)
        for index in 0..<20 { try server.say("{\"jsonrpc\":\"2.0\",\"id\":\(index),\"method\":\"roots/list\"}") }
        #expect(house.gate.events.count == 16)
        #expect(house.room.upstreams.values.first?.questions.count == 16)
    }

    // MARK: A modern client before a legacy server

    private static func modern(_ arguments: String = #""arguments":{"text":"hi"}"#, extra: String = "") -> String {
        "{\(arguments),\"name\":\"echo\"\(extra),\"_meta\":{\"io.modelcontextprotocol/clientCapabilities\":\(declared)}}"
    }

    private func held() throws -> (House, GateCaller, ScriptedServer, JSONTree, String) {
        let house = try House([Self.server(.legacy)])
        let caller = try house.caller()
        let call = try house.ask(caller, .toolsCall, Self.modern())
        let server = try house.startServer()
        try server.greetLegacy()
        let request = try server.hear()
        try server.say("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"elicitation/create\",\"params\":\(Self.form)}")
        let reply = try house.answer(call)
        #expect(reply.text("result", "resultType") == "input_required")
        #expect(reply.text("result", "inputRequests", "question", "method") == "elicitation/create")
        return (house, caller, server, request, try unwrap(reply.text("result", "requestState")))
    }

    private func again(_ state: String, arguments: String = #""arguments":{"text":"hi"}"#) -> String {
        Self.modern(
            arguments,
            extra:
                ",\"inputResponses\":{\"question\":{\"action\":\"accept\",\"content\":{}}},\"requestState\":\"\(state)\""
        )
    }

    @Test("Modern before legacy: the call is held, and the repeat brings the answer and gets the result")
    func heldCall() throws {
        let (house, caller, server, request, state) = try held()
        try house.pass(200_000)
        let call = try house.ask(caller, .toolsCall, again(state), id: "2")
        let answer = try server.hear()
        #expect(answer.member(.root, "id").flatMap(answer.integer) == 9)
        try server.answer(request, House.hi)
        let reply = try house.answer(call)
        #expect(reply.text("id") == "2" && reply.text("result", "content") != nil)
        #expect(try house.records("call.outcome").map { $0.data("outcome") } == ["input-required", "answered"])
        #expect(house.room.heldCalls.isEmpty)
    }

    @Test("A state is good once, for its caller, its arguments and its time", arguments: 0..<4)
    func stateBound(_ variant: Int) throws {
        let (house, caller, server, _, state) = try held()
        let call: UInt32
        switch variant {
        case 0:
            _ = try house.ask(caller, .toolsCall, again(state))
            _ = try server.hear()
            call = try house.ask(caller, .toolsCall, again(state))
        case 1: call = try house.ask(try house.caller("other"), .toolsCall, again(state))
        case 2: call = try house.ask(caller, .toolsCall, again(state, arguments: #""arguments":{"text":"ho"}"#))
        default:
            try house.pass(300_100)
            call = try house.ask(caller, .toolsCall, again(state))
        }
        #expect(try house.reason(call) == "parameters-malformed")
    }

    @Test(
        "A held call that the server answers by itself, or that nobody comes back for, leaves nothing behind",
        arguments: [true, false])
    func heldEnds(_ byServer: Bool) throws {
        let (house, caller, server, request, state) = try held()
        if byServer {
            try server.answer(request, House.hi)
        } else {
            try house.pass(300_100)
            let told = try server.hear()
            #expect(told.member(.root, "error") != nil)
            try server.answer(request, House.hi)
        }
        #expect(house.room.heldCalls.isEmpty)
        #expect(house.room.upstreams.values.allSatisfy { $0.awaited.isEmpty && $0.questions.isEmpty })
        #expect(try house.records("server.misbehaved").isEmpty)
        #expect(try house.reason(try house.ask(caller, .toolsCall, again(state))) == "parameters-malformed")
    }

    @Test("A repeat whose server never answers ends in the call's own limit")
    func heldSlow() throws {
        let (house, caller, server, _, state) = try held()
        try house.pass(200_000)
        let call = try house.ask(caller, .toolsCall, again(state))
        _ = try server.hear()
        try house.pass(120_200)
        #expect(try house.reason(call) == "server-slow")
    }

    @Test("Prompts and resources are held like tools")
    func heldReading() throws {
        for isPrompt in [true, false] {
            let house = try House([
                Self.server(.legacy) { review in
                    review.capabilities = [.tools, .prompts, .resources]
                    review.prompts = [House.pinned("hello", #"{"name":"hello"}"#)]
                }
            ])
            let caller = try house.caller()
            let subject = isPrompt ? "\"name\":\"hello\"" : "\"uri\":\"file:///a\""
            let meta = "\"_meta\":{\"io.modelcontextprotocol/clientCapabilities\":\(Self.declared)}"
            let method: Method = isPrompt ? .promptsGet : .resourcesRead
            let call = try house.ask(caller, method, "{\(subject),\(meta)}")
            let server = try house.startServer()
            try server.greetLegacy()
            let request = try server.hear()
            try server.say("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"roots/list\"}")
            let state = try unwrap(try house.answer(call).text("result", "requestState"))
            let next = try house.ask(
                caller, method,
                "{\(subject),\"requestState\":\"\(state)\",\"inputResponses\":{\"question\":{\"roots\":[]}},\(meta)}")
            _ = try server.hear()
            try server.answer(request, "{\"contents\":[],\"messages\":[]}")
            #expect(try house.answer(next).status == 200)
            // The same request is not asked twice of the server.
            #expect(try server.hearsNothing())
        }
    }

    // MARK: Modern servers

    private static let asks =
        #"{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"who?"}},"b":{"method":"roots/list","params":{}}},"requestState":"opaque"}"#

    @Test(
        "Modern before modern: declared and granted requests and the state pass unread; the server knows what it may ask"
    )
    func bothModern() throws {
        let house = try House([Self.server(.modern, grants: [.elicitation])])
        let caller = try house.caller()
        let call = try house.ask(caller, .toolsCall, Self.modern())
        let server = try house.startServer()
        try server.greetModern()
        let request = try server.hear()
        #expect(
            server.parameter(request, "_meta", "io.modelcontextprotocol/clientCapabilities")
                == #"{"elicitation":{"form":{}}}"#)
        try server.answer(request, Self.asks)
        let reply = try house.answer(call)
        #expect(reply.text("result", "requestState") == "opaque")
        #expect(reply.text("result", "inputRequests", "a", "params", "message") == "echo: who?")
        #expect(reply.text("result", "inputRequests", "b") == nil)
        #expect(reply.text("result", "ttlMs") == nil)
        let next = try house.ask(
            caller, .toolsCall,
            Self.modern(extra: #","requestState":"opaque","inputResponses":{"a":{"action":"accept"}}"#))
        let again = try server.hear()
        #expect(server.parameter(again, "requestState") == "\"opaque\"")
        #expect(server.parameter(again, "inputResponses") == #"{"a":{"action":"accept"}}"#)
        try server.answer(again, House.hi)
        #expect(try house.answer(next).status == 200)
    }

    @Test("Where nobody can answer, the call is refused")
    func nobody() throws {
        let house = try House()
        let (caller, server) = try house.running()
        let call = try house.callEcho(caller)
        try server.answer(try server.hear(), Self.asks)
        #expect(try house.reason(call) == "capability-missing")
    }

    @Test("Legacy before modern: each request is asked of the session, and the call goes on with all answers")
    func rounds() throws {
        let house = try House([Self.server(.modern)])
        let caller = try house.caller()
        let session = try house.session(caller, capabilities: Self.declared)
        let call = try house.callEcho(caller, session: session)
        let server = try house.startServer()
        try server.greetModern()
        try server.answer(try server.hear(), Self.asks)
        let events = house.gate.events.filter { $0.question != 0 }
        #expect(events.count == 2)
        for event in events {
            house.gate.send(
                .reply(
                    question: event.question, connection: caller.connection.handle,
                    message: Array(#"{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}"#.utf8)))
        }
        let second = try server.hear()
        #expect(server.parameter(second, "inputResponses") == #"{"a":{"action":"accept"},"b":{"action":"accept"}}"#)
        #expect(server.parameter(second, "requestState") == "\"opaque\"")
        // Another round with a state alone: nothing of the first is left.
        try server.answer(second, #"{"resultType":"input_required","requestState":"two"}"#)
        let third = try server.hear()
        #expect(server.parameter(third, "inputResponses") == nil)
        #expect(server.parameter(third, "requestState") == "\"two\"")
        try server.answer(third, House.hi)
        #expect(try house.answer(call).text("result", "content") != nil)
        #expect(try house.records("call.intent").count == 3)
        #expect(
            try house.records("call.outcome").map { $0.data("outcome") } == [
                "input-required", "input-required", "answered",
            ])
    }

    @Test("A server that asks for ever, or for too much at once, is refused")
    func endless() throws {
        for isWide in [false, true] {
            let house = try House([Self.server(.modern)])
            let caller = try house.caller()
            let session = try house.session(caller, capabilities: Self.declared)
            let call = try house.callEcho(caller, session: session)
            let server = try house.startServer()
            try server.greetModern()
            if isWide {
                let many = (0..<17).map { "\"k\($0)\":{\"method\":\"roots/list\",\"params\":{}}" }.joined(
                    separator: ",")
                try server.answer(try server.hear(), "{\"resultType\":\"input_required\",\"inputRequests\":{\(many)}}")
                #expect(try house.reason(call) == "calls-in-flight-cap")
            } else {
                for _ in 0..<9 {
                    try server.answer(try server.hear(), #"{"resultType":"input_required","requestState":"x"}"#)
                }
                #expect(try house.reason(call) == "capability-missing")
            }
            #expect(house.room.inputRounds.isEmpty)
        }
    }

    @Test("A call that is cancelled while its client is asked leaves no question behind")
    func cancelledRound() throws {
        let house = try House([Self.server(.modern)])
        let caller = try house.caller()
        let session = try house.session(caller, capabilities: Self.declared)
        let call = try house.callEcho(caller, session: session)
        let server = try house.startServer()
        try server.greetModern()
        try server.answer(try server.hear(), Self.asks)
        #expect(!house.room.inputRounds.isEmpty)
        house.gate.send(.cancel(call: call, connection: caller.connection.handle))
        try house.turn()
        #expect(house.room.inputRounds.isEmpty)
        #expect(house.room.principals.values.allSatisfy { $0.callsInFlight == 0 })
    }

    // MARK: What may be asked

    @Test(
        "Secrets, addresses that hide where they lead, and tricks with characters",
        arguments: [
            (#"{"message":"hi"}"#, true), (#"{"message":7}"#, false), (#"{}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"name":{}}}}"#, true),
            (#"{"message":"m","requestedSchema":{"properties":{"password":{}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"user_API-Key":{}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"pass\u200bword":{}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"pin":{}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"card_pin":{}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"shipping":{}}}}"#, true),
            (#"{"message":"m","requestedSchema":{"properties":{"a":{"title":"Your password"}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"properties":{"a":{"properties":{"secret":{}}}}}}"#, false),
            (#"{"message":"m","requestedSchema":{"anyOf":[{"properties":{"token":{}}}]}}"#, false),
            (#"{"message":"m","mode":"url","url":"https://a.example/x"}"#, true),
            (#"{"message":"m","mode":"url","url":"http://a.example/x"}"#, false),
            (#"{"message":"m","mode":"url","url":"https://bank.example@evil.example/"}"#, false),
            (#"{"message":"m","mode":"url","url":"https://a.example\\@b.example/"}"#, false),
            (#"{"message":"m","mode":"url","url":"https://\u0430.example/"}"#, false),
            (#"{"message":"m","mode":"url","url":"https:///x"}"#, false), (#"{"message":"m","mode":"url"}"#, false),
            (#"{"message":"m","url":"https://a.example/"}"#, false),
            (#"{"message":"m","mode":"url","url":"javascript:x"}"#, false),
        ])
    func judged(_ parameters: String, _ isAllowed: Bool) throws {
        let tree = try parsed(Array(parameters.utf8))
        #expect((QuestionCheck.check(.elicitation, tree, .root) != nil) == isAllowed)
    }

    @Test("A person sees who asks, where an address leads, and nothing that cannot be seen")
    func shown() throws {
        let tree = try parsed(
            Array(
                #"{"message":"a\u202eb\u001b[2Jc\udb40\udc41","mode":"url","url":"https://a.example:1/x","requestedSchema":{"title":"x\u200by"}}"#
                    .utf8))
        let check = try unwrap(QuestionCheck.check(.elicitation, tree, .root))
        let shown = try parsed(check.shown(tree, .root, server: try House.name("srv")).bytes)
        #expect(shown.member(.root, "message").flatMap(shown.text) == Array("srv: ab[2Jc\nopens: a.example:1".utf8))
        let schema = try unwrap(shown.member(.root, "requestedSchema"))
        #expect(shown.member(schema, "title").flatMap(shown.text) == Array("xy".utf8))
    }
}
