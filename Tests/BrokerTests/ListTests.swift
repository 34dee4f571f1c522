// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("Lists are what a person reviewed, in a stable order, in pages that fit")
struct ListTests {
    @Test("Pages hold two megabytes and the object that fills them, also within one server")
    func pages() throws {
        let long = String(repeating: "x", count: 300_000)
        let tools = (0..<20).map { House.tool("t\($0)", long) }
        let house = try House([House.echo("a", tools: tools), House.echo("b", tools: [House.tool("last")])])
        let caller = try house.caller()
        var found: [String] = []
        var cursor: String?
        var pages = 0
        repeat {
            let parameters = cursor.map { "{\"cursor\":\"\($0)\"}" } ?? "{}"
            let call = try house.ask(caller, .toolsList, parameters, server: nil)
            try house.turn(until: { house.gate.answers[call] != nil })
            #expect(try unwrap(house.gate.answers[call]).message.count < 3 << 20)
            let reply = try house.answer(call)
            found += house.names(reply, "tools")
            cursor = reply.text("result", "nextCursor")
            pages += 1
        } while cursor != nil && pages < 20
        #expect(found == (0..<20).map { "a__t\($0)" } + ["b__last"])
        #expect(pages == 3)
    }

    @Test("A cursor of something that is not there is refused")
    func cursors() throws {
        let house = try House()
        let caller = try house.caller()
        for inner in ["", "echo", "other:", "echo:x", "echo:01", "echo:-1", "echo:9999999"] {
            let text = String(decoding: Base64URL.encode(Array(inner.utf8)), as: UTF8.self)
            let call = try house.ask(caller, .toolsList, "{\"cursor\":\"\(text)\"}", server: nil)
            #expect(try house.reason(call) == "cursor-unknown", "\(inner)")
        }
        #expect(try house.reason(try house.ask(caller, .toolsList, #"{"cursor":"***"}"#)) == "cursor-unknown")
    }

    @Test("A list is the same each time until what it shows has changed")
    func cache() throws {
        let house = try House([House.echo("b"), House.echo("a")])
        let caller = try house.caller()
        let first = try house.answer(try house.ask(caller, .toolsList, server: nil)).whole
        #expect(try house.answer(try house.ask(caller, .toolsList, server: nil)).whole == first)
        #expect(try house.toolNames(caller, server: nil) == ["a__echo", "b__echo"])
        try house.change { $0.policy = ToolPolicy(rules: [try House.rule("no", .deny, servers: ["a"])]) }
        #expect(try house.toolNames(caller, server: nil) == ["b__echo"])
        let narrow = try house.caller(servers: ["a"])
        #expect(try house.toolNames(narrow, server: nil) == [])
        #expect(try house.toolNames(caller, server: nil) == ["b__echo"])
    }

    @Test("A modern list says how long it may be kept and by whom; a legacy one does not know such members")
    func eras() throws {
        let house = try House()
        let caller = try house.caller()
        let modern = try house.answer(try house.ask(caller, .toolsList))
        #expect(modern.text("result", "ttlMs") == "0" && modern.text("result", "cacheScope") == "private")
        #expect(modern.text("result", "resultType") == "complete")
        let session = try house.session(caller)
        let legacy = try house.answer(try house.ask(caller, in: session, .toolsList))
        #expect(legacy.text("result", "ttlMs") == nil && legacy.text("result", "resultType") == nil)
        #expect(legacy.text("result", "_meta") == nil)
    }

    @Test("Resources are listed server by server, wrapped, with a cursor of ours; denied ones are left out")
    func resources() throws {
        let house = try House(
            ["a", "b"].map { name in House.echo(name, edit: House.reviewed { $0.capabilities = [.tools, .resources] })
            },
            rules: [try House.rule("no", .deny, resources: ["file:///etc/*"])])
        let caller = try house.caller()
        var call = try house.ask(caller, .resourcesList, server: nil)
        let first = try house.startServer()
        try first.greetModern()
        try first.answer(
            try first.hear(),
            #"{"resources":[{"name":"one","uri":"file:///1"},{"name":"no","uri":"file:///etc/shadow"}],"nextCursor":"inner"}"#
        )
        var reply = try house.answer(call)
        #expect(reply.whole.contains("doorward+a:file:///1") && !reply.whole.contains("shadow"))
        var cursor = try unwrap(reply.text("result", "nextCursor"))
        #expect(!cursor.contains("inner"))
        call = try house.ask(caller, .resourcesList, "{\"cursor\":\"\(cursor)\"}", server: nil)
        let request = try first.hear()
        #expect(first.parameter(request, "cursor") == "\"inner\"")
        try first.answer(request, #"{"resources":[]}"#)
        reply = try house.answer(call)
        cursor = try unwrap(reply.text("result", "nextCursor"))
        call = try house.ask(caller, .resourcesList, "{\"cursor\":\"\(cursor)\"}", server: nil)
        let second = try house.startServer()
        try second.greetModern()
        try second.answer(try second.hear(), #"{"resources":[{"uri":"file:///2"}]}"#)
        reply = try house.answer(call)
        #expect(reply.whole.contains("doorward+b:file:///2"))
        #expect(reply.text("result", "nextCursor") == nil)
    }

    @Test("Addresses in results are wrapped on the aggregate, and come back whole")
    func wrapping() throws {
        let house = try House([
            House.echo(
                edit: House.reviewed { review in
                    review.capabilities = [.tools, .resources, .prompts]
                    review.prompts = [House.pinned("p", #"{"name":"p"}"#)]
                })
        ])
        let (caller, server) = try house.running()
        for (method, parameters, result) in [
            (
                Method.toolsCall, #"{"name":"echo__echo"}"#,
                #"{"content":[{"type":"text","text":"t"},{"type":"resource_link","uri":"x:1"},{"type":"resource","resource":{"uri":"x:2"}}]}"#
            ),
            (
                .resourcesRead, #"{"uri":"doorward+echo:x:1"}"#,
                #"{"contents":[{"uri":"x:1","text":"a"},{"uri":"x:2"}]}"#
            ),
            (
                .promptsGet, #"{"name":"echo__p"}"#,
                #"{"messages":[{"role":"user","content":{"type":"resource_link","uri":"x:1"}},{"role":"user","content":{"type":"resource","resource":{"uri":"x:2"}}}]}"#
            ),
        ] {
            let call = try house.ask(caller, method, parameters, server: nil)
            let request = try server.hear()
            #expect(!String(decoding: request.canonical(.root).bytes, as: UTF8.self).contains("doorward+"))
            try server.answer(request, result)
            let reply = try house.answer(call).whole
            #expect(reply.contains("\"doorward+echo:x:1\"") && reply.contains("\"doorward+echo:x:2\""))
            #expect(!reply.contains("\"x:1\"") && !reply.contains("\"x:2\""))
        }
        // On its own endpoint they are as the server wrote them.
        let call = try house.ask(caller, .resourcesRead, #"{"uri":"x:1"}"#)
        try server.answer(try server.hear(), #"{"contents":[{"uri":"x:1"}]}"#)
        #expect(try house.answer(call).whole.contains("\"x:1\""))
    }

    @Test("A result is translated into its client's era", arguments: [Era.modern, .legacy], [Era.modern, .legacy])
    func translation(_ client: Era, _ upstream: Era) throws {
        let house = try House([
            House.echo(era: upstream, edit: House.reviewed { $0.capabilities = [.tools, .resources] })
        ])
        let (caller, server) = try house.running(upstream)
        let session = client == .legacy ? try house.session(caller) : 0
        let revision: Revision = client == .legacy ? .y2025m11d25 : .y2026m07d28
        let call = try house.ask(caller, .resourcesRead, #"{"uri":"x:1"}"#, revision: revision, session: session)
        let request = try server.hear()
        let meta = server.parameter(request, "_meta", "io.modelcontextprotocol/protocolVersion")
        #expect(meta == (upstream == .modern ? "\"2026-07-28\"" : nil))
        let extra =
            upstream == .modern
            ? #","resultType":"complete","ttlMs":5000,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"evil"}}"#
            : ""
        try server.answer(request, "{\"contents\":[{\"uri\":\"x:1\"}]\(extra)}")
        let reply = try house.answer(call)
        #expect(reply.text("result", "resultType") == (client == .modern ? "complete" : nil))
        #expect(reply.text("result", "cacheScope") == (client == .modern ? "private" : nil))
        #expect(reply.text("result", "ttlMs") == (client == .legacy ? nil : upstream == .modern ? "5000" : "0"))
        let info = reply.text("result", "_meta", "io.modelcontextprotocol/serverInfo", "name")
        #expect(info == (client == .modern ? "doorward" : nil))
        #expect(!reply.whole.contains("evil"))
    }

    @Test("Composed lists that are kept stay below a bound")
    func cacheBound() throws {
        var cache = ListCache()
        let big = House.canonical("\"\(String(repeating: "x", count: 1 << 20))\"")
        for number in 0..<100 {
            cache.keep(
                big,
                ListCache.Key(
                    principal: UInt32(number), token: nil, peer: nil, server: nil, method: .toolsList, era: .modern),
                generation: 1)
        }
        #expect(cache.bytes <= 32 << 20)
    }
}
