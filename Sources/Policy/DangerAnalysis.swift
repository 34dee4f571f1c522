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
        programs: [AbsolutePath], arguments: [[UInt8]], own: Int, environment: [EnvironmentEntry], reads: [AbsolutePath],
        writes: [AbsolutePath], parameters: [ParameterEntry], home: AbsolutePath?
    ) -> [DangerFinding] {
        var found: [DangerFinding] = []
        for program in programs { judge(program, Array(arguments.prefix(own)), &found) }
        judge(arguments, &found)
        for entry in environment { judge(entry, &found) }
        for path in reads + writes where isWide(path, home: home) { found.append(DangerFinding(.wideGrant, path.bytes)) }
        for value in parameters.flatMap(\.values) where value.text.first == UInt8(ascii: "-") {
            found.append(DangerFinding(.flagAsValue, value.text))
        }
        var unique: [DangerFinding] = []
        for finding in found where !unique.contains(finding) { unique.append(finding) }
        return unique
    }

    /// The base name in lower case, without version and extension: `python3.11` and `Python.exe` are `python`.
    package static func family(_ program: AbsolutePath) -> String {
        var name = program.name.map(lowered)
        for ending in [".exe", ".cmd", ".bat", ".py", ".js", ".sh"] where name.count > ending.utf8.count {
            if name.suffix(ending.utf8.count) == Array(ending.utf8)[...] { name.removeLast(ending.utf8.count) }
        }
        while let last = name.last, last.isDigit || last == UInt8(ascii: ".") || last == UInt8(ascii: "-"), name.count > 1 {
            name.removeLast()
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func judge(_ program: AbsolutePath, _ arguments: [[UInt8]], _ found: inout [DangerFinding]) {
        let family = family(program)
        if DangerTables.shells.contains(family) { found.append(DangerFinding(.shell, program.bytes)) }
        if DangerTables.packageRunners.contains(family) { found.append(DangerFinding(.packageRunner, program.bytes)) }
        if DangerTables.privilege.contains(family) { found.append(DangerFinding(.privilege, program.bytes)) }
        if DangerTables.launchers.contains(family) { found.append(DangerFinding(.programLauncher, program.bytes)) }
        if DangerTables.containers.contains(family) { found.append(DangerFinding(.containerControl, program.bytes)) }
        if let words = DangerTables.runnerWords[family],
            let word = arguments.first(where: { $0.first != UInt8(ascii: "-") }),
            words.contains(String(decoding: word, as: UTF8.self))
        {
            found.append(DangerFinding(.packageRunner, word))
        }
        if let flags = DangerTables.inlineFlags[family] {
            for argument in arguments where isInline(argument, flags) { found.append(DangerFinding(.inlineCode, argument)) }
        }
        if DangerTables.configurable.contains(family), arguments.contains(Array("-c".utf8)) {
            found.append(DangerFinding(.executingFlag, Array("-c".utf8)))
        }
    }

    /// The flag itself, the flag before `=`, and a short flag with its value or other short flags glued to it.
    private static func isInline(_ argument: [UInt8], _ flags: Set<String>) -> Bool {
        let name = argument.prefix { $0 != UInt8(ascii: "=") }
        if flags.contains(String(decoding: name, as: UTF8.self)) { return true }
        guard argument.count > 2, argument[0] == UInt8(ascii: "-"), argument[1] != UInt8(ascii: "-") else { return false }
        // `-Bc`, `-Ic`, `-ne`: the code flag may stand anywhere among letters.
        let cluster = argument.dropFirst().prefix { $0.isLetterOrDigit }
        return cluster.contains { flags.contains("-" + String(UnicodeScalar($0))) }
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
            if DangerTables.secretPrefixes.contains(where: { argument.starts(with: $0.utf8) && argument.count >= 16 }) {
                found.append(DangerFinding(.secretInArguments, Array(argument.prefix(4)) + Array("…".utf8)))
            }
            if name.hasPrefix("-"), DangerTables.secretWords.contains(where: { name.contains($0) }) {
                let hasValue = argument.contains(UInt8(ascii: "="))
                let next = index + 1 < arguments.count ? arguments[index + 1] : []
                if hasValue || (!next.isEmpty && next.first != UInt8(ascii: "-") && next.first != UInt8(ascii: "/")) {
                    found.append(DangerFinding(.secretInArguments, Array(name.utf8)))
                }
            }
        }
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
        let system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { Array($0.utf8) }
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
        guard small.starts(with: "http://".utf8) || small.starts(with: "https://".utf8) else { return false }
        return [".py", ".js", ".mjs", ".ts", ".sh", ".tgz", ".whl", ".tar.gz"].contains {
            small.count > $0.utf8.count && small.suffix($0.utf8.count) == Array($0.utf8)[...]
        }
    }

    private static func isWide(_ path: AbsolutePath, home: AbsolutePath?) -> Bool {
        if DangerTables.wideRoots.contains(path.description) || path == home { return true }
        if let home, path.contains(home) { return true }
        let segments = path.segments.map { String(decoding: $0, as: UTF8.self) }
        if segments.count == 2, segments[0] == "home" { return true }
        return segments.contains { DangerTables.privateNames.contains($0) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte }
}
