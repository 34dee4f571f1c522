// SPDX-License-Identifier: Apache-2.0
import Policy
import StrictJSON
import Testing

@testable import Tools

@Suite("The first request chooses the era, and the channel keeps to it")
struct ConversationTests {
    private let initialize =
        #""method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#
    private let discover = #""method":"server/discover","params":{"_meta":\#(modernMeta)}"#
    private let modernList = #""method":"tools/list","params":{"_meta":\#(modernMeta)}"#
    private let legacyList = #""method":"tools/list""#

    private func send(_ channel: ScriptedChannel, _ members: String) throws -> Reply {
        try channel.only(try channel.send(#"{"jsonrpc":"2.0","id":\#(channel.takeID()),\#(members)}"#))
    }

    /// "ok", or the code of the error.
    private func outcome(_ reply: Reply) -> String { reply.integer("error.code").map(String.init) ?? "ok" }

    @Test(
        "each order of requests ends as the table says",
        arguments: [
            // W1, W2, W3
            (["discover", "list"], ["ok", "ok"]), (["list", "discover"], ["ok", "ok"]),
            (["initialize", "legacy"], ["ok", "ok"]),
            (["discover", "initialize", "legacy"], ["ok", "ok", "ok"]),
            (["discover", "discover", "initialize"], ["ok", "ok", "ok"]),
            // W4
            (["list", "initialize"], ["ok", "-32022"]), (["discover", "list", "initialize"], ["ok", "ok", "-32022"]),
            (["initialize", "list"], ["ok", "-32600"]), (["initialize", "discover"], ["ok", "-32600"]),
            (["initialize", "initialize"], ["ok", "-32600"]),
            (["initialize", "list", "legacy"], ["ok", "-32600", "ok"]),
            // W5
            (["legacy"], ["-32600"]), (["legacy", "initialize", "legacy"], ["-32600", "ok", "ok"]),
            (["legacy", "list"], ["-32600", "ok"]),
            (["ping", "initialize", "ping"], ["ok", "ok", "ok"]), (["discover", "legacy"], ["ok", "-32600"]),
            (["list", "legacy"], ["ok", "-32602"]), (["list", "ping"], ["ok", "-32602"]),
            // A probe in a future revision changes nothing.
            (["future", "initialize", "legacy"], ["-32022", "ok", "ok"]), (["future", "list"], ["-32022", "ok"]),
            (["discover", "future", "initialize"], ["ok", "-32022", "ok"]),
        ])
    func orders(_ requests: [String], _ outcomes: [String]) throws {
        let channel = try ScriptedChannel()
        let future = modernMeta.split(separator: "2026-07-28").joined(separator: "2027-03-01")
        let texts = [
            "initialize": initialize, "discover": discover, "list": modernList, "legacy": legacyList,
            "ping": #""method":"ping""#,
            "future": #""method":"tools/list","params":{"_meta":\#(future)}"#,
        ]
        #expect(try requests.map { outcome(try send(channel, try #require(texts[$0]))) } == outcomes)
    }

    @Test(
        "initialize agrees to what is served, and offers the newest of its era otherwise",
        arguments: [
            ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-11-25"),
            ("2026-07-28", "2025-11-25"), ("2099-01-01", "2025-11-25"), ("", "2025-11-25"), ("2025-6-18", "2025-11-25"),
        ])
    func revisions(_ asked: String, _ agreed: String) throws {
        let channel = try ScriptedChannel([("notes", "/tmp")])
        let reply = try send(channel, initialize.split(separator: "2025-11-25").joined(separator: asked))
        #expect(reply.string("result.protocolVersion") == agreed)
        #expect(reply.string("result.serverInfo.name") == "doorward-tools")
        #expect(reply.string("result.instructions")?.contains("notes") == true)
        #expect(reply.count("result.capabilities") == 2 && reply.count("result.capabilities.tools") == 0)
        // Nothing of the stateless revision.
        #expect(reply.node("result.resultType") == nil && reply.node("result._meta") == nil)
        let list = try send(channel, legacyList)
        #expect(list.count("result") == 1 && list.count("result.tools") == 4)
    }

    @Test("discover and errors list the same revisions, and cacheable results say for how long")
    func discovery() throws {
        let channel = try ScriptedChannel([("notes", "/tmp")])
        let reply = try send(channel, discover)
        let revisions = ["2026-07-28", "2025-11-25", "2025-06-18", "2024-11-05"]
        #expect((0..<4).map { reply.string("result.supportedVersions.\($0)") } == revisions)
        #expect(reply.count("result.supportedVersions") == 4)
        #expect(reply.string("result._meta.io.modelcontextprotocol/serverInfo.name") == "doorward-tools")
        let error = try send(channel, discover.split(separator: "2026-07-28").joined(separator: "1999-01-01"))
        #expect((0..<4).map { error.string("error.data.supported.\($0)") } == revisions)
        #expect(error.string("error.data.requested") == "1999-01-01")
        for (method, lifetime) in [
            ("server/discover", 300_000), ("tools/list", 300_000), ("prompts/list", 300_000),
            ("resources/templates/list", 300_000),
            ("resources/list", 0),
        ] {
            let result = try channel.modern(method)
            #expect(result.string("result.resultType") == "complete" && result.string("result.cacheScope") == "private")
            #expect(result.integer("result.ttlMs") == lifetime, "\(method)")
        }
        let call = try channel.answer("time_now")
        #expect(call.string("result.resultType") == "complete")
        #expect(call.node("result.ttlMs") == nil && call.node("result.cacheScope") == nil)
    }

    @Test("a tool is the same object in every revision")
    func sameObjects() throws {
        let old = try ScriptedChannel()
        _ = try send(old, initialize.split(separator: "2025-11-25").joined(separator: "2024-11-05"))
        let legacy = try send(old, legacyList)
        let modern = try ScriptedChannel().modern("tools/list")
        let tools = try #require(legacy.node("result.tools"))
        #expect(legacy.tree.same(tools, in: modern.tree, try #require(modern.node("result.tools"))))
    }

    @Test(
        "every request of the stateless revision carries its envelope",
        arguments: [
            (#"{}"#, "-32600"), (#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#, "-32602"),
            (
                #"{"io.modelcontextprotocol/protocolVersion":7,"io.modelcontextprotocol/clientCapabilities":{}}"#,
                "-32602"
            ),
            (
                #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[]}"#,
                "-32602"
            ),
            (
                #"{"io.modelcontextprotocol/protocolVersion":"2025-11-25","io.modelcontextprotocol/clientCapabilities":{}}"#,
                "-32022"
            ),
            (
                #"{"io.modelcontextprotocol/protocolversion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#,
                "-32700"
            ),
        ])
    func envelope(_ meta: String, _ code: String) throws {
        #expect(outcome(try send(try ScriptedChannel(), #""method":"tools/list","params":{"_meta":\#(meta)}"#)) == code)
        // Once the era is chosen there is no doubt about what is missing.
        let channel = try ScriptedChannel()
        _ = try send(channel, modernList)
        let expected = code == "-32600" ? "-32602" : code
        #expect(outcome(try send(channel, #""method":"tools/list","params":{"_meta":\#(meta)}"#)) == expected)
        #expect(outcome(try send(channel, legacyList)) == "-32602")
        #expect(outcome(try send(channel, #""method":"tools/list","params":{"_meta":7}"#)) == "-32602")
    }

    @Test("methods of another era, or that are not offered, do not exist")
    func methods() throws {
        let modern = try ScriptedChannel([("notes", "/tmp")])
        for method in [
            "ping", "resources/subscribe", "resources/unsubscribe", "logging/setLevel", "completion/complete",
            "subscriptions/listen",
            "Tools/List", "tools/list ", "tools/call\\u0000", "sampling/createMessage", "roots/list", "rpc.discover",
            "tasks/list", "x",
        ] {
            let reply = try modern.modern(method)
            // Where params are needed they are asked for before anything else is said about the method.
            #expect([-32601, -32602].contains(reply.integer("error.code") ?? 0), "\(method)")
        }
        let legacy = try ScriptedChannel()
        _ = try send(legacy, initialize)
        for method in ["server/discover", "subscriptions/listen", "initialized", "tools/Call"] {
            #expect(outcome(try send(legacy, #""method":"\#(method)""#)) == "-32601", "\(method)")
        }
        #expect(outcome(try send(legacy, #""method":"logging/setLevel","params":{"level":"info"}"#)) == "-32601")
        #expect(
            outcome(try send(legacy, #""method":"resources/subscribe","params":{"uri":"files:///a/b"}"#)) == "-32601")
    }

    @Test("params have the members of their method and no others")
    func parameters() throws {
        let channel = try ScriptedChannel([("notes", "/tmp")])
        for (method, members, code) in [
            ("tools/list", #""cursor":"x""#, -32602), ("prompts/list", #""cursor":"x""#, -32602),
            ("resources/templates/list", #""cursor":"x""#, -32602), ("resources/list", #""cursor":"x""#, -32602),
            ("resources/list", #""cursor":7"#, -32602), ("tools/list", #""x":1"#, -32602), ("tools/call", "", -32602),
            ("tools/call", #""name":"time_now","command":"/bin/sh""#, -32602), ("tools/call", #""name":7"#, -32602),
            ("tools/call", #""name":"time_now","arguments":[]"#, -32602),
            ("tools/call", #""name":"time_now","arguments":null"#, -32602),
            ("tools/call", #""name":"time_now","inputResponses":{}"#, -32602),
            ("tools/call", #""name":"time_now","requestState":"s""#, -32602),
            ("tools/call", #""name":"time_now","task":{}"#, -32602), ("prompts/get", #""name":"x""#, -32602),
            ("resources/read", "", -32602), ("resources/read", #""uri":7"#, -32602),
        ] {
            #expect(try channel.modern(method, members).integer("error.code") == code, "\(method) \(members)")
        }
    }

    @Test(
        "a tool's name is compared byte by byte",
        arguments: ["Time_now", "time_now ", "time-now", "time_nоw", "ｔime_now", "", "time_now\\u0000", "files_list"])
    func toolNames(_ name: String) throws {
        // files_list is not there without a directory.
        let channel = try ScriptedChannel()
        #expect(try channel.modern("tools/call", #""name":"\#(name)""#).integer("error.code") == -32602)
        #expect(try channel.modern("tools/list").strings("result.tools", "name") == ["time_now"])
    }

    @Test("prompts are an empty list, and are not declared")
    func prompts() throws {
        let channel = try ScriptedChannel()
        #expect(try channel.modern("prompts/list").count("result.prompts") == 0)
        #expect(try channel.modern("server/discover").node("result.capabilities.prompts") == nil)
        #expect(try channel.modern("resources/list").count("result.resources") == 0)
    }

    @Test("notifications are never answered, whatever they say")
    func notifications() throws {
        let channel = try ScriptedChannel()
        for members in [
            #""method":"notifications/initialized""#, #""method":"notifications/cancelled""#,
            #""method":"notifications/x","params":{"a":1}"#,
            #""method":"notifications/cancelled","params":{"requestId":null}"#, #""method":"tools/list""#,
            #""method":"notifications/cancelled","params":{"requestId":77,"reason":"r"}"#, #""method":"initialize""#,
        ] {
            #expect(try channel.send(#"{"jsonrpc":"2.0",\#(members)}"#).isEmpty)
        }
        #expect(outcome(try send(channel, initialize)) == "ok")
    }

    @Test("ids come back as they were: numbers as numbers, texts as texts")
    func identifiers() throws {
        let channel = try ScriptedChannel()
        for id in ["0", "-7", "9007199254740991", #""7""#, #""ä\n""#, #""\#(String(repeating: "x", count: 128))""#] {
            let reply = try channel.only(try channel.send(#"{"jsonrpc":"2.0","id":\#(id),\#(discover)}"#))
            #expect(reply.text.contains(#""id":\#(id),"#))
        }
    }
}
