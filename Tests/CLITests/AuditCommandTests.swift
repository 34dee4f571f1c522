// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import CLI

@Suite("The log is shown and checked, whatever stands in it")
struct AuditCommandTests {
    private let desk = Desk()

    /// A copy of the log that the audit tests keep.
    private func copy() -> String {
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let place = desk.path("log")
        #expect(Shell.run("cp -r '\(here)/AuditTests/golden/log' '\(place)' && chmod -R u+rwX,go-rwx '\(place)'") == 0)
        return place
    }

    @Test("A sound log is sound, and says what it holds")
    func sound() {
        let outcome = desk.run("audit", "verify", copy())
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains(": sound\n") && outcome.output.contains("  head "))
        // The key came from beside it, which proves less.
        #expect(outcome.errors.contains("--key FILE"))
        let own = desk.run("audit", "verify", desk.path("log"), "--key", desk.path("log/key.pub"))
        #expect(own.status == 0 && own.errors.isEmpty)
    }

    @Test("One byte that is another makes it broken, with its place (A52)")
    func broken() throws {
        let place = copy()
        #expect(Shell.run("sed -i '2s/\"seq\":2/\"seq\":3/' '\(place)/00000001.jsonl'") == 0)
        let outcome = desk.run("audit", "verify", place)
        #expect(outcome.status == 1 && outcome.output.contains(": broken\n"))
        #expect(outcome.errors.contains("doorward: error: "))
        let json = desk.run("audit", "verify", place, "--json")
        #expect(
            json.status == 1 && json.output.contains("\"verdict\":\"broken\"") && json.output.contains("\"line\":2"))
    }

    @Test("What could not be looked at is neither sound nor broken")
    func unreadable() {
        for words in [
            ["/nowhere"], [copy(), "--key", "/nowhere"], [desk.path("log"), "--head", "x"],
            [desk.path("log"), "--state", "/x"],
            [desk.path("log"), "--head", "1"], ["a", "b"],
        ] {
            let outcome = desk.run(["audit", "verify"] + words)
            #expect(outcome.status == 2 && outcome.errors.contains("hint: "), "\(words)")
        }
    }

    @Test("tail shows the last records, as many as were asked for")
    func tail() {
        let place = copy()
        #expect(
            Shell.run(
                "mkdir -p '\(desk.state)' && mv '\(place)' '\(desk.state)/audit' && chmod 700 '\(desk.home)/.local' '\(desk.home)/.local/state' '\(desk.state)'"
            ) == 0)
        let all = desk.run("audit", "tail", "-n", "1000")
        #expect(all.status == 0 && all.output.rows.count > 2, "\(all.errors)")
        for count in [0, 1, 2] {
            #expect(desk.run("audit", "tail", "-n\(count)").output.rows == Array(all.output.rows.suffix(count)))
        }
        let json = desk.run("audit", "tail", "-n", "1", "--json").output
        #expect(json.hasPrefix("{\"seq\":") && json.rows.count == 1)
        for count in ["x", "-1", "100001", ""] {
            #expect(desk.run("audit", "tail", "-n", count).status == 2, "\(count)")
        }
    }

    private let sink = Console.Sink(isTerminal: false, columns: nil, hasColour: false) { _ in }

    private func line(_ kind: String, _ data: String) -> String? {
        RecordText.line(
            Array("{\"seq\":1,\"time\":\"2026-11-21T15:29:31.123456Z\",\"kind\":\"\(kind)\",\"data\":\(data)}".utf8),
            sink)
    }

    @Test("Who stands before what")
    func lines() {
        #expect(
            line(
                "call.intent",
                "{\"client\":\"me\",\"peer\":{\"exe\":\"/usr/bin/curl\",\"pid\":7},\"rule\":\"default-reads\",\"server\":\"files\",\"target\":\"read\"}"
            )
                == "2026-11-21 15:29:31.123Z  call.intent  me /usr/bin/curl[7]  files.read  rule=default-reads")
        #expect(
            line("refused", "{\"peer\":{\"uid\":5},\"status\":403}")
                == "2026-11-21 15:29:31.123Z  refused  uid 5  status=403")
        #expect(
            line("x", "{\"sha256\":\"\(String(repeating: "ab", count: 32))\"}")?.hasSuffix("sha256=abababababababab")
                == true)
    }

    @Test("Text from outside cannot act on the screen, nor look like another member (A51)")
    func hostile() throws {
        let evil = "\\u001b[2J\\u202e\\n\\\" status=200"
        let shown = try #require(
            line("refused", "{\"client\":\"\(evil)\",\"path\":\"\(evil)\",\"\(evil)\":[\"\(evil)\"]}"))
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
        #expect(shown.contains("path=\"\\u{1b}[2J\\u{202e}\\u{a}\\\" status=200\""))
    }

    @Test(
        "What is no record is no line",
        arguments: ["", "{}", "[]", "x", "{\"time\":1}", "{\"time\":\"2026\",\"kind\":\"x\",\"data\":{}}"])
    func noRecord(_ text: String) { #expect(RecordText.line(Array(text.utf8), sink) == nil) }
}

@Suite("The first run makes what is missing, and nothing else")
struct SetupTests {
    private func setup(_ desk: Desk, _ words: [String] = []) throws -> (setup: Setup, said: () -> String) {
        guard case .run(let arguments) = try ArgumentParser.parse((["up"] + words).map { Array($0.utf8) }) else {
            throw Failure("not a command")
        }
        let paper = Paper()
        let sink = Console.Sink(isTerminal: false, columns: nil, hasColour: false) { paper.bytes += $0 }
        let home = Array(desk.home.utf8)
        let console = Console(output: sink, errors: sink, environment: { $0 == "HOME" ? home : nil }, input: { nil })
        return (
            Setup(try Places(arguments, console), arguments, console), { String(decoding: paper.bytes, as: UTF8.self) }
        )
    }

    private final class Paper { var bytes: [UInt8] = [] }

    @Test("A directory with a note, a configuration with one server, a seal")
    func first() throws {
        let desk = Desk()
        let (setup, said) = try setup(desk)
        #expect(try setup.configure())
        try setup.seal(isFirst: true)
        #expect(desk.contents("home/doorward-files/welcome.txt").contains("audit tail"))
        #expect(
            desk.configured.contains("doorward-tools")
                && desk.configured.contains("\"read\": [\"\(desk.home)/doorward-files\"]"))
        #expect(Shell.run("test \"$(stat -c %a '\(desk.home)/doorward-files')\" = 700") == 0)
        #expect(said().contains("it may read \(desk.home)/doorward-files and nothing else of yours"))
        #expect(desk.run("registry", "seal", "--check").status == 0)
        try setup.tellNext([])
        #expect(said().contains("http://127.0.0.1:8742/mcp"))
        // Once more changes nothing.
        let before = desk.configured
        #expect(try !setup.configure())
        try setup.seal(isFirst: false)
        #expect(desk.configured == before)
    }

    @Test("Another directory, if it is one")
    func read() throws {
        let desk = Desk()
        desk.makeDirectory("notes")
        #expect(try setup(desk, ["--read", desk.path("notes")]).setup.configure())
        #expect(desk.configured.contains("\"args\": [\"--read\", \"\(desk.path("notes"))\"]"))
        #expect(desk.scratch.contents("home/doorward-files/welcome.txt") == nil)
        let (again, said) = try setup(desk, ["--read", "/srv"])
        #expect(try !again.configure())
        #expect(said().contains("--read counts at the first run only"))
        #expect(throws: Failure.self) { try setup(Desk(), ["--read", "/nowhere"]).setup.configure() }
        #expect(throws: Failure.self) { try setup(Desk(), ["--read", "/etc/passwd"]).setup.configure() }
    }

    @Test("A configuration that somebody wrote is left alone")
    func existing() throws {
        let desk = Desk()
        desk.configure("{}")
        let (setup, said) = try setup(desk)
        #expect(try !setup.configure())
        #expect(desk.configured == "{}" && said().isEmpty)
    }
}
