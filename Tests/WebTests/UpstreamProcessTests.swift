// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import StrictJSON
import Testing

@testable import Web

private let meta =
    #""_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#

private func call(_ id: Int, _ tool: String, _ arguments: String = "{}") -> String {
    let parameters = #"{\#(meta),"arguments":\#(arguments),"name":"\#(tool)"}"#
    return #"{"id":\#(id),"jsonrpc":"2.0","method":"tools/call","params":\#(parameters)}"#
}

@Suite("A server of the modern era is reached without state")
struct ModernUpstreamTests {
    private let peer: ScriptedPeer
    private let web: WebProcess

    init() throws {
        peer = try ScriptedPeer()
        web = try WebProcess.web(
            ["upstream", "https://peer.test/modern", "--header", "Authorization=TOKEN"] + peer.options,
            environment: ["TOKEN=Bearer secret-of-the-entry"])
    }

    private func ask(_ line: String) throws -> JSONTree {
        try web.send(line)
        return try web.answer()
    }

    @Test("each message is one POST with the headers that repeat it, and our credential")
    func headers() throws {
        let list = #"{"id":1,"jsonrpc":"2.0","method":"tools/list","params":{\#(meta)}}"#
        #expect(try ask(list).elements(at: "result.tools").count == 1)
        let first = try peer.next("request")
        #expect(first.text(at: "headers.mcp-method") == "tools/list" && first.node("headers.mcp-name") == nil)
        let answer = try ask(call(2, "echo", #"{"region":"Zürich","count":42,"deep":{"flag":true},"other":1}"#))
        #expect(answer.integer("id") == 2 && answer.text(at: "result.via") == "json")
        let request = try peer.next("request")
        #expect(request.text(at: "headers.authorization") == "Bearer secret-of-the-entry")
        #expect(request.text(at: "headers.accept") == "application/json, text/event-stream")
        #expect(request.text(at: "headers.content-type") == "application/json")
        #expect(request.text(at: "headers.mcp-protocol-version") == "2026-07-28")
        #expect(request.text(at: "headers.mcp-method") == "tools/call")
        #expect(request.text(at: "headers.mcp-name") == "echo")
        #expect(request.text(at: "headers.mcp-param-region") == "=?base64?WsO8cmljaA==?=")
        #expect(request.text(at: "headers.mcp-param-count") == "42")
        #expect(request.text(at: "headers.mcp-param-flag") == "true")
        #expect(request.node("headers.mcp-session-id") == nil && request.node("headers.expect") == nil)
    }

    @Test("the messages of a stream come as lines, in their order; other events are none")
    func stream() throws {
        #expect(try ask(call(1, "stream")).text(at: "method") == "notifications/progress")
        let answer = try web.answer()
        #expect(answer.integer("id") == 1 && answer.text(at: "result.via") == "stream")
    }

    @Test("one connection carries many calls, and calls do not wait for each other")
    func concurrency() throws {
        try web.send(call(1, "hang"))
        #expect(try web.answer().text(at: "method") == "notifications/progress")
        for id in 2...20 { #expect(try ask(call(id, "echo")).integer("id") == id) }
        var tunnels = 0
        for fact in try peer.rest() where fact.text(at: "proxy") != nil { tunnels += 1 }
        #expect(tunnels == 2)
    }

    @Test("a call that is withdrawn closes its stream, and nothing is posted about it")
    func cancellation() throws {
        #expect(try ask(call(1, "hang")).text(at: "method") == "notifications/progress")
        _ = try peer.next("request")
        try web.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        var facts = try peer.rest()
        #expect(facts.count == 1 && facts.first?.text(at: "left") == "/modern")
        #expect(try ask(call(2, "echo")).integer("id") == 2)
        facts = try peer.rest()
        #expect(facts.filter { $0.node("request") != nil }.count == 1)
    }

    @Test(
        "what the server must not write fails the call, and only this call",
        arguments: ["foreign", "twice", "huge", "endless", "html", "drop", "halfway"])
    func misbehaviour(_ tool: String) throws {
        // On a connection that was used before: there libraries like to try again when nothing comes back.
        #expect(try ask(call(0, "echo")).integer("id") == 0)
        var answer = try ask(call(1, tool))
        if answer.text(at: "method") != nil { answer = try web.answer() }
        #expect(answer.integer("id") == 1 && answer.integer("error.code") == 502)
        #expect(try ask(call(2, "echo")).integer("id") == 2)
        let asked = try peer.rest().filter { $0.text(at: "body")?.contains(#""name":"\#(tool)""#) == true }
        // Never repeated, since nobody knows what it has done.
        #expect(asked.count == 1)
    }

    @Test("a message of several lines is written on one")
    func lines() throws {
        #expect(try ask(call(1, "lines")).text(at: "result.via") == "lines")
    }

    @Test("an error in a refusal is the answer; a refusal without one is told by its status")
    func refusals() throws {
        let refused = try ask(call(1, "refuse"))
        #expect(refused.integer("id") == 1 && refused.integer("error.code") == -32602)
        #expect(refused.text(at: "error.message") == "no such thing")
        for status in [401, 403, 404, 429, 500] {
            let answer = try ask(call(status, "status", #"{"status":\#(status)}"#))
            #expect(answer.integer("id") == status && answer.integer("error.code") == status)
        }
        // 404 ends nothing where there is no session.
        #expect(try ask(call(2, "echo")).integer("id") == 2)
    }

    @Test("a redirect within the origin is followed, one elsewhere is an error and learns nothing")
    func redirects() throws {
        #expect(try ask(call(1, "slash")).text(at: "result.path") == "/modern/")
        #expect(try ask(call(2, "elsewhere")).integer("error.code") == 502)
        for fact in try peer.rest() { #expect(fact.text(at: "proxy")?.contains("second.test") != true) }
    }

    @Test("the end of the input ends it with status 0, after what was asked")
    func endOfInput() throws {
        try web.send(call(1, "echo"))
        web.closeInput()
        #expect(try web.answer().integer("id") == 1)
        #expect(try web.next() == nil)
        #expect(web.wait() == (0, ""))
    }

    @Test("a call without an end does not keep it alive", arguments: [false, true])
    func ending(_ bySignal: Bool) throws {
        #expect(try ask(call(1, "hang")).text(at: "method") == "notifications/progress")
        let before = Instant.now
        if bySignal { kill(web.pid, SIGTERM) } else { web.closeInput() }
        #expect(try web.next() == nil)
        #expect(web.wait().status == 0 && Instant.now.milliseconds(after: before) < 3000)
    }

    @Test("a line that is no message ends it with status 1")
    func badLine() throws {
        try web.send("{")
        #expect(web.wait().status == 1)
    }

    @Test("nothing of the credential is shown")
    func secrecy() throws {
        _ = try ask(call(1, "status", #"{"status":401}"#))
        let place = try #require(SystemString(Array("/proc/\(web.pid)/cmdline".utf8)))
        let line = String(decoding: try HostSetting.text(place, limit: 4096) ?? [], as: UTF8.self)
        #expect(line.contains("Authorization=TOKEN") && !line.contains("secret"))
        web.closeInput()
        let ended = web.wait()
        #expect(ended.complaints.contains("401") && !ended.complaints.contains("secret"))
    }
}

@Suite("A server of the legacy era has a session, a stream of its own, and an end")
struct LegacyUpstreamTests {
    private let peer = Result { try ScriptedPeer() }

    private func start(_ path: String = "legacy") throws -> (WebProcess, ScriptedPeer) {
        let peer = try peer.get()
        let web = try WebProcess.web(["upstream", "https://peer.test/\(path)"] + peer.options)
        let parameters = #"{"capabilities":{},"clientInfo":{"name":"d","version":"1"},"protocolVersion":"2025-11-25"}"#
        try web.send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":\#(parameters)}"#)
        #expect(try web.answer().text(at: "result.protocolVersion") == "2025-11-25")
        try web.send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        return (web, peer)
    }

    private func call(_ id: Int, _ tool: String) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","method":"tools/call","params":{"arguments":{},"name":"\#(tool)"}}"#
    }

    @Test("the session is named on everything after the greeting, which comes first")
    func session() throws {
        let (web, peer) = try start("legacy/deaf")
        try web.send(call(2, "echo"))
        #expect(try web.answer().text(at: "result.via") == "legacy")
        let first = try peer.next("request")
        #expect(first.node("headers.mcp-session-id") == nil && first.node("headers.mcp-protocol-version") == nil)
        let second = try peer.next("request")
        #expect(second.text(at: "body")?.contains("notifications/initialized") == true)
        var methods: [String] = []
        for _ in 0..<2 {
            let request = try peer.next("request")
            #expect(request.text(at: "headers.mcp-session-id") == "session-1")
            #expect(request.text(at: "headers.mcp-protocol-version") == "2025-11-25")
            #expect(request.node("headers.mcp-method") == nil)
            methods.append(request.text(at: "request") ?? "")
        }
        #expect(methods.sorted() == ["GET", "POST"])
        web.closeInput()
        #expect(web.wait() == (0, ""))
        let last = try peer.next("request")
        #expect(last.text(at: "request") == "DELETE" && last.text(at: "headers.mcp-session-id") == "session-1")
    }

    @Test("what the server sends of its own accord arrives, and answers to its questions go back")
    func stream() throws {
        let (web, peer) = try start()
        #expect(try web.answer().text(at: "method") == "notifications/tools/list_changed")
        try web.send(call(2, "ask"))
        let question = try web.answer()
        #expect(question.text(at: "method") == "ping" && question.integer("id") == 41)
        try web.send(#"{"id":41,"jsonrpc":"2.0","result":{}}"#)
        #expect(try web.answer().text(at: "result.via") == "ask")
        let bodies = try peer.rest().compactMap { $0.text(at: "body") }
        #expect(bodies.contains(#"{"id":41,"jsonrpc":"2.0","result":{}}"#))
    }

    @Test("a stream that ends early is taken up behind its last event, and the call is not sent again")
    func resumption() throws {
        let (web, peer) = try start("legacy/deaf")
        try web.send(call(2, "poll"))
        #expect(try web.answer().text(at: "result.via") == "poll")
        let requests = try peer.rest().filter { $0.node("request") != nil }
        let resumed = requests.filter { $0.text(at: "headers.last-event-id") == "first" }
        #expect(resumed.count == 2 && resumed.allSatisfy { $0.text(at: "request") == "GET" })
        #expect(requests.filter { $0.text(at: "body")?.contains("poll") == true }.count == 1)
    }

    @Test("the end of the session ends the process, after everybody was told")
    func ended() throws {
        let (web, _) = try start("legacy/deaf")
        try web.send(call(2, "ended"))
        let answer = try web.answer()
        #expect(answer.integer("id") == 2 && answer.integer("error.code") == 404)
        #expect(try web.next() == nil)
        let ended = web.wait()
        #expect(ended.status == 1 && ended.complaints.contains("ended the session"))
    }
}
