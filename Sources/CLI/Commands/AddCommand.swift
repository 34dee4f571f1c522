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
        if let url = arguments.value(.url) { return try remote(name, url, arguments) }
        for option in [OptionName.header, .headerFile] where arguments.has(option) {
            throw Failure(
                "--\(option.rawValue) belongs to --url", hint: "doorward help registry add", status: .usage)
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

    private static func remote(_ name: ServerName, _ url: [UInt8], _ arguments: ParsedArguments) throws(Failure)
        -> ServerEntry
    {
        for option in [OptionName.env, .envFile, .cwd, .read, .write] where arguments.has(option) {
            throw Failure(
                "--\(option.rawValue) means nothing for a server on the network", hint: "doorward help registry add",
                status: .usage)
        }
        var headers: [RemoteEntry.Header] = []
        for value in arguments.values(.header) {
            let (name, text) = try header(value, .header)
            guard HeaderLine.isValue(text) else {
                throw Failure("the value of --header \(Visible.text(name)) is not one line of visible characters")
            }
            headers.append(RemoteEntry.Header(name: name, value: .plain(text)))
        }
        for value in arguments.values(.headerFile) {
            let (name, text) = try header(value, .headerFile)
            headers.append(RemoteEntry.Header(name: name, value: .file(try Paths.absolute(text))))
        }
        var entry = ServerEntry(name: name, remote: try RemoteAddress.entry(url, headers))
        entry.traits.process = arguments.has(.shared) ? .shared : .perCaller
        entry.accepted = try Registration.accepted(arguments)
        return entry
    }

    private static func header(_ value: [UInt8], _ option: OptionName) throws(Failure) -> (name: [UInt8], text: [UInt8])
    {
        let name = Array(value.prefix { $0 != UInt8(ascii: "=") })
        guard name.count < value.count, HeaderLine.isSettable(name) else {
            throw Failure(
                "--\(option.rawValue) needs NAME=VALUE with a header that may be set",
                hint: "the client itself sets those of the protocol", status: .usage)
        }
        return (name, Array(value.dropFirst(name.count + 1)))
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
