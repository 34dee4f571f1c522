// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Makes an entry that can be sealed from what an operator typed or pasted: bare names and detours are resolved now, by
/// this operator's PATH, and written down.
struct EntryDraft {
    private(set) var entry: ServerEntry
    /// What was replaced, in words.
    private(set) var notes: [String] = []

    /// - Parameters:
    ///   - searchPath: the operator's PATH.
    ///   - base: where relative paths begin; nil refuses them.
    init(_ entry: ServerEntry, searchPath: [UInt8], base: AbsolutePath?) throws(ResolutionFault) {
        self.entry = entry
        // Nothing of this machine is meant by it.
        if entry.remote != nil { return }
        try findCommand(searchPath, base)
        try straighten(searchPath)
        try completeScript(base)
    }

    /// The absolute path of the command.
    private mutating func findCommand(_ searchPath: [UInt8], _ base: AbsolutePath?) throws(ResolutionFault) {
        if AbsolutePath(entry.command) != nil { return }
        let shown = Visible.quoted(entry.command)
        if entry.command.contains(UInt8(ascii: "/")) {
            guard let path = Self.path(entry.command, base) else {
                throw ResolutionFault("the command \(shown) is a relative path", hint: "write where it lies")
            }
            entry.command = path.bytes
            notes.append("\(shown) is written as \(Visible.text(path.bytes))")
            return
        }
        guard let found = try Self.search(entry.command, searchPath) else {
            throw ResolutionFault(
                "\(shown) is in no directory of your PATH", hint: "install it, or write the absolute path")
        }
        notes.append("\(shown) was found in your PATH and is written as \(Visible.text(found.bytes))")
        entry.command = found.bytes
    }

    /// A script that asks env or a shell for its interpreter is written down with that interpreter.
    private mutating func straighten(_ searchPath: [UInt8]) throws(ResolutionFault) {
        guard let command = AbsolutePath(entry.command), try Links.exists(command) else { return }
        let file = try ProgramFile(try Links.follow(command).path)
        guard case .script(let interpreter, let argument) = ProgramForm(try file.head(ProgramForm.headBytes)),
            let path = AbsolutePath(interpreter)
        else { return }
        var words: [[UInt8]]
        if path.name.elementsEqual("env".utf8) {
            guard let found = ScriptDetour.words(ofEnv: argument), let name = found.first else { return }
            guard let program = try Self.program(name, searchPath) else {
                throw ResolutionFault(
                    "\(Visible.text(file.path.bytes)) needs \(Visible.quoted(name)), which is in no directory of your PATH",
                    hint: "install it, or write its absolute path as the command")
            }
            words = [program.bytes] + found.dropFirst()
        } else if let name = ScriptDetour.interpreter(ofLauncher: try file.head(8192)) {
            words = [name]
        } else {
            return
        }
        // By the name that was given: what a program is called says what it is, and sealing follows the links.
        words.append(command.bytes)
        notes.append(
            "\(Visible.text(command.bytes)) is a script, written as \(words.map { Visible.text($0) }.joined(separator: " "))"
        )
        entry.command = words[0]
        entry.arguments = words.dropFirst() + entry.arguments
    }

    /// The script of an interpreter, where it is a relative path that leads to a file.
    private mutating func completeScript(_ base: AbsolutePath?) throws(ResolutionFault) {
        guard entry.directory == nil, let base, let command = AbsolutePath(entry.command) else { return }
        let names = try Links.exists(command) ? Links.follow(command).names : [command]
        let families = names.flatMap(DangerAnalysis.families)
        guard InterpreterArguments.isInterpreter(families) else { return }
        let index: Int
        switch InterpreterArguments.target(families, entry.arguments) {
        case .script(let place): index = place
        case .firstFile:
            guard let place = try firstFile(base) else { return }
            index = place
        case .module, .inline, .nothing: return
        }
        guard entry.arguments[index].first != UInt8(ascii: "/"), try Self.isFile(entry.arguments[index], base),
            let path = Self.path(entry.arguments[index], base)
        else { return }
        notes.append("\(Visible.quoted(entry.arguments[index])) is written as \(Visible.text(path.bytes))")
        entry.arguments[index] = path.bytes
    }

    private func firstFile(_ base: AbsolutePath) throws(ResolutionFault) -> Int? {
        for (index, argument) in entry.arguments.enumerated() where try Self.isFile(argument, base) { return index }
        return nil
    }

    private static func program(_ name: [UInt8], _ searchPath: [UInt8]) throws(ResolutionFault) -> AbsolutePath? {
        if let path = AbsolutePath(name) { return path }
        return try search(name, searchPath)
    }

    private static func isFile(_ text: [UInt8], _ base: AbsolutePath) throws(ResolutionFault) -> Bool {
        guard text.first != UInt8(ascii: "-"), let path = path(text, base), let real = try Links.existing(path) else {
            return false
        }
        return try !Links.isDirectory(real)
    }

    private static func path(_ text: [UInt8], _ base: AbsolutePath?) -> AbsolutePath? {
        if text.first == UInt8(ascii: "/") { return Paths.normalised(text) }
        return base.flatMap { Paths.normalised($0.bytes + [UInt8(ascii: "/")] + text) }
    }

    /// The first executable file of that name in the directories of a search path; relative directories are passed over.
    static func search(_ name: [UInt8], _ searchPath: [UInt8]) throws(ResolutionFault) -> AbsolutePath? {
        for directory in searchPath.split(separator: UInt8(ascii: ":")) {
            guard let path = Paths.normalised(Array(directory))?.appending(name), let real = try Links.existing(path)
            else {
                continue
            }
            if try Links.isDirectory(real) { continue }
            if try ProgramFile(real).isExecutable { return path }
        }
        return nil
    }
}
