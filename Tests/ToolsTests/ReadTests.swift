// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import StrictJSON
import Testing

@testable import Tools

@Suite("A file is read as text, in whole characters and bounded parts")
struct ReadTests {
    private let scratch = Scratch()

    private func channel() throws -> ScriptedChannel { try ScriptedChannel([("notes", scratch.path)]) }

    private func read(_ channel: ScriptedChannel, _ members: String = "") throws -> Reply {
        try channel.answer("files_read", #"{"path":"notes/f"\#(members)}"#)
    }

    @Test("a small file is told whole, twice: as text and structured")
    func whole() throws {
        scratch.put("f", text("one\r\ntwo\ttab \"quoted\" ä\n"))
        let reply = try read(try channel())
        #expect(reply.string("result.content.0.text") == "one\r\ntwo\ttab \"quoted\" ä\n")
        #expect(reply.string(reply.structured("text")) == "one\r\ntwo\ttab \"quoted\" ä\n")
        #expect(reply.integer(reply.structured("size")) == 25)
        #expect(reply.integer(reply.structured("length")) == 25)
        #expect(reply.bool(reply.structured("more")) == false)
        #expect(reply.string(reply.structured("path")) == "notes/f")
        #expect(reply.node(reply.structured("next_offset")) == nil)
    }

    @Test(
        "ranges of any length join up to the file, and no character is cut", arguments: [1, 2, 5, 8, 9, 10, 33, 1000])
    func ranges(_ length: Int) throws {
        let whole = String(repeating: "aä€😀\n", count: 40)
        scratch.put("f", text(whole))
        let channel = try channel()
        var joined = ""
        var offset = 0
        while true {
            let reply = try read(channel, #","offset":\#(offset),"length":\#(length)"#)
            joined += try #require(reply.string(reply.structured("text")))
            #expect(reply.node(reply.structured("lossy")) == nil)
            #expect(reply.integer(reply.structured("offset")) == offset)
            let told = try #require(reply.integer(reply.structured("length")))
            #expect(told <= max(length, ReadJob.minTextBytes))
            guard reply.bool(reply.structured("more")) == true else { break }
            try #require(told > 0)
            offset += told
            #expect(reply.integer(reply.structured("next_offset")) == offset)
        }
        #expect(joined == whole)
    }

    @Test("a range that begins inside a character begins behind it, and says so")
    func insideCharacter() throws {
        scratch.put("f", text("😀bc"))
        for offset in 1...3 {
            let reply = try read(try channel(), #","offset":\#(offset)"#)
            #expect(reply.string(reply.structured("text")) == "bc")
            #expect(reply.integer(reply.structured("offset")) == 4)
        }
    }

    @Test("the end of the file may be read, what lies behind it not")
    func ends() throws {
        scratch.put("f", text("abc"))
        scratch.put("empty", [])
        let channel = try channel()
        let end = try read(channel, #","offset":3"#)
        #expect(end.string(end.structured("text")) == "" && end.bool(end.structured("more")) == false)
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","offset":4}"#) == "behind-end")
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","offset":1125899906842624}"#) == "behind-end")
        let empty = try channel.answer("files_read", #"{"path":"notes/empty"}"#)
        #expect(empty.string(empty.structured("text")) == "" && empty.integer(empty.structured("length")) == 0)
        let line = try channel.answer("files_read", #"{"path":"notes/empty","start_line":1}"#)
        #expect(line.string(line.structured("text")) == "" && line.node(line.structured("end_line")) == nil)
        #expect(try channel.refusal("files_read", #"{"path":"notes/empty","start_line":2}"#) == "behind-end")
    }

    @Test("without a range 128 KiB are read; a call may ask for 1 MiB and no more")
    func sizes() throws {
        scratch.put("f", [UInt8](repeating: 97, count: (1 << 20) + 1))
        let channel = try channel()
        let first = try read(channel)
        #expect(
            first.integer(first.structured("length")) == 131_072
                && first.integer(first.structured("next_offset")) == 131_072)
        let most = try read(channel, #","length":1048576"#)
        #expect(most.integer(most.structured("length")) == 1_048_576 && most.bool(most.structured("more")) == true)
        let rest = try read(channel, #","length":1048576,"offset":1"#)
        #expect(rest.bool(rest.structured("more")) == false)
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","length":1048577}"#) == "argument-range")
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","length":0}"#) == "argument-range")
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","offset":-1}"#) == "argument-range")
    }

    @Test("text that swells in JSON is cut before the message is too long for its reader")
    func swelling() throws {
        for (name, byte) in [("control", UInt8(1)), ("quote", 34), ("invalid", 0xFF)] {
            scratch.put("f", [UInt8](repeating: byte, count: 1 << 20))
            let reply = try read(try channel(), #","length":1048576"#)
            #expect(reply.bytes.count < JSONLimits.message.bytes, "\(name)")
            #expect(reply.bytes.count > 2 << 20, "\(name)")
            if byte != 34 { #expect(reply.bool(reply.structured("more")) == true, "\(name)") }
            #expect(
                reply.integer(reply.structured("next_offset")) == reply.integer(reply.structured("length"))
                    || byte == 34)
        }
    }

    @Test(
        "lines are counted from 1, and the last one needs no line feed",
        arguments: [
            (1, 1, "one\n", 1, 2), (1, 2, "one\ntwo\n", 2, 3), (2, 1, "two\n", 2, 3), (3, 1, "\n", 3, 4),
            (4, 1, "four", 4, nil),
            (4, 5, "four", 4, nil), (1, 100, "one\ntwo\n\nfour", 4, nil),
        ])
    func lines(_ start: Int, _ count: Int, _ expected: String, _ end: Int, _ next: Int?) throws {
        scratch.put("f", text("one\ntwo\n\nfour"))
        let reply = try read(try channel(), #","start_line":\#(start),"line_count":\#(count)"#)
        #expect(reply.string(reply.structured("text")) == expected)
        #expect(reply.integer(reply.structured("start_line")) == start)
        #expect(reply.integer(reply.structured("end_line")) == end)
        #expect(reply.integer(reply.structured("next_line")) == next)
        #expect(reply.bool(reply.structured("more")) == (next != nil))
    }

    @Test("a file that ends with a line feed has no line behind it")
    func lastLine() throws {
        scratch.put("f", text("one\ntwo\n"))
        let channel = try channel()
        let reply = try read(channel, #","start_line":2"#)
        #expect(reply.string(reply.structured("text")) == "two\n" && reply.bool(reply.structured("more")) == false)
        let refusal = try channel.call("files_read", #"{"path":"notes/f","start_line":3}"#)
        #expect(refusal.string("result.content.0.text")?.contains("2 lines") == true)
    }

    @Test("a line far inside a large file is found, wherever pieces of the file end")
    func farLine() throws {
        scratch.shell("seq -f 'line %.0f' 1 200000 >f")
        let channel = try channel()
        for line in [1, 2, 5041, 5042, 5043, 65_536, 131_072, 199_999, 200_000] {
            let reply = try read(channel, #","start_line":\#(line),"line_count":1"#)
            #expect(reply.string(reply.structured("text")) == "line \(line)\n")
        }
        #expect(try channel.refusal("files_read", #"{"path":"notes/f","start_line":200001}"#) == "behind-end")
        // Lines that end exactly where a piece of 64 KiB does.
        scratch.put(
            "f", [UInt8](repeating: 97, count: 65_535) + [10] + [UInt8](repeating: 98, count: 65_535) + [10] + [99])
        for (line, first) in [(2, "b"), (3, "c")] {
            let reply = try read(channel, #","start_line":\#(line)"#)
            #expect(reply.string(reply.structured("text"))?.hasPrefix(first) == true)
        }
    }

    @Test("a line longer than a call is told in part, and its rest by offset")
    func longLine() throws {
        scratch.put("f", text("x\n") + [UInt8](repeating: 97, count: 3 << 20) + text("\nend\n"))
        let reply = try read(try channel(), #","start_line":2,"line_count":1"#)
        #expect(reply.integer(reply.structured("length")) == 1 << 20)
        #expect(reply.node(reply.structured("next_line")) == nil)
        #expect(reply.integer(reply.structured("next_offset")) == (1 << 20) + 2)
        #expect(reply.integer(reply.structured("end_line")) == 2)
    }

    @Test("a byte order mark is told apart from the text")
    func mark() throws {
        scratch.put("f", [0xEF, 0xBB, 0xBF] + text("text"))
        let reply = try read(try channel())
        #expect(reply.string(reply.structured("text")) == "text")
        #expect(reply.bool(reply.structured("byte_order_mark")) == true)
        #expect(reply.integer(reply.structured("length")) == 7)
    }

    @Test("bytes that are not UTF-8 are replaced, and that is said")
    func lossy() throws {
        scratch.put("f", text("caf") + [0xE9] + text(" ") + [0xFF, 0xC0, 0xAF] + text("!"))
        let reply = try read(try channel())
        #expect(reply.bool(reply.structured("lossy")) == true)
        #expect(reply.string(reply.structured("text")) == "caf\u{FFFD} \u{FFFD}\u{FFFD}\u{FFFD}!")
    }

    @Test("what is not text is refused with what it seems to be, unless its bytes are asked for")
    func binary() throws {
        let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
        scratch.put("f", picture)
        scratch.put("wide", [0xFF, 0xFE, 97, 0, 98, 0])
        scratch.put("data", [1, 2, 0, 3])
        let channel = try channel()
        let refusal = try channel.call("files_read", #"{"path":"notes/f"}"#)
        #expect(refusal.string("result._meta.dev.doorward/reason") == "binary")
        #expect(refusal.string("result.content.0.text")?.contains("image/png, 12 bytes, NUL at 8") == true)
        let wide = try channel.call("files_read", #"{"path":"notes/wide"}"#)
        #expect(wide.string("result.content.0.text")?.contains("UTF-16") == true)

        let shown = try read(channel, #","encoding":"base64""#)
        #expect(shown.string("result.content.0.type") == "image")
        #expect(shown.string("result.content.0.mimeType") == "image/png")
        #expect(shown.string("result.content.0.data") == "iVBORw0KGgoAAAAN")
        #expect(shown.string(shown.structured("base64")) == "iVBORw0KGgoAAAAN")
        #expect(shown.string(shown.structured("mime_type")) == "image/png")
        // Half a picture is none.
        let half = try read(channel, #","encoding":"base64","length":9"#)
        #expect(half.string("result.content.0.type") == "resource" && half.bool(half.structured("more")) == true)
        let data = try channel.answer("files_read", #"{"path":"notes/data","encoding":"base64","offset":1,"length":2}"#)
        #expect(data.string("result.content.0.resource.blob") == "AgA=")
        #expect(data.string("result.content.0.resource.uri") == "files:///notes/data")
        #expect(data.string("result.content.0.resource.mimeType") == "application/octet-stream")
    }

    @Test("the largest piece of base64 stays below the limit of a message")
    func largestBase64() throws {
        scratch.put("f", [UInt8](repeating: 0, count: 2 << 20))
        let reply = try read(try channel(), #","encoding":"base64","length":1048576"#)
        #expect(reply.integer(reply.structured("length")) == 1 << 20)
        #expect(reply.bytes.count < JSONLimits.message.bytes)
    }

    @Test(
        "arguments that do not fit are named",
        arguments: [
            ("{}", "argument-missing"), (#"{"path":7}"#, "argument-kind"), (#"{"path":null}"#, "argument-kind"),
            (#"{"path":"notes/f","mode":"r"}"#, "argument-unknown"),
            (#"{"path":"notes/f","offset":"1"}"#, "argument-kind"),
            (#"{"path":"notes/f","offset":1.5}"#, "argument-kind"),
            (#"{"path":"notes/f","encoding":"latin1"}"#, "argument-kind"),
            (#"{"path":"notes/f","offset":1,"start_line":1}"#, "arguments-exclude"),
            (#"{"path":"notes/f","encoding":"base64","start_line":1}"#, "arguments-exclude"),
            (#"{"path":"notes"}"#, "is-a-directory"), (#"{"path":"notes/d"}"#, "is-a-directory"),
            (#"{"path":""}"#, "is-a-directory"),
            (#"{"path":"notes/none"}"#, "not-found"), (#"{"path":"notes/f/x"}"#, "not-a-directory"),
        ])
    func arguments(_ arguments: String, _ reason: String) throws {
        scratch.shell("echo x >f && mkdir d")
        #expect(try channel().refusal("files_read", arguments) == reason)
    }

    @Test("a whole number may be written as one of JSON Schema's")
    func wholeNumbers() throws {
        scratch.put("f", text("abcdefghijkl"))
        let reply = try read(try channel(), #","offset":2.0,"length":1e1"#)
        #expect(reply.string(reply.structured("text")) == "cdefghijkl")
    }

    @Test("a huge file costs what is read of it")
    func sparse() throws {
        scratch.shell("truncate -s 1T f")
        let channel = try channel()
        #expect(try channel.refusal("files_read", #"{"path":"notes/f"}"#) == "binary")
        let reply = try read(channel, #","encoding":"base64","offset":1099511627770"#)
        #expect(reply.integer(reply.structured("length")) == 6)
    }

    @Test("a line is looked for as far as the limit, and no further")
    func searchLimit() throws {
        scratch.put("f", [UInt8](repeating: 97, count: 200_000) + [10, 98])
        let root = try Root(Grant(label: try #require(Label(text("notes"))), path: scratch.path))
        for (limit, expected) in [(65_536, LineSearch.Found.tooFar), (196_608, .tooFar), (196_609, .at(200_001))] {
            var search = LineSearch(2, within: limit)
            let file = try OpenFile(root, RelativePath(FileName("f")), path: [])
            var found = LineSearch.Found.searching
            while found == .searching { found = try search.step(file) }
            #expect(found == expected, "\(limit)")
        }
    }
}
