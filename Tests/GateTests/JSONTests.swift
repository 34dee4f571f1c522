// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

/// Rows of the table of hostile JSON; each is one whole message.
private let bytesBroken: [(String, [UInt8])] = [
    ("J01 mark", [0xEF, 0xBB, 0xBF] + Array(good.utf8)),
    ("J02 UTF-16LE", good.utf8.flatMap { [$0, 0] }), ("J02 UTF-16BE", good.utf8.flatMap { [0, $0] }),
    ("J02 UTF-16 mark", [0xFF, 0xFE] + good.utf8.flatMap { [$0, 0] }),
    ("J02 UTF-32", good.utf8.flatMap { [$0, 0, 0, 0] }),
    ("J04 NUL", Array(good.utf8) + [0]), ("J06 control", raw("\"a\u{1}b\"")), ("J06 line feed", raw("\"a\nb\"")),
    ("J08 byte", around([0x22, 0xFF, 0x22])), ("J08 continuation", around([0x22, 0x80, 0x22])),
    ("J08 cut", around([0x22, 0xE2, 0x82, 0x22])), ("J09 NBSP", Array("\u{A0}\(good)".utf8)),
    ("J09 VT", [0x0B] + Array(good.utf8)), ("J09 FF", [0x0C] + Array(good.utf8)), ("J09 space", Array(" \n\t\r".utf8)),
]

private let good = Request.legacyBody("initialize", params: Request.initializeParams)

/// A value where nobody looks.
private func raw(_ value: String) -> [UInt8] { Array(inside(value).utf8) }

private func inside(_ value: String) -> String {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{\"unread\":\(value)}}}"
}

private func around(_ value: [UInt8]) -> [UInt8] {
    Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{\"unread\":".utf8) + value
        + Array("}}}".utf8)
}

private let textsBroken: [(String, String)] =
    [
        ("J03", "{\"method\":\"x\",}"), ("J03", "{\"a\":[1,]}"), ("J03", "{,}"), ("J03", "{\"a\":1,,\"b\":2}"),
        ("J03", "{\"a\" 1}"), ("J03", "{a:1}"), ("J03", "{'a':1}"), ("J04", good + " " + good), ("J04", good + "]"),
        ("J04", good + "//c"), ("J04", "{\"a\":1/*c*/}"), ("J10", inside("1.2.3-4")),
        ("J11", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"method\":\"tools/call\"}"),
        ("J11 escaped", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"m\\u0065thod\":\"tools/call\"}"),
        ("J12", Request.modernBody("tools/call", params: "\"name\":\"add\",\"name\":\"boom\"")),
        ("J13", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{},\"params\":{}}"),
        ("J13", "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"ping\"}"),
        ("J13", "{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
        (
            "J14",
            Request.modernBody(
                "tools/call", params: "\"name\":\"a\",\"arguments\":{\"path\":\"/srv/a\",\"path\":\"/etc/shadow\"}")
        ),
        (
            "J15",
            inside(String(repeating: "{\"a\":", count: 20) + "{\"b\":1,\"b\":2}" + String(repeating: "}", count: 20))
        ),
        ("J15", inside("{\"x\":0," + (0..<9998).map { "\"\($0)\":0," }.joined() + "\"x\":1}")),
        ("J16", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"Method\":\"x\"}"),
        ("J16", "{\"jsonrpc\":\"2.0\",\"ID\":1,\"method\":\"ping\"}"),
        ("J16", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"Params\":{}}"),
        ("J16", Request.modernBody("tools/call", params: "\"name\":\"a\",\"Name\":\"b\"")),
        ("J16", Request.modernBody("tools/call", params: "\"name\":\"a\",\"ARGUMENTS\":{}")),
        ("J16", Request.modernBody("tools/call", params: "\"n\u{61}me\":\"a\",\"argument\u{17f}\":{}")),
        ("J16", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":{\"ProgressToken\":1}}}"),
        (
            "J16",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":{\"progressToken\":1,\"progresstoken\":1}}}"
        ),
        ("J17", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"__proto__\":{}}"),
        ("J17", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"constructor\":{}}}"),
        ("J17", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":{\"__proto__\":{}}}}"),
        ("J20", inside(String(repeating: "[", count: 62) + String(repeating: "]", count: 62))),
        ("J20", String(repeating: "[", count: 100_000)), ("J20", String(repeating: "{\"a\":", count: 100_000)),
        ("J21", inside("{" + (0..<10_001).map { "\"\($0)\":0" }.joined(separator: ",") + "}")),
        ("J21", inside("[" + [String](repeating: "0", count: 1_000_000).joined(separator: ",") + "]")),
        ("J21", inside("{\"" + String(repeating: "k", count: 257) + "\":0}")),
        ("J23", withID("\"" + String(repeating: "a", count: 129) + "\"")),
    ]
    + ["01", "+1", ".5", "1.", "-", "1e", "0x10", "1_000", "NaN", "Infinity", "-Infinity"].map { ("J05", inside($0)) }
    + ["\"a\tb\"", "\"\\q\"", "\"\\u12\"", "\"\\x41\"", "\"\\u{41}\""].map { ("J06", inside($0)) }
    + ["\"\\ud800\"", "\"\\udc00\\ud800\"", "{\"\\ud800\":1}"].map { ("J07", inside($0)) }
    + ["9007199254740992", "-9007199254740992", "18446744073709551616", "1e400", "-1e400"].map { ("J22", inside($0)) }
    + ["null", "true", "1.5", "[]", "{}", "\"\"", "1180591620717411303424", "-0", "1e0"].map { ("J23", withID($0)) }

private func withID(_ id: String) -> String { "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"ping\"}" }

private let shapesBroken: [(String, String)] =
    ["[]", "[\(good)]", "[\(good),\(good)]"].map { ("J24", $0) } + ["\"x\"", "1", "null", "true"].map { ("J25", $0) }
    + [
        ("J26", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"command\":\"/bin/sh\"}"),
        ("J26", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"\":0}"),
        ("J27", "{\"id\":1,\"method\":\"ping\"}"), ("J27", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}"),
        ("J27", "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}"),
        ("J27", "{\"jsonrpc\":\"2.0 \",\"id\":1,\"method\":\"ping\"}"), ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1}"),
        ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}"),
        ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}"),
        ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}"),
        ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}"),
        ("J28", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\"x\"}"),
        ("both", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}"),
        ("answer without id", "{\"jsonrpc\":\"2.0\",\"result\":{}}"),
    ]

private let unasked = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}"

@Suite("What two readers could read in two ways is read by nobody")
struct JSONTests {
    static let rows: [(String, [UInt8], String)] =
        bytesBroken.map { ($0.0, $0.1, "json-malformed") }
        + textsBroken.map { ($0.0, Array($0.1.utf8), "json-malformed") }
        + shapesBroken.map { ($0.0, Array($0.1.utf8), "message-malformed") }
        + [("J29", Array(unasked.utf8), "answer-unasked")]

    @Test("J01-J29 over HTTP: 400, no id, one record, nothing decided")
    func http() throws {
        let rig = try Rig()
        for (name, bytes, reason) in Self.rows {
            let client = try rig.connect()
            rig.broker.forget()
            let answer = try #require(try client.exchange(.message("").saying(bytes)), "\(name)")
            #expect(answer.status == 400, "\(name) \(answer.body)")
            #expect(answer.reason == reason, "\(name) \(String(decoding: bytes.prefix(200), as: UTF8.self))")
            #expect(answer.code == (reason == "json-malformed" ? -32700 : -32600), "\(name)")
            #expect(answer.hasNullID, "\(name)")
            let note = rig.takeRefusal()
            #expect(note?.denial.step == 9 && note?.denial.word.description == reason, "\(name)")
            #expect(rig.broker.decisions.isEmpty, "\(name)")
            // A body that was read to its end leaves the connection as good as it was.
            #expect(try client.exchange(.modern("tools/list"))?.status == 200, "\(name)")
            try client.close()
        }
        #expect(rig.openConnections == 0)
    }

    @Test("J01-J29 in a frame: 4400, one record, nothing decided")
    func socket() throws {
        let rig = try Rig()
        for (name, bytes, reason) in Self.rows {
            let isText = String(validating: bytes, as: UTF8.self) != nil
            let socket = try SocketClient(rig)
            try socket.send(raw: SocketClient.frame(0x81, bytes))
            #expect(try socket.closeCode() == (isText ? 4400 : 1007), "\(name)")
            let note = rig.takeRefusal()
            #expect(note?.denial.word.description == (isText ? reason : "frame-malformed"), "\(name)")
            #expect(note?.denial.step == 9, "\(name)")
            #expect(rig.broker.decisions.isEmpty, "\(name)")
        }
    }

    @Test("The control: what is unusual and in order is served")
    func control() throws {
        let rig = try Rig()
        let client = try rig.connect()
        for arguments in [
            "{\"caf\\u00e9\":1,\"cafe\\u0301\":2}", "{\"x\":9007199254740991}", "{\"x\":1e-400}", "{\"__proto__\":{}}",
            "{\"Name\":1,\"name\":2}", "{\"x\":\"\\ud83d\\ude00\"}", "{\"\":\"\"}",
            String(repeating: "{\"a\":", count: 61) + "{}" + String(repeating: "}", count: 61),
        ] {
            rig.broker.forget()
            #expect(try client.exchange(.call(arguments: arguments))?.status == 200, "\(arguments)")
            #expect(rig.broker.decisions.count == 1)
        }
        #expect(
            try client.exchange(.call(id: "\"" + String(repeating: "a", count: 128) + "\""))?.status == 200)
        #expect(try client.exchange(.call(id: "-9007199254740991"))?.status == 200)
    }

    @Test("J18: NFC and NFD are two keys, and both go on")
    func normalisation() throws {
        let rig = try Rig()
        let client = try rig.connect()
        #expect(try client.exchange(.call(arguments: "{\"caf\\u00e9\":1,\"cafe\\u0301\":2}"))?.status == 200)
        let parameters = try #require(rig.broker.decisions.first).parameters
        let text = String(decoding: parameters, as: UTF8.self)
        #expect(Array(text.utf8).count == parameters.count)
        #expect(parameters.windows(of: Array("{\"cafe\u{301}\":2,\"caf\u{e9}\":1}".utf8)))
    }

    @Test("J19: too large is refused on the declared size, before a byte of it")
    func size() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let request = Request.message("").with("Content-Length", "4194305")
        try client.send(request.head)
        let answer = try client.response()
        #expect(answer?.status == 413)
        #expect(answer?.closes == true)
        #expect(rig.takeRefusal()?.denial == .bodyTooLarge)
        let chunked = try rig.connect()
        try chunked.send(Request.message("").with("Transfer-Encoding", "chunked").saying("400001\r\n").bytes)
        #expect(try chunked.response()?.status == 413)
        let huge = Request.message("").with("Content-Length", "99999999999999999999")
        try RefusalCase("huge", huge.head, 413, 7, "body-too-large").check(try Rig())
    }

    @Test("J30: a line inside a message is no message")
    func smuggling() throws {
        let inner =
            "{\"jsonrpc\":\"2.0\",\"id\":666,\"method\":\"tools/call\",\"params\":{\"name\":\"N\",\"arguments\":{}}}"
        for end in ["\n", "\r\n"] {
            let rig = try Rig()
            let body = Request.modernBody("tools/list").replacing(
                "\"io.modelcontextprotocol/clientCapabilities\":{}",
                "\"io.modelcontextprotocol/clientCapabilities\":{},\"x\":\(end)\(inner)\(end)")
            #expect(try rig.connect().exchange(.modern("tools/list").saying(body))?.status == 200)
            let decision = try #require(rig.broker.decisions.first)
            #expect(!decision.parameters.contains(0x0A) && !decision.parameters.contains(0x0D))
            #expect(decision.method == .toolsList)
            #expect(rig.broker.decisions.count == 1)
        }
    }

    @Test("J33: two clients use one id at the same time, answers come in reverse")
    func ids() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let one = try rig.connect()
        let two = try rig.connect()
        try one.send(Request.call(id: "1").bytes)
        try two.send(Request.call(id: "1").bytes)
        let decisions = rig.broker.decisions
        #expect(decisions.count == 2)
        #expect(decisions[0].call != decisions[1].call)
        rig.broker.answer(decisions[1], result: "{\"of\":2}")
        rig.broker.answer(decisions[0], result: "{\"of\":1}")
        #expect(try one.response()?.body.contains("{\"of\":1}") == true)
        #expect(try two.response()?.body.contains("{\"of\":2}") == true)
    }
}

extension [UInt8] {
    /// Whether these bytes stand anywhere inside.
    func windows(of wanted: [UInt8]) -> Bool { indices.contains { self[$0...].starts(with: wanted) } }
}

extension String {
    fileprivate func replacing(_ old: String, _ new: String) -> String {
        guard let tail = tail(behind: old) else { return self }
        let before = utf8.count - tail.utf8.count - old.utf8.count
        return String(decoding: Array(utf8.prefix(before)), as: UTF8.self) + new + tail
    }
}
