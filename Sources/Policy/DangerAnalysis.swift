// SPDX-License-Identifier: Apache-2.0

/// Judges one entry by its command line, environment and grants. Pure; what needs the file system
/// (``Danger/writablePlace``) is found by whoever resolves the files.
///
/// An allow-list of names is no control while the arguments are free (S108), so it is the arguments that are read here.
package enum DangerAnalysis {
    /// - Parameter programs: every name under which the program is known: as written, with links resolved, and the
    ///   interpreter of a script. A shell behind an innocent link is still a shell.
    /// - Parameter own: how many of the arguments are the program's own; those behind an interpreter's script or module
    ///   belong to that, and `-c` means something else there.
    package static func findings(
        programs: [AbsolutePath], arguments: [[UInt8]], own: Int, environment: [EnvironmentEntry],
        reads: [AbsolutePath],
        writes: [AbsolutePath], parameters: [ParameterEntry], home: AbsolutePath?
    ) -> [DangerFinding] {
        var found: [DangerFinding] = []
        for program in programs { judge(program, Array(arguments.prefix(own)), &found) }
        judge(arguments, &found)
        for entry in environment { judge(entry, &found) }
        for path in reads where isWide(path, home: home) { found.append(DangerFinding(.wideGrant, path.bytes)) }
        for path in writes where isWide(path, home: home) || isOfTheSystem(path) {
            found.append(DangerFinding(.wideGrant, path.bytes))
        }
        for value in parameters.flatMap(\.values) where value.text.first == UInt8(ascii: "-") {
            found.append(DangerFinding(.flagAsValue, value.text))
        }
        var unique: [DangerFinding] = []
        for finding in found where !unique.contains(finding) { unique.append(finding) }
        return unique
    }

    /// The kinds of program that a name may stand for, in lower case without extension: the name itself, the name without
    /// a version at its end, and what stands in front of a version in its middle. `Python3.11.exe` and `python3.13t-dbg`
    /// are `python`, `perl5.36-x86_64-linux-gnu` is `perl`.
    package static func families(_ program: AbsolutePath) -> [String] { families(program, without: programEndings) }

    private static func families(_ program: AbsolutePath, without endings: [String]) -> [String] {
        var name = program.name.map(lowered)
        for ending in endings where name.count > ending.utf8.count {
            if name.suffix(ending.utf8.count) == Array(ending.utf8)[...] { name.removeLast(ending.utf8.count) }
        }
        var families = [name]
        var bare = name
        while let last = bare.last, last.isDigit || last == UInt8(ascii: ".") || last == UInt8(ascii: "-"),
            bare.count > 1
        {
            bare.removeLast()
        }
        families.append(bare)
        if let front = frontOfVersion(name) { families.append(front) }
        var unique: [String] = []
        for family in families.map({ String(decoding: $0, as: UTF8.self) }) where !unique.contains(family) {
            unique.append(family)
        }
        return unique
    }

    private static let programEndings = [".exe", ".cmd", ".bat"]
    private static let scriptEndings = [".py", ".js", ".cjs", ".mjs", ".ts", ".sh"]

    /// What stands before the first digit, if that begins a version: digits and dots, the letters of a build (`13t`, `11d`,
    /// `3u`), then nothing or a dash and anything.
    private static func frontOfVersion(_ name: [UInt8]) -> [UInt8]? {
        guard let start = name.firstIndex(where: \.isDigit), start > 0 else { return nil }
        let rest = name[start...].drop { $0.isDigit || $0 == UInt8(ascii: ".") }.drop { "dmtu".utf8.contains($0) }
        guard rest.isEmpty || rest.first == UInt8(ascii: "-") else { return nil }
        var front = Array(name[..<start])
        while let last = front.last, last == UInt8(ascii: "-") || last == UInt8(ascii: "."), front.count > 1 {
            front.removeLast()
        }
        return front
    }

    private static func judge(_ program: AbsolutePath, _ arguments: [[UInt8]], _ found: inout [DangerFinding]) {
        let families = families(program)
        func isAmong(_ names: Set<String>) -> Bool { families.contains(where: names.contains) }
        if isAmong(DangerTables.shells) { found.append(DangerFinding(.shell, program.bytes)) }
        // Runners are scripts themselves (`npx-cli.js`); a script called time.py is no `time`.
        let runners = Self.families(program, without: programEndings + scriptEndings)
        if runners.contains(where: DangerTables.packageRunners.contains) {
            found.append(DangerFinding(.packageRunner, program.bytes))
        }
        if isAmong(DangerTables.privilege) { found.append(DangerFinding(.privilege, program.bytes)) }
        if isAmong(DangerTables.launchers) { found.append(DangerFinding(.programLauncher, program.bytes)) }
        if isAmong(DangerTables.containers) { found.append(DangerFinding(.containerControl, program.bytes)) }
        for family in runners {
            // Anywhere, not first: an option with a value may stand before it (`uv --directory DIR run`).
            if let words = DangerTables.runnerWords[family],
                let word = arguments.first(where: { words.contains(String(decoding: $0, as: UTF8.self)) })
            {
                found.append(DangerFinding(.packageRunner, word))
            }
        }
        for family in families {
            if DangerTables.remoteRunners.contains(family) {
                for argument in arguments where isAddress(argument.map(lowered)) {
                    found.append(DangerFinding(.downloadAndRun, argument))
                }
            }
            if let flags = DangerTables.inlineFlags[family] {
                let values = DangerTables.valueLetters[family] ?? []
                for argument in arguments where isFlag(argument, flags, values: values) {
                    found.append(DangerFinding(.inlineCode, argument))
                }
            }
            if let flags = DangerTables.loadingFlags[family] {
                for argument in arguments where isFlag(argument, flags, values: []) {
                    found.append(DangerFinding(.executingFlag, argument))
                }
            }
            if DangerTables.configurable.contains(family) {
                for argument in arguments
                where argument.starts(with: "-c".utf8) || argument.starts(with: "--config".utf8) {
                    found.append(DangerFinding(.executingFlag, argument))
                }
            }
        }
    }

    /// The flag itself, the flag before `=`, and a short flag with its value or other short flags glued to it.
    ///
    /// - Parameter values: letters that take the rest of a cluster as their value.
    private static func isFlag(_ argument: [UInt8], _ flags: Set<String>, values: Set<String>) -> Bool {
        let name = argument.prefix { $0 != UInt8(ascii: "=") }
        if flags.contains(String(decoding: name, as: UTF8.self)) { return true }
        guard argument.count > 2, argument[0] == UInt8(ascii: "-"), argument[1] != UInt8(ascii: "-") else {
            return false
        }
        // `-Bc`, `-Ic`, `-ne`: the code flag may stand anywhere among letters.
        for byte in argument.dropFirst() {
            guard byte.isLetterOrDigit else { return false }
            let letter = String(UnicodeScalar(byte))
            if flags.contains("-" + letter) { return true }
            if values.contains(letter) { return false }
        }
        return false
    }

    private static func judge(_ arguments: [[UInt8]], _ found: inout [DangerFinding]) {
        for (index, argument) in arguments.enumerated() {
            let small = argument.map(lowered)
            let name = String(decoding: small.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            if DangerTables.executingFlags.contains(name)
                || DangerTables.executingWords.contains(where: { small.starts(with: $0.utf8) })
            {
                found.append(DangerFinding(.executingFlag, argument))
            }
            if pipesIntoShell(small) { found.append(DangerFinding(.downloadAndRun, argument)) }
            if isRemoteCode(small) { found.append(DangerFinding(.downloadAndRun, argument)) }
            if looksLikeSecret(argument) {
                found.append(DangerFinding(.secretInArguments, Array(argument.prefix(4)) + Array("...".utf8)))
            }
            if name.hasPrefix("-"), isSecretName(name) {
                let glued = argument.drop { $0 != UInt8(ascii: "=") }.dropFirst()
                let next = index + 1 < arguments.count ? arguments[index + 1][...] : []
                let value = argument.contains(UInt8(ascii: "=")) ? glued : next
                // A path leads to a secret, a placeholder stands for a choice, and a small number counts tokens.
                if !value.isEmpty, value.first != UInt8(ascii: "-"), value.first != UInt8(ascii: "/"),
                    !value.starts(with: "${".utf8), !(value.count < 8 && value.allSatisfy(\.isDigit))
                {
                    found.append(DangerFinding(.secretInArguments, Array(name.utf8)))
                }
            }
        }
    }

    /// Whether a value begins like a well-known credential.
    package static func looksLikeSecret(_ value: [UInt8]) -> Bool {
        value.count >= 16 && DangerTables.secretPrefixes.contains { value.starts(with: $0.utf8) }
    }

    /// Whether a name announces a secret: `--api-key` does, `--max-tokens` does not.
    package static func isSecretName(_ name: String) -> Bool {
        let name = name.lowercased()
        return DangerTables.secretWords.contains { name.contains($0) }
            && !DangerTables.harmlessWords.contains { name.contains($0) }
    }

    private static func judge(_ entry: EnvironmentEntry, _ found: inout [DangerFinding]) {
        let name = String(decoding: entry.name, as: UTF8.self)
        if DangerTables.codeLoadingVariables.contains(name)
            || DangerTables.codeLoadingPrefixes.contains(where: { name.hasPrefix($0) })
            || (name == "PATH" && !isSystemSearchPath(entry.value))
        {
            found.append(DangerFinding(.codeLoadingVariable, entry.name))
        }
    }

    private static func isSystemSearchPath(_ value: EnvironmentValue) -> Bool {
        guard case .plain(let text) = value else { return false }
        let system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map {
            Array($0.utf8)
        }
        return text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .allSatisfy { system.contains(Array($0)) }
    }

    /// `curl … | sh` and its kin inside one argument, and command substitution.
    private static func pipesIntoShell(_ small: [UInt8]) -> Bool {
        let text = String(decoding: small, as: UTF8.self)
        if text.contains("$(") || text.contains("`") { return true }
        for part in text.split(separator: "|").dropFirst() {
            let word = part.drop { $0 == " " || $0 == "&" }.prefix { $0 != " " }
            let name = word.split(separator: "/").last.map(String.init) ?? ""
            if DangerTables.shells.contains(name) || DangerTables.inlineFlags[name] != nil { return true }
        }
        return false
    }

    /// An address of code as an argument by itself: `https://…/x.py`, `npm:…`, `jsr:…`, `git+https:…`.
    private static func isRemoteCode(_ small: [UInt8]) -> Bool {
        for scheme in ["npm:", "jsr:", "git+http", "git+ssh", "github:"] where small.starts(with: scheme.utf8) {
            return true
        }
        guard isAddress(small) else { return false }
        return [".py", ".js", ".mjs", ".ts", ".sh", ".tgz", ".whl", ".tar.gz"].contains {
            small.count > $0.utf8.count && small.suffix($0.utf8.count) == Array($0.utf8)[...]
        }
    }

    private static func isAddress(_ small: [UInt8]) -> Bool {
        small.starts(with: "http://".utf8) || small.starts(with: "https://".utf8)
    }

    /// Whether a directory holds much more than one server needs.
    package static func isWide(_ path: AbsolutePath, home: AbsolutePath?) -> Bool {
        if DangerTables.wideRoots.contains(path.description) || path == home { return true }
        if let home, path.contains(home) { return true }
        let segments = path.segments.map { String(decoding: $0, as: UTF8.self) }
        if segments.count == 2, segments[0] == "home" { return true }
        return segments.contains { DangerTables.privateNames.contains($0) }
    }

    /// Directories from which other programs, of other users too, run code or take settings.
    private static func isOfTheSystem(_ path: AbsolutePath) -> Bool {
        guard let first = path.segments.first else { return true }
        return DangerTables.systemRoots.contains(String(decoding: first, as: UTF8.self))
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte }
}
