// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing

@testable import Tools

@Suite("A line is one message that everybody reads alike, or none")
struct HostileLineTests {
    private let good = #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":\#(modernMeta)}}"#

    @Test("the same line without the fault is served")
    func control() throws {
        #expect(try ScriptedChannel().send(good).first?.count("result.tools") == 1)
        #expect(try ScriptedChannel().send(" \t" + good + " \r").first?.count("result.tools") == 1)
    }

    @Test(
        "what is not JSON ends the conversation",
        arguments: [
            // J01 to J10
            "\u{FEFF}{}", "{,}", #"{"a":1,}"#, "[1,]", #"{"a":1,,"b":2}"#, #"{"a" 1}"#, "{a:1}", "{'a':1}", "{} {}",
            "{}]", "{}//c", #"{"a":1/*c*/}"#,
            #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":-}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#,
            #"{"a":0x10}"#, "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\u{9}\"}", #"{"a":"\q"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#, #"{"\udc00":1}"#, "", "   ",
            "\u{B}{}", "\u{A0}{}", #"{"a":1.2.3-4}"#,
            // J11 to J15
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#, #"{"a":{"b":1,"\u0062":2}}"#,
            // J20 to J22
            String(repeating: "[", count: 65), String(repeating: "[", count: 100_000),
            String(repeating: #"{"a":"#, count: 100_000),
            #"{"a":9007199254740992}"#, #"{"a":1e400}"#, #"{"a":-18446744073709551616}"#,
        ])
    func notJSON(_ line: String) throws {
        let channel = try ScriptedChannel()
        let reply = try channel.only(try channel.send(line))
        #expect(reply.integer("error.code") == -32700)
        #expect(reply.tree.kind(try #require(reply.node("id"))) == .null)
        #expect(channel.server.refusedLine != nil)
    }

    @Test("other encodings and stray bytes end it as well")
    func encodings() throws {
        for line in [
            Array(good.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, [0xFF, 0xFE] + text(good),
            text(#"{"a":""#) + [0xFF] + text(#""}"#),
            text(#"{"a":""#) + [0xC0, 0xAF] + text(#""}"#), text(#"{"a":""#) + [0xED, 0xA0, 0x80] + text(#""}"#),
            text(good) + [0],
        ] {
            let channel = try ScriptedChannel()
            #expect(try channel.only(try channel.send(line)).integer("error.code") == -32700)
            #expect(channel.server.refusedLine != nil)
        }
    }

    @Test(
        "what is JSON and no message is refused, and the conversation goes on",
        arguments: [
            // J16 and J17
            (#"{"jsonrpc":"2.0","id":1,"Method":"tools/list"}"#, -32700),
            (#"{"jsonrpc":"2.0","ID":1,"method":"tools/list"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"x"}}"#, -32700),
            (
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"ProgressToken":1}}}"#,
                -32700
            ),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/list","__proto__":{}}"#, -32700),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"constructor":1}}"#, -32700),
            // J23
            (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":"","method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#, -32700),
            (#"{"jsonrpc":"2.0","id":"\#(String(repeating: "x", count: 129))","method":"ping"}"#, -32700),
            // J24 and J25
            ("[]", -32600), (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600), (#""x""#, -32600), ("1", -32600),
            ("null", -32600),
            ("true", -32600),
            // J26 to J29
            (#"{"jsonrpc":"2.0","id":1,"method":"ping","command":"/bin/sh"}"#, -32600),
            (#"{"id":1,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1}"#, -32600), (#"{"jsonrpc":"2.0","id":1,"method":""}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, -32600),
            (#"{"jsonrpc":"2.0","id":7,"result":{}}"#, -32600),
            (#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"m"}}"#, -32600),
            (#"{"jsonrpc":"2.0","id":7,"result":{},"method":"ping"}"#, -32600), ("{}", -32600),
        ])
    func notAMessage(_ line: String, _ code: Int) throws {
        let channel = try ScriptedChannel()
        let reply = try channel.only(try channel.send(line))
        #expect(reply.integer("error.code") == code)
        #expect(reply.tree.kind(try #require(reply.node("id"))) == .null)
        #expect(channel.server.refusedLine == nil)
        #expect(try channel.send(good).first?.count("result.tools") == 1)
    }

    @Test("no change of one byte, and no beginning of a message, does anything else than be served or refused")
    func mutations() throws {
        let line = text(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"time_now","arguments":{"timezone":"UTC"}}}"#
        )
        var outcomes: [Int: Int] = [:]
        func run(_ line: [UInt8]) throws {
            let replies = try ScriptedChannel().send(line)
            #expect(replies.count <= 1)
            outcomes[replies.first?.integer("error.code") ?? 0, default: 0] += 1
        }
        for at in line.indices {
            for byte: UInt8 in [0, 0x0A, 0x20, 0x22, 0x30, 0x41, 0x5C, 0x7D, 0xFF] {
                var bad = line
                bad[at] = byte
                try run(bad)
            }
            try run(Array(line[..<at]))
        }
        #expect((outcomes[-32700] ?? 0) > 1000 && (outcomes[0] ?? 0) > 10 && (outcomes[-32602] ?? 0) > 10)
    }

    @Test("the limits of a message hold, and what fits them is served")
    func limits() throws {
        let channel = try ScriptedChannel()
        let long =
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"time_now","arguments":{"timezone":"\#(String(repeating: "x", count: 4_000_000))"}}}"#
        #expect(try channel.only(try channel.send(long)).string("result._meta.dev.doorward/reason") == "argument-range")
        channel.server.refuseLongLine()
        #expect(try channel.only(try channel.drain()).string("error.data.reason") == "bytes")
    }
}
