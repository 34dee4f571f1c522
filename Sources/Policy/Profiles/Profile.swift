// SPDX-License-Identifier: Apache-2.0

/// What a sandbox shows, reaches and may use up, by a name that runs and servers refer to.
package struct Profile: Equatable, Sendable {
    package let name: ProfileName
    /// The built-in one that it was made from: decides what no member can say.
    package let base: ProfileBase
    /// Files and directories to read, and to read and change, beside the system's programs.
    package var reads: [AbsolutePath]
    package var writes: [AbsolutePath]
    /// Variables beside those that the sandbox sets.
    package var environment: [EnvironmentEntry]
    package var network: EgressPolicy
    package var limits: RunLimits
    /// The weakest confinement that is good enough.
    package var confinement: ConfinementDemand
    /// Flags of known programs that undo protection and have been accepted by name, such as `--no-sandbox`.
    package var acceptedFlags: [[UInt8]]

    package init(
        name: ProfileName, base: ProfileBase, reads: [AbsolutePath] = [], writes: [AbsolutePath] = [],
        environment: [EnvironmentEntry] = [], network: EgressPolicy = .none, limits: RunLimits,
        confinement: ConfinementDemand, acceptedFlags: [[UInt8]] = []
    ) {
        self.name = name
        self.base = base
        self.reads = reads
        self.writes = writes
        self.environment = environment
        self.network = network
        self.limits = limits
        self.confinement = confinement
        self.acceptedFlags = acceptedFlags
    }

    /// Whether programs inside may make namespaces of their own, which a browser needs for its own sandbox.
    package var allowsNesting: Bool { base == .browser }
}

/// Name of a profile: the rules of a server's key.
package struct ProfileName: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard let name = ServerName(bytes) else { return nil }
        self.bytes = name.bytes
    }

    package init(_ base: ProfileBase) { bytes = Array(base.word.utf8) }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// The built-in profiles.
package enum ProfileBase: UInt8, CaseIterable, Sendable {
    case browser
    case agent
    case code
    case tool

    package var word: String {
        switch self {
        case .browser: "browser"
        case .agent: "agent"
        case .code: "code"
        case .tool: "tool"
        }
    }

    package init?(word bytes: [UInt8]) {
        guard let known = Self.allCases.first(where: { Array($0.word.utf8) == bytes }) else { return nil }
        self = known
    }
}

/// The weakest confinement that a profile accepts; each accepts what stands before it.
package enum ConfinementDemand: UInt8, CaseIterable, Comparable, Sendable {
    /// Our own sandbox with every layer.
    case full
    /// The same layers, the first of them by bubblewrap.
    case bubblewrap
    /// Rules without namespaces.
    case reduced

    package var word: String {
        switch self {
        case .full: "full"
        case .bubblewrap: "bubblewrap"
        case .reduced: "reduced"
        }
    }

    package init?(word bytes: [UInt8]) {
        guard let known = Self.allCases.first(where: { Array($0.word.utf8) == bytes }) else { return nil }
        self = known
    }

    /// Whether the left one is the stronger demand.
    package static func < (left: ConfinementDemand, right: ConfinementDemand) -> Bool { left.rawValue < right.rawValue }
}

/// What one run may use up.
package struct RunLimits: Equatable, Sendable {
    package var ceilings: Ceilings
    /// Time after which it is ended; nil means that it may go on.
    package var milliseconds: UInt64?
    /// What it may write to its own home and temporary directory, in bytes; nil leaves that to `memory`.
    package var diskBytes: UInt64?

    package init(ceilings: Ceilings, milliseconds: UInt64? = nil, diskBytes: UInt64? = nil) {
        self.ceilings = ceilings
        self.milliseconds = milliseconds
        self.diskBytes = diskBytes
    }
}
