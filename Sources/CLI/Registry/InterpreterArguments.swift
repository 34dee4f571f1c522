// SPDX-License-Identifier: Apache-2.0

/// What an interpreter's command line makes it run.
enum InterpreterTarget: Equatable {
    /// The script is the argument with this index; those before it are the interpreter's own.
    case script(Int)
    /// `-m MODULE`; what follows is the module's. `next` is the index of the first argument behind it.
    case module([UInt8], next: Int)
    /// Code on the command line, or from somewhere that only the program itself knows.
    case inline
    /// The first argument that is an existing file, which only the file system can tell.
    case firstFile
    /// Nothing: it would run whatever it reads from standard input.
    case nothing
}

/// Reads command lines as the interpreters themselves do.
enum InterpreterArguments {
    /// Programs that run a file which their arguments name, by family (the name without version).
    static let generic: Set<String> = [
        "bun", "deno", "dotnet", "elixir", "erl", "escript", "groovy", "guile", "java", "julia", "kotlin", "mono",
        "ocaml",
        "osascript", "r", "racket", "rscript", "sbcl", "scala", "swift", "tclsh", "ts-node", "tsx", "wasmer",
        "wasmtime",
        "wish",
    ]
    /// The same, and without such a file they run what they read from standard input.
    static let reading: Set<String> = [
        "lua", "luajit", "perl", "php", "ruby",
    ]
    /// Shells by themselves are a danger; what they run is pinned all the same.
    static let shells: Set<String> = [
        "ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "rbash", "sh", "tcsh", "yash", "zsh",
    ]
    static let python: Set<String> = ["pypy", "python", "pythonw"]
    static let node: Set<String> = ["node", "nodejs"]

    /// Whether a program of one of these families is an interpreter.
    static func isInterpreter(_ families: [String]) -> Bool {
        families.contains { family in
            [generic, reading, shells, python, node].contains { $0.contains(family) }
        }
    }

    /// - Parameter words: all arguments behind the program's own name; nil stands for one that a caller chooses.
    static func target(_ families: [String], _ words: [[UInt8]?]) -> InterpreterTarget {
        if families.contains(where: python.contains) { return pythonTarget(words) }
        if families.contains(where: node.contains) { return nodeTarget(words) }
        if families.contains(where: shells.contains) { return shellTarget(words) }
        if words.isEmpty, families.contains(where: reading.contains) { return .nothing }
        return .firstFile
    }

    /// As CPython's own option parser (Python/getopt.c): clusters of letters, of which c, m, W and X take the rest of the
    /// cluster or the next argument as their value.
    private static func pythonTarget(_ words: [[UInt8]?]) -> InterpreterTarget {
        var index = 0
        while index < words.count {
            guard let word = words[index] else { return .script(index) }
            guard word.first == UInt8(ascii: "-") else { return .script(index) }
            if word.count == 1 { return .nothing }
            if word.elementsEqual("--".utf8) { return index + 1 < words.count ? .script(index + 1) : .nothing }
            if word.starts(with: "--".utf8) {
                index += word.elementsEqual("--check-hash-based-pycs".utf8) ? 2 : 1
                continue
            }
            var takesNext = false
            cluster: for (place, letter) in word.enumerated().dropFirst() {
                switch letter {
                case UInt8(ascii: "c"): return .inline
                case UInt8(ascii: "m"):
                    let rest = Array(word[(place + 1)...])
                    if !rest.isEmpty { return .module(rest, next: index + 1) }
                    guard index + 1 < words.count, let name = words[index + 1] else { return .nothing }
                    return .module(name, next: index + 2)
                case UInt8(ascii: "W"), UInt8(ascii: "X"):
                    takesNext = place + 1 == word.count
                    break cluster
                default: break
                }
            }
            index += takesNext ? 2 : 1
        }
        return .nothing
    }

    /// POSIX sh: options in clusters, of which c makes the next argument code and s means standard input; o and O take the
    /// next argument.
    private static func shellTarget(_ words: [[UInt8]?]) -> InterpreterTarget {
        var index = 0
        while index < words.count {
            guard let word = words[index], let first = word.first, "-+".utf8.contains(first) else {
                return .script(index)
            }
            if word.elementsEqual("--".utf8) || word.count == 1 {
                return index + 1 < words.count ? .script(index + 1) : .nothing
            }
            if word.starts(with: "--".utf8) {
                if word.starts(with: "--command".utf8) || word.starts(with: "--init-command".utf8) { return .inline }
                index += word.elementsEqual("--rcfile".utf8) || word.elementsEqual("--init-file".utf8) ? 2 : 1
                continue
            }
            if word.contains(UInt8(ascii: "c")) { return .inline }
            if word.contains(UInt8(ascii: "s")) { return .nothing }
            index += word.last == UInt8(ascii: "o") || word.last == UInt8(ascii: "O") ? 2 : 1
        }
        return .nothing
    }

    /// Options of Node whose value is the next argument; for all others it stands behind `=`.
    private static let nodeValues: [String] = [
        "-C", "-r", "--conditions", "--disable-warning", "--env-file", "--env-file-if-exists", "--experimental-loader",
        "--icu-data-dir", "--import", "--input-type", "--loader", "--openssl-config", "--require", "--title",
        "--unhandled-rejections",
    ]
    private static let nodeCode: [String] = ["-e", "--eval", "-p", "--print", "-pe"]

    private static func nodeTarget(_ words: [[UInt8]?]) -> InterpreterTarget {
        var index = 0
        while index < words.count {
            guard let word = words[index] else { return .script(index) }
            guard word.first == UInt8(ascii: "-") else { return .script(index) }
            if word.count == 1 { return .nothing }
            if word.elementsEqual("--".utf8) { return index + 1 < words.count ? .script(index + 1) : .nothing }
            let name = Array(word.prefix { $0 != UInt8(ascii: "=") })
            if nodeCode.contains(where: { name.elementsEqual($0.utf8) }) { return .inline }
            index += nodeValues.contains { word.elementsEqual($0.utf8) } ? 2 : 1
        }
        return .nothing
    }
}
