// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// The manual page doorward(1), in the man macros of roff.
struct ManPage {
    private var lines: [String] = []

    static func text() -> String {
        var page = ManPage()
        page.write()
        return page.lines.joined(separator: "\n") + "\n"
    }

    private mutating func write() {
        lines.append(".TH DOORWARD 1 \"\" \"doorward \(Product.version)\" \"User Commands\"")
        section("NAME")
        text("doorward \\- \(Self.escaped("\(CommandTable.purpose)"))")
        section("SYNOPSIS")
        lines.append(".B doorward")
        lines.append(".I COMMAND")
        text("[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...")
        section("COMMANDS")
        for spec in CommandTable.all { command(spec) }
        section("EXIT STATUS")
        exits(ExitStatus.meanings)
        lines.append(".PP")
        paragraph("audit verify has the statuses of every checker of the log:")
        exits(ExitStatus.verifyMeanings)
        lines.append(".PP")
        paragraph("run has the status of its command, and these:")
        exits(ExitStatus.runMeanings)
        section("ENVIRONMENT")
        for (name, meaning) in CommandTable.environment { term("\(name)", "\(meaning)") }
        section("FILES")
        for (name, meaning) in CommandTable.files { term("\(name)", "\(meaning)") }
        section("OUTPUT")
        paragraph(
            """
            Results go to standard output, everything else to standard error. With --json a command prints one \
            canonical
            """
                + """
                JSON document: members sorted, no white space. Text from clients and servers is shown with \
                everything
                """
                + "that could hide, move the cursor or turn the reading direction as \\u{...}.")
    }

    private mutating func command(_ spec: CommandSpec) {
        lines.append(".SS \"doorward \(Self.escaped(spec.name.rawValue))\"")
        paragraph("\(spec.summary)")
        lines.append(".PP")
        lines.append(".nh")
        lines.append(".na")
        text("\\fB" + Self.escaped(Synopsis.text(spec)) + "\\fR")
        lines.append(".ad")
        lines.append(".hy")
        for text in spec.about {
            lines.append(".PP")
            paragraph("\(text)")
        }
        for option in spec.options {
            var help = "\(option.help)"
            if let standard = option.standard { help += " (default: \(standard))" }
            if option.repeats { help += "; may repeat" }
            term(Synopsis.full(option), help)
        }
        if !spec.document.isEmpty {
            lines.append(".PP")
            paragraph("The document of --json:")
            for text in spec.document {
                lines.append(".IP \\(bu 2")
                paragraph("\(text)")
            }
        }
        for example in spec.examples {
            lines.append(".PP")
            paragraph("\(example.purpose):")
            lines.append(".RS")
            lines.append(".nf")
            text(Self.escaped("\(example.command)"))
            lines.append(".fi")
            lines.append(".RE")
        }
    }

    private mutating func section(_ name: String) { lines.append(".SH \(name)") }

    private mutating func exits(_ meanings: [(status: ExitStatus, meaning: StaticString)]) {
        for (status, meaning) in meanings { term("\(status.code)", "\(meaning)") }
    }

    private mutating func term(_ term: String, _ meaning: String) {
        lines.append(".TP")
        text("\\fB" + Self.escaped(term) + "\\fR")
        paragraph(meaning)
    }

    private mutating func paragraph(_ plain: String) { text(Self.escaped(plain)) }

    /// A line of text that roff must not take for a request.
    private mutating func text(_ roff: String) {
        lines.append(roff.hasPrefix(".") || roff.hasPrefix("'") ? "\\&" + roff : roff)
    }

    /// Plain text as roff shows it: a minus that can be copied, and nothing that begins an escape.
    private static func escaped(_ plain: String) -> String {
        var result = ""
        for scalar in plain.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "~": result += "\\(ti"
            case "'": result += "\\(aq"
            case "…": result += "..."
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
