// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import StrictJSON
import Testing

@testable import Tools

@Suite("A search reports each line once, where it is, within its bounds")
struct SearchTests {
    private let scratch = Scratch()

    private func channel() throws -> ScriptedChannel { try ScriptedChannel([("notes", scratch.path)]) }

    private func places(_ reply: Reply) -> [String] {
        let matches = reply.structured("matches")
        let lines = reply.integers(matches, "line")
        let columns = reply.integers(matches, "column")
        return zip(reply.strings(matches, "path"), zip(lines, columns)).map { "\($0):\($1.0):\($1.1)" }
    }

    @Test("lines are found by file, line and column")
    func lines() throws {
        scratch.shell(
            "mkdir d && printf 'needle\\nno\\n  needle needle\\n' >a && printf 'x\\r\\nneedle\\r\\n' >d/b && printf 'needl\\ne' >c"
        )
        let reply = try channel().answer("files_search", #"{"query":"needle"}"#)
        #expect(places(reply) == ["notes/a:1:1", "notes/a:3:3", "notes/d/b:2:1"])
        #expect(reply.strings(reply.structured("matches"), "text") == ["needle", "  needle needle", "needle"])
        #expect(reply.integer(reply.structured("files")) == 3)
        #expect(reply.bool(reply.structured("more")) == false)
        #expect(reply.node(reply.structured("stopped")) == nil)
    }

    @Test("case is ignored on request, also beyond ASCII")
    func letterCase() throws {
        scratch.put("f", text("Needle\nNEEDLE\nneedle\nÄrger\närger\n"))
        let channel = try channel()
        #expect(places(try channel.answer("files_search", #"{"query":"needle"}"#)) == ["notes/f:3:1"])
        #expect(places(try channel.answer("files_search", #"{"query":"nEEdle","ignore_case":true}"#)).count == 3)
        #expect(places(try channel.answer("files_search", #"{"query":"ÄRGER","ignore_case":true}"#)).count == 2)
        #expect(places(try channel.answer("files_search", #"{"query":"Ärger"}"#)).count == 1)
    }

    @Test("the text stands for itself: nothing in it is a wildcard")
    func literal() throws {
        scratch.put("f", text("a.c\nabc\n.*\n"))
        #expect(places(try channel().answer("files_search", #"{"query":".*"}"#)) == ["notes/f:3:1"])
        #expect(places(try channel().answer("files_search", #"{"query":"a.c"}"#)) == ["notes/f:1:1"])
    }

    @Test("context is shown before and behind, as far as there is some")
    func context() throws {
        scratch.put("f", text("1\n2\n3\nneedle\n5\n6\n\n"))
        let channel = try channel()
        for (context, before, after) in [
            (1, ["3"], ["5"]), (2, ["2", "3"], ["5", "6"]), (10, ["1", "2", "3"], ["5", "6", ""]),
        ] {
            let reply = try channel.answer("files_search", #"{"query":"needle","context":\#(context)}"#)
            #expect((0..<before.count).map { reply.string(reply.structured("matches.0.before.\($0)")) } == before)
            #expect((0..<after.count).map { reply.string(reply.structured("matches.0.after.\($0)")) } == after)
            #expect(reply.count(reply.structured("matches.0.before")) == before.count)
            #expect(reply.count(reply.structured("matches.0.after")) == after.count)
        }
        scratch.put("f", text("needle"))
        let alone = try channel.answer("files_search", #"{"query":"needle","context":3}"#)
        #expect(
            alone.node(alone.structured("matches.0.before")) == nil
                && alone.node(alone.structured("matches.0.after")) == nil)
    }

    @Test(
        "a match is found wherever pieces of the file and lines of any length end",
        arguments: [0, 1, 5, 6, 7, 65_529, 65_530, 65_535, 65_536])
    func pieces(_ shift: Int) throws {
        let needle = "needle"
        for length in [shift, shift + 65_536, shift + 131_072 - 3] {
            scratch.put("f", [UInt8](repeating: 97, count: length) + text(needle + "\nx\nneedle\n"))
            let reply = try channel().answer("files_search", #"{"query":"\#(needle)"}"#)
            #expect(places(reply) == ["notes/f:1:\(length + 1)", "notes/f:3:1"])
            #expect(reply.string(reply.structured("matches.0.text"))?.contains(needle) == true)
        }
    }

    @Test("a search over random files finds what grep finds")
    func oracle() throws {
        var random = Seeded(5)
        let letters: [UInt8] = text("ab \n")
        let channel = try channel()
        for round in 0..<60 {
            let count = [10, 300, 70_000, 140_000][round % 4]
            // Few line feeds in some: long lines.
            let feeds = round % 3 == 0 ? 4 : 3
            var bytes = (0..<count).map { _ in letters[Int.random(in: 0..<feeds, using: &random)] }
            if feeds == 3 { for _ in 0..<3 { bytes[Int.random(in: 0..<count, using: &random)] = 10 } }
            scratch.put("f", bytes)
            let needle = String(
                decoding: (0..<(count > 1000 ? 14 : 5)).map { _ in letters[Int.random(in: 0..<2, using: &random)] },
                as: UTF8.self)
            scratch.shell(
                "(grep -nbo -F '\(needle)' f || true) | awk -F: '!seen[$1]++ {print $1}' >../\(scratch.path.split(separator: "/").last ?? "").grep"
            )
            let expected = String(decoding: Shell.read("\(scratch.path).grep") ?? [], as: UTF8.self).split(
                separator: "\n"
            ).compactMap { Int($0) }
            Shell.run("rm '\(scratch.path).grep'")
            let reply = try channel.answer("files_search", #"{"query":"\#(needle)","limit":500}"#)
            #expect(reply.integers(reply.structured("matches"), "line") == Array(expected.prefix(500)), "\(round)")
        }
    }

    @Test("a long line is shown around its match, in whole characters")
    func longLines() throws {
        scratch.put(
            "f", text(String(repeating: "ä", count: 1000) + "needle" + String(repeating: "ö", count: 1000) + "\nnext\n")
        )
        let reply = try channel().answer("files_search", #"{"query":"needle","context":1}"#)
        let shown = try #require(reply.string(reply.structured("matches.0.text")))
        #expect(shown.hasPrefix("ää") && shown.contains("needle") && shown.hasSuffix("öö"))
        #expect(shown.utf8.count <= Excerpt.maxLineBytes && !shown.contains("\u{FFFD}"))
        #expect(reply.bool(reply.structured("matches.0.cut")) == true)
        #expect(reply.string(reply.structured("matches.0.after.0")) == "next")
    }

    @Test(
        "pages of any size join up to the whole, also when a file is left in the middle", arguments: [1, 2, 3, 5, 100])
    func pages(_ limit: Int) throws {
        scratch.shell("mkdir d && for f in a b d/c e; do seq -f 'needle %.0f' 1 4 >$f; done && printf 'no\\n' >d/no")
        let channel = try channel()
        let whole = places(try channel.answer("files_search", #"{"query":"needle"}"#))
        #expect(whole.count == 16)
        var joined: [String] = []
        var cursor = ""
        for _ in 0..<20 {
            let reply = try channel.answer("files_search", #"{"query":"needle","limit":\#(limit)\#(cursor)}"#)
            joined += places(reply)
            guard reply.bool(reply.structured("more")) == true else { break }
            #expect(reply.string(reply.structured("stopped")) == "matches")
            cursor = #","cursor":"\#(try #require(reply.string(reply.structured("next_cursor"))))""#
        }
        #expect(joined == whole)
        // The same in one file.
        joined = []
        cursor = ""
        for _ in 0..<20 {
            let reply = try channel.answer(
                "files_search", #"{"query":"needle","path":"notes/d/c","limit":\#(limit)\#(cursor)}"#)
            joined += places(reply)
            guard let next = reply.string(reply.structured("next_cursor")) else { break }
            cursor = #","cursor":"\#(next)""#
        }
        #expect(joined == (1...4).map { "notes/d/c:\($0):1" })
    }

    @Test("a cursor whose file is gone goes on behind its place")
    func goneFile() throws {
        scratch.shell("for f in a b c; do printf 'needle\\nneedle\\n' >$f; done")
        let channel = try channel()
        let first = try channel.answer("files_search", #"{"query":"needle","limit":3}"#)
        let cursor = try #require(first.string(first.structured("next_cursor")))
        scratch.shell("rm b")
        let rest = try channel.answer("files_search", #"{"query":"needle","cursor":"\#(cursor)"}"#)
        #expect(places(rest) == ["notes/c:1:1", "notes/c:2:1"])
    }

    @Test("what is not text is skipped and counted, hidden names only on request, links never followed")
    func skipped() throws {
        scratch.shell(
            "printf 'needle\\0' >bin && printf 'needle' >.hidden && mkdir .git && printf needle >.git/x && printf needle >f && ln -s f link && ln -s . dir && mkfifo pipe"
        )
        let channel = try channel()
        let reply = try channel.answer("files_search", #"{"query":"needle"}"#)
        #expect(places(reply) == ["notes/f:1:1"])
        #expect(reply.integer(reply.structured("binary_files")) == 1)
        let all = try channel.answer("files_search", #"{"query":"needle","hidden":true}"#)
        #expect(places(all) == ["notes/.git/x:1:1", "notes/.hidden:1:1", "notes/f:1:1"])
        // A link that is named is not met by chance.
        #expect(
            places(try channel.answer("files_search", #"{"query":"needle","path":"notes/link"}"#)) == ["notes/link:1:1"]
        )
        #expect(try channel.refusal("files_search", #"{"query":"needle","path":"notes/pipe"}"#) == "not-a-regular-file")
    }

    @Test("a glob chooses the files")
    func glob() throws {
        scratch.shell("mkdir d && printf needle >a.c && printf needle >d/b.c && printf needle >d/b.h")
        let channel = try channel()
        #expect(
            places(try channel.answer("files_search", #"{"query":"needle","glob":"*.c"}"#)) == [
                "notes/a.c:1:1", "notes/d/b.c:1:1",
            ])
        #expect(
            places(try channel.answer("files_search", #"{"query":"needle","path":"notes/d","glob":"b.?"}"#)).count == 2)
    }

    @Test("time that runs out ends the search, and the next one goes on")
    func time() throws {
        scratch.shell("for f in a b c d; do echo needle >$f; done")
        let channel = try channel()
        channel.receive(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"files_search","arguments":{"query":"needle"}}}"#
        )
        while channel.server.hasWork { channel.work(step: 1_000_000_000) }
        let reply = try channel.only(try channel.drain())
        #expect(reply.string(reply.structured("stopped")) == "time")
        let cursor = try #require(reply.string(reply.structured("next_cursor")))
        let rest = try channel.answer("files_search", #"{"query":"needle","cursor":"\#(cursor)"}"#)
        #expect(places(reply) + places(rest) == ["a", "b", "c", "d"].map { "notes/\($0):1:1" })
    }

    @Test("a file that is too large is counted; named by itself it is refused")
    func largeFiles() throws {
        scratch.shell("truncate -s 268435457 big && echo needle >f")
        let channel = try channel()
        let reply = try channel.answer("files_search", #"{"query":"needle"}"#)
        #expect(places(reply) == ["notes/f:1:1"] && reply.integer(reply.structured("skipped")) == 1)
        #expect(try channel.refusal("files_search", #"{"query":"needle","path":"notes/big"}"#) == "too-large-to-search")
    }

    @Test("many long matches end a page before the answer is too long for its reader")
    func bytes() throws {
        scratch.put(
            "f", Array(repeating: [UInt8](repeating: 1, count: 390) + text("needle\n"), count: 3000).flatMap { $0 })
        let reply = try channel().answer("files_search", #"{"query":"needle","limit":500,"context":10}"#)
        #expect(reply.bool(reply.structured("more")) == true)
        #expect(reply.bytes.count < 2 << 20)
    }

    @Test(
        "arguments that do not fit are named",
        arguments: [
            ("{}", "argument-missing"), (#"{"query":""}"#, "argument-missing"),
            (#"{"query":"a\nb"}"#, "argument-range"),
            (#"{"query":"a\rb"}"#, "argument-range"), (#"{"query":"a\u0000b"}"#, "argument-kind"),
            (#"{"query":["a"]}"#, "argument-kind"),
            (#"{"query":"a","context":11}"#, "argument-range"), (#"{"query":"a","limit":501}"#, "argument-range"),
            (#"{"query":"a","regex":true}"#, "argument-unknown"),
            (#"{"query":"a","ignore_case":"yes"}"#, "argument-kind"),
            (#"{"query":"a","path":"notes/none"}"#, "not-found"), (#"{"query":"a","cursor":"MA"}"#, "cursor"),
        ])
    func arguments(_ arguments: String, _ reason: String) throws {
        #expect(try channel().refusal("files_search", arguments) == reason)
        #expect(
            try channel().refusal("files_search", #"{"query":"\#(String(repeating: "x", count: 257))"}"#)
                == "argument-range")
    }
}
