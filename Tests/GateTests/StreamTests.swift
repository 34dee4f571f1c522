// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

extension Rig {
    /// Says something on a call's or session's stream.
    func tell(_ scope: Event.Scope, _ message: String, question: UInt32 = 0) throws {
        broker.order(.event(Event(scope: scope, question: question, message: Array(message.utf8))))
        try settle()
    }
}

private let progress =
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1,\"progressToken\":1}}"

@Suite("A call that says more than its answer becomes a stream")
struct CallStreamTests {
    private func hold() throws -> (Rig, Client, Decision) {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        return (rig, client, try #require(rig.broker.decisions.first))
    }

    @Test("The first event opens it, the answer ends it, the connection goes on")
    func events() throws {
        let (rig, client, decision) = try hold()
        #expect(try client.takeText() == "")
        try rig.tell(.call(decision.call), progress)
        try rig.tell(.call(decision.call), progress)
        rig.broker.answer(decision, result: "{\"x\":1}", status: 400)
        let answer = try #require(try client.response())
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer["transfer-encoding"] == "chunked")
        #expect(answer["x-accel-buffering"] == "no")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer.events == [progress, progress, "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"x\":1}}"])
        rig.broker.holdsCalls = false
        #expect(try client.exchange(.modern("tools/list"))?.status == 200)
    }

    @Test("Without an event the answer is one JSON object, with the broker's status")
    func plain() throws {
        let (rig, client, decision) = try hold()
        rig.broker.answer(decision, result: "{}", status: 404)
        let answer = try client.response()
        #expect(answer?.status == 404)
        #expect(answer?["content-type"] == "application/json")
    }

    @Test("After ten seconds it shows life, and every fifteen from there")
    func life() throws {
        let (rig, client, decision) = try hold()
        try rig.advance(milliseconds: 9999)
        #expect(try client.takeText() == "")
        try rig.advance(milliseconds: 1)
        var text = try client.takeText()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.hasSuffix("3\r\n:\n\n\r\n"))
        try rig.advance(milliseconds: 14_999)
        #expect(try client.takeText() == "")
        try rig.advance(milliseconds: 1)
        #expect(try client.takeText() == "3\r\n:\n\n\r\n")
        rig.broker.answer(decision)
        text = try client.takeText()
        #expect(text.contains("data: {\"id\":1,"))
        #expect(text.hasSuffix("0\r\n\r\n"))
    }

    @Test("G14: the end of a modern call's connection cancels it")
    func cancelled() throws {
        let (rig, client, decision) = try hold()
        try client.close()
        #expect(
            rig.broker.requests.suffix(2) == [
                .cancel(call: decision.call, connection: client.handle), .gone(connection: client.handle),
            ])
        #expect(rig.broker.violations == [])
        // The answer crossed: nobody is confused.
        rig.broker.answer(decision)
        try rig.settle()
        #expect(rig.end == nil)
        #expect(!rig.hasCalls)
        let (streaming, reader, call) = try hold()
        try streaming.tell(.call(call.call), progress)
        try reader.finishSending()
        #expect(streaming.broker.requests.contains(.cancel(call: call.call, connection: reader.handle)))
    }

    @Test("G14: of a legacy call it does not, and the answer is dropped")
    func survives() throws {
        let rig = try Rig()
        let session = try openSession(try rig.connect())
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.legacy("tools/list", id: "3", session: session).bytes)
        let decision = try #require(rig.broker.decisions.last)
        try client.close()
        #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        #expect(rig.hasCalls)
        rig.broker.answer(decision)
        try rig.settle()
        #expect(!rig.hasCalls)
        #expect(rig.openSessions == 1)
        #expect(rig.broker.violations == [])
    }

    @Test("A legacy client that only stops sending gets its answer")
    func halfClosed() throws {
        let rig = try Rig()
        let session = try openSession(try rig.connect())
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.legacy("tools/list", id: "3", session: session).bytes)
        try client.finishSending()
        rig.broker.answer(try #require(rig.broker.decisions.last))
        #expect(try client.response()?.body.contains("\"id\":3") == true)
        #expect(try client.hasEnded())
    }

    @Test("A reader that falls too far behind loses the stream, and the gate its memory of it")
    func backlog() throws {
        let (rig, client, decision) = try hold()
        let large =
            "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"x\":\"\(String(repeating: "a", count: 1_000_000))\"}}"
        for _ in 0..<12 where rig.openConnections == 1 { try rig.tell(.call(decision.call), large) }
        #expect(rig.openConnections == 0)
        #expect(rig.broker.requests.contains(.cancel(call: decision.call, connection: client.handle)))
        #expect(rig.broker.requests.last == .gone(connection: client.handle))
    }

    @Test("A subscription streams from its acknowledgement to its end")
    func subscription() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(
            Request.modern("subscriptions/listen", params: "\"notifications\":{\"toolsListChanged\":true}").bytes)
        let decision = try #require(rig.broker.decisions.first)
        #expect(decision.method == .listen)
        try rig.tell(
            .call(decision.call), "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\"}")
        #expect(try client.takeText().contains("subscriptions/acknowledged"))
        for _ in 0..<3 { try rig.advance(milliseconds: 15_000) }
        #expect(try client.takeText() == "3\r\n:\n\n\r\n3\r\n:\n\n\r\n3\r\n:\n\n\r\n")
        try client.close()
        #expect(rig.broker.requests.contains(.cancel(call: decision.call, connection: client.handle)))
    }

    @Test("Large answers arrive whole, whatever the buffers hold", arguments: [10, 100_000, 4_000_000])
    func large(_ size: Int) throws {
        let (rig, client, decision) = try hold()
        rig.broker.answer(decision, result: "\"\(String(repeating: "a", count: size))\"")
        var text = ""
        while rig.openConnections == 1 {
            let more = try client.takeText()
            if more.isEmpty { break }
            text += more
        }
        #expect(text.utf8.count > size)
        #expect(text.hasSuffix("a\"}"))
    }
}

@Suite("A session has one stream for what belongs to no call")
struct SessionStreamTests {
    private func stream(_ session: String) -> Request {
        Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream").with("Mcp-Session-Id", session)
    }

    @Test("Events of the session arrive on it, and without it they are dropped")
    func events() throws {
        let rig = try Rig()
        let session = try openSession(try rig.connect())
        let number = try #require(
            rig.broker.requests.compactMap { if case .decide(let decision) = $0 { decision.call } else { nil } }.first)
        #expect(number == 1)
        let broker = try #require(rig.sessionNumbers.first)
        try rig.tell(.session(broker), progress)
        let reader = try rig.connect()
        let head = try #require(try reader.exchange(stream(session)))
        #expect(head.events == [])
        try rig.tell(.session(broker), progress)
        #expect(try reader.takeText().contains("data: \(progress)\n\n"))
        try rig.advance(milliseconds: 15_000)
        #expect(try reader.takeText() == "3\r\n:\n\n\r\n")
        try rig.tell(.session(999), progress)
        #expect(try reader.takeText() == "")
    }

    @Test("It ends with its session, and the connection goes on")
    func end() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let reader = try rig.connect()
        _ = try reader.exchange(stream(session))
        #expect(
            try client.exchange(Request(.delete, "/mcp").bearer("good").with("Mcp-Session-Id", session))?.status == 204)
        #expect(try reader.takeText() == "0\r\n\r\n")
        #expect(try reader.exchange(.modern("tools/list"))?.status == 200)
        let second = try openSession(client)
        _ = try reader.exchange(stream(second))
        let number = try #require(rig.sessionNumbers.first)
        rig.broker.order(.sessionEnded(session: number))
        #expect(try reader.takeText() == "0\r\n\r\n")
        #expect(try client.exchange(.legacy("tools/list", session: second))?.status == 404)
        #expect(!rig.broker.requests.contains { if case .endSession(number, _, _) = $0 { true } else { false } })
    }
}

@Suite("Sessions end by themselves")
struct SessionLifeTests {
    @Test("After thirty minutes without use")
    func idle() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        try rig.advance(milliseconds: 29 * 60_000)
        // The connection had its own, shorter time.
        #expect(try client.hasEnded())
        #expect(try rig.connect().exchange(.legacy("tools/list", session: session))?.status == 200)
        try rig.advance(milliseconds: 30 * 60_000 - 1)
        #expect(rig.openSessions == 1)
        try rig.advance(milliseconds: 1)
        #expect(rig.openSessions == 0)
        let number = try #require(rig.broker.decisions.last).session
        #expect(rig.broker.requests.contains { if case .endSession(number, _, false) = $0 { true } else { false } })
        #expect(rig.broker.violations == [])
        #expect(try rig.connect().exchange(.legacy("tools/list", session: session))?.status == 404)
    }

    @Test("After a day in any case; a stream keeps it until then")
    func life() throws {
        let rig = try Rig()
        let session = try openSession(try rig.connect())
        let reader = try rig.connect()
        _ = try reader.exchange(
            Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream").with("Mcp-Session-Id", session))
        for _ in 0..<(24 * 60 - 1) {
            try rig.advance(milliseconds: 60_000)
            _ = try reader.takeText()
        }
        #expect(rig.openSessions == 1)
        try rig.advance(milliseconds: 60_000)
        #expect(rig.openSessions == 0)
        #expect(try reader.takeText().hasSuffix("0\r\n\r\n"))
    }

    @Test("Of too many the least recently used idle one leaves; if none is idle the client waits")
    func cap() throws {
        let rig = try Rig(sessionsPerCaller: 2)
        let client = try rig.connect()
        let first = try openSession(client)
        try rig.advance(milliseconds: 10)
        let second = try openSession(client)
        try rig.advance(milliseconds: 10)
        #expect(try client.exchange(.legacy("ping", session: first))?.status == 200)
        try rig.advance(milliseconds: 10)
        let third = try openSession(client)
        #expect(rig.openSessions == 2)
        #expect(try client.exchange(.legacy("ping", session: second))?.status == 404)
        #expect(try client.exchange(.legacy("ping", session: first))?.status == 200)
        // Another client has its own number.
        _ = try openSession(try rig.connect(), bearer: "other")
        #expect(rig.openSessions == 3)
        // Both busy: one by a stream, one by a call.
        rig.broker.forget()
        let reader = try rig.connect()
        _ = try reader.exchange(
            Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream").with("Mcp-Session-Id", first))
        rig.broker.holdsCalls = true
        let caller = try rig.connect()
        try caller.send(Request.legacy("tools/list", session: third).bytes)
        let answer = try client.exchange(.initialize())
        #expect(answer?.status == 429)
        #expect(answer?["retry-after"] == "1")
        #expect(rig.takeRefusal()?.denial == .sessionCap)
        #expect(rig.broker.decisions.map(\.method) == [.toolsList])
    }

    @Test("Sessions that are being opened count, and one whose client has left is ended")
    func opening() throws {
        let rig = try Rig(sessionsPerCaller: 1)
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.initialize().bytes)
        let other = try rig.connect()
        #expect(try other.exchange(.initialize())?.status == 429)
        try client.close()
        rig.broker.answer(try #require(rig.broker.decisions.first))
        try rig.settle()
        #expect(rig.broker.requests.contains { if case .endSession(_, _, false) = $0 { true } else { false } })
        #expect(rig.openSessions == 0)
        rig.broker.holdsCalls = false
        #expect(try other.exchange(.initialize())?.status == 200)
        #expect(rig.broker.violations == [])
    }

    @Test("A session's call is cancelled by its own client alone, and ends without an answer")
    func cancellation() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let foreign = try openSession(client)
        rig.broker.holdsCalls = true
        let caller = try rig.connect()
        try caller.send(Request.legacy("tools/list", id: "7", session: session).bytes)
        let call = try #require(rig.broker.decisions.last).call
        func cancel(_ session: String, _ id: String) throws -> Int? {
            try client.exchange(
                .legacy("notifications/cancelled", id: nil, params: "{\"requestId\":\(id)}", session: session))?.status
        }
        #expect(try cancel(foreign, "7") == 202)
        #expect(try cancel(session, "\"7\"") == 202)
        #expect(try cancel(session, "null") == 400)
        #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        #expect(try cancel(session, "7") == 202)
        #expect(rig.broker.requests.contains(.cancel(call: call, connection: caller.handle)))
        let ended = try #require(try caller.response())
        #expect(ended.status == 200)
        #expect(ended["content-type"] == "text/event-stream")
        #expect(ended.events == [])
        rig.broker.holdsCalls = false
        #expect(try caller.exchange(.legacy("tools/list", id: "7", session: session))?.status == 200)
    }

    @Test("The end of a session ends what it waits for")
    func pending() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        rig.broker.holdsCalls = true
        let waiting = try rig.connect()
        try waiting.send(Request.legacy("tools/list", id: "1", session: session).bytes)
        let streaming = try rig.connect()
        try streaming.send(Request.legacy("tools/list", id: "2", session: session).bytes)
        try rig.tell(.call(try #require(rig.broker.decisions.last).call), progress)
        #expect(
            try client.exchange(Request(.delete, "/mcp").bearer("good").with("Mcp-Session-Id", session))?.status == 204)
        let answer = try waiting.response()
        #expect(answer?.status == 404)
        #expect(answer?.body.contains("\"id\":1") == true)
        #expect(try streaming.response()?.events == [progress])
        #expect(!rig.hasCalls)
        #expect(rig.broker.refusals.isEmpty)
    }
}

@Suite("A server's question reaches its client, and comes back once")
struct QuestionTests {
    private let question = "{\"jsonrpc\":\"2.0\",\"method\":\"roots/list\"}"
    private let asked = "{\"id\":\"dw-77\",\"jsonrpc\":\"2.0\",\"method\":\"roots/list\"}"

    private func answer(_ id: String, _ session: String, bearer: String = "good") -> Request {
        Request.message("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":{\"roots\":[]}}", bearer: bearer)
            .with("Mcp-Session-Id", session)
    }

    @Test("On the stream of its call, answered by POST")
    func onCall() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let foreign = try openSession(client)
        rig.broker.holdsCalls = true
        let caller = try rig.connect()
        try caller.send(Request.legacy("tools/call", id: "1", params: "{\"name\":\"a\"}", session: session).bytes)
        try rig.tell(.call(try #require(rig.broker.decisions.last).call), question, question: 77)
        #expect(try caller.takeText().contains("data: \(asked)\n\n"))
        for (id, session, bearer) in [
            ("\"dw-77\"", foreign, "good"), ("\"dw-77\"", session, "other"), ("77", session, "good"),
            ("\"dw-077\"", session, "good"), ("\"dw-78\"", session, "good"), ("\"dw-\"", session, "good"),
            ("\"dw-4294967373\"", session, "good"), ("\"dw-7 \"", session, "good"),
        ] {
            let answered = try client.exchange(answer(id, session, bearer: bearer))
            #expect(answered?.reason == "answer-unasked", "\(id)")
        }
        #expect(!rig.broker.requests.contains { if case .reply = $0 { true } else { false } })
        #expect(try client.exchange(answer("\"dw-77\"", session))?.status == 202)
        let replies = rig.broker.requests.filter { if case .reply = $0 { true } else { false } }
        #expect(
            replies == [
                .reply(
                    question: 77, connection: client.handle,
                    message: Array("{\"id\":\"dw-77\",\"jsonrpc\":\"2.0\",\"result\":{\"roots\":[]}}".utf8))
            ])
        #expect(try client.exchange(answer("\"dw-77\"", session))?.status == 400)
        #expect(rig.broker.violations == [])
    }

    @Test("On the session's stream")
    func onStream() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let reader = try rig.connect()
        _ = try reader.exchange(
            Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream").with("Mcp-Session-Id", session))
        try rig.tell(.session(try #require(rig.sessionNumbers.first)), question, question: 77)
        #expect(try reader.takeText().contains("data: \(asked)\n\n"))
        let refused = Request.message(
            "{\"jsonrpc\":\"2.0\",\"id\":\"dw-77\",\"error\":{\"code\":-1,\"message\":\"no\"}}")
        #expect(try client.exchange(refused.with("Mcp-Session-Id", session))?.status == 202)
    }

    @Test("With nobody to ask, the broker is told so at once")
    func nobody() throws {
        let rig = try Rig()
        let client = try rig.connect()
        _ = try openSession(client)
        let number = try #require(rig.sessionNumbers.first)
        try client.close()
        try rig.tell(.session(number), question, question: 77)
        try rig.tell(.session(4711), question, question: 78)
        try rig.tell(.call(4711), question, question: 79)
        let declined = rig.broker.requests.compactMap { request -> (UInt32, String)? in
            if case .reply(let question, _, let message) = request {
                (question, String(decoding: message, as: UTF8.self))
            } else {
                nil
            }
        }
        #expect(declined.map(\.0) == [77, 78, 79])
        #expect(
            declined.allSatisfy {
                $0.1
                    == "{\"error\":{\"code\":-32601,\"message\":\"nobody can be asked\"},\"id\":null,\"jsonrpc\":\"2.0\"}"
            })
        #expect(rig.broker.violations == [])
    }

    @Test("A modern client is never asked")
    func modern() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        try rig.tell(.call(try #require(rig.broker.decisions.first).call), question, question: 77)
        #expect(try client.takeText() == "")
        #expect(rig.broker.requests.contains { if case .reply(77, _, _) = $0 { true } else { false } })
    }

    @Test("On a socket, in frames")
    func onSocket() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        _ = try socket.exchange(SocketClient.initialize)
        try rig.tell(.session(try #require(rig.sessionNumbers.first)), question, question: 77)
        #expect(try socket.next() == .text(asked))
        try socket.send("{\"jsonrpc\":\"2.0\",\"id\":\"dw-77\",\"result\":{}}")
        #expect(rig.broker.requests.contains { if case .reply(77, _, _) = $0 { true } else { false } })
        #expect(try socket.next() == nil)
        try socket.send("{\"jsonrpc\":\"2.0\",\"id\":\"dw-77\",\"result\":{}}")
        #expect(try socket.closeCode() == 4400)
        #expect(rig.takeRefusal()?.denial == .answerUnasked)
    }
}
