// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

@Suite("A handshake is accepted or refused as a whole")
struct HandshakeTests {
    static let faults: [(String, String?, Int, String)] = [
        ("Connection", nil, 400, "handshake-malformed"), ("Connection", "keep-alive", 400, "handshake-malformed"),
        ("Upgrade", nil, 426, "upgrade-required"), ("Sec-WebSocket-Version", nil, 426, "upgrade-required"),
        ("Sec-WebSocket-Version", "12", 426, "upgrade-required"),
        ("Sec-WebSocket-Key", nil, 400, "handshake-malformed"),
        ("Sec-WebSocket-Key", "short", 400, "handshake-malformed"),
        ("Sec-WebSocket-Protocol", nil, 400, "handshake-malformed"),
        ("Sec-WebSocket-Protocol", "mcp, bearer.SECRET", 400, "handshake-malformed"),
        ("Sec-WebSocket-Protocol", "MCP", 400, "handshake-malformed"),
    ]

    @Test("One fault, no socket, and no question to the broker", arguments: faults)
    func fault(_ name: String, _ value: String?, _ status: Int, _ reason: String) throws {
        var request = Request.upgrade().without(name)
        if let value { request = request.with(name, value) }
        let rig = try Rig()
        try RefusalCase(name, request, status, 7, reason).check(rig)
        #expect(!rig.broker.requests.contains { if case .select = $0 { true } else { false } })
    }

    @Test("Extensions are not negotiated, and a body is no handshake")
    func extras() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let answer = try client.exchange(.upgrade().with("Sec-WebSocket-Extensions", "permessage-deflate"))
        #expect(answer?.status == 101)
        #expect(answer?["sec-websocket-extensions"] == nil)
        let body = Request.upgrade().with("Content-Length", "2").saying("{}")
        try RefusalCase("body", body, 400, 7, "handshake-malformed").check(try Rig())
    }

    @Test("The server is asked for once, and a hidden one is an unknown one")
    func selection() throws {
        let rig = try Rig()
        try RefusalCase("unknown", .upgrade(to: "/ws/hidden"), 404, 10, "server-unknown").check(rig)
        let selects = rig.broker.requests.filter { if case .select = $0 { true } else { false } }
        #expect(selects.count == 1)
    }

    @Test("Frames behind an accepted handshake are heard")
    func pipelined() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(
            Request.upgrade().bytes + SocketClient.frame(0x81, Array(Request.modernBody("server/discover").utf8)))
        #expect(try client.response()?.status == 101)
        #expect(try client.takeBytes().starts(with: [0x81]))
        #expect(rig.broker.decisions.count == 1)
    }
}

@Suite("The decision table for messages in frames")
struct SocketTableTests {
    @Test("W1: the first request carries the envelope: modern, without headers")
    func modern() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let answer = try socket.exchange(
            Request.modernBody("tools/call", id: "\"x\"", params: "\"name\":\"add\",\"arguments\":{}"))
        #expect(answer == "{\"id\":\"x\",\"jsonrpc\":\"2.0\",\"result\":{}}")
        let decision = try #require(rig.broker.decisions.first)
        #expect(decision.server == ServerName(Array("files".utf8)))
        #expect(decision.revision == .y2026m07d28)
        #expect(decision.mirrored == nil)
        #expect(try code(socket.exchange(Request.legacyBody("tools/list"))) == -32602)
        #expect(try code(socket.exchange(Request.modernBody("ping"))) == -32601)
        #expect(try code(socket.exchange(Request.modernBody("tools/list", version: "2027-01-01"))) == -32022)
        #expect(try code(socket.exchange(Request.modernBody("tools/list", params: "\"command\":1"))) == -32602)
        #expect(rig.broker.decisions.count == 1)
        #expect(
            rig.broker.refusals.map(\.denial) == [
                .parametersMalformed, .methodUnknown, .revisionUnsupported, .parametersMalformed,
            ])
        #expect(rig.broker.refusals.allSatisfy { $0.path == Array("/ws/files".utf8) })
        #expect(try socket.exchange(Request.modernBody("tools/list"))?.contains("result") == true)
    }

    @Test("W2: initialize first: legacy, with a session that needs no id")
    func legacy() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        #expect(try socket.exchange(SocketClient.initialize)?.contains("result") == true)
        try socket.send(Request.legacyBody("notifications/initialized", id: nil))
        #expect(try socket.exchange(Request.legacyBody("tools/list", id: "2"))?.contains("\"id\":2") == true)
        #expect(rig.broker.decisions.last?.session != 0)
        #expect(rig.broker.decisions.last?.revision == .y2025m11d25)
        #expect(
            try socket.exchange(Request.legacyBody("ping", id: "3")) == "{\"id\":3,\"jsonrpc\":\"2.0\",\"result\":{}}")
        #expect(try code(socket.exchange(Request.legacyBody("server/discover", id: "4"))) == -32601)
        #expect(try code(socket.exchange(SocketClient.initialize)) == -32600)
        #expect(rig.broker.decisions.count == 2)
    }

    @Test("W3: discover, then initialize")
    func probing() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        #expect(try socket.exchange(Request.modernBody("server/discover"))?.contains("result") == true)
        #expect(try socket.exchange(Request.modernBody("server/discover"))?.contains("result") == true)
        #expect(try socket.exchange(SocketClient.initialize)?.contains("result") == true)
        #expect(rig.broker.decisions.map(\.method) == [.discover, .discover, .initialize])
    }

    @Test("W4: neither era after the other")
    func mixed() throws {
        let rig = try Rig()
        let modern = try SocketClient(rig)
        _ = try modern.exchange(Request.modernBody("server/discover"))
        _ = try modern.exchange(Request.modernBody("tools/list"))
        let late = try modern.exchange(SocketClient.initialize)
        #expect(code(late) == -32022)
        #expect(late?.contains("\"supported\":[\"2026-07-28\"") == true)
        let legacy = try SocketClient(rig)
        _ = try legacy.exchange(SocketClient.initialize)
        #expect(try code(legacy.exchange(Request.modernBody("tools/list"))) == -32600)
        #expect(try legacy.exchange(Request.legacyBody("tools/list"))?.contains("result") == true)
    }

    @Test("W5: anything else first is refused, and the socket stays")
    func anything() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        for method in ["tools/list", "ping", "server/discover", "x"] {
            #expect(try code(socket.exchange(Request.legacyBody(method))) == -32600)
        }
        #expect(rig.broker.refusals.count == 4)
        #expect(rig.broker.decisions.isEmpty)
        #expect(try socket.exchange(SocketClient.initialize)?.contains("result") == true)
    }

    @Test("A refused initialize leaves the choice open; requests before its answer have no session")
    func opening() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        rig.broker.holdsCalls = true
        try socket.send(SocketClient.initialize)
        #expect(try code(socket.exchange(Request.legacyBody("tools/list", id: "2"))) == -32600)
        let decision = try #require(rig.broker.decisions.first)
        rig.broker.answer(decision, result: "{}")
        try rig.settle()
        _ = try socket.next()
        rig.broker.holdsCalls = false
        #expect(try socket.exchange(Request.modernBody("tools/list"))?.contains("result") == true)
    }

    @Test("A notification that means nothing is told to the record alone")
    func notifications() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        try socket.send(Request.legacyBody("notifications/initialized", id: nil))
        #expect(try socket.next() == nil)
        #expect(rig.takeRefusal()?.denial == .methodUnknown)
    }

    @Test("Both eras can cancel what this socket has asked for")
    func cancellation() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        try socket.send(Request.modernBody("tools/list", id: "\"a\""))
        let call = try #require(rig.broker.decisions.first).call
        for id in ["1", "\"b\"", "null", "{}"] {
            try socket.send(
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\(id)}}")
        }
        #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        try socket.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"a\"}}")
        #expect(rig.broker.requests.contains(.cancel(call: call, connection: socket.client.handle)))
        // An answer that crossed the cancellation is dropped.
        rig.broker.answer(try #require(rig.broker.decisions.first))
        #expect(try socket.next() == nil)
        #expect(!rig.hasCalls)
    }

    @Test("Two requests of one id cannot wait at a time, and the refusal does not look like an answer")
    func sameID() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        try socket.send(Request.modernBody("tools/list", id: "1"))
        let answer = try socket.exchange(Request.modernBody("tools/list", id: "1"))
        #expect(code(answer) == -32600)
        #expect(answer?.contains("\"id\":null") == true)
        #expect(rig.broker.decisions.count == 1)
    }

    @Test("The number of waiting requests has a limit", arguments: [1024, 1025])
    func inFlight(_ count: Int) throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        var bytes: [UInt8] = []
        for id in 0..<count {
            bytes += SocketClient.frame(0x81, Array(Request.modernBody("tools/list", id: "\(id)").utf8))
        }
        try socket.send(raw: bytes)
        #expect(rig.broker.decisions.count == min(count, 1024))
        #expect(rig.broker.refusals.map(\.denial) == (count > 1024 ? [.callsInFlightCap] : []))
    }

    @Test("Answers go out in the order in which they come, each under its own id")
    func interleaved() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let one = try SocketClient(rig)
        let two = try SocketClient(rig)
        try one.send(Request.modernBody("tools/list", id: "1"))
        try two.send(Request.modernBody("tools/list", id: "1"))
        let decisions = rig.broker.decisions
        rig.broker.answer(decisions[1], result: "{\"of\":2}")
        rig.broker.answer(decisions[0], result: "{\"of\":1}")
        #expect(try one.next() == .text("{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"of\":1}}"))
        #expect(try two.next() == .text("{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"of\":2}}"))
    }
}

@Suite("Frames that break the protocol end the socket with its code")
struct FrameFaultTests {
    static let text = Array(Request.modernBody("server/discover").utf8)

    static let faults: [(String, [UInt8], UInt16, String)] = [
        ("unmasked", [0x81, 0x02, 0x7B, 0x7D], 1002, "frame-unmasked"),
        ("reserved bit", SocketClient.frame(0xC1, text), 1002, "reserved-bits"),
        ("reserved opcode", SocketClient.frame(0x83, text), 1002, "reserved-opcode"),
        ("long ping", SocketClient.frame(0x89, [UInt8](repeating: 0, count: 126)), 1002, "control-too-long"),
        ("fragmented ping", SocketClient.frame(0x09, []), 1002, "control-fragmented"),
        ("top bit", [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1], 1002, "length-top-bit"),
        ("not minimal", [0x81, 0xFE, 0, 5, 1, 2, 3, 4], 1002, "length-not-minimal"),
        ("close of one byte", SocketClient.frame(0x88, [3]), 1002, "close-payload"),
        ("close with a reserved code", SocketClient.frame(0x88, [0x03, 0xED]), 1002, "close-code"),
        ("continuation of nothing", SocketClient.frame(0x80, text), 1002, "continuation-unexpected"),
        (
            "a message inside another", SocketClient.frame(0x01, text) + SocketClient.frame(0x81, text), 1002,
            "message-interrupted"
        ),
        ("too large by its head", [0x81, 0xFF, 0, 0, 0, 0, 0, 0x40, 0, 1, 1, 2, 3, 4], 1009, "message-too-large"),
        ("2^40 bytes", [0x81, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1009, "message-too-large"),
        (
            "endless empty fragments",
            SocketClient.frame(0x01, []) + (0..<1024).flatMap { _ in SocketClient.frame(0x00, []) }, 1009,
            "too-many-fragments"
        ),
        ("invalid UTF-8", SocketClient.frame(0x81, [0x22, 0xFF, 0x22]), 1007, "text-not-utf8"),
        (
            "invalid UTF-8 across fragments",
            SocketClient.frame(0x01, [0x22, 0xC3]) + SocketClient.frame(0x80, [0x28, 0x22]), 1007, "text-not-utf8"
        ),
        ("binary", SocketClient.frame(0x82, text), 1003, "binary-message"),
    ]

    @Test("A37-A37c", arguments: faults)
    func fault(_ name: String, _ bytes: [UInt8], _ code: UInt16, _ rule: String) throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        // What stands behind the fault is never heard.
        try socket.send(raw: bytes + SocketClient.frame(0x81, Self.text))
        #expect(try socket.closeCode() == code, "\(name)")
        #expect(rig.takeRefusal()?.rule == Array(rule.utf8), "\(name)")
        #expect(rig.broker.refusals.first?.denial == (code == 1003 ? .frameNotText : .frameMalformed))
        #expect(rig.broker.decisions.isEmpty)
        #expect(try socket.client.hasEnded(), "\(name)")
    }

    @Test("Fragments, pings between them and a pong that nobody asked for are no faults")
    func honest() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let half = Self.text.count / 2
        try socket.send(
            raw: SocketClient.frame(0x01, Array(Self.text[..<half])) + SocketClient.frame(0x89, [1, 2])
                + SocketClient.frame(0x8A, []) + SocketClient.frame(0x80, Array(Self.text[half...])))
        #expect(try socket.next() == .pong([1, 2]))
        guard case .text? = try socket.next() else {
            Issue.record("no answer")
            return
        }
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test("A close is answered with its code, and what follows is ignored")
    func close() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        try socket.send(Request.modernBody("tools/list"))
        let call = try #require(rig.broker.decisions.first).call
        try socket.send(raw: SocketClient.frame(0x88, [0x03, 0xE8]) + SocketClient.frame(0x81, Self.text))
        #expect(try socket.closeCode() == 1000)
        #expect(try socket.client.hasEnded())
        #expect(rig.broker.decisions.count == 1)
        #expect(rig.broker.requests.contains(.cancel(call: call, connection: socket.client.handle)))
        #expect(rig.broker.refusals.isEmpty)
        #expect(rig.broker.violations == [])
    }

    @Test("A message of the largest size is heard")
    func largest() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        let empty = Request.modernBody("tools/call", params: "\"name\":\"a\",\"arguments\":{\"x\":\"\"}")
        let filling = String(repeating: "a", count: 4_194_304 - empty.utf8.count)
        let text = Request.modernBody("tools/call", params: "\"name\":\"a\",\"arguments\":{\"x\":\"\(filling)\"}")
        try socket.send(text)
        #expect(try socket.next() == .text("{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}}"))
        #expect(rig.broker.decisions.first?.parameters.count ?? 0 > 4_000_000)
    }
}

@Suite("A socket shows life, or it ends")
struct SocketLifeTests {
    @Test("Ping after 30 s without a word, end after another 30 s")
    func pings() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        try rig.advance(milliseconds: 29_999)
        #expect(try socket.next() == nil)
        try rig.advance(milliseconds: 1)
        #expect(try socket.next() == .ping([]))
        try socket.send(raw: SocketClient.frame(0x8A, []))
        try rig.advance(milliseconds: 30_000)
        #expect(try socket.next() == .ping([]))
        try rig.advance(milliseconds: 29_999)
        #expect(try !socket.client.hasEnded())
        try rig.advance(milliseconds: 1)
        #expect(try socket.client.hasEnded())
        #expect(rig.broker.requests.contains(.gone(connection: socket.client.handle)))
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test("Its end cancels its calls and ends its session")
    func end() throws {
        let rig = try Rig()
        let socket = try SocketClient(rig)
        _ = try socket.exchange(SocketClient.initialize)
        rig.broker.holdsCalls = true
        try socket.send(Request.legacyBody("tools/list", id: "2"))
        let decision = try #require(rig.broker.decisions.last)
        try socket.client.close()
        let handle = socket.client.handle
        #expect(rig.broker.requests.contains(.cancel(call: decision.call, connection: handle)))
        #expect(
            rig.broker.requests.contains(.endSession(session: decision.session, connection: handle, byClient: false)))
        #expect(rig.broker.requests.last == .gone(connection: handle))
        #expect(rig.broker.violations == [])
        #expect(rig.openConnections == 0 && rig.openSessions == 0 && !rig.hasCalls)
    }

    @Test(
        "A25: it ends with the code of the reason, within a second whatever the peer does",
        arguments: [
            (Denial.credentialRevoked, UInt16(4401)), (.credentialExpired, 4401), (.peerNotAsDemanded, 4403),
            (.scopeInsufficient, 4403), (.tooFast, 4429), (.stopping, 1001),
        ])
    func callerEnded(_ denial: Denial, _ code: UInt16) throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        try socket.send(Request.modernBody("tools/list"))
        let caller = try #require(rig.broker.caller(on: socket.client.handle))
        rig.broker.order(.callerEnded(caller: caller, denial: denial))
        try rig.settle()
        #expect(try socket.closeCode() == code)
        // The broker has given up the call itself.
        #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        #expect(!rig.hasCalls)
        try rig.advance(milliseconds: 1000)
        #expect(rig.broker.requests.last == .gone(connection: socket.client.handle))
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test(
        "A cut ends it with the code of its reason",
        arguments: zip(CutReason.allCases, [UInt16(4401), 4403, 4429, 1001]))
    func cut(_ reason: CutReason, _ code: UInt16) throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let socket = try SocketClient(rig)
        try socket.send(Request.modernBody("tools/list"))
        rig.broker.order(.cut(connection: socket.client.handle, reason: reason))
        try rig.settle()
        #expect(try socket.closeCode() == code)
        #expect(rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        try rig.advance(milliseconds: 1000)
        #expect(rig.openConnections == 0)
    }
}
