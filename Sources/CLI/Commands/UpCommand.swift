// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward up`: what is missing is made, then it serves.
enum UpCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let listeners = try ServeCommand.listeners(arguments)
        let places = try Places(arguments, console)
        if try OperatorClient.connect(places) != nil {
            throw Failure(
                "doorward is serving \(Visible.text(places.state.bytes)) already", hint: "doorward status",
                status: .alreadyRunning)
        }
        let setup = Setup(places, arguments, console)
        let isFirst = try setup.configure()
        try setup.seal(isFirst: isFirst)
        try setup.reviewBuiltIn()
        try setup.tellNext(listeners)
        return try ServeCommand.becomeLauncher(places, listeners, arguments)
    }
}

/// The steps of a first run; each one leaves alone what is there.
struct Setup {
    private static let serverName: StaticString = "files"
    /// Tools of the built-in server that were reviewed when they were written: all of them only read.
    private static let knownTools: [StaticString] = ["files_list", "files_read", "files_search", "time_now"]
    /// Its one address pattern: the same files, read as resources.
    private static let knownTemplates: [StaticString] = ["files:///{+path}"]

    private let places: Places
    private let arguments: ParsedArguments
    private let console: Console

    init(_ places: Places, _ arguments: ParsedArguments, _ console: Console) {
        self.places = places
        self.arguments = arguments
        self.console = console
    }

    /// Makes a configuration with the built-in server if there is none.
    ///
    /// - Returns: whether it was made.
    func configure() throws(Failure) -> Bool {
        let lock = try ChangeLock(places.configuration.parent)
        if try ConfigurationFile.read(places.configuration) != nil {
            if arguments.has(.read) {
                console.warn(
                    "--read counts at the first run only; \(Visible.text(places.configuration.bytes)) is left as it is",
                    hint: "change \"read\" and \"args\" of the server there, then doorward registry seal")
            }
            return false
        }
        let tools = try Programs.find(Programs.tools)
        let directory = try readable()
        guard let name = ServerName(Array(Self.serverName.description.utf8)) else { return false }
        var entry = ServerEntry(name: name, command: tools.bytes, arguments: [Array("--read".utf8), directory.bytes])
        entry.reads = [directory]
        let empty = try ConfigurationFile(places.configuration, ConfigurationEdit.template)
        let made = try ConfigurationEdit.adding(name, EntryText(entry), to: empty)
        try PrivateFiles.write(places.configuration, made.bytes)
        console.say("made \(Visible.text(places.configuration.bytes)), with the built-in server \(name)")
        console.say("it may read \(Visible.text(directory.bytes)) and nothing else of yours")
        _ = consume lock
        return true
    }

    /// The directory that the built-in server may read; the usual one is made with a note in it.
    private func readable() throws(Failure) -> AbsolutePath {
        if let given = arguments.value(.read) {
            let path = try Paths.absolute(given)
            do throws(ResolutionFault) {
                let real = try Links.follow(path).path
                guard try Links.isDirectory(real) else {
                    throw ResolutionFault("\(Visible.text(path.bytes)) is not a directory")
                }
                return real
            } catch { throw Failure(error.sentence, hint: "--read DIR names a directory that exists") }
        }
        guard let home = Places.home(console), let path = home.appending(Array("doorward-files".utf8)) else {
            throw Failure("HOME is not set to a directory", hint: "--read DIR")
        }
        if try PrivateFiles.kind(path) == nil, let note = path.appending(Array("welcome.txt".utf8)) {
            try PrivateFiles.write(note, Array(Self.welcome.description.utf8))
        }
        return path
    }

    private static let welcome: StaticString = """
        This directory is what the server "files" of Doorward may read.

        Put files here that an agent shall be able to list, read and search. It cannot change them, it cannot see
        anything above this directory, and it has no network. Every call it makes is in the log: doorward audit tail

        """

    /// Seals at the first run, and where nothing has changed but Doorward's own programs.
    func seal(isFirst: Bool) throws(Failure) {
        let lock = try ChangeLock(places.registry)
        let old = try SealedFile.read(places)
        let isEmpty =
            old.map { $0.registry.servers.isEmpty && $0.registry.source == ConfigurationFile.digest([]) } ?? true
        guard isFirst || isEmpty else {
            try sealOwnPrograms(old)
            _ = consume lock
            return
        }
        let plan = try SealCommand.plan(places, old, console)
        for warning in plan.warnings { console.warn(warning) }
        if plan.isChanged {
            _ = try SealedFile.write(plan.registry, places)
            console.say("sealed \(Visible.text(places.sealed.bytes))")
        }
        _ = consume lock
    }

    /// After an upgrade the built-in server is another file: its entry is sealed again, if that is all that changed.
    private func sealOwnPrograms(_ old: SealedFile?) throws(Failure) {
        guard let old else { return }
        let file = try ConfigurationFile.read(places.configuration)
        guard file?.digest == old.registry.source else {
            ServeCommand.warn(about: old, places, console)
            return
        }
        let own = try builtIn(old.registry)
        let plan: Sealing
        do throws(SealFailure) {
            plan = try Sealing.plan(file, places, old: old, home: Places.home(console), now: Now.seconds)
        } catch {
            // What is sealed is served all the same; doorward registry seal says what is wrong.
            console.warn("the configuration can no longer be sealed as it is", hint: "doorward registry seal --check")
            return
        }
        let changed = plan.changes.filter { $0.change != .same }.map(\.name)
        guard !changed.isEmpty else { return }
        guard changed.allSatisfy(own.contains) else {
            console.warn(
                "programs of \(changed.map(\.description).joined(separator: ", ")) are not those that were sealed",
                hint: "doorward registry seal --check")
            return
        }
        _ = try SealedFile.write(plan.registry, places)
        console.say(
            "sealed \(changed.map(\.description).joined(separator: ", ")) again: doorward-tools is of another version")
    }

    /// Servers that run this installation's own tools.
    private func builtIn(_ registry: SealedRegistry) throws(Failure) -> [ServerName] {
        let tools = try Programs.find(Programs.tools)
        return registry.servers.filter { $0.executable.path == tools && $0.pins.isEmpty }.map(\.name)
    }

    /// Reviews what this installation brought along itself.
    func reviewBuiltIn() throws(Failure) {
        guard let sealed = try SealedFile.read(places) else { return }
        let own = try builtIn(sealed.registry)
        for server in sealed.registry.servers where own.contains(server.name) && server.review == nil {
            let comparison = ReviewComparison(try ReviewCommand.probe(server.name, places, arguments), nil)
            let unknown = comparison.items.filter { !Self.isKnown($0) }
            guard unknown.isEmpty else {
                let names = unknown.map { "\($0.kind.rawValue) \(Visible.ascii($0.name))" }.joined(separator: ", ")
                console.warn(
                    "\(server.name) offers more than was expected (\(names)), so nobody is offered any of it",
                    hint: "doorward registry review \(server.name)")
                continue
            }
            var decision = ReviewDecision()
            for item in comparison.items { decision.accept(item, risk: .reads) }
            decision.instructions = comparison.offer.instructions
            try ReviewCommand.store(decision.review(comparison.offer, now: Now.seconds), for: server, places)
            console.say(
                "reviewed the \(Counts.text(decision.toolCount, "tool")) of \(server.name): all of them only read")
        }
    }

    private static func isKnown(_ item: ReviewItem) -> Bool {
        let known: [StaticString] =
            switch item.kind {
            case .tool: knownTools
            case .template: knownTemplates
            case .prompt: []
            }
        return item.keptOut == nil && known.contains { Array($0.description.utf8) == item.name }
    }

    /// What a client has to start: this program's name where PATH leads to it, else its path.
    private func program() throws(Failure) -> [UInt8] {
        let own = try Programs.own()
        let name = Array(Product.name.description.utf8)
        do throws(ResolutionFault) {
            let found = try EntryDraft.search(name, console.environment("PATH") ?? [])
            if let found, try Links.existing(found) == own { return name }
        } catch { return own.bytes }
        return own.bytes
    }

    /// How to let a client in.
    func tellNext(_ listeners: [ListenerEntry]) throws(Failure) {
        let sealed = try SealedFile.read(places)?.registry.listeners ?? []
        let address = (listeners + sealed).first { $0.name == .main }?.address
        // A port that the system chooses is known only when it is taken.
        let known = address.flatMap { $0.port == 0 ? nil : "\($0)" }
        let state = arguments.value(.state).map { " --state \(Visible.text($0))" } ?? ""
        console.say()
        console.say("to let a client in, from another terminal:")
        console.say("  doorward token issue --client NAME\(state)")
        console.say(
            "and in the client's configuration\(known == nil ? ", with the address that is printed below" : ""):")
        console.say(
            "  {\"mcpServers\": {\"doorward\": {\"type\": \"http\", \"url\": \"http://\(known ?? "ADDRESS:PORT")/mcp\","
        )
        console.say("    \"headers\": {\"Authorization\": \"Bearer TOKEN\"}}}}")
        console.say("a client that only knows how to start programs needs no token:")
        let command = CanonicalJSON.string(try program()).bytes
        console.say(
            "  {\"mcpServers\": {\"files\": {\"command\": \(Visible.text(command)), "
                + "\"args\": [\"connect\", \"files\"]}}}")
        console.say()
    }
}
