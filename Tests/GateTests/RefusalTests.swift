// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

private let parameters = "eyJjb21tYW5kIjoiL2Jpbi9zaCIsImFyZ3MiOlsiLWMiLCJpZCJdfQ=="

@Suite("Input selects a server, it never supplies one")
struct LaunchParameterTests {
    static let targets = [
        "/ws/files?server_params=\(parameters)", "/ws/nothing?server_params=\(parameters)",
        "/mcp?command=/bin/sh&arg=-c", "/mcp/files?server=files", "/mcp?", "/ws/files?", "/anything?x=1",
    ]

    @Test("A01, A03: parameters in the address without a credential", arguments: targets)
    func withoutCredential(_ target: String) throws {
        for request in [Request.upgrade(to: target, bearer: nil), Request.message("{}", to: target, bearer: nil)] {
            try RefusalCase("A01", request, 401, 4, "credential-missing").check(try Rig())
        }
    }

    @Test(
        "A02, A03: the same with one",
        arguments: ["/ws/files?server_params=\(parameters)", "/ws/files?", "/ws/nothing?command=SECRET"])
    func upgrade(_ target: String) throws {
        try RefusalCase("A02", .upgrade(to: target), 400, 7, "query-not-allowed").check(try Rig())
    }

    @Test("A03: a message with a query", arguments: ["/mcp?command=SECRET", "/mcp/files?server=files", "/mcp?"])
    func message(_ target: String) throws {
        try RefusalCase("A03", .call().at(target), 400, 7, "query-not-allowed").check(try Rig())
    }

    @Test("A15: what a proxy may have added changes nothing")
    func forwarded() throws {
        for header in [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-Client-IP",
            "X-Original-URL", "X-Rewrite-URL",
        ] {
            let request = Request.message("{}", bearer: nil).with(header, "127.0.0.1")
            try RefusalCase("A15 \(header)", request, 401, 4, "credential-missing").check(try Rig())
        }
    }
}

@Suite("No page may speak, whatever it shows")
struct BrowserTests {
    static let origins = [
        "http://localhost", "http://localhost:8742", "http://127.0.0.1", "http://127.0.0.1:9999",
        "https://127.0.0.1:8742",
        "https://evil.example", "null", "http://localhost@evil.example", "http://localhost.evil.example",
        "http://127.0.0.1.nip.io", "http://localhost.", "HTTP://LOCALHOST", "", "http://127.0.0.1:8742/",
        "HTTP://127.0.0.1:8742", "http://127.0.0.1:08742",
    ]

    @Test("A04-A06, A10: an origin that is not ours", arguments: origins)
    func origin(_ origin: String) throws {
        for request in [
            Request.call().with("Origin", origin), .call().without("Authorization").with("Origin", origin),
            .upgrade().with("Origin", origin), .upgrade(bearer: nil).with("Origin", origin),
            Request(.get, "/.well-known/oauth-protected-resource").with("Origin", origin),
        ] {
            try RefusalCase("origin \(origin)", request, 403, 3, "browser-evidence").check(try Rig())
        }
    }

    @Test("Our own origin proves nothing and forbids nothing")
    func ownOrigin() throws {
        let rig = try Rig()
        let client = try rig.connect()
        #expect(try client.exchange(.call().with("Origin", "http://127.0.0.1:8742"))?.status == 200)
        let stranger = Request.call().without("Authorization").with("Origin", "http://127.0.0.1:8742")
        try RefusalCase("own origin", stranger, 401, 4, "credential-missing").check(try Rig())
    }

    static let marks = [
        ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", ""), ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Dest", "empty"),
        ("Sec-Fetch-Dest", ""), ("Sec-Fetch-User", "?1"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Mode", "no-cors"),
        ("Sec-Fetch-Mode", "same-origin"), ("Sec-Fetch-Mode", ""), ("Sec-Fetch-Mode", "CORS"),
        ("Sec-Fetch-Mode", "websocket"),
        ("Sec-Fetch-Storage-Access", "active"), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization"), ("Access-Control-Request-Private-Network", "true"),
        ("Access-Control-Request-Local-Network", "true"),
    ]

    @Test("A07, A20: marks of a browser", arguments: marks)
    func mark(_ name: String, _ value: String) throws {
        for request in [
            Request.call().with(name, value), .call().without("Authorization").with(name, value),
            Request(.options, "/mcp").with(name, value),
        ] {
            try RefusalCase("\(name): \(value)", request, 403, 3, "browser-evidence").check(try Rig())
        }
    }

    @Test("A07: Node's own mark alone is none, beside another one it is")
    func node() throws {
        let rig = try Rig()
        let client = try rig.connect()
        #expect(try client.exchange(.call().with("Sec-Fetch-Mode", "cors"))?.status == 200)
        #expect(try client.exchange(.upgrade().with("Sec-Fetch-Mode", "websocket"))?.status == 101)
        try RefusalCase(
            "cors alone", .message("{}", bearer: nil).with("Sec-Fetch-Mode", "cors"), 401, 4, "credential-missing"
        )
        .check(try Rig())
        try RefusalCase("cors on an upgrade", .upgrade().with("Sec-Fetch-Mode", "cors"), 403, 3, "browser-evidence")
            .check(try Rig())
        let two = Request.call().with("Sec-Fetch-Mode", "cors").with("Sec-Fetch-Site", "cross-site")
        try RefusalCase("two marks", two, 403, 3, "browser-evidence").check(try Rig())
    }
}

@Suite("The authority is ours to the byte, or refused")
struct AuthorityTests {
    static let elsewhere = [
        "rebind.attacker.example:8742", "localhost.attacker.example:8742", "0.0.0.0:8742", "2130706433:8742",
        "0x7f.1:8742",
        "127.1:8742", "[::ffff:127.0.0.1]:8742", "localhost.:8742", "localhost6:8742", "foo.localhost:8742",
        "localhost:8742", "127.0.0.1:8743", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:08742", "[::1]:8742",
    ]

    @Test("A11, A12, A14b: other places", arguments: elsewhere)
    func other(_ host: String) throws {
        for request in [
            Request.call().replacing("Host", host), .upgrade().replacing("Host", host),
            Request(.get, "/.well-known/oauth-protected-resource").replacing("Host", host),
        ] {
            try RefusalCase("host \(host)", request, 421, 2, "authority-foreign").check(try Rig())
        }
    }

    static let broken = [
        "user@127.0.0.1:8742", "127.0.0.1:8742/x", "127.0.0.1:8742, evil", "127.0.0.1 :8742", "127.0.0.1\t:8742", "",
        "127.0.0.1:", "127.0.0.1:99999", "[::1", "127.0.0.1:87x2",
    ]

    @Test("A12b: no authority at all", arguments: broken)
    func malformed(_ host: String) throws {
        try RefusalCase("host \(host)", .call().replacing("Host", host), 400, 2, "authority-malformed").check(try Rig())
    }

    @Test("A12b: none, and two")
    func count() throws {
        try RefusalCase("none", .call().without("Host"), 400, 2, "authority-malformed").check(try Rig())
        try RefusalCase("two", .call().with("host", "127.0.0.1:8742"), 400, 1, "head-malformed").check(try Rig())
    }

    @Test(
        "A13: another form of target",
        arguments: [
            "http://evil.example/mcp", "http://127.0.0.1:8742/mcp", "https://evil.example/mcp", "evil.example:80", "*",
        ])
    func form(_ target: String) throws {
        try RefusalCase("target \(target)", .call().at(target), 400, 1, "head-malformed").check(try Rig())
    }
}

@Suite("A body is JSON by name")
struct MediaTypeTests {
    static let types = [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json",
        "application/jsonx", "application/vnd.api+json", "application/json; charset=utf-16", "application/json; x=1",
        "",
    ]

    @Test("A16, A18: types that a page can send, or that lax readers take", arguments: types)
    func type(_ type: String) throws {
        let request = Request.call().replacing("Content-Type", type)
        try RefusalCase(type, request, 415, 7, "media-type-unsupported").check(try Rig())
        try RefusalCase(type, request.with("Origin", "https://evil.example"), 403, 3, "browser-evidence").check(
            try Rig())
    }

    @Test("A17: none; A18: two; A19: a form")
    func others() throws {
        let none = Request.call().without("Content-Type")
        try RefusalCase("none", none, 415, 7, "media-type-unsupported").check(try Rig())
        try RefusalCase("none", none.with("Origin", "null"), 403, 3, "browser-evidence").check(try Rig())
        let two = Request.call().with("content-type", "application/json")
        try RefusalCase("two", two, 400, 1, "head-malformed").check(try Rig())
        let form = Request.call().replacing("Content-Type", "text/plain").with("Origin", "https://evil.example")
            .with("Sec-Fetch-Mode", "navigate")
        try RefusalCase("form", form, 403, 3, "browser-evidence").check(try Rig())
    }

    @Test("The type may name its encoding")
    func charset() throws {
        let rig = try Rig()
        let request = Request.call().replacing("Content-Type", "Application/JSON; Charset=UTF-8")
        #expect(try rig.connect().exchange(request)?.status == 200)
    }

    @Test(
        "A client must take both kinds of answer",
        arguments: [
            "application/json", "text/event-stream", "*/*", "application/*, text/*",
            "application/json;q=0, text/event-stream",
        ])
    func accept(_ accept: String) throws {
        try RefusalCase(accept, .call().replacing("Accept", accept), 406, 7, "not-acceptable").check(try Rig())
    }
}

@Suite("One place for a credential, one form, and the broker's word")
struct CredentialTests {
    @Test("A21: in the address")
    func address() throws {
        for key in ["token", "access_token"] {
            try RefusalCase(
                "A21", .call().without("Authorization").at("/mcp?\(key)=SECRET"), 401, 4, "credential-missing"
            )
            .check(try Rig())
            try RefusalCase("A21", .call().at("/mcp?\(key)=SECRET"), 400, 7, "query-not-allowed").check(try Rig())
        }
    }

    @Test("A22: in a cookie", arguments: ["token=SECRET", "__Host-token=SECRET", "doorward-ui=SECRET"])
    func cookie(_ cookie: String) throws {
        try RefusalCase("A22", .call().without("Authorization").with("Cookie", cookie), 401, 4, "credential-missing")
            .check(try Rig())
    }

    @Test(
        "A24: not one bearer token",
        arguments: [
            "Basic Z29vZDo=", "Bearer", "Bearer ", "Bearer  good", "Bearer\tgood", "Bearer good, Bearer good",
            "Bearer \"good\"", "Bearer g\u{f6}\u{f6}d", "good", "Bearer good good", "Digest good",
        ])
    func form(_ value: String) throws {
        let request = Request.call().replacing("Authorization", value)
        let answer = RefusalCase(value, request, 401, 4, "credential-malformed")
        try answer.check(try Rig())
    }

    @Test("A24: blanks behind the token, two headers, a megabyte")
    func others() throws {
        let trailing = Request.call().replacing("Authorization", "Bearer good ")
        try RefusalCase("trailing", trailing, 401, 4, "credential-malformed").check(try Rig())
        try RefusalCase("two", .call().with("authorization", "Bearer good"), 400, 1, "head-malformed").check(try Rig())
        let huge = Request.call().replacing("Authorization", "Bearer " + String(repeating: "a", count: 1 << 20))
        try RefusalCase("huge", huge, 431, 1, "head-too-large").check(try Rig())
    }

    @Test("A token longer than the door takes is refused here", arguments: [4096, 4097])
    func longest(_ count: Int) throws {
        let rig = try Rig()
        let request = Request.call().replacing("Authorization", "Bearer " + String(repeating: "a", count: count))
        #expect(try rig.connect().exchange(request)?.status == 401)
        let asked = rig.broker.requests.contains { if case .authenticate = $0 { true } else { false } }
        #expect(asked == (count == 4096))
        #expect(rig.takeRefusal()?.denial == (count == 4096 ? .credentialUnknown : .credentialMalformed))
    }

    @Test(
        "A25-A27: what the broker does not accept",
        arguments: [
            ("nobody", 401, 4, "credential-unknown"), ("eyJhbGciOiJub25lIn0.e30.", 401, 4, "credential-unknown"),
            ("expired", 401, 4, "credential-expired"), ("revoked", 401, 4, "credential-revoked"),
            ("elsewhere", 403, 5, "scope-insufficient"),
        ])
    func judged(_ token: String, _ status: Int, _ step: UInt8, _ reason: String) throws {
        for request in [Request.call().replacing("Authorization", "Bearer \(token)"), .upgrade(bearer: token)] {
            try RefusalCase(token, request, status, step, reason).check(try Rig())
        }
    }

    @Test("The challenge says where to look and what was wrong")
    func challenge() throws {
        func challenge(_ request: Request) throws -> String? {
            try Rig().connect().exchange(request)?["www-authenticate"]
        }
        let at = "http://127.0.0.1:8742/.well-known/oauth-protected-resource"
        #expect(
            try challenge(.message("{}", bearer: nil)) == "Bearer resource_metadata=\"\(at)/mcp\", scope=\"mcp\"")
        #expect(
            try challenge(.message("{}", to: "/mcp/files", bearer: "nobody"))
                == "Bearer resource_metadata=\"\(at)/mcp/files\", scope=\"mcp\", error=\"invalid_token\"")
        #expect(
            try challenge(.message("{}", to: "/elsewhere", bearer: nil))
                == "Bearer resource_metadata=\"\(at)\", scope=\"mcp\"")
        #expect(
            try challenge(.message("{}", to: "/mcp/Not.A.Name", bearer: nil))
                == "Bearer resource_metadata=\"\(at)\", scope=\"mcp\"")
        #expect(
            try challenge(.call().replacing("Authorization", "Bearer elsewhere"))
                == "Bearer resource_metadata=\"\(at)/mcp/files\", scope=\"mcp\", error=\"insufficient_scope\"")
        #expect(try challenge(.call().replacing("Host", "evil.example")) == nil)
    }

    @Test("A26: the operator's pages are out of reach of every credential here, and tell nobody that they exist")
    func operators() throws {
        for path in ["/ui", "/ui/x", "/ui/approvals/1"] {
            try RefusalCase(path, Request(.get, path).bearer("good"), 403, 5, "scope-insufficient").check(try Rig())
            try RefusalCase(path, Request(.get, path), 401, 4, "credential-missing").check(try Rig())
        }
    }

    @Test("A31: what is said behind a refused handshake is never heard")
    func early() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(Request.upgrade(bearer: nil).bytes + [0x81, 0x80, 0, 0, 0, 0] + Request.call().bytes)
        let text = try client.takeText()
        #expect(text.hasPrefix("HTTP/1.1 401 "))
        #expect(!text.dropFirst(10).contains("HTTP/1.1"))
        #expect(try client.hasEnded())
        #expect(rig.takeRefusal()?.denial == .credentialMissing)
        #expect(rig.broker.decisions.isEmpty)
    }
}

@Suite("Addresses and methods")
struct RouteTests {
    @Test(
        "Without a credential every address answers alike",
        arguments: ["/", "/mcp", "/mcp/files", "/nothing", "/ws/x", "/ui"])
    func hidden(_ path: String) throws {
        for method in [HTTPVerb.get, .delete, .put] {
            try RefusalCase(path, Request(method, path), 401, 4, "credential-missing").check(try Rig())
        }
    }

    @Test(
        "What is not there",
        arguments: ["/", "/nothing", "/mcpx", "/mcp/a/b", "/ws", "/ws/a/b", "/MCP", "/.well-known", "/uix"])
    func absent(_ path: String) throws {
        try RefusalCase(path, Request(.get, path).bearer("good"), 404, 6, "route-unknown").check(try Rig())
    }

    @Test(
        "A34: methods that an endpoint does not serve",
        arguments: [HTTPVerb.put, .patch, .head, .trace, .options, .connect])
    func methods(_ method: HTTPVerb) throws {
        for (path, allowed) in [("/mcp", "POST"), ("/mcp/files", "POST"), ("/ws/files", "GET")] {
            let request = Request(method, path).bearer("good")
            try RefusalCase(path, request, 405, 6, "method-not-allowed").check(try Rig())
            #expect(try Rig().connect().exchange(request)?["allow"] == allowed)
        }
    }

    @Test("A34: overrides override nothing")
    func overrides() throws {
        for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            let rig = try Rig()
            #expect(try rig.connect().exchange(.call().with(name, "DELETE"))?.status == 200)
            let request = Request(.put, "/mcp").bearer("good").with(name, "POST")
            try RefusalCase(name, request, 405, 6, "method-not-allowed").check(try Rig())
        }
        try RefusalCase("CONNECT", Request(.connect, "127.0.0.1:8742").bearer("good"), 400, 1, "head-malformed")
            .check(try Rig())
    }

    @Test("A34: an upgrade by another method, and a socket's address without one")
    func upgrades() throws {
        var post = Request(.post, "/ws/files").bearer("good")
        post.headers += Request.upgrade().headers.dropFirst()
        post = post.without("Authorization").bearer("good")
        try RefusalCase("POST", post, 405, 6, "method-not-allowed").check(try Rig())
        let onEndpoint = Request.call().with("Upgrade", "websocket").with("Connection", "Upgrade")
        try RefusalCase("POST /mcp", onEndpoint, 405, 6, "method-not-allowed").check(try Rig())
        let plain = Request(.get, "/ws/files").bearer("good")
        try RefusalCase("GET", plain, 426, 7, "upgrade-required").check(try Rig())
        #expect(try Rig().connect().exchange(plain)?["upgrade"] == "websocket")
    }

    @Test("A35, A35b: heads that two readers could read in two ways end the connection")
    func framing() throws {
        func raw(_ lines: [String], _ body: String = "") -> [UInt8] {
            Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
        }
        let base = ["POST /mcp HTTP/1.1", "Host: 127.0.0.1:8742", "Authorization: Bearer good"]
        let cases: [(String, [UInt8], Int, String)] = [
            (
                "both lengths", raw(base + ["Content-Length: 2", "Transfer-Encoding: chunked"], "{}"), 400,
                "head-malformed"
            ),
            ("two lengths", raw(base + ["Content-Length: 2", "Content-Length: 2"], "{}"), 400, "head-malformed"),
            ("signed length", raw(base + ["Content-Length: +2"], "{}"), 400, "head-malformed"),
            ("hexadecimal length", raw(base + ["Content-Length: 0x2"], "{}"), 400, "head-malformed"),
            ("two codings", raw(base + ["Transfer-Encoding: chunked, identity"]), 400, "head-malformed"),
            (
                "coding twice", raw(base + ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]), 400,
                "head-malformed"
            ),
            ("unknown coding", raw(base + ["Transfer-Encoding: gzip"]), 501, "coding-unsupported"),
            ("folded", raw(base + ["X-A: 1", " 2"]), 400, "head-malformed"),
            ("space before colon", raw(base + ["X-A : 1"]), 400, "head-malformed"),
            ("bare line feed", Array("GET /mcp HTTP/1.1\nHost: 127.0.0.1:8742\n\n".utf8), 400, "head-malformed"),
            ("bare return", raw(base + ["X-A: 1\rX-B: 2"]), 400, "head-malformed"),
            ("NUL", raw(base + ["X-A: \0"]), 400, "head-malformed"),
            ("h2c", raw(base + ["Upgrade: h2c", "Connection: Upgrade"]), 400, "head-malformed"),
            ("HTTP/1.0", raw(["POST /mcp HTTP/1.0", "Host: 127.0.0.1:8742"]), 505, "version-unsupported"),
            ("HTTP/1.10", raw(["POST /mcp HTTP/1.10", "Host: 127.0.0.1:8742"]), 505, "version-unsupported"),
            ("HTTP/2", Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), 505, "version-unsupported"),
            ("expectation", raw(base + ["Expect: 200-ok"]), 417, "expectation-failed"),
            ("long line", raw(["GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1"]), 414, "target-too-long"),
            (
                "long query", raw(["GET /mcp?" + String(repeating: "a", count: 100_000) + " HTTP/1.1"]), 414,
                "target-too-long"
            ),
            ("long header", raw(base + ["X-A: " + String(repeating: "a", count: 65_536)]), 431, "head-too-large"),
            ("many headers", raw(base + (0..<1000).map { "X-\($0): 1" }), 431, "head-too-large"),
            ("percent", raw(["GET /mcp/%2e%2e HTTP/1.1"]), 400, "head-malformed"),
            ("dots", raw(["GET /mcp/.. HTTP/1.1"]), 400, "head-malformed"),
            ("space", raw(["GET /mcp/a b HTTP/1.1"]), 400, "head-malformed"),
            ("empty segment", raw(["GET /mcp/ HTTP/1.1"]), 400, "head-malformed"),
            ("not ASCII", raw(["GET /mcp/f\u{456}les HTTP/1.1"]), 400, "head-malformed"),
        ]
        for (name, bytes, status, reason) in cases {
            let rig = try Rig()
            // A second request behind the refused one is never read.
            try RefusalCase(name, bytes + Request.call().bytes, status, 1, reason).check(rig)
            let client = try rig.connect()
            try client.send(bytes + Request.call().bytes)
            #expect(try client.response()?.closes == true, "\(name)")
            #expect(try client.takeText() == "", "\(name)")
            #expect(try client.hasEnded(), "\(name)")
        }
    }

    @Test(
        "A35: chunks in another form",
        arguments: [
            "2;x=1\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\nX: 1\r\n\r\n", "2\n{}\n0\n\n", "+2\r\n{}\r\n0\r\n\r\n",
            "0x2\r\n{}\r\n0\r\n\r\n",
            "2 \r\n{}\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n", "\r\n{}\r\n0\r\n\r\n",
        ])
    func chunks(_ body: String) throws {
        let request = Request.call().with("Transfer-Encoding", "chunked").saying(body)
        try RefusalCase("chunks", request, 400, 7, "body-malformed").check(try Rig())
    }

    @Test("A39: a name that no server has is a server that is not there, once everything else was in order")
    func names() throws {
        for name in ["Files", "__proto__", "a--b", "-a", String(repeating: "a", count: 33), "a.b"] {
            let rig = try Rig()
            try RefusalCase(name, .call(to: "/mcp/\(name)"), 404, 10, "server-unknown").check(rig)
            try RefusalCase(name, .initialize(to: "/mcp/\(name)"), 404, 10, "server-unknown").check(try Rig())
            try RefusalCase(name, .upgrade(to: "/ws/\(name)"), 404, 10, "server-unknown").check(try Rig())
            // The fault alone is the cause: a spoilt message is told so first.
            try RefusalCase(name, .call(to: "/mcp/\(name)").saying("{"), 400, 9, "json-malformed").check(try Rig())
        }
        try RefusalCase("unknown", .upgrade(to: "/ws/unknown"), 404, 10, "server-unknown").check(try Rig())
    }

    @Test("A body that nothing asked for, and none where one is needed")
    func bodies() throws {
        let missing = Request.call().saying("")
        var none = missing
        none.hasLength = false
        try RefusalCase("none", none, 400, 7, "body-missing").check(try Rig())
        try RefusalCase("empty", missing, 400, 9, "json-malformed").check(try Rig())
        let session = Request(.get, "/mcp").bearer("good").with("Mcp-Session-Id", "x").with(
            "Accept", "text/event-stream")
        let unexpected = session.with("Content-Length", "2").saying("{}")
        try RefusalCase("GET", unexpected, 400, 7, "body-malformed").check(try Rig())
        let open = Request(.get, "/.well-known/oauth-protected-resource").with("Content-Length", "2").saying("{}")
        try RefusalCase("open GET", open, 400, 7, "body-malformed").check(try Rig())
    }
}

@Suite("Where to find out about credentials needs none")
struct MetadataTests {
    @Test("H8: the same shape for the whole, the aggregate, and any name")
    func documents() throws {
        let rig = try Rig()
        let client = try rig.connect()
        for (path, resource) in [
            ("", ""), ("/mcp", "/mcp"), ("/mcp/files", "/mcp/files"), ("/mcp/unknown", "/mcp/unknown"),
        ] {
            let answer = try #require(
                try client.exchange(Request(.get, "/.well-known/oauth-protected-resource\(path)")))
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/json")
            #expect(
                answer.body == """
                    {"bearer_methods_supported":["header"],"resource":"http://127.0.0.1:8742\(resource)",\
                    "resource_name":"doorward","scopes_supported":["mcp"]}
                    """)
            answer.checkSafety()
        }
        #expect(rig.broker.refusals.isEmpty)
        #expect(rig.broker.requests.allSatisfy { if case .ready = $0 { true } else { false } })
    }

    @Test("Other addresses that clients try are plainly absent, and no refusal")
    func absent() throws {
        let rig = try Rig()
        let client = try rig.connect()
        for path in [
            "oauth-authorization-server", "openid-configuration", "oauth-protected-resource/ws/files", "x",
            "oauth-protected-resource/mcp/Files", "oauth-protected-resource/mcp/a/b",
        ] {
            let answer = try client.exchange(Request(.get, "/.well-known/\(path)"))
            #expect(answer?.status == 404)
            #expect(answer?.reason == "route-unknown")
        }
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test("The earlier steps hold there too, and so do the later ones")
    func steps() throws {
        let path = "/.well-known/oauth-protected-resource"
        try RefusalCase("head", Request(.head, path), 405, 6, "method-not-allowed").check(try Rig())
        try RefusalCase("post", Request.message("{}", to: path, bearer: nil), 401, 4, "credential-missing").check(
            try Rig())
        try RefusalCase("post", .message("{}", to: path), 405, 6, "method-not-allowed").check(try Rig())
        try RefusalCase("query", Request(.get, path + "?x=1"), 400, 7, "query-not-allowed").check(try Rig())
        try RefusalCase("host", Request(.get, path).replacing("Host", "evil.example"), 421, 2, "authority-foreign")
            .check(try Rig())
    }
}
