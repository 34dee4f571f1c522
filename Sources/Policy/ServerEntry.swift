// SPDX-License-Identifier: Apache-2.0

/// One server as the operator registered it. Sealing turns it into a ``SealedServer`` or refuses it.
package struct ServerEntry: Equatable, Sendable {
    package let name: ServerName
    /// As written; sealing demands an absolute path. Empty for a server on the network.
    package var command: [UInt8]
    /// Where the server is, if it is not started here; then nothing but ``traits`` is its own.
    package var remote: RemoteEntry?
    package var arguments: [[UInt8]]
    package var environment: [EnvironmentEntry]
    package var directory: AbsolutePath?
    /// Directories and files that the server may read, and those it may also write, beside its own program.
    package var reads: [AbsolutePath]
    package var writes: [AbsolutePath]
    package var traits: ServerTraits
    /// Values that a caller may choose by name; `${name}` stands for one as a whole argument.
    package var parameters: [ParameterEntry]
    /// Dangers that the operator has accepted for this entry by name.
    package var accepted: [Danger]
    /// Switched off by the operator: kept, never sealed.
    package var isDisabled: Bool
    /// Members that other clients know and Doorward does not act on, for the operator to see.
    package var unused: [String] = []
    /// Where the entry stands in the file, for messages.
    package var offset: Int

    package init(
        name: ServerName, command: [UInt8], arguments: [[UInt8]], environment: [EnvironmentEntry] = [],
        directory: AbsolutePath? = nil, reads: [AbsolutePath] = [], writes: [AbsolutePath] = [],
        traits: ServerTraits = ServerTraits(), parameters: [ParameterEntry] = [], accepted: [Danger] = [],
        isDisabled: Bool = false, offset: Int = 0
    ) {
        self.name = name
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.reads = reads
        self.writes = writes
        self.traits = traits
        self.parameters = parameters
        self.accepted = accepted
        self.isDisabled = isDisabled
        self.offset = offset
    }
}

extension ServerEntry {
    /// A server on the network.
    package init(name: ServerName, remote: RemoteEntry) {
        self.init(name: name, command: [], arguments: [])
        self.remote = remote
        traits.network = remote.network(name)
    }

    /// What is started for this entry: itself, or for a server on the network our client, with this address alone.
    ///
    /// - Parameter client: where our client lies.
    package func started(by client: AbsolutePath) -> ServerEntry {
        guard let remote else { return self }
        var entry = self
        entry.remote = nil
        entry.command = client.bytes
        // The hard limit of one answer (G21).
        entry.arguments = remote.arguments(milliseconds: min(max(10 * traits.timeoutMilliseconds, 1000), 86_400_000))
        entry.environment = remote.environment
        entry.reads = remote.certificates.map { [$0] } ?? []
        return entry
    }
}

/// One variable of a server's environment, which holds nothing else.
package struct EnvironmentEntry: Equatable, Sendable {
    package let name: [UInt8]
    package let value: EnvironmentValue

    package init(name: [UInt8], value: EnvironmentValue) {
        self.name = name
        self.value = value
    }

    /// A letter or `_`, then letters, digits and `_`; at most 256 bytes.
    package static func isName(_ bytes: [UInt8]) -> Bool {
        guard (1...256).contains(bytes.count), let first = bytes.first, !first.isDigit else { return false }
        return bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") }
    }
}

/// Where a variable's value comes from. Secrets are referred to, never written into the registry.
package enum EnvironmentValue: Equatable, Sendable {
    case plain([UInt8])
    /// The content of a private file, without one trailing line feed.
    case file(AbsolutePath)
    /// A key of type `user` in the operator's keyring, by its description.
    case keyring([UInt8])
}

/// One choice that a caller has: a name, and its values by their names.
package struct ParameterEntry: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package let name: ServerName
        package let text: [UInt8]

        package init(name: ServerName, text: [UInt8]) {
            self.name = name
            self.text = text
        }
    }
    /// More values than this are no choice that a person has looked at; a choice is one byte in a frame.
    package static let maxValues = 64
    /// Of one server.
    package static let maxCount = 16

    package let name: ServerName
    /// In the order of the file; the first is used when a caller names none.
    package let values: [Value]

    package init(name: ServerName, values: [Value]) {
        self.name = name
        self.values = values
    }
}

/// How a server lives and what it is granted; the same before and after sealing.
package struct ServerTraits: Equatable, Sendable {
    package var process: ProcessSharing
    /// Idle time after which the process is stopped.
    package var idleMilliseconds: UInt64
    /// Time for one answer; a hard limit of ten times as much holds whatever progress is reported (G21).
    package var timeoutMilliseconds: UInt64
    /// Time for the first answer after a start.
    package var startMilliseconds: UInt64
    package var ceilings: Ceilings
    package var grants: Grants
    /// What the calling process must look like, beside what its client entry demands.
    package var demand: PeerDemand
    /// Names under which tools that do not fit the aggregate endpoint are offered there.
    package var aliases: [ToolAlias]
    /// What it is built on. Its grants are part of the entry already; the name says which confinement it demands.
    package var profile: ProfileName
    package var network: EgressPolicy

    package init(
        process: ProcessSharing = .perCaller, idleMilliseconds: UInt64 = 600_000, timeoutMilliseconds: UInt64 = 120_000,
        startMilliseconds: UInt64 = 60_000, ceilings: Ceilings = .standard, grants: Grants = [],
        demand: PeerDemand = .nothing, aliases: [ToolAlias] = [], profile: ProfileName = ProfileName(.tool),
        network: EgressPolicy = .none
    ) {
        self.process = process
        self.idleMilliseconds = idleMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.startMilliseconds = startMilliseconds
        self.ceilings = ceilings
        self.grants = grants
        self.demand = demand
        self.aliases = aliases
        self.profile = profile
        self.network = network
    }
}

/// Whom one process of a server serves.
package enum ProcessSharing: CaseIterable, Sendable {
    /// One caller, until it is idle for long.
    case perCaller
    /// All callers. Only for servers that keep nothing about a caller.
    case shared
    /// One call: it starts in a fresh sandbox and is killed with everything in there when the call has ended.
    case perCall

    package var word: StaticString {
        switch self {
        case .perCaller: "caller"
        case .shared: "shared"
        case .perCall: "per-call"
        }
    }

    package init?(word: [UInt8]) {
        guard let known = Self.allCases.first(where: { Array($0.word.description.utf8) == word }) else { return nil }
        self = known
    }
}

/// What one server may use up, enforced by cgroup where one is delegated and by rlimits elsewhere.
package struct Ceilings: Equatable, Sendable {
    package var processes: UInt32
    package var memoryBytes: UInt64
    package var openFiles: UInt32

    package static let standard = Ceilings(processes: 128, memoryBytes: 2 << 30, openFiles: 1024)

    package init(processes: UInt32, memoryBytes: UInt64, openFiles: UInt32) {
        self.processes = processes
        self.memoryBytes = memoryBytes
        self.openFiles = openFiles
    }
}

/// What a server may ask of its caller; nothing by default, and what is not granted is not even offered to it.
package struct Grants: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let sampling = Grants(rawValue: 1)
    package static let elicitation = Grants(rawValue: 2)
    package static let roots = Grants(rawValue: 4)
    /// Elicitation that asks the user to open an address.
    package static let urlElicitation = Grants(rawValue: 8)

    package static let words: [(StaticString, Grants)] = [
        ("sampling", .sampling), ("elicitation", .elicitation), ("roots", .roots), ("url-elicitation", .urlElicitation),
    ]
}

/// A tool whose own name does not fit the aggregate endpoint, and the name it is offered under there.
package struct ToolAlias: Equatable, Sendable {
    package let tool: ToolName
    /// `[A-Za-z0-9_-]`, without `__`.
    package let alias: [UInt8]

    package init(tool: ToolName, alias: [UInt8]) {
        self.tool = tool
        self.alias = alias
    }
}
