// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@testable import Tools

@Suite("A client's path begins with a label and only ever leads down")
struct PathTests {
    private let scratch = Scratch()

    private func roots() throws -> Roots {
        var grants: [Grant] = []
        for label in ["src", "notes"] {
            grants.append(Grant(label: try #require(Label(text(label))), path: scratch.path))
        }
        return try Roots(grants)
    }

    @Test(
        "what is a path is shown as it was written",
        arguments: ["notes", "src/a", "notes/a/b c/ä", "notes/...", "src/.git"])
    func good(_ path: String) throws {
        #expect(try roots().resolve(text(path)).shown == text(path))
    }

    @Test("nothing and a dot are everything, and a slash may end a directory")
    func spellings() throws {
        #expect(try roots().resolve([]).shown == [])
        #expect(try roots().resolve(text(".")).shown == [])
        #expect(try roots().resolve(text("notes/")).shown == text("notes"))
        #expect(try roots().resolve(text("notes/a/")).shown == text("notes/a"))
    }

    @Test(
        "everything else is refused with its reason",
        arguments: [
            ("/etc/passwd", FaultReason.pathAbsolute), ("/notes/a", .pathAbsolute), ("/", .pathAbsolute),
            ("//", .pathAbsolute),
            ("..", .pathClimbs), ("../notes", .pathClimbs), ("notes/..", .pathClimbs), ("notes/../src", .pathClimbs),
            ("notes/a/../../b", .pathClimbs), ("notes/a/..", .pathClimbs), ("other/a", .labelUnknown),
            ("Notes/a", .labelUnknown),
            ("note", .labelUnknown), ("notes\\a", .labelUnknown), ("./notes", .labelUnknown), ("notes//a", .pathForm),
            ("notes/./a", .pathForm), ("notes/a//", .pathForm), ("notes/.", .pathForm), ("notes/a\u{0}b", .pathForm),
            ("\u{0}", .pathForm), ("notes/\u{0}", .pathForm),
        ])
    func refused(_ path: String, _ reason: FaultReason) throws {
        let roots = try roots()
        #expect(throws: ToolFault(reason, [])) { try roots.resolve(text(path)) }
    }

    @Test("a name has at most 255 bytes, a path below its label 4,095")
    func limits() throws {
        let roots = try roots()
        let name = String(repeating: "n", count: 255)
        #expect(try roots.resolve(text("src/" + name)).shown.count == 259)
        #expect(throws: ToolFault(.pathForm, [])) { try roots.resolve(text("src/n" + name)) }
        let longest =
            Array(repeating: name, count: 15).joined(separator: "/") + "/" + String(repeating: "n", count: 255)
        #expect(longest.utf8.count == 4095)
        #expect(throws: ToolFault(.pathTooLong, [])) { try roots.resolve(text("notes/" + longest)) }
        #expect(RelativePath(text(longest)) != nil)
        #expect(RelativePath(text(longest + "n")) == nil)
    }

    @Test("every refusal says what to do, repeats little, and names no place of the host")
    func words() throws {
        for reason in FaultReason.allCases {
            let words = ToolFault(reason, [UInt8](repeating: 97, count: 5000), detail: text("detail")).words
            #expect(words.hasSuffix(".") && words.count < 500 && !words.contains(scratch.path))
        }
    }

    @Test("a file has one address as a resource, and an address one spelling")
    func addresses() {
        for (path, address) in [
            ("notes/a.md", "files:///notes/a.md"), ("src/a b", "files:///src/a%20b"),
            ("src/ä%", "files:///src/%C3%A4%25"),
            ("src/a+b@c:d;e=f~", "files:///src/a+b@c:d;e=f~"), ("src/a?b#c[d]", "files:///src/a%3Fb%23c%5Bd%5D"),
        ] {
            #expect(ResourceAddress.text(text(path)) == text(address))
            #expect(ResourceAddress.path(text(address)) == text(path))
        }
        for other in [
            "", "files:///", "file:///notes/a", "FILES:///notes/a", "files://notes/a", "files:///notes/%61",
            "files:///src/a b",
            "files:///src/%c3%a4", "files:///src/%", "files:///src/%4", "files:///src/%zz", "files:///notes/a?b",
            "files:///notes/a#b",
            "files:///notes%2Fa", " files:///notes/a",
        ] {
            #expect(ResourceAddress.path(text(other)) == nil, "\(other)")
        }
    }

    @Test("a cursor is what it was made as, and no other text is one")
    func cursors() {
        for cursor in [Cursor(path: []), Cursor(path: text("notes/ä b"), line: 77), Cursor(path: text("a:b"))] {
            #expect(Cursor(cursor.text) == cursor)
            #expect(Cursor(cursor.text + text("=")) == nil)
        }
        for bad in ["", "!", "MA", "MDpub3Rlcw==", "MDA6bm90ZXM", "LTE6YQ", "AAAA", "Og"] {
            #expect(Cursor(text(bad)) == nil)
        }
        let below = Cursor(path: text("notes/a/b"))
        #expect(below.names(below: text("notes")) == [text("a"), text("b")])
        #expect(below.names(below: []) == [text("notes"), text("a"), text("b")])
        #expect(below.names(below: text("note")) == nil)
        #expect(below.names(below: text("notes/a/b")) == nil)
        #expect(Cursor(path: text("notes/../x")).names(below: text("notes")) == nil)
        #expect(Cursor(path: text("notes//x")).names(below: text("notes")) == nil)
    }
}
