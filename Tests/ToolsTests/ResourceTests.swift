// SPDX-License-Identifier: Apache-2.0
import Scratch
import Testing

@testable import Tools

@Suite("Files are resources, each under one address")
struct ResourceTests {
    private let scratch = Scratch()

    private func channel() throws -> ScriptedChannel { try ScriptedChannel([("notes", scratch.path)]) }

    private func read(_ uri: String) throws -> Reply { try channel().modern("resources/read", #""uri":"\#(uri)""#) }

    @Test("regular files are listed with what is known of them; nothing hidden, no links, no directories")
    func list() throws {
        scratch.shell(
            "mkdir -p d .git && printf abc >d/a.md && touch 'b c' .env .git/x && ln -s d/a.md l && mkfifo p && touch -d 2026-01-02T03:04:05Z d/a.md"
        )
        let reply = try channel().modern("resources/list")
        #expect(reply.strings("result.resources", "uri") == ["files:///notes/b%20c", "files:///notes/d/a.md"])
        #expect(reply.string("result.resources.1.name") == "notes/d/a.md")
        #expect(reply.string("result.resources.1.mimeType") == "text/markdown")
        #expect(reply.integer("result.resources.1.size") == 3)
        #expect(reply.string("result.resources.1.annotations.lastModified") == "2026-01-02T03:04:05Z")
        #expect(reply.node("result.nextCursor") == nil)
    }

    @Test("the list has pages")
    func pages() throws {
        scratch.shell("seq -f f%04g 1 1200 | xargs touch")
        let channel = try channel()
        var joined: [String] = []
        var cursor = ""
        repeat {
            let reply = try channel.modern("resources/list", cursor)
            joined += reply.strings("result.resources", "uri")
            cursor = reply.string("result.nextCursor").map { #""cursor":"\#($0)""# } ?? ""
        } while !cursor.isEmpty
        #expect(
            joined == (1...1200).map { "files:///notes/f" + String(repeating: "0", count: 4 - "\($0)".count) + "\($0)" }
        )
    }

    @Test("a file is read whole, as text or as what it is")
    func contents() throws {
        scratch.put("a.md", text("text ä\n"))
        scratch.put("b", [0, 1])
        scratch.put("c", [0xFF])
        let plain = try read("files:///notes/a.md")
        #expect(plain.string("result.contents.0.text") == "text ä\n")
        #expect(plain.string("result.contents.0.mimeType") == "text/markdown")
        #expect(plain.string("result.contents.0.uri") == "files:///notes/a.md")
        #expect(plain.integer("result.ttlMs") == 0)
        #expect(try read("files:///notes/b").string("result.contents.0.blob") == "AAE=")
        #expect(try read("files:///notes/c").string("result.contents.0.blob") == "/w==")
    }

    @Test("1 MiB is read and one byte more is not")
    func sizes() throws {
        for byte: UInt8 in [97, 1] {
            scratch.put("f", [UInt8](repeating: byte, count: 1 << 20))
            let reply = try read("files:///notes/f")
            #expect(reply.node("result.contents.0") != nil && reply.bytes.count < 4 << 20)
        }
        scratch.put("f", [UInt8](repeating: 97, count: (1 << 20) + 1))
        let refusal = try read("files:///notes/f")
        #expect(refusal.integer("error.code") == -32602 && refusal.string("error.data.reason") == "too-large")
    }

    @Test(
        "what is no file's address is refused, and the address told back",
        arguments: [
            ("files:///notes/none", "not-found"), ("files:///notes", "is-a-directory"),
            ("files:///notes/d", "is-a-directory"),
            ("files:///notes/a/", "path-form"), ("files:///notes/%61", "path-form"), ("file:///notes/a", "path-form"),
            ("files:///other/a", "label-unknown"), ("files:///notes/../notes/a", "path-climbs"),
            ("files:///notes/%2E%2E/a", "path-form"),
            ("files:////etc/passwd", "path-absolute"), ("files:///notes/a%00", "path-form"),
            ("files:///notes//a", "path-form"), ("", "path-form"),
            ("files:///.", "is-a-directory"), ("files:///notes/out", "outside"),
        ])
    func refused(_ uri: String, _ reason: String) throws {
        scratch.shell("mkdir d && echo x >a && ln -s /etc/hostname out")
        let reply = try read(uri)
        #expect(reply.integer("error.code") == -32602)
        #expect(reply.string("error.data.reason") == reason)
        #expect(reply.string("error.data.uri") == uri)
    }

    @Test("there is one template, and nothing can be subscribed to")
    func template() throws {
        #expect(
            try channel().modern("resources/templates/list").string("result.resourceTemplates.0.uriTemplate")
                == "files:///{+path}")
        #expect(try channel().modern("server/discover").count("result.capabilities.resources") == 0)
    }
}
