// SPDX-License-Identifier: Apache-2.0

/// What the operator wrote in `doorward.json`: wishes, not yet resolved, hashed or believed.
package struct Configuration: Equatable, Sendable {
    package var listeners: [ListenerEntry]
    package var clients: [ClientEntry]
    package var servers: [ServerEntry]
    package var policy: ToolPolicy
    package var audit: AuditSettings
    package var limits: Limits
    /// Built-in ones too, in the order of their names' bytes.
    package var profiles: [Profile]
    package var egress: EgressSettings

    package init(
        listeners: [ListenerEntry], clients: [ClientEntry], servers: [ServerEntry], policy: ToolPolicy,
        audit: AuditSettings, limits: Limits, profiles: [Profile], egress: EgressSettings
    ) {
        self.listeners = listeners
        self.clients = clients
        self.servers = servers
        self.policy = policy
        self.audit = audit
        self.limits = limits
        self.profiles = profiles
        self.egress = egress
    }
}

/// Where the gate listens. Only loopback addresses are accepted (MCP-G3).
package struct ListenerEntry: Equatable, Sendable {
    package static let defaultPort: UInt16 = 8742
    package let name: ListenerName
    package let address: ListenAddress

    package init(name: ListenerName, address: ListenAddress) {
        self.name = name
        self.address = address
    }
}

/// One client by name, and what its process must look like.
package struct ClientEntry: Equatable, Sendable {
    package let name: ClientName
    package let demand: PeerDemand

    package init(name: ClientName, demand: PeerDemand) {
        self.name = name
        self.demand = demand
    }
}

/// How the journal treats intents (docs/decisions/0010).
package struct AuditSettings: Equatable, Sendable {
    /// Every intent waits for the disk, calls of class `reads` too.
    package let syncEach: Bool
    /// Size at which a segment is closed, in bytes.
    package let segmentBytes: UInt64

    package static let standard = AuditSettings(syncEach: false, segmentBytes: 64 << 20)

    package init(syncEach: Bool, segmentBytes: UInt64) {
        self.syncEach = syncEach
        self.segmentBytes = segmentBytes
    }
}

/// What holds for every connection to the outside, whoever asks for it.
package struct EgressSettings: Equatable, Sendable {
    /// The network of this host needs NAT64: addresses below 64:ff9b::/96 mean the IPv4 address in them.
    package let nat64: Bool
    /// Looked at before every other rule.
    package let deny: EgressPolicy

    package static let standard = EgressSettings(nat64: false, deny: .none)

    package init(nat64: Bool, deny: EgressPolicy) {
        self.nat64 = nat64
        self.deny = deny
    }
}

/// Bounds of the whole installation. Every one has a default that a laptop never meets.
package struct Limits: Equatable, Sendable {
    /// Open connections on one listener.
    package var connections: UInt32
    /// Open connections of one caller on one listener.
    package var connectionsPerCaller: UInt32
    /// Live sessions of one caller.
    package var sessionsPerCaller: UInt32
    /// Calls of one caller that wait for an answer.
    package var callsPerCaller: UInt32
    /// Messages of one caller in a second, averaged over ten.
    package var messagesPerSecond: UInt32
    /// Server processes of one caller, and of all together.
    package var serversPerCaller: UInt32
    package var serversInAll: UInt32

    package static let standard = Limits(
        connections: 1024, connectionsPerCaller: 256, sessionsPerCaller: 256, callsPerCaller: 256,
        messagesPerSecond: 100_000, serversPerCaller: 64, serversInAll: 256)

    package init(
        connections: UInt32, connectionsPerCaller: UInt32, sessionsPerCaller: UInt32, callsPerCaller: UInt32,
        messagesPerSecond: UInt32, serversPerCaller: UInt32, serversInAll: UInt32
    ) {
        self.connections = connections
        self.connectionsPerCaller = connectionsPerCaller
        self.sessionsPerCaller = sessionsPerCaller
        self.callsPerCaller = callsPerCaller
        self.messagesPerSecond = messagesPerSecond
        self.serversPerCaller = serversPerCaller
        self.serversInAll = serversInAll
    }
}
