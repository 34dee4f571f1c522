// SPDX-License-Identifier: Apache-2.0
import Scratch
import Testing

@testable import CLI

private func sink(columns: Int?, hasColour: Bool = false) -> Console.Sink {
    Console.Sink(isTerminal: columns != nil, columns: columns, hasColour: hasColour) { _ in }
}

@Suite("Help, manual and completions say what the table says")
struct TableTests {
    @Test("Each command names what it takes, does and ends with", arguments: CommandName.allCases)
    func help(_ name: CommandName) {
        let spec = CommandTable.spec(name)
        let text = HelpText.lines(about: name.words, for: sink(columns: nil)).joined(separator: "\n")
        #expect(
            text.split(separator: "\n\n").first.map { $0.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }
                == "doorward \(name.rawValue): \(spec.summary)")
        for option in spec.options { #expect(text.contains("--\(option.name.rawValue)")) }
        for part in ["usage", "options", "exit status", "files", "--help"] { #expect(text.contains(part)) }
        for example in spec.examples { #expect(text.contains("\(example.command)")) }
        // A command that reports for machines says how.
        #expect(spec.options.contains { $0.name == .json } == !spec.document.isEmpty)
    }

    @Test("Nothing is wider than the screen but what cannot be broken", arguments: [40, 60, 80, 120])
    func widths(_ columns: Int) {
        for spec in CommandTable.all {
            for line in HelpText.lines(about: spec.name.words, for: sink(columns: columns))
            where TextWidth.of(line) > columns {
                // Examples and paths are there to be copied.
                let isExample = spec.examples.contains { line.contains("\($0.command)") }
                let isPath = CommandTable.files.contains { line.contains("\($0.name)") }
                #expect(isExample || isPath, "\(spec.name.rawValue): \(line)")
            }
        }
    }

    @Test("Sentences begin small and end without a full stop, errors and summaries alike")
    func style() {
        for spec in CommandTable.all {
            let texts = ["\(spec.summary)"] + spec.options.map { "\($0.help)" } + spec.examples.map { "\($0.purpose)" }
            for text in texts {
                #expect(text.first?.isUppercase == false || text.hasPrefix("SIG"), "\(text)")
                #expect(!text.hasSuffix("."), "\(text)")
                #expect(!text.contains("  ") && !text.contains("\n"), "\(text)")
            }
            for text in spec.about.map({ "\($0)" }) {
                #expect(!text.contains("  ") && !text.contains("\n"), "\(text)")
            }
        }
        for danger in ExitStatus.meanings { #expect(danger.meaning.description.last != ".") }
    }

    @Test("No two options of a command are one, and none hides --help")
    func distinct() {
        for spec in CommandTable.all {
            let names = spec.options.map(\.name) + [.help]
            #expect(Set(names).count == names.count)
            let letters = (spec.options + [.help]).compactMap(\.short)
            #expect(Set(letters).count == letters.count)
        }
    }

    @Test("Every option in the list belongs to some command")
    func used() {
        let used = Set(CommandTable.all.flatMap { $0.options.map(\.name) } + [.help])
        #expect(used == Set(OptionName.allCases))
    }

    @Test("The manual holds every command and option")
    func manual() {
        let page = ManPage.text()
        let lines = page.rows
        #expect(lines.first?.hasPrefix(".TH DOORWARD 1") == true)
        for spec in CommandTable.all {
            #expect(lines.contains(".SS \"doorward \(spec.name.rawValue)\""))
            for option in spec.options {
                #expect(page.contains("\\-\\-" + option.name.rawValue.split(separator: "-").joined(separator: "\\-")))
            }
        }
        // Every line that begins with a dot is a request that exists.
        let requests: Set<String> = [
            "TH", "SH", "SS", "PP", "TP", "IP", "B", "I", "na", "nh", "ad", "hy", "RS", "RE", "nf", "fi",
        ]
        for line in lines where line.hasPrefix(".") {
            #expect(requests.contains(String(line.dropFirst().prefix { $0 != " " })), "\(line)")
        }
        #expect(page.utf8.allSatisfy { $0 < 0x80 })
        #expect(!lines.contains(""))
    }

    @Test("The shells take the completions, and bash completes with them")
    func completions() throws {
        let scratch = Scratch()
        scratch.put("bash", Array(Completions.bash().utf8))
        #expect(Shell.run("bash -n '\(scratch.path)/bash'") == 0)
        for name in ["zsh", "fish"] where Shell.run("command -v \(name) >/dev/null") == 0 {
            scratch.put(name, Array((name == "zsh" ? Completions.zsh() : Completions.fish()).utf8))
            #expect(Shell.run("\(name) -n '\(scratch.path)/\(name)'") == 0)
        }
        func complete(_ words: String...) -> [String] {
            let list = words.map { "'\($0)'" }.joined(separator: " ")
            let script = """
                . '\(scratch.path)/bash'
                COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1)
                _doorward
                printf '%s\\n' "${COMPREPLY[@]}" > '\(scratch.path)/found'
                """
            scratch.put("script", Array(script.utf8))
            #expect(Shell.run("bash '\(scratch.path)/script'") == 0)
            return String(decoding: scratch.contents("found") ?? [], as: UTF8.self).rows.filter { !$0.isEmpty }.sorted()
        }
        #expect(complete("doorward", "re") == ["registry", "reload"])
        #expect(complete("doorward", "token", "r") == ["revoke", "rotate"])
        #expect(complete("doorward", "registry", "seal", "--c") == ["--check", "--config"])
        #expect(complete("doorward", "serve", "--require-confinement", "f") == ["full"])
        #expect(complete("doorward", "completions", "z") == ["zsh"])
    }

    @Test("Colours are there only where they are wanted")
    func colours() {
        let plain = HelpText.lines(about: ["status"], for: sink(columns: 80)).joined()
        let coloured = HelpText.lines(about: ["status"], for: sink(columns: 80, hasColour: true)).joined()
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[1m"))
    }
}

@Suite("Exit statuses are for scripts, so they never change their meaning")
struct ExitStatusTests {
    @Test("The table") func table() {
        #expect(ExitStatus.meanings.map(\.status.code) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(ExitStatus.verifyMeanings.map(\.status.code) == [0, 1, 2])
        #expect(ExitStatus.dangerous.code == 7)
        #expect(ExitStatus.nothingServing.code == 5)
        #expect(ExitStatus.declined.code == 6)
        #expect(ExitStatus.sealNotBelieved.code == 8)
    }
}
