// SPDX-License-Identifier: Apache-2.0

/// Completions for three shells, from the table.
enum Completions {
    static func bash() -> String {
        var cases: [String] = []
        for spec in CommandTable.all {
            let options = (spec.options + [.help]).map { "--\($0.name.rawValue)" }.joined(separator: " ")
            cases.append("        \(quoted(spec.name.rawValue))) options=\(quoted(options)) ;;")
        }
        return """
            # doorward completions for bash, made by: doorward completions bash
            _doorward() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command options words=
                COMPREPLY=()
                if ((COMP_CWORD == 1)); then
                    COMPREPLY=($(compgen -W '\(firstWords.joined(separator: " "))' -- "$word"))
                    return
                fi
                command=${COMP_WORDS[1]}
                case $command in
            \(groups.map { "        \($0.name)) words='\($0.words.joined(separator: " "))' ;;" }.joined(separator: "\n"))
                esac
                if [[ $words ]]; then
                    if ((COMP_CWORD == 2)); then
                        COMPREPLY=($(compgen -W "$words" -- "$word"))
                        return
                    fi
                    command+=" ${COMP_WORDS[2]}"
                fi
                case $before in
            \(bashValues.joined(separator: "\n"))
                esac
                case $command in
            \(cases.joined(separator: "\n"))
                    *) return ;;
                esac
                case $command in
            \(bashOperands.joined(separator: "\n"))
                esac
                if [[ $word == -* ]]; then
                    COMPREPLY=($(compgen -W "$options" -- "$word"))
                fi
            }
            complete -F _doorward doorward

            """
    }

    static func zsh() -> String {
        var text = """
            #compdef doorward
            # doorward completions for zsh, made by: doorward completions zsh
            _doorward() {
                local -a commands
                if ((CURRENT == 2)); then
                    commands=(
            \(firstWords.map { "            \(quoted("\($0):\(summary($0))"))" }.joined(separator: "\n"))
                    )
                    _describe 'command' commands
                    return
                fi
                local command=$words[2] skip=1
                case $command in

            """
        for group in groups {
            let entries = group.words.map { word in
                quoted(
                    "\(word):\(CommandName(rawValue: "\(group.name) \(word)").map { "\(CommandTable.spec($0).summary)" } ?? "")"
                )
            }
            text += """
                        \(group.name))
                            if ((CURRENT == 3)); then
                                commands=(\(entries.joined(separator: " ")))
                                _describe 'command' commands
                                return
                            fi
                            command+=" $words[3]"
                            skip=2
                            ;;

                """
        }
        text += """
                esac
                shift $skip words
                ((CURRENT -= skip))
                case $command in

            """
        for spec in CommandTable.all {
            let arguments = (spec.options + [.help]).map(zshOption) + spec.operands.enumerated().map(zshOperand)
            text += "        \(quoted(spec.name.rawValue))) _arguments -s \(arguments.joined(separator: " ")) ;;\n"
        }
        return text + """
                esac
            }
            _doorward "$@"

            """
    }

    static func fish() -> String {
        var lines = [
            "# doorward completions for fish, made by: doorward completions fish", "complete -c doorward -f",
        ]
        for word in firstWords {
            lines.append("complete -c doorward -n __fish_use_subcommand -a \(word) -d \(fishQuoted(summary(word)))")
        }
        for group in groups {
            let none = group.words.joined(separator: " ")
            for word in group.words {
                guard let name = CommandName(rawValue: "\(group.name) \(word)") else { continue }
                let condition = "__fish_seen_subcommand_from \(group.name); and not __fish_seen_subcommand_from \(none)"
                let summary = fishQuoted("\(CommandTable.spec(name).summary)")
                lines.append("complete -c doorward -n \(fishQuoted(condition)) -a \(word) -d \(summary)")
            }
        }
        for spec in CommandTable.all {
            let condition = fishQuoted(
                spec.name.words.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and "))
            for option in spec.options {
                var line = "complete -c doorward -n \(condition) -l \(option.name.rawValue)"
                if let short = option.short { line += " -s \(short)" }
                if let value = option.value { line += " -r" + fishValue(value) }
                lines.append(line + " -d \(fishQuoted("\(option.help)"))")
            }
            for operand in spec.operands {
                let value = fishValue(operand.kind)
                if !value.isEmpty { lines.append("complete -c doorward -n \(condition)" + value) }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Words that can stand first.
    private static var firstWords: [String] {
        var words: [String] = []
        for name in CommandName.allCases where !words.contains(name.words[0]) { words.append(name.words[0]) }
        return words
    }

    /// Commands of two words, by their first.
    private static var groups: [(name: String, words: [String])] {
        firstWords.compactMap { first in
            let words = CommandName.allCases.filter { $0.words.count == 2 && $0.words[0] == first }.map { $0.words[1] }
            return words.isEmpty ? nil : (first, words)
        }
    }

    private static func summary(_ word: String) -> String {
        if let name = CommandName(rawValue: word) { return "\(CommandTable.spec(name).summary)" }
        return groups.first { $0.name == word }.map { $0.words.joined(separator: ", ") } ?? ""
    }

    /// What may stand behind an option, the same for every command that has it.
    private static var bashValues: [String] {
        var lines: [String] = []
        var seen: Set<OptionName> = []
        for option in CommandTable.all.flatMap(\.options) where seen.insert(option.name).inserted {
            guard let value = option.value else { continue }
            lines.append("        --\(option.name.rawValue)) \(bashAction(value)); return ;;")
        }
        return lines
    }

    private static var bashOperands: [String] {
        CommandTable.all.compactMap { spec in
            guard let kind = spec.operands.first?.kind else { return nil }
            if case .text = kind { return nil }
            return "        \(quoted(spec.name.rawValue))) [[ $word == -* ]] || \(bashAction(kind)) ;;"
        }
    }

    private static func bashAction(_ kind: ArgumentKind) -> String {
        switch kind {
        case .file: "COMPREPLY=($(compgen -f -- \"$word\"))"
        case .directory: "COMPREPLY=($(compgen -d -- \"$word\"))"
        case .word(_, let words):
            "COMPREPLY=($(compgen -W '\(words.map(\.description).joined(separator: " "))' -- \"$word\"))"
        case .text: ":"
        }
    }

    private static func zshOption(_ option: OptionSpec) -> String {
        let help = zshEscaped("\(option.help)")
        let value = option.value.map { ":\(zshEscaped("\($0.placeholder)")):\(zshAction($0))" } ?? ""
        let star = option.repeats ? "*" : ""
        return quoted("\(star)--\(option.name.rawValue)[\(help)]\(value)")
    }

    private static func zshOperand(_ index: Int, _ operand: OperandSpec) -> String {
        let place = operand.count == .many ? "*" : "\(index + 1)"
        return quoted("\(place):\(zshEscaped("\(operand.kind.placeholder)")):\(zshAction(operand.kind))")
    }

    private static func zshAction(_ kind: ArgumentKind) -> String {
        switch kind {
        case .file: "_files"
        case .directory: "_directories"
        case .word(_, let words): "(\(words.map(\.description).joined(separator: " ")))"
        case .text: " "
        }
    }

    private static func fishValue(_ kind: ArgumentKind) -> String {
        switch kind {
        case .file, .directory: " -F"
        case .word(_, let words): " -a " + fishQuoted(words.map(\.description).joined(separator: " "))
        case .text: ""
        }
    }

    /// What `_arguments` takes for its own marks.
    private static func zshEscaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "[]:\\".contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// In fish a backslash escapes inside quotes too.
    private static func fishQuoted(_ text: String) -> String {
        var result = "'"
        for character in text {
            if character == "'" || character == "\\" { result += "\\" }
            result.append(character)
        }
        return result + "'"
    }
}
