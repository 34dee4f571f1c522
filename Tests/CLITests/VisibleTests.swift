// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing

@testable import CLI

@Suite("Text from outside cannot act on the screen")
struct VisibleTests {
    /// What each form makes of it: ``Visible/text(_:)`` and ``Visible/quoted(_:)``.
    static let rows: [(text: String, shown: String, quoted: String)] = [
        ("plain text", "plain text", "\"plain text\""),
        ("", "", "\"\""),
        ("\u{1B}[2J", "\\u{1b}[2J", "\"\\u{1b}[2J\""),
        ("a\nb\r\n", "a\\u{a}b\\u{d}\\u{a}", "\"a\\u{a}b\\u{d}\\u{a}\""),
        ("\u{9B}31m", "\\u{9b}31m", "\"\\u{9b}31m\""),
        ("\u{7F}\u{0}", "\\u{7f}\\u{0}", "\"\\u{7f}\\u{0}\""),
        // Turned text, invisible text, tags, selectors, fillers.
        ("a\u{202E}b\u{2066}", "a\\u{202e}b\\u{2066}", "\"a\\u{202e}b\\u{2066}\""),
        (
            "a\u{200B}\u{200D}\u{FEFF}\u{AD}b", "a\\u{200b}\\u{200d}\\u{feff}\\u{ad}b",
            "\"a\\u{200b}\\u{200d}\\u{feff}\\u{ad}b\""
        ),
        ("\u{E0041}\u{E0020}", "\\u{e0041}\\u{e0020}", "\"\\u{e0041}\\u{e0020}\""),
        ("x\u{FE0F}\u{E0100}", "x\\u{fe0f}\\u{e0100}", "\"x\\u{fe0f}\\u{e0100}\""),
        (
            "\u{3164}\u{115F}\u{2800}\u{A0}", "\\u{3164}\\u{115f}\\u{2800}\\u{a0}",
            "\"\\u{3164}\\u{115f}\\u{2800}\\u{a0}\""
        ),
        ("\u{2028}\u{2029}\u{3000}", "\\u{2028}\\u{2029}\\u{3000}", "\"\\u{2028}\\u{2029}\\u{3000}\""),
        ("\u{E000}\u{FFFF}\u{378}", "\\u{e000}\\u{ffff}\\u{378}", "\"\\u{e000}\\u{ffff}\\u{378}\""),
        // Letters stay where they are only to be read, and are told apart where they are to be compared.
        ("Grüße, 世界", "Grüße, 世界", "\"Gr\\u{fc}\\u{df}e, \\u{4e16}\\u{754c}\""),
        ("\u{430}dmin", "\u{430}dmin", "\"\\u{430}dmin\""),
        ("say \"no\" \\ yes", "say \"no\" \\ yes", "\"say \\\"no\\\" \\\\ yes\""),
    ]

    @Test("Whatever could hide, move or turn is shown as its number", arguments: rows)
    func shown(_ text: String, _ shown: String, _ quoted: String) {
        #expect(Visible.text(text) == shown)
        #expect(Visible.quoted(Array(text.utf8)) == quoted)
        #expect(Visible.ascii(Array(text.utf8)).utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test("Every scalar below U+3100 and every tag is printable or escaped")
    func all() throws {
        for value in Array(0..<0x3100) + Array(0xE0000..<0xE0200) {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let shown = Visible.text(String(scalar))
            let isControl = value < 0x20 || (0x7F...0x9F).contains(value)
            let isBidi =
                [0x61C, 0x200E, 0x200F].contains(value) || (0x202A...0x202E).contains(value)
                || (0x2066...0x2069).contains(value)
            if isControl || isBidi || value >= 0xE0000 {
                #expect(shown.hasPrefix("\\u{"), "\(String(value, radix: 16))")
            }
            #expect(!shown.isEmpty)
        }
    }

    @Test("Different texts are quoted differently, even where one imitates an escape")
    func injective() {
        let texts = ["\u{1B}", "\\u{1b}", "\"", "\\\"", "\\\\\"", "a", "\u{430}", " a", "a ", "", "\u{0}"]
        #expect(Set(texts.map { Visible.quoted(Array($0.utf8)) }).count == texts.count)
    }

    @Test("Bytes that are no UTF-8 do not get through") func bytes() {
        #expect(Visible.quoted([0x61, 0xFF, 0x62]) == "\"a\\u{fffd}b\"")
    }

    @Test("Lines are kept apart and nothing else") func lines() {
        #expect(Visible.lines(Array("a\u{1B}\n\nb\r".utf8)) == ["a\\u{1b}", "", "b\\u{d}"])
    }

    @Test("JSON is shown in ASCII") func json() {
        #expect(Visible.json(CanonicalJSON.string(Array("\u{202E}ü".utf8))).utf8.allSatisfy { $0 < 0x80 })
    }
}

@Suite("Tables fit the screen and lose nothing")
struct ColumnsTests {
    private func printed(_ columns: Int?, _ table: Columns) -> [String] {
        let page = Page()
        let sink = Console.Sink(isTerminal: columns != nil, columns: columns, hasColour: false) { page.bytes += $0 }
        table.print(to: Console(output: sink, errors: sink, environment: { _ in nil }, input: { nil }))
        return String(decoding: page.bytes, as: UTF8.self).rows
    }

    private final class Page { var bytes: [UInt8] = [] }

    private var table: Columns {
        var table = Columns("name", "state", "runs")
        table.add(
            .init("files"), .init("yes"),
            .init("\"/usr/libexec/doorward/doorward-tools\" \"--read\" \"/home/someone/notes\""))
        table.add(.init("a-much-longer-name-of-32-letters"), .init("removed, still sealed"), .init(""))
        return table
    }

    @Test("Without a screen every row is one line") func file() {
        #expect(printed(nil, table).count == 3)
        for line in printed(nil, table) { #expect(line.last != " ") }
    }

    @Test("On a narrow one rows are wrapped, never cut", arguments: [50, 60, 80, 200])
    func narrow(_ columns: Int) {
        let lines = printed(columns, table)
        for line in lines {
            #expect(TextWidth.of(line) <= columns)
            #expect(line.last != " ")
        }
        let letters = lines.joined().filter { $0 != " " }.sorted()
        #expect(letters == printed(nil, table).joined().filter { $0 != " " }.sorted())
    }

    @Test("A screen that is too narrow for anything still gets everything")
    func tiny() {
        #expect(
            printed(10, table).joined().filter { $0 != " " }.count
                == printed(nil, table).joined().filter { $0 != " " }.count)
    }

    @Test("Wide letters count as two and marks as none") func widths() {
        #expect(TextWidth.of("abc") == 3)
        #expect(TextWidth.of("世界") == 4)
        #expect(TextWidth.of("e\u{301}") == 1)
        #expect(Wrapping.lines("世界世界", width: 4) == ["世界", "世界"])
        #expect(Wrapping.lines("one two three", width: 7) == ["one two", "three"])
        #expect(Wrapping.lines("unbreakable", width: 4) == ["unbr", "eaka", "ble"])
    }
}
