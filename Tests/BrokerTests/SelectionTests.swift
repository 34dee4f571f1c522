// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("What a caller may not use does not exist for it, and what policy refuses leaves one record and no trace")
struct SelectionTests {
    /// Two servers with everything, one of which only `tester` on its full token reaches.
    private func house(rules: [Rule] = [], limits: Limits = .standard) throws -> House {
        try House(
            ["echo", "other"].map { name in
                House.echo(name) { server in
                    House.reviewed { review in
                        review.capabilities = [.tools, .prompts, .resources, .completions, .resourcesSubscribe]
                        review.prompts = [House.pinned("hello", #"{"name":"hello"}"#)]
                        review.templates = [House.pinned("file:///{x}", #"{"name":"t","uriTemplate":"file:///{x}"}"#)]
                    }(&server)
                }
            }, rules: rules, limits: limits)
    }

    /// One request, and everything that must hold when it is refused.
    private func refuses(
        _ house: House, _ caller: GateCaller, _ method: Method, _ parameters: String, server: String?, _ denial: Denial,
        rule: String? = nil, revision: Revision = .y2026m07d28, session: UInt32 = 0, mirrored: [MirroredHeader] = [],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let before = try house.records().filter { $0.kind != "caller.admitted" }.count
        let call = try house.ask(
            caller, method, parameters, server: server, revision: revision, session: session, mirrored: mirrored)
        let reply = try house.answer(call)
        #expect(Refusal(reply) == Refusal(denial, method, revision.era), sourceLocation: location)
        try house.turn()
        #expect(house.launched.isEmpty && house.room.upstreams.isEmpty, sourceLocation: location)
        let records = try house.records().filter { $0.kind != "caller.admitted" }.dropFirst(before)
        #expect(records.map(\.kind) == ["refused"], sourceLocation: location)
        let record = try unwrap(records.first)
        #expect(
            record.data("reason") == "\(denial.word)" && record.data("step") == "\(denial.step)",
            sourceLocation: location)
        #expect(record.data("method") == "\(method.word)" && record.data("rule") == rule, sourceLocation: location)
        #expect(record.data("client") == "tester" && !record.text.contains("SECRET"), sourceLocation: location)
        #expect(!reply.whole.contains("SECRET"), sourceLocation: location)
    }

    @Test("Hidden and absent servers look alike, on their own endpoint and on the aggregate")
    func hidden() throws {
        let house = try house()
        let caller = try house.caller(servers: ["echo"])
        for name in ["other", "nowhere"] {
            try refuses(house, caller, .toolsList, "{}", server: name, .serverUnknown)
            try refuses(house, caller, .toolsCall, #"{"name":"echo"}"#, server: name, .serverUnknown)
            try refuses(house, caller, .promptsGet, #"{"name":"hello"}"#, server: name, .serverUnknown)
            try refuses(house, caller, .resourcesRead, #"{"uri":"file:///SECRET"}"#, server: name, .serverUnknown)
            try refuses(house, caller, .resourcesList, "{}", server: name, .serverUnknown)
            try refuses(house, caller, .discover, "{}", server: name, .serverUnknown)
            try refuses(house, caller, .listen, #"{"notifications":{}}"#, server: name, .serverUnknown)
            try refuses(house, caller, .toolsCall, "{\"name\":\"\(name)__echo\"}", server: nil, .toolUnknown)
            try refuses(house, caller, .promptsGet, "{\"name\":\"\(name)__hello\"}", server: nil, .promptUnknown)
            try refuses(
                house, caller, .resourcesRead, "{\"uri\":\"doorward+\(name):file:///SECRET\"}", server: nil,
                .resourceUnknown)
            try refuses(
                house, caller, .complete,
                "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"\(name)__hello\"},\"argument\":{\"name\":\"a\",\"value\":\"SECRET\"}}",
                server: nil, .promptUnknown)
        }
        for list in [Method.toolsList, .promptsList, .templatesList] {
            let reply = try house.answer(try house.ask(caller, list, server: nil))
            #expect(!reply.whole.contains("other"))
        }
        #expect(!(try house.answer(try house.ask(caller, .discover, server: nil)).whole.contains("other")))
    }

    @Test("A server that demands another process is hidden from this one, whatever was listed for others before")
    func demandedPeer() throws {
        let house = try House(
            [
                House.echo(),
                House.echo("guarded") { server in
                    if let path = AbsolutePath(Array("/usr/bin/agent".utf8)) {
                        server.traits.demand = PeerDemand(executables: [path], uid: nil)
                    }
                },
            ], watched: true)
        let token = try house.token()
        house.peer = House.process(uid: 1, "/usr/bin/agent")
        let allowed = try house.caller(showing: token)
        #expect(try house.toolNames(allowed, server: nil) == ["echo__echo", "guarded__echo"])
        house.peer = House.process(uid: 1, "/usr/bin/other")
        let stranger = try house.caller(showing: token)
        #expect(try house.toolNames(stranger, server: nil) == ["echo__echo"])
        #expect(try house.reason(try house.ask(stranger, .toolsList, server: "guarded")) == "server-unknown")
        #expect(
            try house.reason(try house.ask(stranger, .toolsCall, #"{"name":"guarded__echo"}"#, server: nil))
                == "tool-unknown")
        #expect(try house.toolNames(allowed, server: nil) == ["echo__echo", "guarded__echo"])
    }

    @Test(
        "Names are compared as bytes",
        arguments: [
            "Echo", "echo ", "ECHO", "e\u{0301}cho", "\u{0435}cho", "echo\u{200b}", "echo\0", "", "echo__echo",
            "other__echo",
        ])
    func names(_ name: String) throws {
        let house = try house()
        let caller = try house.caller()
        var json = JSONWriter()
        json.string(name)
        let text = String(decoding: json.take(), as: UTF8.self)
        try refuses(house, caller, .toolsCall, "{\"name\":\(text)}", server: "echo", .toolUnknown)
        if name != "echo__echo" && name != "other__echo" {
            try refuses(house, caller, .toolsCall, "{\"name\":\(text)}", server: nil, .toolUnknown)
        }
    }

    @Test("Arguments are held against the reviewed schema")
    func arguments() throws {
        let house = try house()
        let caller = try house.caller()
        for arguments in [#"{"text":7}"#, #"{"text":null}"#, #"{"text":["SECRET"]}"#] {
            try refuses(
                house, caller, .toolsCall, "{\"name\":\"echo\",\"arguments\":\(arguments)}", server: "echo",
                .argumentsInvalid)
        }
    }

    @Test("A tool whose schema cannot be enforced, or that must be a task, is not offered")
    func unusable() throws {
        let house = try House([
            House.echo(tools: [
                #"{"name":"remote","inputSchema":{"type":"object","$ref":"http://127.0.0.1/x"}}"#,
                #"{"name":"task","inputSchema":{"type":"object"},"execution":{"taskSupport":"required"}}"#,
                #"{"name":"optional","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional"}}"#,
            ])
        ])
        let caller = try house.caller()
        #expect(try house.toolNames(caller) == ["optional"])
        #expect(try house.reason(try house.ask(caller, .toolsCall, #"{"name":"task"}"#)) == "tool-unknown")
        #expect(try house.reason(try house.ask(caller, .toolsCall, #"{"name":"remote"}"#)) == "tool-unknown")
    }

    @Test(
        "Defaults by class: reading goes on, everything else needs somebody to ask",
        arguments: RiskClass.allCases.filter { $0 != .unreviewed })
    func defaults(_ risk: RiskClass) throws {
        let house = try House([House.echo(risk: risk)])
        let caller = try house.caller()
        if risk == .reads {
            _ = try house.callEcho(caller)
            try house.turn(until: { !house.launched.isEmpty })
            #expect(try house.records("call.intent").map { $0.data("rule") } == ["default-reads"])
        } else {
            try refuses(
                house, caller, .toolsCall, #"{"name":"echo"}"#, server: "echo", .approvalUnavailable,
                rule: "default-\(risk.word)")
        }
    }

    @Test("The first rule that matches decides, and a refusal names it")
    func rules() throws {
        let house = try house(rules: [
            try House.rule("not-here", .deny, clients: ["somebody"]),
            try House.rule("no-echo", .deny, servers: ["echo"], tools: ["ec*"]),
            try House.rule("never", .allow, servers: ["echo"]),
            try House.rule("prompts", .ask, prompts: ["hel*"]),
            try House.rule("secrets", .deny, resources: ["file:///etc/*"]),
        ])
        let caller = try house.caller()
        try refuses(
            house, caller, .toolsCall, #"{"name":"echo","arguments":{"text":"SECRET"}}"#, server: "echo", .policyDenied,
            rule: "no-echo")
        try refuses(
            house, caller, .promptsGet, #"{"name":"hello"}"#, server: "other", .approvalUnavailable, rule: "prompts")
        try refuses(
            house, caller, .resourcesRead, #"{"uri":"file:///etc/SECRET"}"#, server: "other", .policyDenied,
            rule: "secrets")
        // What is denied outright is not advertised; what would be asked about is.
        #expect(try house.toolNames(caller) == [])
        #expect(try house.toolNames(caller, server: "other") == ["echo"])
        #expect(
            house.names(try house.answer(try house.ask(caller, .promptsList, server: "other")), "prompts") == ["hello"])
        // The same resource where an earlier rule allows everything.
        _ = try house.ask(caller, .resourcesRead, #"{"uri":"file:///etc/x"}"#)
        try house.turn(until: { !house.launched.isEmpty })
    }

    @Test("Headers repeat the arguments that the tool says they repeat")
    func mirrors() throws {
        let house = try House([
            House.echo(tools: [
                #"{"name":"echo","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}}"#
            ])
        ])
        let caller = try house.caller()
        func header(_ name: String, _ value: String) -> MirroredHeader {
            MirroredHeader(name: Array(name.utf8), value: Array(value.utf8))
        }
        let region = #"{"name":"echo","arguments":{"region":"eu SECRET"}}"#
        try refuses(house, caller, .toolsCall, region, server: "echo", .headerMismatch)
        try refuses(
            house, caller, .toolsCall, region, server: "echo", .headerMismatch, mirrored: [header("region", "us")])
        try refuses(
            house, caller, .toolsCall, #"{"name":"echo"}"#, server: "echo", .headerMismatch,
            mirrored: [header("region", "eu")])
        try refuses(
            house, caller, .toolsCall, #"{"name":"echo","arguments":{"n":42}}"#, server: "echo", .headerMismatch,
            mirrored: [header("n", "0x2a")])
        for (arguments, headers) in [
            (#"{"region":"eu"}"#, [header("region", "eu"), header("other", "x")]),
            (#"{"n":42}"#, [header("n", "42.0")]),
            ("{}", []), (#"{"region":"eu","n":1}"#, [header("n", "1"), header("region", "eu")]),
        ] {
            _ = try house.ask(caller, .toolsCall, "{\"name\":\"echo\",\"arguments\":\(arguments)}", mirrored: headers)
        }
        try house.turn()
        #expect(try house.records("call.intent").count == 4)
    }

    @Test("Caps of calls and of messages refuse, and pass")
    func caps() throws {
        var limits = Limits.standard
        limits.callsPerCaller = 2
        limits.messagesPerSecond = 1
        let house = try house(limits: limits)
        let caller = try house.caller()
        for _ in 0..<2 { _ = try house.callEcho(caller) }
        #expect(try house.reason(try house.callEcho(caller)) == "calls-in-flight-cap")
        for _ in 0..<7 { #expect(try house.answer(try house.ask(caller, .toolsList)).status == 200) }
        let reply = try house.answer(try house.ask(caller, .toolsList))
        #expect(Refusal(reply) == Refusal(.tooFast, .toolsList) && reply.status == 429)
        try house.pass(20_000)
        #expect(try house.answer(try house.ask(caller, .toolsList)).status == 200)
    }

    @Test("On the aggregate a tool is known by its alias or by a name that fits, and otherwise not at all")
    func aliases() throws {
        let house = try House([
            House.echo(tools: [House.tool("with.dot"), House.tool("plain"), House.tool("also.dot")]) { server in
                if let tool = ToolName(Array("with.dot".utf8)) {
                    server.traits.aliases = [ToolAlias(tool: tool, alias: Array("with-dot".utf8))]
                }
            }
        ])
        let caller = try house.caller()
        #expect(try house.toolNames(caller, server: nil) == ["echo__with-dot", "echo__plain"])
        #expect(try house.toolNames(caller) == ["with.dot", "plain", "also.dot"])
        #expect(
            try house.reason(try house.ask(caller, .toolsCall, #"{"name":"echo__with.dot"}"#, server: nil))
                == "tool-unknown")
        #expect(try house.reason(try house.ask(caller, .toolsCall, #"{"name":"with-dot"}"#)) == "tool-unknown")
        let call = try house.ask(caller, .toolsCall, #"{"name":"echo__with-dot"}"#, server: nil)
        let server = try house.startServer()
        try server.greetModern(tools: [House.tool("with.dot"), House.tool("plain"), House.tool("also.dot")])
        let request = try server.hear()
        #expect(server.parameter(request, "name") == "\"with.dot\"")
        try server.answer(request, House.hi)
        #expect(try house.answer(call).status == 200)
    }
}
