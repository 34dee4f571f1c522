// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing
internal import StrictJSON

/// From the configuration to the registry that launcher and broker believe.
struct Sealing {
    /// Where a server's own home lies inside its sandbox: the working directory of an entry that names none.
    static var privateHome: AbsolutePath {
        guard let path = AbsolutePath(SandboxPlan.home.absolute.bytes) else { preconditionFailure("a home is a path") }
        return path
    }

    /// What became of one server.
    enum Change: String {
        case added
        case removed
        case changed
        case same
        /// The same entry, but what it would run is not what was reviewed.
        case reviewDropped = "review-dropped"
        case reviewed
    }

    let registry: SealedRegistry
    let changes: [(name: ServerName, change: Change)]
    /// For the operator to know; nothing was refused because of it.
    let warnings: [String]
    /// Whether it says anything that the old registry does not.
    let isChanged: Bool

    /// Entries that cannot be sealed as they are.
    struct Refusal: Error {
        var faults: [(name: ServerName, fault: ResolutionFault)] = []
        var dangers: [(name: ServerName, dangers: [FoundDanger])] = []

        var isEmpty: Bool { faults.isEmpty && dangers.isEmpty }
    }

    /// Resolves and hashes everything. Changes nothing.
    ///
    /// - Throws: ``Refusal`` with all that is wrong, not only the first.
    static func plan(
        _ file: ConfigurationFile?, _ places: Places, old: SealedFile?, home: AbsolutePath?, now: UInt64
    ) throws(SealFailure) -> Sealing {
        let bytes = file?.bytes ?? []
        let configuration: Configuration
        if let file {
            configuration = file.configuration
        } else {
            do throws(Failure) {
                configuration = try ConfigurationFile(places.configuration, ConfigurationFile.empty).configuration
            } catch { throw .failure(error) }
        }
        var refusal = Refusal()
        var servers: [SealedServer] = []
        var warnings: [String] = []
        var dropped: Set<ServerName> = []
        for entry in configuration.servers where !entry.isDisabled {
            var server: SealedServer
            let started: ServerEntry
            do throws(Failure) { started = try entry.started() } catch { throw .failure(error) }
            do throws(ResolutionFault) {
                let resolution = try Resolution.resolve(started, home: home)
                let open = resolution.dangers.filter { $0.isFatal || !entry.accepted.contains($0.danger) }
                guard open.isEmpty else {
                    refusal.dangers.append((entry.name, open))
                    continue
                }
                server = try sealed(started, resolution)
            } catch {
                refusal.faults.append((entry.name, error))
                continue
            }
            warnings += SecretFiles.warnings(entry)
            warnings += entry.traits.network.localPorts.map { "\(entry.name): port \($0) of this host is open to it" }
            let found: ReviewStore.Found
            do throws(Failure) { found = try ReviewStore.find(server, places) } catch { throw .failure(error) }
            switch found {
            case .none: break
            case .current(let review, let warning):
                server.review = review
                if let warning { warnings.append("\(entry.name): \(warning)") }
            case .outdated(let why):
                dropped.insert(entry.name)
                warnings.append(
                    "\(entry.name): \(why), so its review no longer counts: doorward registry review \(entry.name)")
            }
            servers.append(server)
        }
        guard refusal.isEmpty else { throw .refusal(refusal) }
        for profile in configuration.profiles {
            warnings += profile.network.localPorts.map {
                "profile \(profile.name): port \($0) of this host is open to whatever runs in it"
            }
        }
        let registry = SealedRegistry(
            sealedAt: now, source: ConfigurationFile.digest(bytes), listeners: configuration.listeners,
            clients: configuration.clients, policy: configuration.policy, audit: configuration.audit,
            limits: configuration.limits, servers: servers, profiles: configuration.profiles,
            egress: configuration.egress)
        return Sealing(registry, old: old?.registry, dropped: dropped, warnings: warnings)
    }

    private init(_ registry: SealedRegistry, old: SealedRegistry?, dropped: Set<ServerName>, warnings: [String]) {
        self.registry = registry
        self.warnings = warnings
        changes = Self.compare(registry, old, dropped)
        if let old {
            var same = registry
            same.sealedAt = old.sealedAt
            isChanged = SealedWriter.registry(same) != SealedWriter.registry(old)
        } else {
            isChanged = true
        }
    }

    private static func compare(_ new: SealedRegistry, _ old: SealedRegistry?, _ dropped: Set<ServerName>)
        -> [(name: ServerName, change: Change)]
    {
        var changes: [(name: ServerName, change: Change)] = new.servers.map { server in
            guard let before = old?.server(server.name) else { return (server.name, .added) }
            if dropped.contains(server.name), before.review != nil { return (server.name, .reviewDropped) }
            if SealedWriter.server(bare(server)) != SealedWriter.server(bare(before)) { return (server.name, .changed) }
            return (server.name, server.review == before.review ? .same : .reviewed)
        }
        for server in old?.servers ?? [] where new.server(server.name) == nil {
            changes.append((server.name, .removed))
        }
        return changes.sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private static func bare(_ server: SealedServer) -> SealedServer {
        var server = server
        server.review = nil
        return server
    }

    private static func sealed(_ entry: ServerEntry, _ resolution: Resolution) throws(ResolutionFault) -> SealedServer {
        var pins: [PinnedFile] = []
        for file in resolution.pins { pins.append(try file.pin()) }
        let found = Set(resolution.dangers.map(\.danger))
        return SealedServer(
            name: entry.name, executable: try resolution.executable.pin(), pins: pins,
            arguments: resolution.words.map { word in
                switch word {
                case .fixed(let text): .fixed(text)
                case .chosen(let name): .chosen(name)
                }
            }, environment: entry.environment, directory: entry.directory ?? privateHome,
            installation: resolution.installation, reads: entry.reads, writes: entry.writes, traits: entry.traits,
            parameters: entry.parameters, accepted: entry.accepted.filter(found.contains), review: nil)
    }
}

/// Why nothing was sealed: an entry, or something else altogether.
enum SealFailure: Error {
    case refusal(Sealing.Refusal)
    case failure(Failure)
}
