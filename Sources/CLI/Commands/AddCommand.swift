// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// `doorward registry add`
enum AddCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let entry = try entry(arguments)
        let places = try Places(arguments, console)
        let draft: EntryDraft
        do throws(ResolutionFault) {
            draft = try EntryDraft(entry, searchPath: console.environment("PATH") ?? [], base: try workingDirectory())
        } catch { throw Failure("\(entry.name): \(error.sentence)", hint: error.hint) }
        let lock = try ChangeLock(places.configuration.parent)
        let registration = Registration(places, arguments, console)
        let status = try registration.offer(draft, ignored: [])
        if status == .done { console.hint("doorward registry seal makes it launchable") }
        _ = consume lock
        return status
    }

    private static func workingDirectory() throws(ResolutionFault) -> AbsolutePath {
        do throws(Failure) { return try Paths.workingDirectory() } catch {
            throw ResolutionFault(error.sentence, hint: error.hint)
        }
    }

    private static func entry(_ arguments: ParsedArguments) throws(Failure) -> ServerEntry {
        guard let name = ServerName(arguments.operands[0]) else {
            throw Failure(
                "\(Visible.quoted(arguments.operands[0])) is not a server's name",
                hint: "lower-case letters, digits and single inner dashes, at most 32", status: .usage)
        }
        var entry = ServerEntry(name: name, command: arguments.rest[0], arguments: Array(arguments.rest.dropFirst()))
        for value in arguments.values(.env) {
            let (name, text) = try variable(value, .env)
            entry.environment.append(EnvironmentEntry(name: name, value: .plain(text)))
        }
        for value in arguments.values(.envFile) {
            let (name, text) = try variable(value, .envFile)
            entry.environment.append(EnvironmentEntry(name: name, value: .file(try Paths.absolute(text))))
        }
        if let directory = arguments.value(.cwd) { entry.directory = try Paths.absolute(directory) }
        for path in arguments.values(.read) { entry.reads.append(try Paths.absolute(path)) }
        for path in arguments.values(.write) { entry.writes.append(try Paths.absolute(path)) }
        if arguments.has(.shared) { entry.traits.process = .shared }
        entry.accepted = try Registration.accepted(arguments)
        return entry
    }

    private static func variable(_ value: [UInt8], _ option: OptionName) throws(Failure) -> (
        name: [UInt8], text: [UInt8]
    ) {
        let name = Array(value.prefix { $0 != UInt8(ascii: "=") })
        guard name.count < value.count, EnvironmentEntry.isName(name) else {
            throw Failure("--\(option.rawValue) needs NAME=VALUE", hint: "doorward help registry add", status: .usage)
        }
        return (name, Array(value.dropFirst(name.count + 1)))
    }
}
