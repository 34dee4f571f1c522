// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing
import Wire

@testable import Gate

@Suite("What one caller can make the gate hold has a bound")
struct BoundsTests {
    @Test("Pongs do not pile up for a caller who does not read them, and none is lost")
    func pings() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let ping = SocketClient.frame(0x89, [UInt8](repeating: 7, count: 125))
        let count = 5000
        try socket.send(raw: (0..<count).flatMap { _ in ping })
        #expect(rig.openConnections == 1)
        #expect(rig.mostOutput <= 2 * Bounds.pipelined + Bounds.read, "\(rig.mostOutput) bytes")
        var pongs = 0
        var idle = 0
        while pongs < count && idle < 3 {
            try socket.send(raw: [])
            let before = pongs
            while case .pong? = try socket.next() { pongs += 1 }
            idle = pongs == before ? idle + 1 : 0
        }
        #expect(pongs == count)
        #expect(rig.openConnections == 1)
    }

    @Test("A caller who never reads its pongs is left after thirty seconds")
    func unread() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let ping = SocketClient.frame(0x89, [UInt8](repeating: 7, count: 125))
        try socket.send(raw: (0..<5000).flatMap { _ in ping })
        try rig.advance(milliseconds: 29_999)
        #expect(rig.openConnections == 1)
        try rig.advance(milliseconds: 1)
        #expect(rig.openConnections == 0)
    }

    @Test("Refusals in frames do not pile up either")
    func refusals() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let message = SocketClient.frame(0x81, Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}".utf8))
        try socket.send(raw: (0..<5000).flatMap { _ in message })
        // One read of small frames is answered as a whole, each with a few hundred bytes.
        #expect(rig.mostOutput <= 1 << 20, "\(rig.mostOutput) bytes")
        #expect(rig.openConnections == 1)
        #expect(rig.broker.violations == [])
    }

    @Test("A thousand callers who broke the rules leave nothing behind")
    func nothingLeft() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        for number in 0..<250 {
            let tooLarge = try SocketClient(rig)
            try tooLarge.send(Request.modernBody("tools/list"))
            try tooLarge.send(raw: [0x81, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4])
            #expect(try tooLarge.closeCode() == 1009)
            try tooLarge.client.close()
            let caller = try rig.connect()
            try caller.send(Request.call(id: "\(number)").bytes)
            try caller.close()
            let half = try rig.connect()
            try half.send(Array(Request.call().bytes.prefix(number)))
            try half.close()
            let stranger = try rig.connect()
            #expect(try stranger.exchange(.message("{}", bearer: nil))?.status == 401)
            try stranger.close()
        }
        #expect(rig.openConnections == 0)
        #expect(rig.strangers == 0)
        #expect(!rig.hasCalls)
        #expect(rig.openSessions == 0)
        #expect(rig.broker.violations == [])
    }

    @Test("Who has been let in is never sent away for strangers, nor is the newest of them")
    func fair() throws {
        let rig = try Rig()
        let known = try rig.connectKnown()
        rig.broker.holdsCallers = true
        var strangers: [Client] = []
        for _ in 0..<300 { strangers.append(try rig.connect()) }
        let newcomer = try rig.connect()
        try newcomer.send(Request.call().bytes)
        for _ in 0..<200 { strangers.append(try rig.connect()) }
        rig.broker.judge(newcomer.handle, Array("good".utf8))
        #expect(try newcomer.response()?.status == 200)
        #expect(try known.exchange(.modern("tools/list"))?.status == 200)
        #expect(rig.strangers <= Bounds.strangers)
        #expect(rig.broker.violations == [])
    }
}

@Suite("Every phase has its time")
struct PhaseTests {
    @Test("Silence behind a leave to go on is no body")
    func silent() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(Request.call().with("Expect", "100-continue").with("Content-Length", "10").head)
        #expect(try client.response()?.status == 100)
        try rig.advance(milliseconds: 4999)
        #expect(try client.response() == nil)
        try rig.advance(milliseconds: 1)
        #expect(try client.response()?.status == 408)
        #expect(rig.takeRefusal()?.denial == .slow)
    }

    @Test("Chunks that trickle are no body either: what counts is what they hold")
    func trickle() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(Request.call().with("Transfer-Encoding", "chunked").head)
        for _ in 0..<4 {
            try client.send("1\r\n \r\n")
            try rig.advance(milliseconds: 1000)
        }
        #expect(try client.response() == nil)
        try rig.advance(milliseconds: 1000)
        #expect(try client.response()?.status == 408)
    }

    @Test("A stream whose reader has stopped reading ends after thirty seconds without progress")
    func stream() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        let call = try #require(rig.broker.decisions.first).call
        let note = Array("{\"jsonrpc\":\"2.0\",\"x\":\"\(String(repeating: "a", count: 400_000))\"}".utf8)
        for _ in 0..<3 { rig.broker.order(.event(Event(scope: .call(call), message: note))) }
        try rig.settle()
        try rig.advance(milliseconds: 29_000)
        #expect(rig.openConnections == 1)
        try rig.advance(milliseconds: 1000)
        #expect(rig.openConnections == 0)
        #expect(rig.broker.requests.contains(.cancel(call: call, connection: client.handle)))
    }

    @Test("While the broker thinks about a caller, no more is read than may wait")
    func waiting() throws {
        let rig = try Rig()
        rig.broker.holdsCallers = true
        let client = try rig.connect()
        try client.send(Request(.get, "/none").bearer("good").bytes)
        try client.send([UInt8](repeating: 0x61, count: 4 << 20))
        #expect(rig.mostInput <= Bounds.pipelined + Bounds.read)
        rig.broker.judge(client.handle, Array("good".utf8))
        #expect(try client.response()?.status == 404)
    }
}

@Suite("Odd messages are told what they are")
struct OddMessageTests {
    @Test("Encoded bodies are of no type that is read here", arguments: ["gzip", "identity", "", "br, gzip"])
    func encoded(_ coding: String) throws {
        for name in ["Content-Encoding", "CONTENT-ENCODING"] {
            try RefusalCase(coding, .call().with(name, coding), 415, 7, "media-type-unsupported").check(try Rig())
        }
    }

    @Test("Session ids that are almost one")
    func sessions() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let swapped = session.map { $0.isUppercase ? $0.lowercased() : $0.uppercased() }.joined()
        for id in [
            "", session + "A", String(session.dropLast()), "\(session),\(session)", swapped, "\"\(session)\"", "0",
        ]
        where id != session {
            rig.broker.forget()
            let answer = try client.exchange(.legacy("tools/list").with("mcp-session-id", id))
            #expect(answer?.status == 404, "\(id)")
            #expect(answer?.code == -32600)
            #expect(rig.takeRefusal()?.denial == .sessionUnknown)
            let end = try client.exchange(Request(.delete, "/mcp").bearer("good").with("Mcp-Session-Id", id))
            #expect(end?.status == 404, "\(id)")
        }
        #expect(rig.openSessions == 1)
        #expect(try client.exchange(.legacy("tools/list").with("MCP-SESSION-ID", " \(session)\t"))?.status == 200)
    }

    @Test("No event stands before the answer that opens a session")
    func opening() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.initialize().bytes)
        let decision = try #require(rig.broker.decisions.first)
        let note = Array("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}".utf8)
        rig.broker.order(.event(Event(scope: .call(decision.call), message: note)))
        rig.broker.order(.event(Event(scope: .call(decision.call), question: 3, message: note)))
        try rig.advance(milliseconds: 20_000)
        #expect(try client.response() == nil)
        rig.broker.answer(decision)
        let answer = try client.response()
        #expect(answer?.status == 200)
        #expect(answer?["content-type"] == "application/json")
        #expect(answer?["mcp-session-id"] != nil)
        // The question cannot be put: whoever asked is told.
        #expect(rig.broker.requests.contains { if case .reply(3, _, _) = $0 { true } else { false } })
    }

    @Test(
        "Ids of every kind come back as they were, in refusals too",
        arguments: [
            "0", "-1", "9007199254740991", "\"\\u0041\"", "\"\\\"\\\\\"", "\"\\u007f\\u2028\"", "\"dw-1\"", "\"null\"",
            "\"\u{1F600}\"",
        ])
    func ids(_ id: String) throws {
        let rig = try Rig()
        let client = try rig.connect()
        let served = try #require(try client.exchange(.call(id: id)))
        let refused = try #require(try client.exchange(.modern("nothing", id: id)))
        #expect(served.status == 200)
        #expect(refused.status == 404)
        let canonical = String(decoding: try #require(rig.broker.decisions.first).id, as: UTF8.self)
        #expect(refused.body.contains("\"id\":\(canonical),"), "\(refused.body)")
    }

    @Test("A modern request in a live session is modern, and the session is not touched")
    func mixed() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let request = Request.modern("tools/list").with("Mcp-Session-Id", session)
        #expect(try client.exchange(request)?.status == 200)
        #expect(rig.broker.decisions.last?.session == 0)
        #expect(rig.broker.decisions.last?.revision.era == .modern)
        // The mark alone makes it one, and then its headers are missing.
        let marked = Request.message(Request.modernBody("tools/list")).with("Mcp-Session-Id", session)
        #expect(try client.exchange(marked)?.reason == "header-mismatch")
    }
}
