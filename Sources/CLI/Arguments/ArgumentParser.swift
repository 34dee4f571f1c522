// SPDX-License-Identifier: Apache-2.0

/// From words to a command, by the table. Whatever the table does not know is refused, with the nearest that it knows.
enum ArgumentParser {
    /// What the command line asks for.
    enum Request: Equatable {
        case run(ParsedArguments)
        /// Help about one command, or about all of them whose names begin with these words.
        case explain([String])
        case version
    }

    /// - Throws: ``Failure`` with status 2.
    static func parse(_ words: [[UInt8]]) throws(Failure) -> Request {
        for word in words where word.contains(0) || !isText(word) {
            throw usage("an argument is not UTF-8 text: \(Visible.quoted(word))", hint: "rename the file or directory")
        }
        guard let first = words.first else {
            throw usage("no command is given", hint: "doorward --help lists the commands")
        }
        switch String(decoding: first, as: UTF8.self) {
        case "--help", "-h": return .explain([])
        case "--version": return .version
        default: break
        }
        if words.count == 2, let group = group(words) { return .explain([group]) }
        let command = try command(words)
        if command == .help { return .explain(try topic(Array(words.dropFirst()))) }
        return try arguments(CommandTable.spec(command), Array(words.dropFirst(command.words.count)))
    }

    /// The first word of commands that have two, if help about all of them is asked for.
    private static func group(_ words: [[UInt8]]) -> String? {
        let first = String(decoding: words[0], as: UTF8.self)
        guard words[1].elementsEqual("--help".utf8) || words[1].elementsEqual("-h".utf8) else { return nil }
        return CommandName.allCases.contains { $0.words.count == 2 && $0.words[0] == first } ? first : nil
    }

    /// The command that the first one or two words name.
    private static func command(_ words: [[UInt8]]) throws(Failure) -> CommandName {
        let texts = words.prefix(2).map { String(decoding: $0, as: UTF8.self) }
        for count in [2, 1] where texts.count >= count {
            if let command = CommandName(rawValue: texts[..<count].joined(separator: " ")) { return command }
        }
        let group = CommandName.allCases.filter { $0.words.count == 2 && $0.words[0] == texts[0] }
        guard !group.isEmpty else {
            let known = Set(CommandName.allCases.map { $0.words[0] }).sorted()
            throw usage(
                "there is no command \(Visible.quoted(words[0]))",
                hint: suggestion(texts[0], known) ?? secondHalf(texts[0]) ?? "doorward --help")
        }
        let known = group.map { $0.words[1] }
        guard texts.count == 2, !texts[1].hasPrefix("-") else {
            throw usage(
                "doorward \(texts[0]) needs one of: \(known.joined(separator: ", "))", hint: "doorward help \(texts[0])"
            )
        }
        throw usage(
            "there is no command \(Visible.quoted(Array("\(texts[0]) \(texts[1])".utf8)))",
            hint: suggestion(texts[1], known, behind: texts[0]) ?? "doorward help \(texts[0])")
    }

    private static func topic(_ words: [[UInt8]]) throws(Failure) -> [String] {
        let texts = words.map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "--help" && $0 != "-h" }
        guard texts.isEmpty || CommandName.allCases.contains(where: { Array($0.words.prefix(texts.count)) == texts })
        else {
            throw usage(
                "there is no command \(Visible.quoted(Array(texts.joined(separator: " ").utf8)))", hint: "doorward help"
            )
        }
        return texts
    }

    private static func arguments(_ spec: CommandSpec, _ words: [[UInt8]]) throws(Failure) -> Request {
        var parsed = ParsedArguments(spec.name)
        var left = words[...]
        while let word = left.popFirst() {
            if word == Array("--".utf8) {
                if spec.rest != nil {
                    parsed.put(rest: Array(left))
                } else {
                    for operand in left { parsed.put(operand: operand) }
                }
                break
            }
            guard word.first == UInt8(ascii: "-"), word.count > 1 else {
                if spec.isRestOpen {
                    parsed.put(rest: [word] + left)
                    break
                }
                parsed.put(operand: word)
                continue
            }
            let (option, glued) = try option(word, spec)
            if option.name == .help { return .explain(spec.name.words) }
            guard let kind = option.value else {
                guard glued == nil else { throw usage("--\(option.name.rawValue) takes no value", hint: help(spec)) }
                parsed.put(option.name, [])
                continue
            }
            guard let value = glued ?? left.popFirst() else {
                throw usage("--\(option.name.rawValue) needs \(kind.placeholder)", hint: help(spec))
            }
            if !kind.words.isEmpty, !kind.words.contains(where: { Array($0.description.utf8) == value }) {
                let words = kind.words.map(\.description).joined(separator: " or ")
                throw usage("--\(option.name.rawValue) must be \(words)", hint: help(spec))
            }
            guard option.repeats || !parsed.has(option.name) else {
                throw usage("--\(option.name.rawValue) stands twice", hint: help(spec))
            }
            parsed.put(option.name, value)
        }
        try check(parsed, spec)
        return .run(parsed)
    }

    /// The option that a word names, and its value if that is part of the word.
    private static func option(_ word: [UInt8], _ spec: CommandSpec) throws(Failure) -> (OptionSpec, [UInt8]?) {
        let known = spec.options + [.help]
        if word[1] == UInt8(ascii: "-") {
            let name = word.dropFirst(2).prefix { $0 != UInt8(ascii: "=") }
            let text = String(decoding: name, as: UTF8.self)
            if let option = known.first(where: { $0.name.rawValue == text }) {
                let rest = word.dropFirst(2 + name.count)
                return (option, rest.isEmpty ? nil : Array(rest.dropFirst()))
            }
            let near = Suggestion.nearest(text, among: known.map(\.name.rawValue))
            throw usage(
                "doorward \(spec.name.rawValue) has no option \(Visible.quoted(Array("--".utf8) + name))",
                hint: near.map { "did you mean --\($0)?" } ?? help(spec))
        }
        // A short option, with its value behind it or glued to it.
        if let option = known.first(where: { $0.short.map { Array($0.utf8) == [word[1]] } ?? false }) {
            let rest = Array(word.dropFirst(2))
            return (option, rest.isEmpty ? nil : rest)
        }
        throw usage("doorward \(spec.name.rawValue) has no option \(Visible.quoted(word))", hint: help(spec))
    }

    private static func check(_ parsed: ParsedArguments, _ spec: CommandSpec) throws(Failure) {
        let needed = spec.operands.filter { $0.count == .one }.count
        if parsed.operands.count < needed {
            let missing = spec.operands[parsed.operands.count].kind.placeholder
            throw usage("doorward \(spec.name.rawValue) needs \(missing)", hint: help(spec))
        }
        let takesMany = spec.operands.contains { $0.count == .many }
        if !takesMany, parsed.operands.count > spec.operands.count {
            let surplus = Visible.quoted(parsed.operands[spec.operands.count])
            let hint = spec.rest == nil ? help(spec) : "the command line of the server stands behind --"
            throw usage("doorward \(spec.name.rawValue) takes no \(surplus)", hint: hint)
        }
        let command = spec
        for (operand, spec) in zip(parsed.operands, spec.operands) where !spec.kind.words.isEmpty {
            guard spec.kind.words.contains(where: { Array($0.description.utf8) == operand }) else {
                let words = spec.kind.words.map(\.description).joined(separator: ", ")
                throw usage("\(spec.kind.placeholder) must be one of \(words)", hint: help(command))
            }
        }
        if let rest = spec.rest {
            let replacement = spec.restUnless.flatMap { parsed.has($0) ? $0 : nil }
            if let replacement, !parsed.rest.isEmpty {
                throw usage(
                    "doorward \(spec.name.rawValue) takes --\(replacement.rawValue) or -- \(rest), not both",
                    hint: help(spec))
            }
            if replacement == nil, parsed.rest.isEmpty {
                throw usage("doorward \(spec.name.rawValue) needs -- \(rest)", hint: help(spec))
            }
        }
    }

    private static func help(_ spec: CommandSpec) -> String { "doorward help \(spec.name.rawValue)" }

    /// - Parameter group: what stands in front of the word.
    private static func suggestion(_ word: String, _ known: [String], behind group: String? = nil) -> String? {
        Suggestion.nearest(word, among: known).map { "did you mean doorward \(group.map { "\($0) " } ?? "")\($0)?" }
    }

    /// The command of two words, of which only the second was given.
    private static func secondHalf(_ word: String) -> String? {
        let found = CommandName.allCases.filter { $0.words.count == 2 && $0.words[1] == word }
        return found.first.flatMap { found.count == 1 ? "did you mean doorward \($0.rawValue)?" : nil }
    }

    private static func usage(_ sentence: String, hint: String = "") -> Failure {
        Failure(sentence, hint: hint, status: .usage)
    }

    /// What the system handed over as bytes and the language has repaired is not what was typed.
    private static func isText(_ word: [UInt8]) -> Bool {
        !String(decoding: word, as: UTF8.self).unicodeScalars.contains("\u{FFFD}")
    }
}
