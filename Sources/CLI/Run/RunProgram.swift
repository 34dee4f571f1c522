// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// What a command means on this machine: the native program that is executed, the files that it runs, and what it must
/// see of its own installation.
///
/// Unlike an entry of the registry (``Resolution``) a run may be a shell, code on the command line, or an interpreter
/// that reads what is typed: the sandbox is there for that.
struct RunProgram {
    /// Executed by descriptor: native code, without links.
    let executable: ProgramFile
    /// Scripts that it runs, shown read-only by the very descriptors that were hashed.
    private(set) var files: [ProgramFile] = []
    /// The whole command line, the program's own name first.
    private(set) var words: [[UInt8]]
    private(set) var installation: [AbsolutePath]
    let browser: KnownBrowser?
    private(set) var notes: [String] = []

    /// A script whose interpreter is a script and so on: the kernel gives up after as many.
    private static let mostInterpreters = 4

    /// - Parameters:
    ///   - searchPath: the caller's PATH.
    ///   - base: the caller's working directory.
    ///   - home: never shown as a whole.
    init(_ command: [[UInt8]], searchPath: [UInt8], base: AbsolutePath, home: AbsolutePath?) throws(RunFault) {
        words = command
        var written = try Self.find(command.first ?? [], searchPath, base)
        words[0] = written.bytes
        var names: [AbsolutePath] = []
        var shown = Installation(home: home)
        var found: ProgramFile?
        var scripts: [ProgramFile] = []
        var remarks: [String] = []
        do throws(ResolutionFault) {
            for _ in 0...Self.mostInterpreters {
                let followed = try Links.follow(written)
                let file = try ProgramFile(followed.path)
                guard file.isExecutable else {
                    throw ResolutionFault("\(Visible.text(followed.path.bytes)) is not executable")
                }
                names += followed.names
                guard case .script(let interpreter, let argument) = ProgramForm(try file.head(ProgramForm.headBytes))
                else {
                    found = file
                    break
                }
                if let real = try Self.programBehind(followed) {
                    remarks.append(
                        "\(Visible.text(written.bytes)) is a wrapper; \(Visible.text(real.bytes)) is executed without it"
                    )
                    written = real
                    words[0] = real.bytes
                    continue
                }
                let line = try Self.interpreter(file, interpreter, argument, searchPath)
                scripts.append(file)
                words = line + [file.path.bytes] + words.dropFirst()
                guard let next = AbsolutePath(line[0]) else {
                    throw ResolutionFault("\(Visible.quoted(line[0])) is no absolute path")
                }
                written = next
            }
        } catch { throw RunFault(error) }
        guard let found else {
            throw RunFault(ResolutionFault("\(Visible.text(written.bytes)) is a script of scripts without an end"))
        }
        executable = found
        browser = KnownBrowser(names: names)
        installation = []
        files = scripts
        do throws(ResolutionFault) {
            try findInstallation(names, scripts.map(\.path), base, &shown)
            try findBrowser(&shown)
        } catch { throw RunFault(error) }
        installation = shown.paths
        notes = remarks + notes
    }

    // MARK: What is executed

    private static func find(_ name: [UInt8], _ searchPath: [UInt8], _ base: AbsolutePath) throws(RunFault)
        -> AbsolutePath
    {
        let missing = RunFault(
            "there is no command \(Visible.quoted(name))", hint: "install it, or write where it lies", status: .notFound
        )
        let found: AbsolutePath?
        do throws(ResolutionFault) {
            if name.contains(UInt8(ascii: "/")) {
                let text = name.first == UInt8(ascii: "/") ? name : base.bytes + [UInt8(ascii: "/")] + name
                let path = Paths.normalised(text)
                found = try path.flatMap { path throws(ResolutionFault) in try Links.exists(path) ? path : nil }
            } else {
                found = try EntryDraft.search(name, searchPath)
            }
        } catch { throw RunFault(error) }
        guard let found else { throw missing }
        return found
    }

    /// The browser that a wrapper script would start, if it lies where such scripts expect it.
    private static func programBehind(_ script: FollowedPath) throws(ResolutionFault) -> AbsolutePath? {
        for name in script.names {
            for path in KnownBrowser.programs(behind: name) where try Links.exists(path) {
                let real = try Links.follow(path).path
                let file = try ProgramFile(real)
                if file.isExecutable, ProgramForm(try file.head(ProgramForm.headBytes)) == .native { return path }
            }
        }
        return nil
    }

    /// The words that stand in front of the script: its interpreter by its absolute path, and what the line adds.
    private static func interpreter(
        _ file: ProgramFile, _ interpreter: [UInt8], _ argument: [UInt8]?, _ searchPath: [UInt8]
    ) throws(ResolutionFault) -> [[UInt8]] {
        let shown = Visible.text(file.path.bytes)
        guard let path = AbsolutePath(interpreter) else {
            throw ResolutionFault("the first line of \(shown) names \(Visible.quoted(interpreter)), no absolute path")
        }
        if let name = ScriptDetour.interpreter(ofLauncher: try file.head(8192)) { return [name] }
        guard path.name.elementsEqual("env".utf8) else { return [interpreter] + (argument.map { [$0] } ?? []) }
        guard let words = ScriptDetour.words(ofEnv: argument), let name = words.first else {
            throw ResolutionFault("the first line of \(shown) asks env for more than to find an interpreter")
        }
        if AbsolutePath(name) != nil { return words }
        guard let found = try EntryDraft.search(name, searchPath) else {
            throw ResolutionFault("\(shown) needs \(Visible.quoted(name)), which is in no directory of your PATH")
        }
        return [found.bytes] + words.dropFirst()
    }

    // MARK: What it needs to see

    private mutating func findInstallation(
        _ names: [AbsolutePath], _ scripts: [AbsolutePath], _ base: AbsolutePath, _ shown: inout Installation
    ) throws(ResolutionFault) {
        let families = names.flatMap(DangerAnalysis.families)
        guard InterpreterArguments.isInterpreter(families) else { return }
        if families.contains(where: InterpreterArguments.python.contains) {
            let written = try directoryResolved(words[0]) ?? executable.path
            let python = try PythonEnvironment(written: written, real: executable.path)
            try shown.add(python)
            // The interpreter finds its environment by the path it was called by; without one, by where it really lies.
            words[0] = python.root == nil && !shown.shows(written) ? executable.path.bytes : written.bytes
        } else {
            try shown.addPrefix(of: executable.path)
            if let written = AbsolutePath(words[0]), !shown.shows(written) { words[0] = executable.path.bytes }
        }
        // A command that was installed as a package; a script that was named is shown alone.
        if families.contains(where: InterpreterArguments.node.contains) {
            for script in scripts { try shown.addNodePackage(of: script) }
        }
        if scripts.isEmpty { try findScript(families, base, shown) }
        files.removeAll { shown.shows($0.path) && Installation.isShownAnyway($0.path) }
    }

    /// The file that an interpreter's command line names: it is shown, and nothing around it.
    private mutating func findScript(_ families: [String], _ base: AbsolutePath, _ shown: Installation)
        throws(ResolutionFault)
    {
        let index: Int
        switch InterpreterArguments.target(families, words.dropFirst().map { $0 }) {
        case .script(let place): index = place + 1
        case .module, .inline, .firstFile, .nothing: return
        }
        let text = words[index]
        let path = text.first == UInt8(ascii: "/") ? text : base.bytes + [UInt8(ascii: "/")] + text
        guard let place = Paths.normalised(path), let real = try Links.existing(place), try !Links.isDirectory(real)
        else { return }
        if Installation.isShownAnyway(real) { return }
        files.append(try ProgramFile(real))
        words[index] = real.bytes
    }

    /// A browser that lies outside the system brings its files along beside it.
    private mutating func findBrowser(_ shown: inout Installation) throws(ResolutionFault) {
        guard browser != nil, !shown.shows(executable.path) else { return }
        try shown.add(executable.path.parent)
    }

    private func directoryResolved(_ written: [UInt8]) throws(ResolutionFault) -> AbsolutePath? {
        guard let path = AbsolutePath(written) else { return nil }
        return try Links.follow(path.parent).path.appending(path.name)
    }
}

/// Why a command cannot be run, with the status that says so.
struct RunFault: Error, Equatable {
    let sentence: String
    let hint: String
    let status: ExitStatus

    init(_ sentence: String, hint: String, status: ExitStatus) {
        self.sentence = sentence
        self.hint = hint
        self.status = status
    }

    init(_ fault: ResolutionFault) { self.init(fault.sentence, hint: fault.hint, status: .notExecuted) }

    var failure: Failure { Failure(sentence, hint: hint, status: status) }
}
