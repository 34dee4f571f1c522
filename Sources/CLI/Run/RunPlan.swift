// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Everything that one run is given, and nothing that it is not: decided before anything is started.
struct RunPlan {
    let profile: Profile
    let program: RunProgram
    let executable: PinnedFile
    /// Of the program's scripts, in the same order.
    let files: [PinnedFile]
    let grants: RunGrants
    let network: EgressPolicy
    /// Beside what every sandbox has; secrets of the profile are read when it starts.
    let environment: [EnvironmentEntry]
    let secrets: [RunRequest.Secret]
    let limits: RunLimits
    let directory: AbsolutePath
    /// The command line as it is executed, the program's own name first.
    let words: [[UInt8]]
    /// Descriptors 3 and 4 are passed on: a browser is driven through them.
    let passesPipe: Bool
    /// What was given up by name.
    let accepted: [String]
    /// What must be said aloud.
    let warnings: [String]
    let notes: [String]

    /// Where what belongs to the caller is taken from.
    struct Surroundings {
        let searchPath: [UInt8]
        let base: AbsolutePath
        let home: AbsolutePath?
        let variable: ([UInt8]) -> [UInt8]?
    }

    /// - Throws: ``Failure`` with the status for it.
    init(_ request: RunRequest, _ profiles: [Profile], _ around: Surroundings, _ console: Console) throws(Failure) {
        guard let profile = profiles.first(where: { $0.name == request.profile }) else {
            let known = profiles.map(\.name.description)
            let near = Suggestion.nearest(request.profile.description, among: known)
            throw Failure(
                "there is no profile \(request.profile)",
                hint: near.map { "did you mean \($0)?" }
                    ?? "sealed are: \(known.joined(separator: ", ")); doorward registry seal after adding one",
                status: .usage)
        }
        self.profile = profile
        let program: RunProgram
        do throws(RunFault) {
            program = try RunProgram(
                request.command, searchPath: around.searchPath, base: around.base, home: around.home)
        } catch { throw error.failure }
        self.program = program
        do throws(ResolutionFault) {
            executable = try program.executable.pin()
            var pins: [PinnedFile] = []
            for file in program.files { pins.append(try file.pin()) }
            files = pins
            grants = try RunGrants(
                reads: profile.reads + request.reads, writes: profile.writes + request.writes, home: around.home)
        } catch { throw Failure(error.sentence, hint: error.hint) }
        network = EgressPolicy(rules: profile.network.rules + request.rules)
        environment = try Self.environment(request, profile, around)
        secrets = request.secrets
        limits = Self.limits(profile.limits, request.limits)
        var accepted = try Self.accept(grants, program, request, console)
        var warnings: [String] = []
        words = try Self.judged(program, profile, &accepted, &warnings, console)
        self.accepted = accepted
        self.warnings = warnings
        passesPipe =
            program.browser?.engine == .chromium
            && ChromiumFlags.names(Array(program.words.dropFirst())).contains("remote-debugging-pipe")
        directory = try Self.directory(request, around, grants, program)
        notes = program.notes
    }

    /// What the sandbox starts in where nothing else is seen.
    static let privateHome = Sealing.privateHome

    private static func environment(_ request: RunRequest, _ profile: Profile, _ around: Surroundings)
        throws(Failure) -> [EnvironmentEntry]
    {
        var entries: [EnvironmentEntry] = []
        for (name, given) in request.environment {
            guard let value = given ?? around.variable(name) else {
                throw Failure(
                    "--env \(Visible.text(name)): your environment has no such variable",
                    hint: "--env \(Visible.text(name))=VALUE", status: .usage)
            }
            entries.append(EnvironmentEntry(name: name, value: .plain(value)))
        }
        return profile.environment.filter { entry in !entries.contains { $0.name == entry.name } } + entries
    }

    private static func limits(_ base: RunLimits, _ changes: [RunRequest.Limit]) -> RunLimits {
        var limits = base
        for change in changes {
            switch change {
            case .processes(let count): limits.ceilings.processes = count
            case .memory(let bytes): limits.ceilings.memoryBytes = bytes
            case .openFiles(let count): limits.ceilings.openFiles = count
            case .time(let milliseconds): limits.milliseconds = milliseconds
            case .disk(let bytes): limits.diskBytes = bytes
            }
        }
        return limits
    }

    /// - Throws: ``Failure`` with status 7 for dangers that the command line does not accept.
    private static func accept(
        _ grants: RunGrants, _ program: RunProgram, _ request: RunRequest, _ console: Console
    ) throws(Failure) -> [String] {
        var list = DangerList()
        for file in [program.executable] + program.files { list.add(file.path, file.distrust, isFatal: false) }
        let dangers = grants.dangers + list.all
        let open = dangers.filter { !request.accepted.contains($0.danger) }
        guard open.isEmpty else {
            for danger in open { console.report(Failure(danger.sentence)) }
            console.hints(about: open) { "--accept \($0.joined(separator: ","))" }
            throw Failure("nothing was started", status: .dangerous)
        }
        var words: [String] = []
        for danger in dangers where !words.contains("\(danger.danger.word)") { words.append("\(danger.danger.word)") }
        return words
    }

    /// The words that are executed: those of a known browser judged and completed.
    private static func judged(
        _ program: RunProgram, _ profile: Profile, _ accepted: inout [String], _ warnings: inout [String],
        _ console: Console
    ) throws(Failure) -> [[UInt8]] {
        guard let browser = program.browser else { return program.words }
        let arguments = Array(program.words.dropFirst())
        var refused: [Failure] = []
        if browser.engine == .chromium {
            for finding in ChromiumFlags.findings(arguments, accepted: profile.acceptedFlags) {
                let shown = Visible.text(finding.flag)
                switch finding.kind {
                case .refused:
                    refused.append(
                        Failure(
                            "\(shown) is refused: \(finding.reason)",
                            hint: "leave it out, or accept it by name in the profile: \"acceptFlags\": [\"\(shown)\"]"))
                case .accepted:
                    accepted.append(shown)
                    warnings.append("\(shown) is accepted by the profile \(profile.name): \(finding.reason)")
                case .warned: warnings.append("\(shown): \(finding.reason)")
                }
            }
        }
        guard refused.isEmpty else {
            for failure in refused { console.report(failure) }
            throw Failure("nothing was started", status: .dangerous)
        }
        return program.words.prefix(1) + browser.words(arguments)
    }

    private static func directory(
        _ request: RunRequest, _ around: Surroundings, _ grants: RunGrants, _ program: RunProgram
    ) throws(Failure) -> AbsolutePath {
        func sees(_ path: AbsolutePath) -> Bool {
            Installation.isShownAnyway(path) || path == privateHome || path.description == "/tmp"
                || (grants.reads + grants.writes).contains { $0.real.contains(path) || $0.written.contains(path) }
                || program.installation.contains { $0.contains(path) }
        }
        guard let wanted = request.directory else { return sees(around.base) ? around.base : privateHome }
        guard sees(wanted) else {
            throw Failure(
                "--chdir \(Visible.text(wanted.bytes)): the run would not see that directory",
                hint: "grant it: --read DIR or --write DIR", status: .usage)
        }
        return wanted
    }
}

extension RunPlan {
    /// What it tries of this machine may come from a page.
    var rendersPages: Bool {
        if program.browser != nil { return true }
        return profile.base == .browser
    }

    /// What records may show of the command line: the program's name, and the names of flags; never their values.
    var shownWords: [[UInt8]] {
        let rest = words.dropFirst().map { word -> [UInt8] in
            guard word.first == UInt8(ascii: "-"), word.count > 1 else { return Array("...".utf8) }
            let name = Array(word.prefix { $0 != UInt8(ascii: "=") })
            return name.count < word.count ? name + Array("=...".utf8) : name
        }
        return [executable.path.name] + rest
    }

    /// One line for each thing that it may read, change and reach.
    var grantLines: [String] {
        grants.writes.map { "write \(Visible.text($0.real.bytes))" }
            + grants.reads.map { "read \(Visible.text($0.real.bytes))" }
            + network.rules.map { "\(RuleText.of($0))" }
    }
}

/// Rules about connections as people read them.
enum RuleText {
    static func of(_ rule: EgressRule) -> String {
        switch rule.matter {
        case .local(let port): return "reach port \(port) of this machine's loopback"
        case .remote(let remote):
            let host = remote.host == .any ? "every public host" : Visible.text(remote.host.text)
            let ports = remote.ports.map { $0.map { "\($0)" }.joined(separator: ",") } ?? "every port"
            var text = "\(word(remote.verdict)) \(host):\(ports)"
            if let block = remote.block { text += " within \(block.text)" }
            if let methods = remote.methods {
                text += " by " + methods.map { Visible.text($0) }.joined(separator: ",")
            }
            if remote.sni == .strict { text += ", server name strict" }
            return text
        }
    }

    private static func word(_ verdict: VerdictKind) -> String {
        switch verdict {
        case .allow: "reach"
        case .ask: "ask about"
        case .deny: "never reach"
        }
    }
}
