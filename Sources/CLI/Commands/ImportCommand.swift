// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// `doorward registry import`
enum ImportCommand {
    /// A client's configuration is a small file; some keep their history in it.
    private static let mostBytes = 8 << 20

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let accepted = try Registration.accepted(arguments)
        let places = try Places(arguments, console)
        let path = try Paths.absolute(arguments.operands[0])
        guard let bytes = try PrivateFiles.read(try withoutLinks(path), limit: mostBytes) else {
            throw Failure(
                "there is no \(Visible.text(path.bytes))", hint: "name the file that your client keeps its servers in")
        }
        let wanted = Array(arguments.operands.dropFirst())
        let all = try chosen(try ForeignConfiguration.read(bytes, path), wanted, path)
        let entries = skip(all, !wanted.isEmpty, console)
        let lock = try ChangeLock(places.configuration.parent)
        let registration = Registration(places, arguments, console)
        // The worst of what happened to single servers is what happened.
        var status = ExitStatus.done
        var added = 0
        for entry in entries {
            let outcome: ExitStatus
            do throws(Failure) {
                outcome = try offer(entry, accepted, registration, console)
                if outcome == .done { added += 1 }
            } catch {
                console.report(error)
                outcome = error.status
            }
            status = worse(status, outcome)
            console.print()
        }
        if added > 0 { console.hint("doorward registry seal makes \(added == 1 ? "it" : "them") launchable") }
        _ = consume lock
        // To take some and leave others is what the questions are for.
        return status == .declined && added > 0 ? .done : status
    }

    /// Entries that cannot be registered are told of; only where they were asked for by name is that a failure.
    private static func skip(_ entries: [ForeignConfiguration.Entry], _ isNamed: Bool, _ console: Console)
        -> [ForeignConfiguration.Entry]
    {
        if isNamed { return entries }
        return entries.filter { entry in
            guard case .unusable(let title, let why) = entry else { return true }
            console.warn("\(Visible.quoted(title)) is left out: \(why)")
            return false
        }
    }

    private static func offer(
        _ entry: ForeignConfiguration.Entry, _ accepted: [Danger], _ registration: Registration, _ console: Console
    ) throws(Failure) -> ExitStatus {
        switch entry {
        case .unusable(let title, let why):
            throw Failure("\(Visible.quoted(title)) cannot be imported: \(why)")
        case .server(let foreign):
            guard let name = foreign.name else { throw Failure("\(Visible.quoted(foreign.title)) gives no name") }
            if foreign.title != name.bytes { console.print("\(Visible.quoted(foreign.title)) is called \(name) here") }
            var entry = ServerEntry(name: name, command: foreign.command, arguments: foreign.arguments)
            if let address = foreign.address {
                entry = ServerEntry(name: name, remote: try RemoteAddress.entry(address, foreign.headers))
            }
            entry.isDisabled = foreign.isDisabled
            entry.accepted = accepted
            if entry.remote == nil { entry.environment = foreign.environment }
            if let directory = foreign.directory, entry.remote == nil {
                guard let path = Paths.normalised(directory) else {
                    throw Failure("\(name): the working directory \(Visible.quoted(directory)) is not an absolute path")
                }
                entry.directory = path
            }
            let draft: EntryDraft
            do throws(ResolutionFault) {
                draft = try EntryDraft(entry, searchPath: console.environment("PATH") ?? [], base: nil)
            } catch { throw Failure("\(name): \(error.sentence)", hint: error.hint) }
            return try registration.offer(draft, ignored: foreign.ignored)
        }
    }

    private static func chosen(_ entries: [ForeignConfiguration.Entry], _ wanted: [[UInt8]], _ path: AbsolutePath)
        throws(Failure) -> [ForeignConfiguration.Entry]
    {
        func answers(_ entry: ForeignConfiguration.Entry, to name: [UInt8]) -> Bool {
            switch entry {
            case .server(let server): server.title == name || server.name?.bytes == name
            case .unusable(let title, _): title == name
            }
        }
        for name in wanted where !entries.contains(where: { answers($0, to: name) }) {
            throw Failure("\(Visible.text(path.bytes)) holds no server \(Visible.quoted(name))")
        }
        return wanted.isEmpty ? entries : entries.filter { entry in wanted.contains { answers(entry, to: $0) } }
    }

    /// Settings are often links into a collection of them; what a link leads to is judged like any file.
    private static func withoutLinks(_ path: AbsolutePath) throws(Failure) -> AbsolutePath {
        do throws(ResolutionFault) { return try Links.existing(path) ?? path } catch {
            throw Failure(error.sentence, hint: error.hint)
        }
    }

    private static func worse(_ one: ExitStatus, _ other: ExitStatus) -> ExitStatus {
        let order: [ExitStatus] = [.done, .declined, .failed, .usage, .dangerous]
        func place(_ status: ExitStatus) -> Int { order.firstIndex(of: status) ?? order.count }
        return place(one) >= place(other) ? one : other
    }
}
