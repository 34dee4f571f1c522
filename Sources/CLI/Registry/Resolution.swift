// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// One word of a command line that is being resolved.
enum CommandWord: Equatable {
    case fixed([UInt8])
    /// What the caller chooses among the values of this parameter.
    case chosen(ServerName)

    var text: [UInt8]? {
        switch self {
        case .fixed(let text): text
        case .chosen: nil
        }
    }

    /// As it is written in the configuration.
    var written: [UInt8] {
        switch self {
        case .fixed(let text): text
        case .chosen(let name): Array("${".utf8) + name.bytes + [UInt8(ascii: "}")]
        }
    }
}

/// What an entry's command line really means on this machine: which file is executed, which others decide what it does,
/// and what it needs to see.
struct Resolution {
    /// What is executed: native code, without links.
    let executable: ProgramFile
    /// Scripts and modules that it runs, in the order in which they are reached.
    let pins: [ProgramFile]
    /// The whole command line, the program's own name first.
    let words: [CommandWord]
    let installation: [AbsolutePath]
    /// Everything in the entry that is dangerous, accepted or not.
    let dangers: [FoundDanger]
    /// What is worth knowing and no danger.
    let notes: [String]

    /// - Parameter home: the operator's, which is never shown to a server as a whole.
    /// - Throws: ``ResolutionFault`` if the entry cannot be sealed at all.
    static func resolve(_ entry: ServerEntry, home: AbsolutePath?) throws(ResolutionFault) -> Resolution {
        var resolver = try Resolver(entry, home: home)
        return try resolver.run()
    }
}

/// The working state of one resolution.
private struct Resolver {
    private let entry: ServerEntry
    private let home: AbsolutePath?
    private var words: [CommandWord]
    /// Every name of what is executed, and of the interpreters on the way.
    private var programs: [AbsolutePath] = []
    private var pins: [ProgramFile] = []
    /// Names of scripts, each with the arguments behind it: they are judged as programs too.
    private var scripts: [(names: [AbsolutePath], arguments: [[UInt8]])] = []
    private var installation: Installation
    private var dangers = DangerList()
    private var notes: [String] = []

    /// A script whose interpreter is a script and so on: the kernel gives up after as many.
    private static let mostInterpreters = 4
    /// What one launch can show of single files (``PassedDescriptors``), less some room.
    private static let mostPins = 12

    init(_ entry: ServerEntry, home: AbsolutePath?) throws(ResolutionFault) {
        self.entry = entry
        self.home = home
        words = [.fixed(entry.command)] + entry.arguments.map { Self.word($0, entry.parameters) }
        installation = Installation(home: home)
    }

    private static func word(_ argument: [UInt8], _ parameters: [ParameterEntry]) -> CommandWord {
        parameters.first { CommandWord.chosen($0.name).written == argument }.map { .chosen($0.name) }
            ?? .fixed(argument)
    }

    mutating func run() throws(ResolutionFault) -> Resolution {
        guard let command = AbsolutePath(entry.command) else { throw notAbsolute() }
        let executable = try native(command)
        try findTarget(executable)
        try findCompanion(executable)
        try findInstallation(executable)
        try judge(executable)
        return Resolution(
            executable: executable, pins: pins, words: words, installation: installation.paths, dangers: dangers.all,
            notes: notes)
    }

    private func notAbsolute() -> ResolutionFault {
        let shown = Visible.quoted(entry.command)
        if entry.command.contains(UInt8(ascii: "/")) {
            return ResolutionFault(
                "the command \(shown) is not an absolute path without . and .. segments", hint: "write where it lies")
        }
        return ResolutionFault(
            "the command \(shown) is a bare name; PATH is never consulted",
            hint: "write the absolute path, or let doorward registry add look it up once and write it down")
    }

    // MARK: What is executed

    /// Follows interpreters until native code is reached, and makes the command line that the kernel would make.
    private mutating func native(_ command: AbsolutePath) throws(ResolutionFault) -> ProgramFile {
        var written = command
        for _ in 0...Self.mostInterpreters {
            let followed = try Links.follow(written)
            let file = try ProgramFile(followed.path)
            let shown = Visible.text(followed.path.bytes)
            guard file.isExecutable else { throw ResolutionFault("\(shown) is not executable", hint: "chmod u+x it") }
            switch ProgramForm(try file.head(ProgramForm.headBytes)) {
            case .native:
                programs += followed.names
                return file
            case .other:
                throw ResolutionFault(
                    "\(shown) is neither a program nor a script that begins with #!",
                    hint: "name the interpreter as the command and this file as its first argument")
            case .lineTooLong: throw ResolutionFault("the first line of \(shown) is longer than the kernel reads")
            case .script(let interpreter, let argument):
                written = try enter(file, followed, interpreter, argument)
            }
        }
        throw ResolutionFault(
            "\(Visible.text(command.bytes)) is a script whose interpreters are scripts without an end")
    }

    /// The script becomes an argument of its interpreter, whose path is returned.
    private mutating func enter(
        _ file: ProgramFile, _ followed: FollowedPath, _ interpreter: [UInt8], _ argument: [UInt8]?
    ) throws(ResolutionFault) -> AbsolutePath {
        guard let path = AbsolutePath(interpreter) else {
            throw ResolutionFault(
                "the first line of \(Visible.text(file.path.bytes)) names \(Visible.quoted(interpreter)), which is no absolute path"
            )
        }
        guard !path.name.elementsEqual("env".utf8) else { throw envScript(file.path, argument) }
        pins.append(file)
        scripts.append((followed.names, words.dropFirst().map(\.written)))
        // As the kernel does it (execve(2), "Interpreter scripts"); the script by the name that is pinned, since a link
        // to it could lead elsewhere later.
        words =
            [.fixed(interpreter)] + (argument.map { [.fixed($0)] } ?? []) + [.fixed(file.path.bytes)]
            + words.dropFirst()
        return path
    }

    private func envScript(_ script: AbsolutePath, _ argument: [UInt8]?) -> ResolutionFault {
        let found = ScriptDetour.words(ofEnv: argument)?.map { Visible.text($0) }.joined(separator: " ")
        return ResolutionFault(
            "\(Visible.text(script.bytes)) lets /usr/bin/env look for its interpreter in PATH",
            hint:
                "write \"command\": \"/path/of/\(found ?? "the interpreter")\" with \"\(Visible.text(script.bytes))\" as first "
                + "argument; doorward registry add does it for you")
    }

    // MARK: What it runs

    private mutating func findTarget(_ executable: ProgramFile) throws(ResolutionFault) {
        let families = programs.flatMap(DangerAnalysis.families)
        guard InterpreterArguments.isInterpreter(families) else { return }
        let behind = Array(words.dropFirst())
        switch InterpreterArguments.target(families, behind.map(\.text)) {
        case .script(let index): try pinScript(at: index + 1)
        case .module(let name, let next): try pinModule(name, next: next + 1, executable)
        // Found as a danger by its flag.
        case .inline: break
        case .nothing: throw runsInput()
        case .firstFile:
            if let index = try firstFile(from: 1) {
                try pinScript(at: index)
            } else if families.contains(where: InterpreterArguments.reading.contains), !hasCodeFlag {
                throw runsInput()
            } else {
                notes.append(
                    "nothing but \(Visible.text(executable.path.bytes)) itself is pinned: no argument is a file")
            }
        }
        // A script that is itself a kind of interpreter (tsx, ts-node).
        if let last = scripts.last, InterpreterArguments.isInterpreter(last.names.flatMap(DangerAnalysis.families)),
            let index = words.lastIndex(where: { word in pins.contains { word.text == $0.path.bytes } }),
            let file = try firstFile(from: index + 1)
        {
            try pinScript(at: file)
        }
    }

    /// Code on the command line, which is found as a danger: then there is no file to look for.
    private var hasCodeFlag: Bool {
        DangerAnalysis.findings(
            programs: programs, arguments: words.dropFirst().map(\.written), own: words.count, environment: [],
            reads: [],
            writes: [], parameters: [], home: nil
        ).contains { $0.danger == .inlineCode }
    }

    private func runsInput() -> ResolutionFault {
        ResolutionFault(
            "\(Visible.text(programs[0].bytes)) without a script runs whatever it is sent",
            hint: "name the script or module that is the server")
    }

    /// The first argument from there on that is the path of an existing file.
    private func firstFile(from start: Int) throws(ResolutionFault) -> Int? {
        for index in start..<max(start, words.count) {
            guard let text = words[index].text, let path = path(text), let real = try Links.existing(path) else {
                continue
            }
            if try !Links.isDirectory(real) { return index }
        }
        return nil
    }

    /// An argument as a path: from the entry's own directory where it is relative.
    private func path(_ text: [UInt8]) -> AbsolutePath? {
        if text.first == UInt8(ascii: "/") { return Paths.normalised(text) }
        guard text.first != UInt8(ascii: "-"), let directory = entry.directory else { return nil }
        return Paths.normalised(directory.bytes + [UInt8(ascii: "/")] + text)
    }

    private mutating func pinScript(at index: Int) throws(ResolutionFault) {
        guard let text = words[index].text else {
            throw ResolutionFault(
                "the parameter \(Visible.text(words[index].written)) would choose what an interpreter runs",
                hint: "register one server for each script")
        }
        // The kernel put it there, and it is pinned already.
        if pins.contains(where: { $0.path.bytes == text }) { return }
        guard let path = path(text) else {
            throw ResolutionFault(
                "the script \(Visible.quoted(text)) is not an absolute path",
                hint: "write where it lies, or set \"cwd\" to the directory that it is relative to")
        }
        let followed = try Links.follow(path)
        guard try !Links.isDirectory(followed.path) else {
            throw ResolutionFault(
                "\(Visible.text(path.bytes)) is a directory, so it is not clear what would run",
                hint: "name the file in it")
        }
        try pin(followed.path)
        scripts.append((followed.names, words[(index + 1)...].map(\.written)))
        words[index] = .fixed(followed.path.bytes)
    }

    private mutating func pinModule(_ name: [UInt8], next: Int, _ executable: ProgramFile) throws(ResolutionFault) {
        let written = AbsolutePath(words[0].written) ?? executable.path
        let python = try PythonEnvironment(written: written, real: executable.path)
        var directories = try python.packageDirectories()
        // The working directory is searched first.
        if let directory = entry.directory { directories.insert(directory, at: 0) }
        let (files, directory) = try PythonModule.find(name, in: directories)
        for file in files { try pin(file) }
        try installation.add(python)
        if !installation.shows(directory) { try installation.addIfNarrow(directory) }
        // Judged like a program of that name: python -m uv runs packages as uv does.
        let top = name.prefix { $0 != UInt8(ascii: ".") }
        if let program = AbsolutePath([UInt8(ascii: "/")] + top) {
            scripts.append(([program], words[min(next, words.count)...].map(\.written)))
        }
    }

    /// What `doorward-tools web` starts as its child: pinned and shown like itself.
    private mutating func findCompanion(_ executable: ProgramFile) throws(ResolutionFault) {
        guard executable.path.name.elementsEqual("doorward-tools".utf8), words.count > 1,
            words[1].text == Array("web".utf8)
        else { return }
        var place = executable.path.parent.appending(Array("doorward-web".utf8))
        if let option = words.firstIndex(where: { $0.text == Array("--client".utf8) }), option + 1 < words.count {
            place = words[option + 1].text.flatMap { AbsolutePath($0) }
        }
        // Where there is none the server says so itself.
        guard let place, try Links.existing(place) != nil else { return }
        try pin(try Links.follow(place).path)
    }

    private mutating func pin(_ path: AbsolutePath) throws(ResolutionFault) {
        guard !pins.contains(where: { $0.path == path }) else { return }
        guard pins.count < Self.mostPins else {
            throw ResolutionFault("it runs more than \(Self.mostPins) files that would have to be pinned")
        }
        pins.append(try ProgramFile(path))
    }

    // MARK: What it needs to see

    private mutating func findInstallation(_ executable: ProgramFile) throws(ResolutionFault) {
        let families = programs.flatMap(DangerAnalysis.families)
        guard InterpreterArguments.isInterpreter(families) else { return }
        if families.contains(where: InterpreterArguments.python.contains) {
            let written = try directoryResolved(words[0].written) ?? executable.path
            let python = try PythonEnvironment(written: written, real: executable.path)
            try installation.add(python)
            // The interpreter finds its environment by the path it was called by; without one, by where it really lies.
            words[0] = .fixed(
                python.root == nil && !installation.shows(written) ? executable.path.bytes : written.bytes)
        } else {
            try installation.addPrefix(of: executable.path)
            if let written = AbsolutePath(words[0].written), !installation.shows(written) {
                words[0] = .fixed(executable.path.bytes)
            }
        }
        for pin in pins where !installation.shows(pin.path) {
            if families.contains(where: InterpreterArguments.node.contains) {
                try installation.addNodePackage(of: pin.path)
            }
            try installation.addProject(of: pin.path)
            if !installation.shows(pin.path) {
                notes.append(
                    "of \(Visible.text(pin.path.parent.bytes)) only \(Visible.text(pin.path.name)) is shown; grant more with --read"
                )
            }
        }
        if let directory = entry.directory, !isVisible(directory) {
            throw ResolutionFault(
                "the working directory \(Visible.text(directory.bytes)) would not be there for the server",
                hint: "grant it: \"read\": [\"\(Visible.text(directory.bytes))\"], or \"write\"")
        }
    }

    /// The same file with links resolved in every segment but the last.
    private func directoryResolved(_ written: [UInt8]) throws(ResolutionFault) -> AbsolutePath? {
        guard let path = AbsolutePath(written) else { return nil }
        return try Links.follow(path.parent).path.appending(path.name)
    }

    private func isVisible(_ path: AbsolutePath) -> Bool {
        installation.shows(path) || (entry.reads + entry.writes).contains { $0.contains(path) }
            || path.description == "/tmp" || path.description == Sealing.privateHome.description
    }

    // MARK: What is dangerous

    /// Of several names of one program that show the same danger, the first.
    private static func onceByName(_ findings: [DangerFinding], _ names: [AbsolutePath]) -> [DangerFinding] {
        var seen: Set<Danger> = []
        return findings.filter { finding in
            !names.contains { $0.bytes == finding.subject } || seen.insert(finding.danger).inserted
        }
    }

    private mutating func judge(_ executable: ProgramFile) throws(ResolutionFault) {
        let arguments = words.dropFirst().map(\.written)
        let own = scripts.isEmpty ? arguments.count : arguments.count - (scripts.map(\.arguments.count).max() ?? 0)
        var found = DangerAnalysis.findings(
            programs: programs, arguments: arguments, own: own, environment: entry.environment, reads: entry.reads,
            writes: entry.writes, parameters: entry.parameters, home: home)
        found = Self.onceByName(found, programs)
        for script in scripts {
            let more = DangerAnalysis.findings(
                programs: script.names, arguments: script.arguments, own: script.arguments.count, environment: [],
                reads: [], writes: [], parameters: [], home: home)
            found += Self.onceByName(more, script.names)
        }
        dangers.add(found)
        for file in [executable] + pins {
            if let distrust = file.distrust { dangers.add(file.path, distrust, isFatal: true) }
        }
        for directory in installation.paths {
            dangers.add(directory, try WritablePlaces.distrust(directory), isFatal: false)
        }
        for grant in entry.writes where ([executable] + pins).contains(where: { grant.contains($0.path) }) {
            dangers.add([DangerFinding(.wideGrant, grant.bytes)])
        }
        for grant in entry.reads + entry.writes where try !Links.exists(grant) {
            throw ResolutionFault(
                "there is no \(Visible.text(grant.bytes)), which the entry grants", hint: "make it, or correct the path"
            )
        }
    }
}
