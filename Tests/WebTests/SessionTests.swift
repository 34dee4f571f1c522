// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import StrictJSON
import Testing

@testable import Web

private let start = Instant(nanoseconds: 1_000_000_000)

private func after(_ milliseconds: UInt64) -> Instant { start.adding(milliseconds: milliseconds) }

private func head(_ status: Int, _ lines: [String] = ["Content-Type: application/json"]) -> ResponseHead {
    var head = ResponseHead()
    for line in ["HTTP/1.1 \(status) X"] + lines + [""] {
        _ = head.receive(Array((line + "\r\n").utf8).span, limit: Transfer.maxHeadBytes)
    }
    return head
}

private func take(_ line: String, _ head: inout ResponseHead, _ limit: Int) -> Bool {
    head.receive(Array(line.utf8).span, limit: limit)
}

private let events = ["Content-Type: text/event-stream; charset=utf-8"]

/// A session with a server that a test plays.
private final class Table {
    let session: RemoteSession
    /// What is under way, in order.
    var open: [(number: Int, request: WebRequest)] = []

    init() throws {
        session = RemoteSession(Arguments.Upstream(address: try WebAddress(Array("https://peer.test/mcp".utf8))))
    }

    func send(_ line: String, at now: Instant = start) {
        session.receive(line: Array(line.utf8).span, now: now)
        follow()
    }

    func tick(_ now: Instant) {
        session.tick(now)
        follow()
    }

    private func follow() {
        for order in session.takeOrders() {
            switch order {
            case .start(let number, let request): open.append((number, request))
            case .forget(let number): open.removeAll { $0.number == number }
            }
        }
    }

    /// Answers the first or the given request that is open.
    func answer(
        _ head: ResponseHead, _ body: String = "", to number: Int? = nil, end: TransferEnd? = .whole,
        at now: Instant = start
    ) {
        let number = number ?? open.first?.number ?? 0
        _ = session.feed(number, head, Array(body.utf8).span, hasBody: !body.isEmpty, end: end, now: now)
        if end != nil { open.removeAll { $0.number == number } }
        follow()
    }

    /// Lines written since the last look.
    func lines() -> [String] {
        let bytes = session.output.storage[session.output.range]
        defer { session.output.removeAll() }
        return bytes.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
    }

    func greet(session id: String? = "s") {
        send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#)
        let lines = ["Content-Type: application/json"] + (id.map { ["Mcp-Session-Id: \($0)"] } ?? [])
        answer(head(200, lines), #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#)
        send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        answer(head(202, []))
    }
}

private func request(_ id: Int) -> String {
    #"{"id":\#(id),"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}"#
}
private func result(_ id: Int) -> String { #"{"id":\#(id),"jsonrpc":"2.0","result":{}}"# }

@Suite("The greeting of a legacy server comes first, and decides what follows")
struct GreetingTests {
    @Test("nothing is taken while the server has not heard the greeting")
    func barrier() throws {
        let table = try Table()
        #expect(table.session.takesLines)
        table.send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#)
        #expect(!table.session.takesLines)
        table.answer(head(200), #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#)
        #expect(table.session.takesLines)
        table.send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        #expect(!table.session.takesLines && table.open.count == 1)
        table.answer(head(202, []))
        #expect(table.session.takesLines)
        #expect(table.open.map(\.request.method) == [.get])
    }

    @Test("a greeting that fails lets the next one through", arguments: [400, 404, 500])
    func failed(_ status: Int) throws {
        let table = try Table()
        table.send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#)
        table.answer(head(status, []))
        #expect(table.session.takesLines && table.session.ending == nil)
        #expect(table.lines().first?.contains("\"code\":\(status)") == true)
    }

    @Test(
        "an id of a session that no header can carry fails it",
        arguments: [["Mcp-Session-Id: a", "Mcp-Session-Id: b"], ["Mcp-Session-Id: \u{fc}"], ["mcp-session-id:"]])
    func sessionID(_ lines: [String]) throws {
        let table = try Table()
        table.send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#)
        table.answer(
            head(200, ["Content-Type: application/json"] + lines),
            #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#)
        #expect(table.lines().first?.contains("session id is malformed") == true)
    }

    @Test(
        "a revision that there is not is told to the broker and never becomes a header",
        arguments: ["2099-01-01", #"2025-11-25\r\nX: y"#, #"\u0000"#, ""])
    func revision(_ text: String) throws {
        let table = try Table()
        table.send(#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#)
        table.answer(head(200), #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"\#(text)"}}"#)
        #expect(table.lines().count == 1)
        table.send(request(2))
        let call = try #require(table.open.last)
        #expect(!call.request.lines.contains { String(decoding: $0, as: UTF8.self).hasPrefix("MCP-") })
    }

    @Test("a server without sessions gets none, has nothing to end, and its 404 ends nothing")
    func sessionless() throws {
        let table = try Table()
        table.greet(session: nil)
        table.send(request(2))
        let call = try #require(table.open.last)
        #expect(!call.request.lines.contains { String(decoding: $0, as: UTF8.self).hasPrefix("Mcp-Session-Id") })
        table.answer(head(404, []), to: call.number)
        #expect(table.session.ending == nil)
        table.session.close(start, waits: true)
        #expect(table.session.ending == .done)
    }
}

@Suite("A stream that breaks is taken up where that loses nothing")
struct ResumptionTests {
    private func streaming() throws -> Table {
        let table = try Table()
        table.greet()
        table.answer(head(405, []))
        #expect(table.open.isEmpty && table.session.takeNotes().isEmpty)
        table.send(request(2))
        return table
    }

    @Test("pauses grow, and after six connections without an event it is given up")
    func backoff() throws {
        let table = try streaming()
        table.answer(head(200, events), "id: 7\nretry: 50\ndata:\n\n", at: start)
        var moment: UInt64 = 0
        // The first pause is the server's, those after it are ours where they are longer.
        for pause: UInt64 in [50, 2000, 4000, 8000, 16000, 30000] {
            #expect(table.open.isEmpty && table.session.deadline == after(moment + pause), "\(pause)")
            table.tick(after(moment + pause - 1))
            #expect(table.open.isEmpty)
            moment += pause
            table.tick(after(moment))
            let again = try #require(table.open.first)
            #expect(again.request.method == .get && again.request.body.isEmpty)
            #expect(again.request.lines.contains(Array("Last-Event-ID: 7".utf8)))
            table.answer(head(200, events), at: after(moment))
        }
        #expect(table.lines().last?.contains("without an answer") == true)
        #expect(table.session.deadline == nil)
    }

    @Test("without an event's id, and in the modern era, it is an error at once")
    func noID() throws {
        let table = try streaming()
        table.answer(head(200, events), "data:\n\n")
        #expect(table.lines().last?.contains("without an answer") == true)
        let modern =
            #"{"id":3,"jsonrpc":"2.0","method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"x"}}"#
        table.send(modern)
        table.answer(head(200, events), "id: 7\ndata:\n\n")
        #expect(table.lines().last?.contains("without an answer") == true && table.open.isEmpty)
    }

    @Test("an id that no header can carry is none", arguments: ["a\tb", "\u{fc}", " x", ""])
    func badID(_ id: String) throws {
        let table = try streaming()
        table.answer(head(200, events), "id: \(id)\ndata:\n\n")
        #expect(table.lines().last?.contains("without an answer") == true)
    }

    @Test("the server's own stream is opened again as long as it lasts, and given up where it never does")
    func ownStream() throws {
        let table = try Table()
        table.greet()
        var moment: UInt64 = 0
        for _ in 0..<20 {
            table.answer(head(200, events), ":\n\n", end: nil, at: after(moment))
            moment += 30_000
            table.answer(head(200, events), at: after(moment))
            moment += 1000
            table.tick(after(moment))
            #expect(table.open.count == 1)
        }
        var opened = 0
        while !table.open.isEmpty {
            table.answer(head(200, events), at: after(moment))
            moment += 30_000
            table.tick(after(moment))
            opened += 1
        }
        #expect(opened == RemoteSession.mostAttempts + 1 && table.session.ending == nil)
        table.send(request(2))
        #expect(table.open.count == 1)
    }

    @Test("what has been answered is not asked for again")
    func answered() throws {
        let table = try streaming()
        table.answer(head(200, events), "id: 7\ndata: \(result(2))\n\nid: 8\ndata: \(result(2))\n\n")
        #expect(table.lines().last == result(2))
        #expect(table.session.takeNotes() == ["a message of the server is refused: unasked-answer"])
        #expect(table.session.deadline == nil && table.open.isEmpty)
    }

    @Test("a stream that stays open behind the answer is closed after a second")
    func closing() throws {
        let table = try streaming()
        table.answer(head(200, events), "data: \(result(2))\n\n", end: nil)
        #expect(table.open.count == 1 && table.session.deadline == after(1000))
        table.tick(after(1000))
        #expect(table.open.isEmpty)
    }
}

@Suite("What a server says is checked, bounded and written anew")
struct AnswerTests {
    @Test("a message at the limit passes, one byte more fails the call")
    func limits() throws {
        for extra in [0, 1] {
            let table = try Table()
            table.send(request(2))
            let frame = #"{"id":2,"jsonrpc":"2.0","result":{"x":""}}"#.utf8.count
            let text = String(repeating: "x", count: RemoteSession.mostMessageBytes - frame + extra)
            table.answer(head(200), #"{"id":2,"jsonrpc":"2.0","result":{"x":"\#(text)"}}"#)
            let line = try #require(table.lines().first)
            #expect(line.contains("error") == (extra == 1))
        }
    }

    @Test("a message that grows in canonical form is left out")
    func growth() throws {
        let table = try Table()
        table.send(request(2))
        let text = String(repeating: "\u{7f}", count: 1 << 20)
        table.answer(head(200), #"{"id":2,"jsonrpc":"2.0","result":{"x":"\#(text)"}}"#)
        let line = try #require(table.lines().first)
        #expect(line.contains("too long in canonical form") && line.contains(#""id":2"#))
    }

    @Test("members in any order and white space come out as one canonical line")
    func canonical() throws {
        let table = try Table()
        table.send(request(2))
        table.answer(head(200), "{ \"result\" : {\"b\":1,\n\"a\":2} , \"jsonrpc\":\"2.0\",\"id\" : 2}\n")
        #expect(table.lines() == [#"{"id":2,"jsonrpc":"2.0","result":{"a":2,"b":1}}"#])
    }

    @Test(
        "an answer must have the type and value of the id that was asked with",
        arguments: ["\"2\"", "3", "2.0", "null"])
    func ids(_ id: String) throws {
        let table = try Table()
        table.send(request(2))
        table.answer(head(200), #"{"id":\#(id),"jsonrpc":"2.0","result":{}}"#)
        #expect(table.lines().first?.contains(#""code":502"#) == true)
    }

    @Test("an error in a refusal keeps its data; one about another request is none")
    func refusals() throws {
        let table = try Table()
        table.send(request(2))
        table.answer(
            head(400), #"{"jsonrpc":"2.0","error":{"code":-32022,"message":"m","data":{"supported":["x"]}},"id":2}"#)
        #expect(
            table.lines() == [
                #"{"error":{"code":-32022,"data":{"supported":["x"]},"message":"m"},"id":2,"jsonrpc":"2.0"}"#
            ])
        table.send(request(3))
        table.answer(head(400), #"{"jsonrpc":"2.0","error":{"code":1,"message":"m"},"id":2}"#)
        #expect(table.lines().first?.contains(#""code":400"#) == true)
    }

    @Test("heads are bounded, and trailers are none of them")
    func heads() {
        var head = ResponseHead()
        #expect(take("HTTP/1.1 200 OK\r\n", &head, 100))
        #expect(take("A: \(String(repeating: "x", count: 95))\r\n", &head, 100))
        #expect(!take("B: x\r\n", &head, 100))
        head = ResponseHead()
        for _ in 0..<ResponseHead.maxLines {
            #expect(take("a:\r\n", &head, 1 << 20))
        }
        #expect(!take("a:\r\n", &head, 1 << 20))
        head = ResponseHead()
        for line in ["HTTP/1.1 200 OK", "Location: /a", "", "Location: /b"] {
            #expect(take((line + "\r\n"), &head, 1000))
        }
        #expect(head.value("location") == Array("/a".utf8))
    }
}

@Suite("The command line holds nothing secret and reaches nothing in the clear")
struct CommandLineTests {
    private func read(_ words: [String], _ value: String? = "x") throws(ArgumentError) -> Arguments {
        try Arguments(words) { _ in value.map { Array($0.utf8) } }
    }

    @Test("upstream and fetch, with what each may be told")
    func accepted() throws {
        guard
            case .upstream(let upstream, let options) = try read([
                "upstream", "https://x/mcp", "--header", "A=V", "--timeout", "1000", "--proxy-port", "8080",
                "--certificates", "/ca.pem",
            ])
        else { return #expect(Bool(false)) }
        #expect(upstream.headers == [Array("A: x".utf8)] && upstream.milliseconds == 1000)
        #expect(options.proxyPort == 8080 && options.certificates == "/ca.pem")
        #expect(try read(["fetch"]) == .fetch(Curl.Options()))
        for local in ["http://127.0.0.1:1/", "http://localhost:1/"] { _ = try read(["upstream", local]) }
    }

    @Test(
        "everything else is refused",
        arguments: [
            [], ["serve"], ["upstream"], ["upstream", "http://x/"], ["upstream", "http://127.0.0.2/"],
            ["upstream", "http://[::1]/"], ["upstream", "https://u:p@x/"], ["upstream", "https://x", "--header", "A"],
            ["upstream", "https://x", "--header", "Host=V"], ["upstream", "https://x", "--header", "A="],
            ["upstream", "https://x", "--timeout", "999"], ["upstream", "https://x", "--timeout", "86400001"],
            ["upstream", "https://x", "--proxy-port", "0"], ["upstream", "https://x", "--certificates", "ca.pem"],
            ["fetch", "--header", "A=V"], ["fetch", "https://x"],
        ])
    func refused(_ words: [String]) { #expect(throws: ArgumentError.self) { try read(words) } }

    @Test(
        "a credential that is missing or would break a line stops the start",
        arguments: [nil, "", "a\nb", "a\r\nB: c", " a"])
    func values(_ value: String?) {
        #expect(throws: ArgumentError.badValue(variable: "V")) {
            try read(["upstream", "https://x", "--header", "A=V"], value)
        }
    }
}
