// SPDX-License-Identifier: Apache-2.0

/// What the operator reviewed, resolved and hashed: the only form that launcher and broker read.
///
/// Written by `doorward registry seal`, canonical JSON with a digest over itself. Whatever is not in here cannot be
/// launched, called or allowed.
package struct SealedRegistry: Sendable {
    /// Version of the form; another one is refused, never guessed at.
    package static let format: Int64 = 2
    /// When it was sealed, in seconds since 1970.
    package var sealedAt: UInt64
    /// SHA-256 of the configuration it was made from, to say when the two have parted.
    package var source: Digest
    package var listeners: [ListenerEntry]
    package var clients: [ClientEntry]
    package var policy: ToolPolicy
    package var audit: AuditSettings
    package var limits: Limits
    /// In the order of their names' bytes.
    package var servers: [SealedServer]
    /// In the order of their names' bytes, the built-in ones among them.
    package var profiles: [Profile]
    package var egress: EgressSettings

    package init(
        sealedAt: UInt64, source: Digest, listeners: [ListenerEntry], clients: [ClientEntry], policy: ToolPolicy,
        audit: AuditSettings, limits: Limits, servers: [SealedServer],
        profiles: [Profile] = ProfileBase.allCases.map(Profile.builtIn), egress: EgressSettings = .standard
    ) {
        self.sealedAt = sealedAt
        self.source = source
        self.listeners = listeners
        self.clients = clients
        self.policy = policy
        self.audit = audit
        self.limits = limits
        self.servers = servers.sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
        self.profiles = ProfileReader.sorted(profiles)
        self.egress = egress
    }

    package func server(_ name: ServerName) -> SealedServer? { servers.first { $0.name == name } }

    package func profile(_ name: ProfileName) -> Profile? { profiles.first { $0.name == name } }

    /// What the egress room is to judge by: the rules of one sandbox behind those that deny for all.
    package func effective(_ network: EgressPolicy) -> EgressPolicy { network.behind(egress.deny) }
}

/// A file whose content is known: where it is and what its bytes hash to.
package struct PinnedFile: Equatable, Sendable {
    /// With all links resolved.
    package let path: AbsolutePath
    package let digest: Digest
    package let size: UInt64

    package init(path: AbsolutePath, digest: Digest, size: UInt64) {
        self.path = path
        self.digest = digest
        self.size = size
    }
}

/// One argument of a sealed command line.
package enum SealedArgument: Equatable, Sendable {
    case fixed([UInt8])
    /// The value that the caller chose for this parameter, by name.
    case chosen(ServerName)
}

/// One server that can be started: exactly this, or not at all.
package struct SealedServer: Sendable {
    package let name: ServerName
    /// The program that is executed; for a script, its interpreter.
    package var executable: PinnedFile
    /// Further files that must hash to what was reviewed: the script or module that an interpreter runs.
    package var pins: [PinnedFile]
    /// `arguments[0]` is the program's name as it sees itself.
    package var arguments: [SealedArgument]
    package var environment: [EnvironmentEntry]
    package var directory: AbsolutePath
    /// What the program needs to run (its installation), and what the operator granted to read and to write.
    package var installation: [AbsolutePath]
    package var reads: [AbsolutePath]
    package var writes: [AbsolutePath]
    package var traits: ServerTraits
    package var parameters: [ParameterEntry]
    /// Dangers that were found and accepted, for status and review.
    package var accepted: [Danger]
    /// What the server offered when a person looked; nil until then.
    package var review: Review?

    package var network: EgressPolicy { traits.network }
    package var profile: ProfileName { traits.profile }

    package init(
        name: ServerName, executable: PinnedFile, pins: [PinnedFile], arguments: [SealedArgument],
        environment: [EnvironmentEntry], directory: AbsolutePath, installation: [AbsolutePath], reads: [AbsolutePath],
        writes: [AbsolutePath], traits: ServerTraits, parameters: [ParameterEntry], accepted: [Danger], review: Review?
    ) {
        self.name = name
        self.executable = executable
        self.pins = pins
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.installation = installation
        self.reads = reads
        self.writes = writes
        self.traits = traits
        self.parameters = parameters
        self.accepted = accepted
        self.review = review
    }

    /// The choice for every parameter by its place in ``parameters``, from what a caller named; nil where a name or a
    /// value is not one of the sealed ones. Parameters that were not named take their first value.
    package func choices(_ named: [(parameter: [UInt8], value: [UInt8])]) -> [UInt8]? {
        var places = [UInt8](repeating: 0, count: parameters.count)
        for (parameter, value) in named {
            guard let index = parameters.firstIndex(where: { $0.name.bytes == parameter }),
                let choice = parameters[index].values.firstIndex(where: { $0.name.bytes == value })
            else { return nil }
            places[index] = UInt8(choice)
        }
        return places
    }

    /// The command line for these choices; nil if they are not choices of this server.
    package func commandLine(_ choices: [UInt8]) -> [[UInt8]]? {
        guard choices.count == parameters.count else { return nil }
        var line: [[UInt8]] = []
        for argument in arguments {
            switch argument {
            case .fixed(let text): line.append(text)
            case .chosen(let name):
                guard let index = parameters.firstIndex(where: { $0.name == name }),
                    Int(choices[index]) < parameters[index].values.count
                else { return nil }
                line.append(parameters[index].values[Int(choices[index])].text)
            }
        }
        return line
    }
}
