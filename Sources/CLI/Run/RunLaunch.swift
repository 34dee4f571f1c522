// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import Sandboxing

/// Starts a plan: opens what it is given, has it recorded, and lets it go on.
final class RunLaunch {
    private let plan: RunPlan
    private let client: OperatorClient
    /// Names that are held while it runs.
    private let protection: NameProtection
    private let streams: RunStreams
    private let backend: Backend
    private var refusal: Failure?

    init(_ plan: RunPlan, _ client: OperatorClient, _ streams: RunStreams) throws(Failure) {
        let chosen = try RunHost.backend(for: plan.profile)
        let held = try Self.hold(plan)
        backend = chosen
        self.plan = plan
        self.client = client
        self.streams = streams
        protection = held
    }

    private static func hold(_ plan: RunPlan) throws(Failure) -> NameProtection {
        let grants = shown(plan.grants).map(\.grant)
        do throws(SyscallError) { return try NameProtection(grants) } catch {
            throw Failure("protected names cannot be held", error, hint: "doorward doctor")
        }
    }

    /// What may still be written of what is protected, in words.
    var remains: [String] { protection.remains }

    /// Lets protected names go; in words, which could not be.
    func release() -> [String] { protection.release() }

    /// - Parameter inherited: what becomes 3 and following, before the secrets.
    /// - Throws: ``Failure`` with the status for it; nothing is left of what was begun.
    func start(_ inherited: consuming PassedDescriptors) throws(Failure) -> Pidfd {
        var passed = inherited
        let environment = try environment(&passed)
        var bound = PassedDescriptors()
        let sandbox = try sandbox(environment, &bound)
        return try start(sandbox, try handover(passed, bound))
    }

    private func start(_ sandbox: SandboxPlan, _ handover: consuming Handover) throws(Failure) -> Pidfd {
        do throws(AdmissionError<NotAdmitted>) {
            let child = try Sandbox.start(sandbox, handover) { applicant throws(NotAdmitted) in
                do throws(Failure) { try admit(applicant) } catch {
                    refusal = error
                    throw NotAdmitted()
                }
            }
            return child.keepProcess().keepPidfd()
        } catch { throw failure(error) }
    }

    private func failure(_ error: AdmissionError<NotAdmitted>) -> Failure {
        switch error {
        case .refused: refusal ?? Failure("the run was not admitted")
        case .sandbox(let error): Self.failure(error)
        }
    }

    /// `NAME=value` beside what every sandbox has; what stands behind a descriptor is added to `passed`.
    private func environment(_ passed: inout PassedDescriptors) throws(Failure) -> [SystemString] {
        var environment: [SystemString] = []
        for entry in plan.environment {
            environment.append(try Self.variable(entry.name, try RunSecrets.value(entry)))
        }
        for secret in plan.secrets {
            let place = Array("/proc/self/fd/\(3 + passed.count)".utf8)
            passed.append(try RunSecrets.descriptor(secret))
            environment.append(try Self.variable(secret.name + Array("_FILE".utf8), place))
        }
        for text in plan.program.browser?.environment ?? [] {
            if let variable = SystemString(Array(text.utf8)) { environment.append(variable) }
        }
        if streams.hasTerminal, let term = streams.terminalName {
            environment.append(try Self.variable(Array("TERM".utf8), term))
        }
        return environment
    }

    private func handover(_ inherited: consuming PassedDescriptors, _ bound: consuming PassedDescriptors)
        throws(Failure) -> Handover
    {
        do throws(SyscallError) {
            let executable = try plan.program.executable.descriptor()
            let input = try streams.input()
            let output = try streams.output()
            let errors = try streams.errors()
            return Handover(
                executable: executable, input: input, output: output, errors: errors, inherited: inherited,
                bound: bound)
        } catch { throw Failure("what the run is given cannot be opened", error) }
    }

    /// Why is said in ``refusal``.
    private struct NotAdmitted: Error {}

    private static func failure(_ error: SandboxError) -> Failure {
        switch error {
        case .failed(.execute, code: _, let text):
            Failure("the command cannot be executed: \(Visible.text(text))", status: .notExecuted)
        default: Failure("the sandbox could not be made: \(Visible.text("\(error)"))", hint: "doorward doctor")
        }
    }

    private static let graceSeconds: UInt64 = 10

    // MARK: What it is shown

    private func sandbox(_ environment: [SystemString], _ bound: inout PassedDescriptors) throws(Failure) -> SandboxPlan
    {
        var arguments: [SystemString] = []
        for word in plan.words { arguments.append(try Self.text(word)) }
        let ceilings = plan.limits.ceilings
        var limits = ResourceLimits(
            processes: UInt64(ceilings.processes), memory: ceilings.memoryBytes, openFiles: UInt64(ceilings.openFiles))
        // The supervisor ends it in time; where that is held up, its first process does so a little later.
        limits.seconds = plan.limits.milliseconds.map { UInt32(clamping: $0 / 1000 + Self.graceSeconds) }
        let host: SandboxHost
        do throws(SyscallError) { host = try SandboxHost.discover() } catch { throw Failure("this host", error) }
        let additions = try additions(&bound)
        let name = try Self.text(plan.executable.path.name)
        let directory = try Self.text(plan.directory.bytes)
        let capacity = SandboxRoot.Capacity(
            bytes: RunHost.diskBytes(plan.limits), inodes: SandboxRoot.Capacity.server.inodes)
        var made: SandboxPlan
        do throws(RootError) {
            made = try SandboxPlan.server(
                name: name, host: host, arguments: arguments, environment: environment, additions: additions,
                workingDirectory: directory, limits: limits, capacity: capacity,
                allowsNesting: plan.profile.allowsNesting)
        } catch { throw Failure("its files cannot be laid out: \(error)", hint: "grant fewer, larger directories") }
        made.takesTerminal = streams.hasTerminal
        made.backend = backend
        return plan.network.isNone ? made : made.withDoors()
    }

    /// Where a grant appears, with the entry that shows it.
    private struct Shown {
        let grant: Grant
        let entry: RootEntry
    }

    private static func shown(_ grants: RunGrants) -> [Shown] {
        var shown: [Shown] = []
        func add(_ place: RunGrants.Place, _ access: RootEntry.Access) {
            guard let source = SystemString(place.real.bytes) else { return }
            for path in [place.real, place.written] {
                guard let at = SystemString(path.bytes).flatMap({ SandboxPath($0) }),
                    !shown.contains(where: { $0.grant.place == at })
                else { continue }
                shown.append(
                    Shown(
                        grant: Grant(source, at: at, access, isHome: place.real == grants.home),
                        entry: .host(source, at: at, access, optional: false)))
            }
        }
        for place in grants.writes { add(place, .readAndWrite) }
        for place in grants.reads where !Installation.isShownAnyway(place.real) { add(place, .read) }
        return shown
    }

    private func additions(_ bound: inout PassedDescriptors) throws(Failure) -> [RootEntry] {
        var entries = EntryList(Self.shown(plan.grants).map(\.entry))
        // The very files that were hashed appear at their paths, whatever lies there by the time they are opened.
        for file in [plan.program.executable] + plan.program.files where !Installation.isShownAnyway(file.path) {
            guard bound.count < PassedDescriptors.limit, let place = Self.place(file.path) else {
                throw Failure("\(Visible.text(file.path.bytes)) cannot be shown in a sandbox")
            }
            if entries.add(.descriptor(bound.count, at: place, .readAndExecute)) {
                bound.append(try Self.copy(of: file))
            }
        }
        for path in plan.program.installation { try addInstallation(path, &entries) }
        if streams.hasTerminal { entries.add(.device("/dev/tty")) }
        if plan.program.browser?.engine == .firefox, let place = Self.place(Self.browserDirectory) {
            entries.add(.memory(place, mode: 0o700))
            if let settings = place + "user.js" {
                entries.add(.file(settings, Array(KnownBrowser.firefoxSettings.utf8)))
            }
        }
        for entry in protection.entries { entries.add(entry) }
        return entries.all
    }

    private func addInstallation(_ path: AbsolutePath, _ entries: inout EntryList) throws(Failure) {
        let real: AbsolutePath
        do throws(ResolutionFault) { real = try Links.follow(path).path } catch {
            throw Failure(error.sentence, hint: error.hint)
        }
        guard let place = Self.place(path), let source = SystemString(real.bytes) else { return }
        entries.add(.host(source, at: place, .readAndExecute, optional: false))
    }

    private static func copy(of file: ProgramFile) throws(Failure) -> FileDescriptor {
        do throws(SyscallError) { return try file.descriptor() } catch { throw Failure("\(file.path)", error) }
    }

    /// Entries, one for each place: the first stays.
    private struct EntryList {
        private(set) var all: [RootEntry]
        private var taken: Set<SandboxPath>

        init(_ entries: [RootEntry]) {
            all = entries
            taken = Set(entries.map(\.path))
        }

        /// - Returns: whether it was added.
        @discardableResult
        mutating func add(_ entry: RootEntry) -> Bool {
            let isNew = taken.insert(entry.path).inserted
            if isNew { all.append(entry) }
            return isNew
        }
    }

    private static var browserDirectory: AbsolutePath {
        AbsolutePath(Array(KnownBrowser.profileDirectory.utf8)) ?? Sealing.privateHome
    }

    private static func place(_ path: AbsolutePath) -> SandboxPath? {
        SystemString(path.bytes).flatMap { SandboxPath($0) }
    }

    private static func text(_ bytes: [UInt8]) throws(Failure) -> SystemString {
        guard let text = SystemString(bytes) else { throw Failure("\(Visible.quoted(bytes)) holds a NUL") }
        return text
    }

    private static func variable(_ name: [UInt8], _ value: [UInt8]) throws(Failure) -> SystemString {
        guard let text = SystemString(name + [UInt8(ascii: "=")] + value) else {
            throw Failure("the value of \(Visible.text(name)) holds a NUL")
        }
        return text
    }

    // MARK: Before it runs

    /// The sandbox is complete and waits: it goes on when it is good enough, and on record.
    private func admit(_ applicant: consuming Applicant) throws(Failure) {
        let report = applicant.report
        if plan.profile.confinement != .reduced, let gap = report.firstGap(for: .server) {
            throw Failure(
                "the profile \(plan.profile.name) demands full confinement, and \(gap.word) is not enforced",
                hint: "doorward doctor")
        }
        let adoption = try adoption(report, pid: applicant.pid)
        _ = try client.ask(.adoptSandbox(adoption), passing: applicant.takeDoors())
    }

    private func adoption(_ report: ConfinementReport, pid: Int32) throws(Failure) -> SandboxAdoption {
        let policy = plan.network.isNone ? [] : plan.network.canonical
        guard policy.count <= SandboxAdoption.maxPolicyBytes else {
            throw Failure("the network policy is longer than one run's may be", hint: "use fewer rules")
        }
        let program = plan.executable
        var line: [UInt8] = []
        for word in plan.words { line += word + [0] }
        let words = plan.shownWords.prefix(SandboxAdoption.maxWords).map {
            Array($0.prefix(SandboxAdoption.maxWordBytes))
        }
        let grants = Array(plan.grantLines.joined(separator: "\n").utf8)
        let accepted = plan.accepted.prefix(SandboxAdoption.maxAccepted).map { Array($0.utf8.prefix(Caps.name)) }
        return SandboxAdoption(
            name: Array(program.path.name.prefix(Caps.word)), profile: plan.profile.name.bytes,
            isBrowser: plan.rendersPages, backend: Array(backend.word.utf8), report: report.encoded,
            pid: UInt32(bitPattern: pid), policy: policy,
            localPorts: Array(plan.network.localPorts.prefix(SandboxAdoption.maxPorts)),
            executable: program.path.bytes, executableDigest: program.digest,
            argumentsDigest: Digest(SHA256.hash(line.span)), words: words, directory: plan.directory.bytes,
            grants: Array(grants.prefix(SandboxAdoption.maxGrantsBytes)), accepted: accepted)
    }
}
