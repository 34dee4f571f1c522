// SPDX-License-Identifier: Apache-2.0

/// What `--help` prints: the manual of one command on a screen.
struct HelpText {
    private let sink: Console.Sink
    private let width: Int
    private(set) var lines: [String] = []

    /// Text wider than this is hard to read, however wide the screen is.
    private static let mostColumns = 100

    private init(_ sink: Console.Sink) {
        self.sink = sink
        width = min(sink.columns ?? 80, Self.mostColumns)
    }

    /// - Parameter topic: the first words of commands; empty for all.
    static func lines(about topic: [String], for sink: Console.Sink) -> [String] {
        var text = HelpText(sink)
        let specs = CommandTable.all.filter { Array($0.name.words.prefix(topic.count)) == topic }
        if specs.count == 1, let spec = specs.first {
            text.explain(spec)
        } else {
            text.overview(specs, isAll: topic.isEmpty)
        }
        return text.lines
    }

    private mutating func overview(_ specs: [CommandSpec], isAll: Bool) {
        if isAll {
            paragraph("doorward: \(CommandTable.purpose)")
            lines.append("")
        }
        head("usage")
        paragraph("doorward COMMAND [OPTION]... [ARGUMENT]...", indent: 2)
        lines.append("")
        head("commands")
        let column = specs.map { $0.name.rawValue.utf8.count }.max() ?? 0
        for spec in specs { entry(spec.name.rawValue, "\(spec.summary)", column: column + 2) }
        lines.append("")
        paragraph("doorward help COMMAND, or COMMAND --help, explains one of them; doorward man prints the manual")
    }

    private mutating func explain(_ spec: CommandSpec) {
        paragraph("doorward \(spec.name.rawValue): \(spec.summary)")
        lines.append("")
        head("usage")
        paragraph(Synopsis.text(spec), indent: 2, hanging: 4)
        for text in spec.about {
            lines.append("")
            paragraph("\(text)", indent: 2)
        }
        lines.append("")
        head("options")
        for option in spec.options + [.help] {
            var help = "\(option.help)"
            if let standard = option.standard { help += " (default: \(standard))" }
            if option.repeats { help += "; may repeat" }
            entry(Synopsis.full(option), help, column: 28)
        }
        if !spec.document.isEmpty {
            lines.append("")
            head("json document")
            for text in spec.document { paragraph("\(text)", indent: 2, hanging: 2) }
        }
        if !spec.examples.isEmpty {
            lines.append("")
            head("examples")
            for example in spec.examples {
                lines.append("  " + sink.styled("\(example.command)", .bold))
                paragraph("\(example.purpose)", indent: 6)
            }
        }
        lines.append("")
        head("exit status")
        let column = spec.exits.map { "\($0.status.code)".utf8.count }.max() ?? 0
        for (status, meaning) in spec.exits { entry("\(status.code)", "\(meaning)", column: column + 2) }
        lines.append("")
        head("files")
        for (name, meaning) in CommandTable.files {
            lines.append("  \(name)")
            paragraph("\(meaning)", indent: 6)
        }
    }

    private mutating func head(_ text: String) { lines.append(sink.styled(text, .bold)) }

    private mutating func paragraph(_ text: String, indent: Int = 0, hanging: Int = 0) {
        let margin = String(repeating: " ", count: indent)
        let inner = String(repeating: " ", count: indent + hanging)
        for (index, line) in Wrapping.lines(text, width: width - indent - hanging).enumerated() {
            lines.append((index == 0 ? margin : inner) + line)
        }
    }

    /// A term, and what it means beside it, or below it where the term is too long.
    private mutating func entry(_ term: String, _ meaning: String, column: Int) {
        let margin = String(repeating: " ", count: 2 + column)
        var first = "  " + sink.styled(term, .bold)
        if term.utf8.count + 2 > column {
            lines.append(first)
            first = margin
        } else {
            first += String(repeating: " ", count: column - term.utf8.count)
        }
        for (index, line) in Wrapping.lines(meaning, width: width - 2 - column).enumerated() {
            lines.append((index == 0 ? first : margin) + line)
        }
    }
}
