// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing
import Wire

@Suite("A response says what we decided and nothing of the request")
struct ResponseTests {
    @Test("a refusal, byte for byte")
    func refusal() throws {
        var output: [UInt8] = []
        let challenge = try #require(FieldValue("Bearer scope=\"tools\""))
        ResponseWriter.append(
            .unauthorized, [(.wwwAuthenticate, challenge)], body: .length(0), closing: true, to: &output)
        #expect(
            output.text == """
                HTTP/1.1 401 Unauthorized\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                WWW-Authenticate: Bearer scope="tools"\r
                Content-Length: 0\r
                Connection: close\r
                \r

                """)
    }

    @Test("an event stream, byte for byte")
    func events() {
        var output: [UInt8] = []
        ResponseWriter.append(.ok, body: .events, to: &output)
        #expect(
            output.text == """
                HTTP/1.1 200 OK\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                Content-Type: text/event-stream\r
                X-Accel-Buffering: no\r
                Transfer-Encoding: chunked\r
                \r

                """)
    }

    @Test("whoever must upgrade is told to what")
    func upgradeRequired() {
        for (closing, connection) in [(true, "close, Upgrade"), (false, "Upgrade")] {
            var output: [UInt8] = []
            ResponseWriter.append(.upgradeRequired, body: .length(0), closing: closing, to: &output)
            #expect(
                output.text.hasSuffix(
                    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: \(connection)\r\n\r\n"))
        }
    }

    @Test("the interim response has no headers")
    func interim() {
        var output: [UInt8] = []
        ResponseWriter.appendContinue(to: &output)
        #expect(output.text == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test("each status reads back as itself, with the fixed headers", arguments: HTTPStatus.allCases)
    func statuses(_ status: HTTPStatus) throws {
        var output: [UInt8] = []
        ResponseWriter.append(status, body: .length(1_234_567), closing: true, to: &output)
        var reader = ResponseHeadReader()
        #expect(try reader.read(output.span) == .complete(length: output.count))
        #expect(reader.head.status == status.rawValue)
        #expect(reader.head.framing == .length(1_234_567))
        #expect(reader.head.closesConnection)
        #expect(output.text.contains("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"))
        // RFC 9112 section 4: a phrase may be empty, ours are not.
        #expect(output.text.split(separator: "\r\n")[0].split(separator: " ").count >= 3)
    }

    @Test("every refusal has a status line of its own", arguments: Denial.allCases)
    func denials(_ denial: Denial) {
        #expect(HTTPStatus(denial).rawValue == denial.status)
    }

    @Test("no header that would let a page read an answer can be sent")
    func noAccessControl() {
        for header in ResponseHeader.allCases { #expect(!header.rawValue.lowercased().hasPrefix("access-control")) }
    }

    @Test("a value that could end its line cannot be held")
    func values() {
        for bad in ["", " a", "a ", "\ta", "a\r\nSet-Cookie: x", "a\nb", "a\rb", "a\u{0}b", "a\u{7f}", "ä"] {
            #expect(FieldValue(bad) == nil)
        }
        for good in ["a", "a b", "a\tb", "~!", "\"x\", y"] { #expect(FieldValue(good) != nil) }
    }

    @Test("dates are written as RFC 9110 wants them")
    func dates() {
        #expect(HTTPDate.text(seconds: 0) == FieldValue("Thu, 01 Jan 1970 00:00:00 GMT"))
        #expect(HTTPDate.text(seconds: 784_111_777) == FieldValue("Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(HTTPDate.text(seconds: 951_782_400) == FieldValue("Tue, 29 Feb 2000 00:00:00 GMT"))
        #expect(HTTPDate.text(seconds: 1_735_689_599) == FieldValue("Tue, 31 Dec 2024 23:59:59 GMT"))
        #expect(HTTPDate.text(seconds: 4_107_542_400) == FieldValue("Mon, 01 Mar 2100 00:00:00 GMT"))
        #expect(HTTPDate.text(seconds: .max) == FieldValue("Sun, 07 Feb 2106 06:28:15 GMT"))
    }
}
