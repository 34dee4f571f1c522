// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@testable import Tools

@Suite("A listing shows what is there, in order and in pages")
struct ListTests {
    private let scratch = Scratch()

    private func channel(_ commands: String) throws -> ScriptedChannel {
        scratch.shell(commands)
        return try ScriptedChannel([("notes", scratch.path)])
    }

    private func paths(_ channel: ScriptedChannel, _ arguments: String) throws -> [String] {
        let reply = try channel.answer("files_list", arguments)
        return reply.strings(reply.structured("entries"), "path")
    }

    @Test("without a path the labels are listed, in their order")
    func labels() throws {
        scratch.shell("mkdir a b")
        let channel = try ScriptedChannel([("src", "\(scratch.path)/a"), ("notes", "\(scratch.path)/b")])
        let reply = try channel.answer("files_list")
        #expect(reply.strings(reply.structured("entries"), "path") == ["notes", "src"])
        #expect(reply.strings(reply.structured("entries"), "type") == ["directory", "directory"])
        #expect(reply.bool(reply.structured("more")) == false)
        #expect(reply.string(reply.structured("path")) == "")
    }

    @Test("an entry has its type, size and time, and a link is shown as one")
    func entries() throws {
        let channel = try channel(
            "printf 12345 >file && touch -d 2024-02-29T12:34:56.9Z file && mkdir dir && ln -s file link && ln -s /etc out && mkfifo pipe"
        )
        let reply = try channel.answer("files_list", #"{"path":"notes"}"#)
        let entries = reply.structured("entries")
        #expect(reply.strings(entries, "path") == ["notes/dir", "notes/file", "notes/link", "notes/out", "notes/pipe"])
        #expect(reply.strings(entries, "type") == ["directory", "file", "link", "link", "special"])
        #expect(reply.integers(entries, "size") == [-1, 5, -1, -1, -1])
        #expect(reply.string("\(entries).1.modified") == "2024-02-29T12:34:56Z")
        #expect(
            reply.string("result.content.0.text")
                == reply.node("result.structuredContent").map { text in
                    String(decoding: reply.tree.canonical(text).bytes, as: UTF8.self)
                })
    }

    @Test("a directory stands before what is in it, down to the depth that was asked for")
    func depth() throws {
        let channel = try channel("mkdir -p a/b/c/d/e/f && touch a/x a/b/y a-z a/b/c/d/e/f/g")
        #expect(try paths(channel, #"{"path":"notes"}"#) == ["notes/a", "notes/a-z"])
        #expect(
            try paths(channel, #"{"path":"notes","depth":2}"#) == ["notes/a", "notes/a/b", "notes/a/x", "notes/a-z"])
        #expect(try paths(channel, #"{"path":"notes/a/b"}"#) == ["notes/a/b/c", "notes/a/b/y"])
        let deepest = try paths(channel, #"{"path":"notes","depth":5}"#)
        #expect(deepest.contains("notes/a/b/c/d/e") && !deepest.contains("notes/a/b/c/d/e/f"))
        #expect(try paths(channel, #"{"depth":2}"#) == ["notes", "notes/a", "notes/a-z"])
        #expect(try channel.refusal("files_list", #"{"depth":6}"#) == "argument-range")
        #expect(try channel.refusal("files_list", #"{"depth":0}"#) == "argument-range")
    }

    @Test("names with a dot in front are left out, and not entered, unless asked for")
    func hidden() throws {
        let channel = try channel("mkdir .git && touch .git/config .env file")
        #expect(try paths(channel, #"{"path":"notes","depth":3}"#) == ["notes/file"])
        #expect(
            try paths(channel, #"{"path":"notes","depth":3,"hidden":true}"#) == [
                "notes/.env", "notes/.git", "notes/.git/config", "notes/file",
            ])
    }

    @Test("a glob filters what is listed, not where it is looked for")
    func glob() throws {
        let channel = try channel("mkdir -p a/b && touch x.md a/y.md a/b/z.md a/b/z.txt")
        #expect(
            try paths(channel, #"{"path":"notes","depth":5,"glob":"*.md"}"#) == [
                "notes/a/b/z.md", "notes/a/y.md", "notes/x.md",
            ])
        #expect(try paths(channel, #"{"path":"notes","depth":5,"glob":"a/*.md"}"#) == ["notes/a/y.md"])
        #expect(
            try paths(channel, #"{"path":"notes/a","depth":5,"glob":"**/z.*"}"#) == [
                "notes/a/b/z.md", "notes/a/b/z.txt",
            ])
        #expect(try channel.refusal("files_list", #"{"glob":""}"#) == "glob")
    }

    @Test("pages of any size join up to the whole, with each entry once", arguments: [1, 2, 3, 7, 100])
    func pages(_ limit: Int) throws {
        let channel = try channel("mkdir -p a/b/c d/e a0 && touch a/b/c/1 a/b/2 a/3 a0/4 d/e/5 d.6 z .h")
        let whole = try paths(channel, #"{"depth":5}"#)
        #expect(whole.count == 14)
        var joined: [String] = []
        var cursor = ""
        for page in 0... {
            let reply = try channel.answer("files_list", #"{"depth":5,"limit":\#(limit)\#(cursor)}"#)
            let paths = reply.strings(reply.structured("entries"), "path")
            joined += paths
            #expect(paths.count <= limit)
            guard reply.bool(reply.structured("more")) == true else { break }
            try #require(paths.count == limit && page < 20)
            let next = try #require(reply.string(reply.structured("next_cursor")))
            cursor = #","cursor":"\#(next)""#
        }
        #expect(joined == whole)
    }

    @Test("a page goes on where it stopped, whatever came or went in between")
    func changes() throws {
        let channel = try channel("mkdir b && touch a b/1 b/2 b/3 c")
        let first = try channel.answer("files_list", #"{"path":"notes","depth":2,"limit":3}"#)
        #expect(first.strings(first.structured("entries"), "path") == ["notes/a", "notes/b", "notes/b/1"])
        let cursor = try #require(first.string(first.structured("next_cursor")))
        scratch.shell("rm b/1 && touch a0 b/0 b/15 && rm b/2")
        #expect(
            try paths(channel, #"{"path":"notes","depth":2,"cursor":"\#(cursor)"}"#) == [
                "notes/b/15", "notes/b/3", "notes/c",
            ])
        scratch.shell("rm -r b")
        #expect(try paths(channel, #"{"path":"notes","depth":2,"cursor":"\#(cursor)"}"#) == ["notes/c"])
    }

    @Test("a cursor of other arguments, or of nobody's making, is refused")
    func foreignCursors() throws {
        let channel = try channel("mkdir a b && touch a/1 b/1")
        for cursor in [
            "x", "", "MDpvdGhlcg", String(decoding: Cursor(path: text("notes/a/1"), line: 3).text, as: UTF8.self),
        ] {
            #expect(try channel.refusal("files_list", #"{"path":"notes/a","cursor":"\#(cursor)"}"#) == "cursor")
        }
        let other = String(decoding: Cursor(path: text("notes/b/1")).text, as: UTF8.self)
        #expect(try channel.refusal("files_list", #"{"path":"notes/a","cursor":"\#(other)"}"#) == "cursor")
    }

    @Test("a directory of 10,000 names is listed in order, window by window")
    func large() throws {
        let channel = try channel("seq -f n%05g 1 10000 | xargs touch")
        var joined: [String] = []
        var cursor = ""
        repeat {
            let reply = try channel.answer("files_list", #"{"path":"notes","limit":1000\#(cursor)}"#)
            joined += reply.strings(reply.structured("entries"), "path")
            cursor = reply.string(reply.structured("next_cursor")).map { #","cursor":"\#($0)""# } ?? ""
        } while !cursor.isEmpty
        #expect(joined.count == 10_000)
        #expect(joined == joined.sorted())
        #expect(joined.last == "notes/n10000")
    }

    @Test("time that runs out ends the page, and the next one goes on")
    func time() throws {
        let channel = try channel("touch a b c d e")
        let line =
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"files_list","arguments":{"path":"notes"}}}"#
        channel.receive(line)
        // Every look at the clock takes two seconds: five are soon over.
        while channel.server.hasWork { channel.work(step: 2_000_000_000) }
        let reply = try channel.only(try channel.drain())
        let seen = reply.strings(reply.structured("entries"), "path")
        #expect(!seen.isEmpty && seen.count < 5)
        let cursor = try #require(reply.string(reply.structured("next_cursor")))
        #expect(
            try paths(channel, #"{"path":"notes","cursor":"\#(cursor)"}"#) + seen == [
                "notes/b", "notes/c", "notes/d", "notes/e", "notes/a",
            ])
    }

    @Test("names that JSON cannot say are counted and left out; the others are escaped")
    func strangeNames() throws {
        let channel = try channel(
            "touch \"$(printf 'bad\\377')\" \"$(printf 'line\\nfeed')\" 'quote\"' \"$(printf 'bell\\007')\"")
        let reply = try channel.answer("files_list", #"{"path":"notes"}"#)
        #expect(
            reply.strings(reply.structured("entries"), "path") == [
                "notes/bell\u{7}", "notes/line\nfeed", "notes/quote\"",
            ])
        #expect(reply.integer(reply.structured("skipped")) == 1)
        #expect(try channel.refusal("files_read", #"{"path":"notes/line\nfeed"}"#) == nil)
    }

    @Test(
        "a directory that may not be read is counted, and the rest listed",
        .enabled(if: !Shell.isRoot, "root may read everything"))
    func unreadable() throws {
        let channel = try channel("mkdir a b && touch a/1 b/2 && chmod 0 a")
        let reply = try channel.answer("files_list", #"{"path":"notes","depth":2}"#)
        #expect(reply.strings(reply.structured("entries"), "path") == ["notes/a", "notes/b", "notes/b/2"])
        #expect(reply.integer(reply.structured("skipped")) == 1)
    }

    @Test("long paths end a page before the answer is too long for its reader")
    func bytes() throws {
        let channel = try channel(
            "d=. && for i in 1 2 3 4 5 6 7 8; do d=$d/$(printf \"%0250d\" $i); done && mkdir -p $d && cd $d && seq -f %0200g 1 1000 | xargs touch"
        )
        var place = "notes"
        for index in 1...8 { place += "/" + String(repeating: "0", count: 249) + "\(index)" }
        let reply = try channel.answer("files_list", #"{"path":"\#(place)","limit":1000}"#)
        #expect(reply.bool(reply.structured("more")) == true)
        #expect(reply.bytes.count < 2 << 20 && reply.bytes.count > 1 << 20)
    }

    @Test("the root and links that stay inside can be listed, files and what is missing cannot")
    func places() throws {
        let channel = try channel(
            "mkdir -p a/b && touch a/b/c && ln -s a/b in && ln -s ../.. a/b/up && ln -s in/../b/c file && ln -s loop loop"
        )
        #expect(try paths(channel, #"{"path":"notes/in"}"#) == ["notes/in/c", "notes/in/up"])
        #expect(try paths(channel, #"{"path":"notes/a/b/up"}"#).count == 4)
        for (path, reason) in [
            ("notes/file", "not-a-directory"), ("notes/none", "not-found"), ("notes/a/b/c/d", "not-a-directory"),
            ("notes/loop", "links"), ("other", "label-unknown"), ("/", "path-absolute"),
        ] {
            #expect(try channel.refusal("files_list", #"{"path":"\#(path)"}"#) == reason)
        }
    }

    @Test("a circle of links and a deep tree end")
    func circles() throws {
        let channel = try channel("mkdir -p \(String(repeating: "d/", count: 60)) && ln -s .. d/up && ln -s . self")
        #expect(try paths(channel, #"{"path":"notes","depth":5}"#).count == 7)
        let found = try channel.answer("files_search", #"{"query":"x"}"#)
        #expect(found.bool(found.structured("more")) == false)
    }
}
