// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

/// Opens a session and returns its id.
func openSession(_ client: Client, to target: String = "/mcp", bearer: String = "good") throws -> String {
    let answer = try #require(try client.exchange(.initialize(to: target, bearer: bearer)))
    #expect(answer.status == 200)
    return try #require(answer["mcp-session-id"])
}

@Suite("The decision table for messages by POST")
struct PostTableTests {
    @Test("P1: not one object", arguments: ["[]", "[{}]", "\"x\"", "1", "null", "true", "[{},{}]"])
    func one(_ body: String) throws {
        for version in ["2025-03-26", "2025-06-18", "2026-07-28"] {
            let request = Request.message(body).with("MCP-Protocol-Version", version)
            try RefusalCase(body, request, 400, 9, "message-malformed").check(try Rig())
        }
        try RefusalCase(body, .message(body).with("Mcp-Session-Id", "x"), 400, 9, "message-malformed").check(try Rig())
        #expect(try Rig().connect().exchange(.message(body))?.hasNullID == true)
    }

    @Test(
        "P3: an answer that nobody asked for", arguments: ["\"result\":{}", "\"error\":{\"code\":1,\"message\":\"\"}"])
    func unasked(_ member: String) throws {
        let body = "{\"jsonrpc\":\"2.0\",\"id\":\"dw-1\",\(member)}"
        try RefusalCase(member, .message(body), 400, 9, "answer-unasked").check(try Rig())
        let modern = Request.message(body).with("MCP-Protocol-Version", "2026-07-28")
        try RefusalCase(member, modern, 400, 9, "answer-unasked").check(try Rig())
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        #expect(try client.exchange(.message(body).with("Mcp-Session-Id", session))?.reason == "answer-unasked")
    }

    @Test("P4: notifications of the modern era are told to the record and dropped")
    func modernNotification() throws {
        let cancelled = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}"
        let marked = """
            {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,\
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}
            """
        for request in [Request.message(cancelled).with("MCP-Protocol-Version", "2026-07-28"), .message(marked)] {
            let rig = try Rig()
            rig.broker.holdsCalls = true
            let caller = try rig.connect()
            try caller.send(Request.call(id: "1").bytes)
            let answer = try rig.connect().exchange(request)
            #expect(answer?.status == 202)
            #expect(answer?.body == "")
            #expect(rig.takeRefusal()?.rule == Array("notification-dropped".utf8))
            #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        }
        let unserved = Request.message(cancelled).with("MCP-Protocol-Version", "2027-01-01")
        try RefusalCase("P4", unserved, 400, 9, "revision-unsupported").check(try Rig())
        let inBody = Request.message(
            "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"x\"}}}"
        )
        try RefusalCase("P4", inBody, 400, 9, "revision-unsupported").check(try Rig())
    }

    @Test("P5, P6: notifications of the legacy era")
    func legacyNotification() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        for method in ["notifications/initialized", "notifications/progress", "notifications/roots/list_changed"] {
            let answer = try client.exchange(.legacy(method, id: nil, session: session))
            #expect(answer?.status == 202)
            #expect(answer?.body == "")
        }
        #expect(
            try client.exchange(
                .legacy("notifications/cancelled", id: nil, params: "{\"requestId\":99}", session: session))?.status
                == 202)
        #expect(rig.broker.refusals.isEmpty)
        for method in ["notifications/message", "tools/list", "x"] {
            #expect(try client.exchange(.legacy(method, id: nil, session: session))?.status == 400)
        }
        let missing = Request.legacy("notifications/initialized", id: nil)
        try RefusalCase("P6", missing, 400, 8, "session-missing").check(try Rig())
        let unknown = Request.legacy("notifications/initialized", id: nil, session: "x")
        try RefusalCase("P6", unknown, 404, 8, "session-unknown").check(try Rig())
    }

    @Test("P7a: what the envelope must carry")
    func envelope() throws {
        let base = Request.modern("tools/list")
        for params in [
            "", ",\"params\":{}", ",\"params\":{\"_meta\":1}", ",\"params\":{\"_meta\":{}}",
            ",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}",
            ",\"params\":{\"_meta\":{\"io.modelcontextprotocol/clientCapabilities\":{}}}",
            ",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":1,\"io.modelcontextprotocol/clientCapabilities\":{}}}",
            ",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":[]}}",
        ] {
            let request = base.saying("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"\(params)}")
            try RefusalCase(params, request, 400, 9, "parameters-malformed").check(try Rig())
            #expect(try Rig().connect().exchange(request)?.body.contains("\"id\":1,") == true)
        }
    }

    @Test("P7b, J32: headers that are missing, broken or different")
    func headers() throws {
        let list = Request.modern("tools/list")
        let call = Request.call("add")
        let cases: [(String, Request)] = [
            ("no version", list.without("MCP-Protocol-Version")), ("no method", list.without("Mcp-Method")),
            ("no name", call.without("Mcp-Name")),
            ("legacy version", list.replacing("MCP-Protocol-Version", "2025-11-25")),
            ("another version", list.replacing("MCP-Protocol-Version", "2027-01-01")),
            ("another method", list.replacing("Mcp-Method", "tools/call")),
            ("case of the method", list.replacing("Mcp-Method", "Tools/List")),
            ("another name", call.replacing("Mcp-Name", "boom")),
            ("case of the name", call.replacing("Mcp-Name", "Add")),
            ("encoded badly", call.replacing("Mcp-Name", "=?base64?YWRk=?=")),
            ("encoded differently", call.replacing("Mcp-Name", "=?base64?Ym9vbQ==?=")),
        ]
        for (name, request) in cases {
            try RefusalCase(name, request, 400, 9, "header-mismatch").check(try Rig())
            #expect(try Rig().connect().exchange(request)?.code == -32020, "\(name)")
        }
        for name in ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"] {
            let twice = call.with(name.uppercased(), call.headers.first { $0.name == name }?.value ?? "")
            try RefusalCase("\(name) twice", twice, 400, 1, "head-malformed").check(try Rig())
        }
        let uri = Request.modern("resources/read", params: "\"uri\":\"file:///a\"", name: "file:///b")
        try RefusalCase("uri", uri, 400, 9, "header-mismatch").check(try Rig())
    }

    @Test("A name may be encoded, and declared parameters travel decoded with the decision")
    func mirrored() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let long = "Mcp-Param-" + String(repeating: "a", count: 129)
        let request = Request.call("caf\u{e9}").replacing("Mcp-Name", "=?base64?Y2Fmw6k=?=")
            .with("Mcp-Param-City", " Paris ").with("MCP-PARAM-Zip", "=?base64?w6k=?=").with(long, "x")
        #expect(try client.exchange(request)?.status == 200)
        #expect(
            rig.broker.decisions.first?.mirrored == [
                MirroredHeader(name: Array("city".utf8), value: Array("Paris".utf8)),
                MirroredHeader(name: Array("zip".utf8), value: Array("\u{e9}".utf8)),
            ])
        #expect(rig.broker.violations == [])
        // What cannot be decoded says nothing: the broker misses it if the tool declares it.
        for value in ["=?base64?*?=", "=?base64?YQ=?=", "=?base64?YR==?=", "=?base64?/w==?=", "=?base64? YQ== ?="] {
            rig.broker.forget()
            #expect(
                try client.exchange(.call().with("Mcp-Param-City", value).with("mcp-param-zip", "1"))?.status == 200)
            #expect(
                rig.broker.decisions.first?.mirrored == [
                    MirroredHeader(name: Array("zip".utf8), value: Array("1".utf8))
                ])
        }
        // No markers, no encoding.
        for value in ["=?BASE64?YQ==?=", "=?base64?YQ==", "?base64?YQ==?=", "=?base64?", "a=?base64?YQ==?="] {
            rig.broker.forget()
            #expect(try client.exchange(.call().with("Mcp-Param-City", value))?.status == 200)
            #expect(rig.broker.decisions.first?.mirrored?.map(\.value) == [Array(value.utf8)], "\(value)")
        }
    }

    @Test("P7c: a revision that both places name and nobody serves")
    func revision() throws {
        let request = Request.modern("tools/list", version: "2027-01-01")
        try RefusalCase("P7c", request, 400, 9, "revision-unsupported").check(try Rig())
        let answer = try Rig().connect().exchange(request)
        #expect(answer?.code == -32022)
        #expect(
            answer?.body.contains(
                "\"requested\":\"2027-01-01\",\"supported\":[\"2026-07-28\",\"2025-11-25\",\"2025-06-18\"]") == true)
    }

    @Test(
        "P7d, J34: methods that the modern era has not",
        arguments: [
            "ping", "logging/setLevel", "resources/subscribe", "Tools/Call", "tools/call ", "tools/call\\u0000",
            "sampling/createMessage", "roots/list", "rpc.discover", "tasks/get", "unknown",
        ])
    func modernMethod(_ method: String) throws {
        var request = Request.modern(method)
        // A header cannot carry every text, and its blanks are no part of it.
        if method.contains("\\") || method.hasSuffix(" ") {
            try RefusalCase(method, request, 400, 9, "header-mismatch").check(try Rig())
            return
        }
        request = request.replacing("Mcp-Method", method)
        try RefusalCase(method, request, 404, 9, "method-unknown").check(try Rig())
        #expect(try Rig().connect().exchange(request)?.code == -32601)
    }

    @Test("P7d: the old handshake is told what would work")
    func oldHandshake() throws {
        let answer = try Rig().connect().exchange(.modern("initialize"))
        #expect(answer?.status == 404)
        #expect(answer?.body.contains("\"supported\":[") == true)
        // Version in the header alone: P7a.
        let header = Request.initialize().with("MCP-Protocol-Version", "2026-07-28").with("Mcp-Method", "initialize")
        try RefusalCase("header", header, 400, 9, "parameters-malformed").check(try Rig())
    }

    @Test("P7e: sessions are ignored, and none is minted")
    func stateless() throws {
        let rig = try Rig()
        let answer = try rig.connect().exchange(
            .modern("tools/list").with("Mcp-Session-Id", "SECRET").with("Last-Event-ID", "1"))
        #expect(answer?.status == 200)
        #expect(answer?["mcp-session-id"] == nil)
        #expect(rig.broker.decisions.first?.session == 0)
    }

    @Test(
        "A40: parameters that the method does not have",
        arguments: ["command", "args", "env", "cwd", "url", "image", "shell"])
    func extra(_ member: String) throws {
        let modern = Request.modern(
            "tools/call", params: "\"name\":\"add\",\"\(member)\":\"SECRET\"", name: "add", to: "/mcp/files")
        try RefusalCase(member, modern, 400, 9, "parameters-malformed").check(try Rig())
        let envelope = Request.message("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"\(member)\":\"SECRET\"}")
        try RefusalCase(member, envelope, 400, 9, "message-malformed").check(try Rig())
    }

    @Test("P8: initialize opens a session that is bound to its caller", arguments: [nil, "2024-11-05", "2025-11-25"])
    func opening(_ version: String?) throws {
        let rig = try Rig()
        let client = try rig.connect()
        let request = version.map { Request.initialize().with("MCP-Protocol-Version", $0) } ?? .initialize()
        let answer = try #require(try client.exchange(request))
        #expect(answer.status == 200)
        let id = try #require(answer["mcp-session-id"])
        #expect(id.utf8.count == 43)
        #expect(id.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D || $0 == 0x5F })
        #expect(rig.broker.decisions.first?.session == 0)
        #expect(rig.openSessions == 1)
    }

    @Test("P9, A29: initialize with a session of the client's choice")
    func chosen() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        for id in [session, "1", "2", "SECRET"] {
            let request = Request.initialize().with("Mcp-Session-Id", id)
            try RefusalCase(id, request, 400, 8, "session-not-allowed").check(try Rig())
            #expect(try client.exchange(request)?.code == -32600)
        }
        try RefusalCase(
            "64 KiB", .initialize().with("Mcp-Session-Id", String(repeating: "a", count: 65_536)), 431, 1,
            "head-too-large"
        )
        .check(try Rig())
        try RefusalCase("not ASCII", .initialize().with("Mcp-Session-Id", "\u{e9}"), 400, 1, "head-malformed").check(
            try Rig())
    }

    @Test("P10, P11: requests without a session, and with a wrong one")
    func wrongSession() throws {
        try RefusalCase("P10", .legacy("tools/list"), 400, 8, "session-missing").check(try Rig())
        #expect(try Rig().connect().exchange(.legacy("tools/list"))?.code == -32600)
        for id in ["1", "2", String(repeating: "A", count: 43)] {
            try RefusalCase("P11", .legacy("tools/list", session: id), 404, 8, "session-unknown").check(try Rig())
        }
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        var answers: [String?] = []
        // Unknown, of another endpoint, of another caller, ended: one answer for all.
        answers.append(try client.exchange(.legacy("tools/list", session: "x"))?.body)
        answers.append(try client.exchange(.legacy("tools/list", session: session, to: "/mcp/files"))?.body)
        answers.append(try rig.connect().exchange(.legacy("tools/list", session: session, bearer: "other"))?.body)
        #expect(
            try client.exchange(Request(.delete, "/mcp").bearer("good").with("Mcp-Session-Id", session))?.status == 204)
        answers.append(try client.exchange(.legacy("tools/list", session: session))?.body)
        #expect(answers.allSatisfy { $0 != nil && $0 == answers[0] })
        #expect(rig.broker.decisions.count == 1)
        #expect(try rig.connect().exchange(.legacy("tools/list", session: session, bearer: nil))?.status == 401)
    }

    @Test("P12, P13: the header may repeat what the session agreed on")
    func agreed() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        #expect(try client.exchange(.legacy("tools/list", session: session, version: "2025-11-25"))?.status == 200)
        #expect(try client.exchange(.legacy("tools/list", session: session))?.status == 200)
        for version in ["2025-06-18", "2024-11-05"] {
            let answer = try client.exchange(.legacy("tools/list", session: session, version: version))
            #expect(answer?.status == 400)
            #expect(answer?.reason == "version-not-agreed")
        }
        #expect(rig.broker.decisions.map(\.method) == [.initialize, .toolsList, .toolsList])
        #expect(rig.broker.decisions.last?.revision == .y2025m11d25)
        #expect(rig.broker.decisions.last?.session != 0)
        // Another credential of the same client owns it as well.
        #expect(try rig.connect().exchange(.legacy("tools/list", session: session, bearer: "second"))?.status == 200)
    }

    @Test("P14 and wrong parameters: legacy clients are told under 200")
    func legacyErrors() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        for method in ["server/discover", "subscriptions/listen", "initialized", "tasks/list", "x"] {
            rig.broker.forget()
            let answer = try client.exchange(.legacy(method, id: "\"m\"", session: session))
            #expect(answer?.status == 200)
            #expect(answer?.code == -32601)
            #expect(answer?.body.contains("\"id\":\"m\"") == true)
            #expect(rig.takeRefusal()?.denial == .methodUnknown)
        }
        rig.broker.forget()
        let answer = try client.exchange(
            .legacy("tools/call", params: "{\"name\":\"a\",\"command\":1}", session: session))
        #expect(answer?.status == 200)
        #expect(answer?.code == -32602)
        #expect(rig.takeRefusal()?.rule == Array("member-unknown".utf8))
        #expect(rig.broker.decisions.isEmpty)
    }

    @Test("ping is answered here")
    func ping() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let answer = try client.exchange(.legacy("ping", id: "7", session: session))
        #expect(answer?.body == "{\"id\":7,\"jsonrpc\":\"2.0\",\"result\":{}}")
        #expect(rig.broker.decisions.count == 1)
    }

    @Test("Mirrored headers mean nothing on a legacy request")
    func legacyHeaders() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let request = Request.legacy("tools/list", session: session).with("Mcp-Method", "tools/call")
            .with("Mcp-Name", "=?base64?*?=").with("Mcp-Param-X", "=?base64?*?=")
        #expect(try client.exchange(request)?.status == 200)
        #expect(rig.broker.decisions.last?.mirrored == [])
    }

    @Test("Two requests of one id cannot wait in one session at a time")
    func sameID() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        rig.broker.holdsCalls = true
        try client.send(Request.legacy("tools/list", id: "5", session: session).bytes)
        let second = try rig.connect()
        let answer = try second.exchange(.legacy("tools/list", id: "5", session: session))
        #expect(answer?.status == 400)
        #expect(rig.takeRefusal()?.rule == Array("id-in-flight".utf8))
        let other = try rig.connect()
        try other.send(Request.legacy("tools/list", id: "\"5\"", session: session).bytes)
        #expect(rig.broker.decisions.count == 3)
    }
}

@Suite("The decision table for other methods")
struct MethodTableTests {
    private func stream(_ session: String?) -> Request {
        let request = Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream")
        return session.map { request.with("Mcp-Session-Id", $0) } ?? request
    }

    @Test("H1: no session, or the modern era")
    func sessionBound() throws {
        try RefusalCase("GET", stream(nil), 405, 6, "method-not-allowed").check(try Rig())
        try RefusalCase("DELETE", Request(.delete, "/mcp").bearer("good"), 405, 6, "method-not-allowed").check(
            try Rig())
        for version in ["2026-07-28", "x"] {
            let request = stream("x").with("MCP-Protocol-Version", version)
            try RefusalCase("GET", request, 405, 6, "method-not-allowed").check(try Rig())
            #expect(try Rig().connect().exchange(request)?["allow"] == "POST")
        }
    }

    @Test("H2, H3: one stream for a session")
    func streams() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let reader = try rig.connect()
        let answer = try #require(try reader.exchange(stream(session).with("Last-Event-ID", "7")))
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer["x-accel-buffering"] == "no")
        let second = try rig.connect().exchange(stream(session))
        #expect(second?.status == 409)
        #expect(second?.reason == "stream-taken")
        #expect(rig.takeRefusal()?.denial == .streamTaken)
        // The first one goes on.
        let number = try #require(rig.broker.decisions.first).call
        #expect(number != 0)
        try reader.close()
        #expect(try rig.connect().exchange(stream(session))?.status == 200)
        try RefusalCase("Accept", stream("x").replacing("Accept", "application/json"), 406, 7, "not-acceptable")
            .check(try Rig())
    }

    @Test("H4, H5: an end by its owner alone")
    func deletion() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        let request = Request(.delete, "/mcp").with("Mcp-Session-Id", session)
        #expect(try rig.connect().exchange(request.bearer("other"))?.status == 404)
        #expect(try rig.connect().exchange(request.bearer("good").at("/mcp/files"))?.status == 404)
        #expect(try rig.connect().exchange(request)?.status == 401)
        #expect(rig.openSessions == 1)
        let answer = try client.exchange(request.bearer("good"))
        #expect(answer?.status == 204)
        #expect(answer?.headers.contains { $0.name == "content-length" } == false)
        #expect(rig.openSessions == 0)
        let ends = rig.broker.requests.filter { if case .endSession(_, _, true) = $0 { true } else { false } }
        #expect(ends.count == 1)
        #expect(try client.exchange(request.bearer("good"))?.status == 404)
        // The connection is as good as before.
        #expect(try client.exchange(.modern("tools/list"))?.status == 200)
    }
}

@Suite("Of several faults the one of the earliest step is told")
struct OrderTests {
    @Test("Each fault hides all that stand behind it")
    func order() throws {
        // From the last step to the first: each line adds one fault to all those before it.
        var request = Request.legacy("tools/list", to: "/mcp/Not.A.Name")
        try RefusalCase("session", request, 400, 8, "session-missing").check(try Rig())
        request = request.with("Mcp-Session-Id", "x").saying("{")
        try RefusalCase("session", request, 404, 8, "session-unknown").check(try Rig())
        request = request.replacing("Accept", "text/html")
        try RefusalCase("accept", request, 406, 7, "not-acceptable").check(try Rig())
        request = request.replacing("Content-Type", "text/plain")
        try RefusalCase("type", request, 415, 7, "media-type-unsupported").check(try Rig())
        request = request.at("/mcp/Not.A.Name?x")
        try RefusalCase("query", request, 400, 7, "query-not-allowed").check(try Rig())
        request = request.at("/nothing?x")
        try RefusalCase("route", request, 404, 6, "route-unknown").check(try Rig())
        request = request.at("/ui?x")
        try RefusalCase("operators", request, 403, 5, "scope-insufficient").check(try Rig())
        request = request.replacing("Authorization", "Bearer elsewhere")
        try RefusalCase("scope", request, 403, 5, "scope-insufficient").check(try Rig())
        request = request.replacing("Authorization", "Bearer nobody")
        try RefusalCase("credential", request, 401, 4, "credential-unknown").check(try Rig())
        request = request.with("Origin", "null")
        try RefusalCase("browser", request, 403, 3, "browser-evidence").check(try Rig())
        request = request.replacing("Host", "evil.example")
        try RefusalCase("authority", request, 421, 2, "authority-foreign").check(try Rig())
        request = request.with("Authorization", "Bearer nobody")
        try RefusalCase("head", request, 400, 1, "head-malformed").check(try Rig())
    }

    @Test("The same order for a handshake")
    func handshake() throws {
        var request = Request.upgrade(to: "/ws/Not.A.Name")
        try RefusalCase("server", request, 404, 10, "server-unknown").check(try Rig())
        request = request.without("Sec-WebSocket-Protocol")
        try RefusalCase("protocol", request, 400, 7, "handshake-malformed").check(try Rig())
        request = request.replacing("Sec-WebSocket-Version", "8")
        try RefusalCase("version", request, 426, 7, "upgrade-required").check(try Rig())
        request = request.at("/ws/Not.A.Name?x")
        try RefusalCase("query", request, 400, 7, "query-not-allowed").check(try Rig())
        request = request.replacing("Authorization", "Bearer nobody")
        try RefusalCase("credential", request, 401, 4, "credential-unknown").check(try Rig())
        request = request.with("Origin", "http://127.0.0.1:1")
        try RefusalCase("browser", request, 403, 3, "browser-evidence").check(try Rig())
        request = request.replacing("Host", "localhost:8742")
        try RefusalCase("authority", request, 421, 2, "authority-foreign").check(try Rig())
        request = request.with("Upgrade", "websocket")
        try RefusalCase("head", request, 400, 1, "head-malformed").check(try Rig())
    }

    @Test("Within a message: reader, shape, envelope, headers, revision, method, parameters")
    func message() throws {
        let revision = Request.modern("nothing", params: "\"command\":1", version: "2027-01-01")
        try RefusalCase("revision", revision, 400, 9, "revision-unsupported").check(try Rig())
        try RefusalCase("header", revision.replacing("Mcp-Method", "x"), 400, 9, "header-mismatch").check(try Rig())
        let method = Request.modern("nothing", params: "\"command\":1")
        try RefusalCase("method", method, 404, 9, "method-unknown").check(try Rig())
        let parameters = Request.modern("tools/list", params: "\"command\":1")
        try RefusalCase("parameters", parameters, 400, 9, "parameters-malformed").check(try Rig())
        let shape = Request.modern("nothing").saying("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\",\"extra\":1}")
        try RefusalCase("shape", shape, 400, 9, "message-malformed").check(try Rig())
    }
}
