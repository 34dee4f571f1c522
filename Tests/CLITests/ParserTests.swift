// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import CLI

private func parse(_ line: String) throws(Failure) -> ArgumentParser.Request {
    try ArgumentParser.parse(line.split(separator: " ").map { Array($0.utf8) })
}

private func arguments(_ line: String) throws -> ParsedArguments {
    guard case .run(let arguments) = try parse(line) else { throw Failure("not a command") }
    return arguments
}

@Suite("A command line is what the table says, or exit status 2")
struct ParserTests {
    @Test("Values stand behind an option or an equals sign; operands stand anywhere")
    func values() throws {
        for line in [
            "registry import F a --accept shell --yes b", "registry import --accept=shell F -y a b",
            "registry import --yes F --accept=shell -- a b",
        ] {
            let parsed = try arguments(line)
            #expect(parsed.command == .registryImport)
            #expect(parsed.operands == ["F", "a", "b"].map { Array($0.utf8) })
            #expect(parsed.has(.yes))
            #expect(parsed.value(.accept) == Array("shell".utf8))
        }
    }

    @Test("Behind -- of add everything is the server's, options of this program too")
    func rest() throws {
        let parsed = try arguments("registry add time --yes -- /bin/x --yes --json -- -h")
        #expect(parsed.operands == [Array("time".utf8)])
        #expect(parsed.rest == ["/bin/x", "--yes", "--json", "--", "-h"].map { Array($0.utf8) })
    }

    @Test("A short option takes its value glued or apart", arguments: ["audit tail -n 5", "audit tail -n5"])
    func short(_ line: String) throws { #expect(try arguments(line).value(.lines) == Array("5".utf8)) }

    @Test("Lists are split at commas and joined over repetitions")
    func lists() throws {
        let parsed = try arguments("registry import F --accept shell,inline-code --accept=privilege")
        #expect(parsed.list(.accept) == ["shell", "inline-code", "privilege"].map { Array($0.utf8) })
    }

    static let refused: [(line: String, sentence: String, hint: String)] = [
        ("", "no command is given", "doorward --help lists the commands"),
        ("statsu", "there is no command \"statsu\"", "did you mean doorward status?"),
        ("xyzzy", "there is no command \"xyzzy\"", "doorward --help"),
        ("token", "doorward token needs one of: issue, list, revoke, rotate", "doorward help token"),
        ("token ls", "there is no command \"token ls\"", "doorward help token"),
        ("registry lsit", "there is no command \"registry lsit\"", "did you mean doorward registry list?"),
        ("status --jsno", "doorward status has no option \"--jsno\"", "did you mean --json?"),
        ("status -x", "doorward status has no option \"-x\"", "doorward help status"),
        ("status --json=yes", "--json takes no value", "doorward help status"),
        ("status --state", "--state needs DIR", "doorward help status"),
        ("status --state /a --state /b", "--state stands twice", "doorward help status"),
        ("status here", "doorward status takes no \"here\"", "doorward help status"),
        ("serve --require-confinement half", "--require-confinement must be full or reduced", "doorward help serve"),
        ("registry import", "doorward registry import needs FILE", "doorward help registry import"),
        ("registry add x", "doorward registry add needs -- CMD ARG…", "doorward help registry add"),
        (
            "registry add x /bin/true", "doorward registry add takes no \"/bin/true\"",
            "the command line of the server stands behind --"
        ),
        ("completions tcsh", "SHELL must be one of bash, zsh, fish", "doorward help completions"),
        ("help nothing", "there is no command \"nothing\"", "doorward help"),
        ("revoke", "there is no command \"revoke\"", "did you mean doorward token revoke?"),
    ]

    @Test("Mistakes are named, with what was meant", arguments: refused)
    func mistake(_ line: String, _ sentence: String, _ hint: String) {
        #expect(throws: Failure(sentence, hint: hint, status: .usage)) { try parse(line) }
    }

    @Test("What hides in a mistaken word is shown")
    func hostile() {
        let word = Array("sta\u{1B}[2Jtus\u{202E}".utf8)
        #expect(throws: Failure.self) { try ArgumentParser.parse([word]) }
        do throws(Failure) { _ = try ArgumentParser.parse([word]) } catch {
            #expect(error.sentence == "there is no command \"sta\\u{1b}[2Jtus\\u{202e}\"")
        }
    }

    @Test("Bytes that are no text are refused before they become another name")
    func notText() {
        for word: [UInt8] in [[0xFF], [0x61, 0xC3], [0x61, 0x00]] {
            #expect(throws: Failure.self) { try ArgumentParser.parse([Array("connect".utf8), word]) }
        }
    }

    @Test("Help is given in every usual way", arguments: CommandName.allCases)
    func help(_ name: CommandName) throws {
        // `help` explains whatever follows it.
        guard name != .help else { return }
        for line in ["\(name.rawValue) --help", "\(name.rawValue) -h", "help \(name.rawValue)"] {
            #expect(try parse(line) == .explain(name.words), "\(line)")
        }
    }

    @Test("Help about a group of commands explains the group")
    func groups() throws {
        for line in ["token --help", "token -h", "help token"] { #expect(try parse(line) == .explain(["token"])) }
        for line in ["--help", "-h", "help", "help --help"] { #expect(try parse(line) == .explain([])) }
    }

    @Test("An option that needs a value takes a dash for one, as every getopt does")
    func dash() throws {
        #expect(try arguments("status --state -").value(.state) == Array("-".utf8))
    }
}

@Suite("A typing error is met with what was meant")
struct SuggestionTests {
    @Test(
        "One change in three letters is near",
        arguments: [
            ("statu", "status"), ("satus", "status"), ("sttaus", "status"), ("statuses", "status"), ("serv", "serve"),
            ("rload", "reload"), ("docter", "doctor"),
        ])
    func near(_ typed: String, _ meant: String) {
        #expect(Suggestion.nearest(typed, among: CommandName.allCases.map { $0.words[0] }) == meant)
    }

    @Test("More is not", arguments: ["x", "install", "zz", String(repeating: "status", count: 100)])
    func far(_ typed: String) {
        #expect(Suggestion.nearest(typed, among: ["status", "serve", "reload", "doctor"]) == nil)
    }

    @Test("Swapped neighbours are one change") func swap() {
        #expect(Suggestion.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
        #expect(Suggestion.distance(Array("".utf8), Array("abc".utf8)) == 3)
        #expect(Suggestion.distance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    }
}
