// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing

/// From a sealed entry to a plan and the open files that go with it. Nothing in here comes from a request but the choice
/// among sealed values.
enum Plans {
    /// What is shown of the host anyway, so that an installation below needs no mount of its own.
    private static let system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
        .compactMap { AbsolutePath(Array($0.utf8)) }

    struct Prepared: ~Copyable {
        let plan: SandboxPlan
        let executable: FileDescriptor
        let bound: PassedDescriptors
        /// What it was granted to see holds names that it may not touch. To be kept for as long as it runs.
        let protection: NameProtection
    }

    static func server(_ server: SealedServer, choices: [UInt8], host: SandboxHost) throws(PlanFault) -> Prepared {
        guard let line = server.commandLine(choices) else {
            throw PlanFault(.parameterUnknown, "the choices are not those of the sealed entry")
        }
        let environment: [SystemString]
        do throws(SecretFault) { environment = try Secrets.environment(server.environment) } catch {
            throw PlanFault(.secretUnavailable, error.reason)
        }
        var bound = PassedDescriptors()
        var additions: [RootEntry] = []
        let executable = try verified(server.executable)
        // The very files that were hashed appear at their paths, whatever lies there by the time they are opened.
        for pin in server.pins {
            guard bound.count < PassedDescriptors.limit, let place = sandboxPath(pin.path) else {
                throw PlanFault(.launchFailed, "\(pin.path): cannot be shown in a sandbox")
            }
            additions.append(.descriptor(bound.count, at: place, .readAndExecute))
            bound.append(try verified(pin))
        }
        let pinned = server.pins.map(\.path)
        try show(server.writes, .readAndWrite, except: pinned, &additions)
        try show(server.reads, .read, except: pinned + server.writes, &additions)
        let protection = try protect(server, except: pinned)
        additions += protection.entries
        let places = server.installation + [server.executable.path]
        try show(places.filter(isApart), .readAndExecute, except: pinned + server.writes + server.reads, &additions)
        return try assemble(server, line, environment, additions, host, executable, bound, protection)
    }

    /// Names in its granted directories that other programs act on, or that hold secrets.
    private static func protect(_ server: SealedServer, except pinned: [AbsolutePath]) throws(PlanFault)
        -> NameProtection
    {
        var grants: [Grant] = []
        for (paths, access) in [(server.writes, RootEntry.Access.readAndWrite), (server.reads, .read)] {
            for path in paths where !pinned.contains(path) {
                guard let place = sandboxPath(path), let source = SystemString(path.bytes) else { continue }
                grants.append(Grant(source, at: place, access))
            }
        }
        do throws(SyscallError) { return try NameProtection(grants) } catch {
            throw PlanFault(.launchFailed, "names in its granted directories cannot be protected: \(error)")
        }
    }

    private static func verified(_ pin: PinnedFile) throws(PlanFault) -> FileDescriptor {
        do throws(VerificationFault) { return try VerifiedFile.open(pin).take() } catch {
            throw PlanFault(.executableChanged, error.reason)
        }
    }

    private static func assemble(
        _ server: SealedServer, _ line: [[UInt8]], _ environment: [SystemString], _ additions: [RootEntry],
        _ host: SandboxHost, _ executable: consuming FileDescriptor, _ bound: consuming PassedDescriptors,
        _ protection: NameProtection
    ) throws(PlanFault) -> Prepared {
        var arguments: [SystemString] = []
        for argument in line {
            guard let text = SystemString(argument) else { throw PlanFault(.launchFailed, "an argument holds a NUL") }
            arguments.append(text)
        }
        let ceilings = server.traits.ceilings
        let limits = ResourceLimits(
            processes: UInt64(ceilings.processes), memory: ceilings.memoryBytes, openFiles: UInt64(ceilings.openFiles))
        guard let name = SystemString(server.name.bytes), let directory = SystemString(server.directory.bytes) else {
            throw PlanFault(.launchFailed, "the entry holds a NUL")
        }
        do throws(RootError) {
            let plan = try SandboxPlan.server(
                name: name, host: host, arguments: arguments, environment: environment, additions: additions,
                workingDirectory: directory, limits: limits)
            // Granted nothing, it has not even a closed door.
            return Prepared(
                plan: server.network.isNone ? plan : plan.withDoors(), executable: executable, bound: bound,
                protection: protection)
        } catch { throw PlanFault(.launchFailed, "its files cannot be laid out: \(error)") }
    }

    /// Adds what is not shown yet; a path inside one that has the same rights already needs nothing.
    private static func show(
        _ paths: [AbsolutePath], _ access: RootEntry.Access, except: [AbsolutePath], _ additions: inout [RootEntry]
    ) throws(PlanFault) {
        var shown: [AbsolutePath] = []
        for path in paths.sorted(by: { $0.bytes.count < $1.bytes.count }) {
            if except.contains(path) || shown.contains(where: { $0.contains(path) }) { continue }
            guard let place = sandboxPath(path), let source = SystemString(path.bytes) else {
                throw PlanFault(.launchFailed, "\(path): cannot be shown in a sandbox")
            }
            additions.append(.host(source, at: place, access, optional: false))
            shown.append(path)
        }
    }

    private static func isApart(_ path: AbsolutePath) -> Bool { !system.contains { $0.contains(path) } }

    private static func sandboxPath(_ path: AbsolutePath) -> SandboxPath? {
        SystemString(path.bytes).flatMap { SandboxPath($0) }
    }
}

/// Why an entry was not started, in the words of the refusal that its callers get.
struct PlanFault: Error {
    let denial: Denial
    let detail: String

    init(_ denial: Denial, _ detail: String) {
        self.denial = denial
        self.detail = detail
    }
}
