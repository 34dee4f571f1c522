// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import StrictJSON
import Testing
import Wire

@testable import Gate

@Suite("However a head is spelt, it says one thing or is refused")
struct SpellingTests {
    static let targets = [
        "/mcp%2Ffiles", "/%6dcp", "/mcp/%66iles", "/mcp/files%00", "/mcp/files%20", "/mcp;x=1", "/mcp/files;a", "//mcp",
        "/mcp//files", "/./mcp", "/mcp/.", "/mcp/./files", "/ui/../mcp", "/mcp/..", "/mcp/files/", "/mcp/",
        "/mcp\\files", "/mcp#x", "/mcp/~files",
        "/mcp/fi*les", "/mcp/files,git", "/mcp/files:1", "/mcp/files@evil", "/mcp/fi'les", "/mcp/a+b", "/mcp|",
        "/mcp\"",
        "mcp", "", "?x", "127.0.0.1:8742", "http:/mcp", "HTTP://127.0.0.1:8742/mcp", "ws://127.0.0.1:8742/ws/files",
    ]

    @Test("Targets that would need decoding, folding or resolving", arguments: targets)
    func target(_ target: String) throws {
        for request in [Request.call().at(target), .upgrade().at(target), .call().at(target).without("Authorization")] {
            try RefusalCase(target, request, 400, 1, "head-malformed").check(try Rig())
        }
    }

    @Test(
        "Hosts that are none",
        arguments: [
            "127.0.0.1:8742:8742", "127.0.0.1:+8742", "127.0.0.1:-1", "127.0.0.1:8742#", "127.0.0.1:8742?x",
            "[::1]8742", "[::1",
            "::1", "[::1%25lo]:8742", "[::1%lo]:8742", "[v1.a]:8742", "[]:8742", "[:::1]:8742",
            "[1:2:3:4:5:6:7:8:9]:8742",
            "%3127.0.0.1:8742", "127.0.0.1%3A8742", ":8742", "127.0.0.1:123456", "127.0.0.1:0x2226",
            "http://127.0.0.1:8742",
            "127.0.0.1:8742;x", "\"127.0.0.1:8742\"", "127.0.0.1:8742 evil",
        ])
    func host(_ host: String) throws {
        for request in [Request.call(), .upgrade()] {
            try RefusalCase(host, request.replacing("Host", host), 400, 2, "authority-malformed").check(try Rig())
        }
    }

    @Test(
        "Hosts that are others",
        arguments: [
            "127.0.0.1.:8742", "LOCALHOST:8742", "127.0.0.01:8742", "127.0.0.1:8742.", "017700000001:8742", "[::]:8742",
            "[0:0:0:0:0:0:0:1]:8742", "[::ffff:7f00:1]:8742", "127.0.0.1:65535", "127.0.0.1:0", "ip6-localhost:8742",
            "x_y:8742",
        ])
    func otherHost(_ host: String) throws {
        // A dot behind the port is no port.
        let isBroken = host.hasSuffix(".")
        let refusal = isBroken ? (400, "authority-malformed") : (421, "authority-foreign")
        for request in [Request.call(), .upgrade()] {
            try RefusalCase(host, request.replacing("Host", host), refusal.0, 2, refusal.1).check(try Rig())
        }
    }

    @Test(
        "Headers that may stand once, twice: equal or not, in whatever letters, wherever",
        arguments: [
            ("Host", "127.0.0.1:8742"), ("Origin", "http://127.0.0.1:8742"), ("Authorization", "Bearer good"),
            ("Content-Type", "application/json"), ("Content-Length", "0"), ("Transfer-Encoding", "chunked"),
            ("Upgrade", "websocket"), ("Cookie", "a=b"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "add"),
            ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Session-Id", "x"), ("Mcp-Param-City", "x"),
            ("Mcp-Anything", "x"),
            ("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA=="), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "mcp"), ("Sec-WebSocket-Extensions", "x"), ("Expect", "100-continue"),
            ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "none"),
        ])
    func twice(_ name: String, _ value: String) throws {
        for second in [name, name.uppercased(), name.lowercased()] {
            for other in [value, ""] {
                for base in [Request.call().without(name), Request.upgrade().without(name)] {
                    var request = base
                    request.headers.insert((name, value), at: 0)
                    request.headers.append((second, other))
                    request.hasLength = false
                    try RefusalCase("\(name) \(second)", request.saying(""), 400, 1, "head-malformed").check(try Rig())
                }
            }
        }
    }

    @Test("Names of headers are read in any letters, values with blanks around them, and the scheme in any case")
    func tolerance() throws {
        let rig = try Rig()
        let base = Request.call()
        var shouted = base
        shouted.headers = base.headers.map { ($0.name.uppercased(), $0.value) }
        var whispered = base
        whispered.headers = base.headers.map { ($0.name.lowercased(), $0.value) }
        var padded = base
        padded.headers = base.headers.map { ($0.name, $0.name == "Authorization" ? $0.value : "\t \($0.value) \t") }
        var reversed = base
        reversed.headers = base.headers.reversed()
        for request in [
            shouted, whispered, padded, reversed, base.replacing("Authorization", "bearer good"),
            base.replacing("Authorization", "BEARER good"), base.with("X-Anything", "a\tb"),
            base.replacing("Accept", "application/json").with("accept", "text/event-stream"),
            base.replacing("Accept", "text/event-stream;q=0.5 , Application/JSON;q=1.0, */*;q=0.1"),
            base.replacing("Content-Type", "application/json ; charset=utf-8"), base.with("Connection", "keep-alive"),
            base.with("Expect", "100-Continue"), base.with("Cookie", "a=b"), base.with("Connection", "keep-alive, TE"),
        ] {
            let client = try rig.connect()
            #expect(try client.exchange(request)?.status == 200, "\(request.headers)")
            try client.close()
        }
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test(
        "Lines that are no header lines",
        arguments: [
            "X-A", ": x", "X A: 1", "X-A\u{0}: 1", "X-A: \u{7F}", "X-A: \u{1B}[2J", "(x): 1", "X-A\t: 1", " X-A: 1",
            "\tX-A: 1", "X-\u{e9}: 1",
            "X-A: \u{e9}", "\"X\": 1", "X-A: a\u{0B}b", "X-A: a\nX-B: b", "X-A: a\rX-B: b", "X@: 1", "=: 1",
        ])
    func lines(_ line: String) throws {
        let text = "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:8742\r\n\(line)\r\n\r\n"
        try RefusalCase(line, Array(text.utf8), 400, 1, "head-malformed").check(try Rig())
    }

    @Test(
        "Request lines that are none",
        arguments: [
            "GET /mcp", "GET  /mcp HTTP/1.1", "GET /mcp  HTTP/1.1", " GET /mcp HTTP/1.1", "GET\t/mcp HTTP/1.1",
            "GET /mcp HTTP/1.1 ",
            "GET /mcp http/1.1", "GET /mcp HTTP/ 1.1", "GET /mcp HTTPS/1.1", "G\u{cb}T /mcp HTTP/1.1",
            "GET /mcp HTTP/1.1\t", "\r\nGET /mcp HTTP/1.1",
            "GET /mcp XHTTP/1.1", "(GET) /mcp HTTP/1.1", "/mcp HTTP/1.1", "GET /mcp HTTP/1,1",
        ])
    func requestLines(_ line: String) throws {
        let text = "\(line)\r\nHost: 127.0.0.1:8742\r\n\r\n"
        try RefusalCase(line, Array(text.utf8), 400, 1, "head-malformed").check(try Rig())
    }

    @Test(
        "Other versions",
        arguments: ["HTTP/0.9", "HTTP/1.0", "HTTP/1.2", "HTTP/1.10", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/11"])
    func versions(_ version: String) throws {
        var request = Request.call()
        request.version = version
        try RefusalCase(version, request, 505, 1, "version-unsupported").check(try Rig())
    }

    @Test(
        "Lengths that are none, and codings",
        arguments: [
            ("Content-Length", "-1", 400, "head-malformed"), ("Content-Length", "1e1", 400, "head-malformed"),
            ("Content-Length", "2,2", 400, "head-malformed"), ("Content-Length", "2, 2", 400, "head-malformed"),
            ("Content-Length", "2 2", 400, "head-malformed"), ("Content-Length", "", 400, "head-malformed"),
            ("Content-Length", "2;", 400, "head-malformed"), ("Content-Length", "\"2\"", 400, "head-malformed"),
            ("Content-Length", "0b10", 400, "head-malformed"), ("Content-Length", "2.0", 400, "head-malformed"),
            ("Transfer-Encoding", "", 400, "head-malformed"), ("Transfer-Encoding", "chunked,", 400, "head-malformed"),
            ("Transfer-Encoding", ",chunked", 400, "head-malformed"),
            ("Transfer-Encoding", "chunked;q=1", 400, "head-malformed"),
            ("Transfer-Encoding", "chunked chunked", 400, "head-malformed"),
            ("Transfer-Encoding", "\"chunked\"", 400, "head-malformed"),
            ("Transfer-Encoding", "gzip, chunked", 400, "head-malformed"),
            ("Transfer-Encoding", "identity", 501, "coding-unsupported"),
            ("Transfer-Encoding", "xchunked", 501, "coding-unsupported"),
            ("Transfer-Encoding", "chunkedx", 501, "coding-unsupported"),
            ("Expect", "", 417, "expectation-failed"), ("Expect", "100-continue, x", 417, "expectation-failed"),
            ("Expect", "100", 417, "expectation-failed"), ("Connection", "", 400, "head-malformed"),
            ("Connection", "close,,x", 400, "head-malformed"), ("Connection", "a b", 400, "head-malformed"),
            ("Upgrade", "", 400, "head-malformed"), ("Upgrade", "websocket, h2c", 400, "head-malformed"),
            ("Upgrade", "websocket/13", 400, "head-malformed"), ("Upgrade", "h2c, websocket", 400, "head-malformed"),
            ("Upgrade", "TLS/1.0", 400, "head-malformed"), ("Upgrade", "websocket websocket", 400, "head-malformed"),
        ])
    func framing(_ name: String, _ value: String, _ status: Int, _ reason: String) throws {
        var request = Request.call().with(name, value)
        request.hasLength = name == "Expect" || name == "Connection" || name == "Upgrade"
        try RefusalCase("\(name): \(value)", request, status, 1, reason).check(try Rig())
    }

    @Test("Chunked is read in any letters; both framings are refused in either order")
    func chunked() throws {
        let rig = try Rig()
        let body = Request.call().body
        let chunks =
            Array("\(String(body.count, radix: 16).uppercased())\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
        let client = try rig.connect()
        #expect(try client.exchange(.call().with("Transfer-Encoding", "Chunked").saying(chunks))?.status == 200)
        let padded = Array("0000\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n000\r\n\r\n".utf8)
        #expect(try client.exchange(.call().with("Transfer-Encoding", "chunked").saying(padded))?.status == 200)
        for pair in [["Content-Length", "Transfer-Encoding"], ["Transfer-Encoding", "Content-Length"]] {
            var request = Request.call()
            for name in pair { request = request.with(name, name == "Content-Length" ? "\(chunks.count)" : "chunked") }
            try RefusalCase("both", request.saying(chunks), 400, 1, "head-malformed").check(try Rig())
        }
    }
}

@Suite("However a handshake is spelt, it is one or none")
struct HandshakeVariantTests {
    @Test(
        "Keys that are not sixteen bytes in canonical base64",
        arguments: [
            "", "AQIDBAUGBwgJCgsMDQ4P", "AQIDBAUGBwgJCgsMDQ4PEBE=", "AQIDBAUGBwgJCgsMDQ4PEB==",
            "AQIDBAUGBwgJCgsMDQ4PEA",
            "AQIDBAUGBwgJCgsMDQ4PEA=", "AQIDBAUGBwgJCgsMDQ4PEA===", "AQID BAUGBwgJCgsMDQ4PEA==",
            "AQIDBAUGBwgJCgsMDQ4PE-==",
            "AQIDBAUGBwgJCgsMDQ4P_w==", "AQIDBAUGBwgJCgsMDQ4PEA==, AQIDBAUGBwgJCgsMDQ4PEA==",
            "\"AQIDBAUGBwgJCgsMDQ4PEA\"",
            "========================", "AQIDBAUGBwgJCgsMDQ4PEA%3D", "AQIDBAUGBwgJCgsMDQ4=EA==",
        ])
    func key(_ key: String) throws {
        let request = Request.upgrade().replacing("Sec-WebSocket-Key", key)
        try RefusalCase(key, request, 400, 7, "handshake-malformed").check(try Rig())
    }

    @Test(
        "Offers with anything else beside it",
        arguments: [
            "", "mcp, mcp", "mcp,", ",mcp", "mcp;x", "Mcp", "mcp2", "bearer.SECRET, mcp", "mcp bearer", "\"mcp\"",
            "base64url.bearer.SECRET",
        ])
    func offer(_ offer: String) throws {
        let request = Request.upgrade().replacing("Sec-WebSocket-Protocol", offer)
        let rig = try Rig()
        try RefusalCase(offer, request, 400, 7, "handshake-malformed").check(rig)
    }

    @Test("Other versions", arguments: ["", "0", "8", "14", "013", "13, 8", "8, 13", "13;", "+13", "1 3"])
    func version(_ version: String) throws {
        let request = Request.upgrade().replacing("Sec-WebSocket-Version", version)
        try RefusalCase(version, request, 426, 7, "upgrade-required").check(try Rig())
        #expect(try Rig().connect().exchange(request)?["sec-websocket-version"] == "13")
    }

    @Test("Connection has to name it", arguments: ["close", "keep-alive", "upgrades", "up-grade", "close, keep-alive"])
    func connection(_ value: String) throws {
        let request = Request.upgrade().replacing("Connection", value)
        try RefusalCase(value, request, 400, 7, "handshake-malformed").check(try Rig())
    }

    @Test("What honest clients send beside it")
    func honest() throws {
        let base = Request.upgrade()
        for request in [
            base.replacing("Connection", "keep-alive, Upgrade"), base.replacing("Connection", "UPGRADE"),
            base.replacing("Connection", "keep-alive").with("connection", "upgrade"),
            base.replacing("Upgrade", "WebSocket"),
            base.with("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            base.with("User-Agent", "x"),
            base.replacing("Sec-WebSocket-Protocol", " mcp "), base.with("Content-Length", "0"),
        ] {
            let answer = try Rig().connect().exchange(request)
            let isBody = request.headers.contains { $0.name == "Content-Length" }
            #expect(answer?.status == (isBody ? 400 : 101), "\(request.headers)")
            if answer?.status == 101 {
                #expect(answer?["sec-websocket-protocol"] == "mcp")
                #expect(answer?["sec-websocket-extensions"] == nil)
                #expect(answer?["upgrade"] == "websocket")
            }
        }
    }

    @Test(
        "A handshake at another address is none",
        arguments: ["/mcp", "/mcp/files", "/.well-known/oauth-protected-resource"])
    func elsewhere(_ path: String) throws {
        let rig = try Rig()
        let answer = try rig.connect().exchange(.upgrade(to: path))
        #expect(answer?.status != 101)
        #expect(!rig.broker.requests.contains { if case .select = $0 { true } else { false } })
        let session = Request.upgrade(to: path).with("Mcp-Session-Id", "x").with("Accept", "text/event-stream")
        #expect(try rig.connect().exchange(session)?.status != 101)
    }

    @Test("The accepted one closes behind nothing and is asked for its server once")
    func once() throws {
        let rig = try Rig()
        for path in ["/ws/files", "/ws/git"] {
            rig.broker.forget()
            #expect(try rig.connect().exchange(.upgrade(to: path))?.status == 101)
            #expect(rig.broker.requests.count { if case .select = $0 { true } else { false } } == 1)
        }
    }
}

@Suite("No message is larger than a message may be, in any spelling")
struct SizeTests {
    /// A call whose body has exactly this many bytes.
    private func call(bytes size: Int) -> Request {
        let frame = Request.call(arguments: "{\"x\":\"\"}").body.count
        return Request.call(arguments: "{\"x\":\"\(String(repeating: "a", count: size - frame))\"}")
    }

    @Test("Exactly the limit and one byte more, by length and in chunks", arguments: [0, 1])
    func limit(_ above: Int) throws {
        let rig = try Rig()
        let request = call(bytes: FrameLimits.message + above)
        #expect(request.body.count == FrameLimits.message + above)
        let byLength = try rig.connect()
        try byLength.send(request.bytes)
        #expect(try byLength.response()?.status == (above == 0 ? 200 : 413))
        let half = request.body.count / 2
        var chunks = Array("\(String(half, radix: 16))\r\n".utf8) + request.body.prefix(half) + [13, 10]
        chunks +=
            Array("\(String(request.body.count - half, radix: 16))\r\n".utf8) + request.body.dropFirst(half) + [13, 10]
        chunks += Array("0\r\n\r\n".utf8)
        let inChunks = try rig.connect()
        try inChunks.send(request.with("Transfer-Encoding", "chunked").saying(chunks).bytes)
        #expect(try inChunks.response()?.status == (above == 0 ? 200 : 413))
        #expect(rig.broker.decisions.count == (above == 0 ? 2 : 0))
        #expect(rig.broker.violations == [])
    }

    /// A byte that a line reader might take for an end is written as six, so four megabytes can become 24.
    static let swelling: [(String, [UInt8], times: Int)] = [
        ("U+007F", [0x7F], 6), ("U+0085", [0xC2, 0x85], 3), ("U+2028", [0xE2, 0x80, 0xA8], 2),
    ]

    @Test(
        "A message that grows beyond the limit by being made canonical is refused, and nobody else is hurt",
        arguments: swelling)
    func swollen(_ name: String, _ text: [UInt8], _ times: Int) throws {
        let rig = try Rig()
        let bystander = try rig.connectKnown(as: "other")
        func request(_ count: Int) -> Request {
            let marker = "@"
            let body = Request.call(arguments: "{\"x\":\"\(marker)\"}").body
            let at = body.firstIndex(of: 0x40) ?? 0
            return Request.call().saying(
                Array(body[..<at]) + text.repeated(count) + Array(body[(at + 1)...]))
        }
        let fits = (FrameLimits.message - 1000) / (times * text.count)
        let over = FrameLimits.message / (times * text.count) + 1
        #expect(try rig.connect().exchange(request(fits))?.status == 200)
        #expect(rig.broker.decisions.count == 1)
        rig.broker.forget()
        try RefusalCase(name, request(over), 413, 7, "body-too-large").check(rig)
        #expect(rig.takeRefusal()?.rule == Array("canonical-too-large".utf8))
        let socket = try SocketClient(rig)
        try socket.send(raw: SocketClient.frame(0x81, request(over).body))
        guard case .text(let answer)? = try socket.next() else {
            Issue.record("no answer on the socket")
            return
        }
        #expect(reason(answer) == "body-too-large")
        #expect(try bystander.exchange(.modern("tools/list", bearer: "other"))?.status == 200)
        #expect(rig.end == nil)
        #expect(!rig.hasCalls)
    }

    @Test("A client's answer that grows too large reaches no server, which is told so")
    func swollenAnswer() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let session = try openSession(client)
        rig.broker.holdsCalls = true
        let caller = try rig.connect()
        try caller.send(Request.legacy("tools/list", id: "5", session: session).bytes)
        let decision = try #require(rig.broker.decisions.last)
        rig.broker.order(
            .event(
                Event(
                    scope: .call(decision.call), question: 77,
                    message: Array("{\"jsonrpc\":\"2.0\",\"method\":\"elicitation/create\"}".utf8))))
        try rig.settle()
        let head = Array("{\"jsonrpc\":\"2.0\",\"id\":\"dw-77\",\"result\":{\"x\":\"".utf8)
        let body = head + [UInt8](repeating: 0x7F, count: 800_000) + Array("\"}}".utf8)
        let answer = try client.exchange(.message("").with("Mcp-Session-Id", session).saying(body))
        #expect(answer?.status == 413)
        let replies = rig.broker.requests.compactMap { request -> [UInt8]? in
            if case .reply(77, _, let message) = request { message } else { nil }
        }
        #expect(replies.count == 1)
        #expect(replies.first?.count ?? .max < 200)
    }
}

@Suite("What the record is told is words")
struct WordTests {
    private func isWord(_ text: String) -> Bool {
        text.utf8.count <= Caps.word && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    @Test("Every rule, every name and every method fits the frame that carries it")
    func words() {
        for rule in WireRule.allCases { #expect(isWord(rule.rawValue), "\(rule)") }
        for rule in JSONRule.allCases { #expect(isWord(rule.rawValue), "\(rule)") }
        for fault in EnvelopeFault.allCases { #expect(isWord(fault.word.description), "\(fault)") }
        for name in HeaderName.allCases { #expect(isWord(name.text), "\(name)") }
        for method in HTTPMethod.allCases { #expect(isWord(method.rawValue), "\(method)") }
        for denial in Denial.allCases { #expect(isWord(denial.word.description), "\(denial)") }
        for fault: ParameterFault in [
            .missing(ModernRules.versionKey), .wrongKind(ModernRules.capabilitiesKey), .unknownMember, .tooLong("name"),
        ] {
            #expect(isWord(fault.word.description))
            #expect(isWord(fault.member ?? "x"))
        }
    }

    @Test("Every denial has an answer over HTTP")
    func statuses() {
        for denial in Denial.allCases { #expect(HTTPStatus(denial).rawValue == denial.status, "\(denial)") }
    }
}

extension [UInt8] {
    /// By doubling: bytes one at a time take seconds where nothing is optimised.
    fileprivate func repeated(_ times: Int) -> [UInt8] {
        var all = self
        while all.count < times * count { all += all }
        return Array(all.prefix(times * count))
    }
}
