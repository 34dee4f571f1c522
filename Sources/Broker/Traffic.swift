// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

// What the broker remembers about those who talk to it. Single-threaded: everything here lives on the loop.

/// One client by name, whatever credentials and connections it holds: the owner of its sessions and server processes.
final class Principal {
    let client: ClientName
    /// The number that gates know it by.
    let number: UInt32
    var demand: PeerDemand
    var callsInFlight: UInt32 = 0
    var serverProcesses: UInt32 = 0
    var sessions: UInt32 = 0
    /// Messages of the current and the previous window of ten seconds.
    private var window: (start: UInt64, count: UInt32, before: UInt32) = (0, 0, 0)

    init(client: ClientName, number: UInt32, demand: PeerDemand) {
        self.client = client
        self.number = number
        self.demand = demand
    }

    /// Counts one message; false if the average over the last ten seconds is above `perSecond`.
    func mayGoOn(now: Instant, perSecond: UInt32) -> Bool {
        let index = now.nanoseconds / 10_000_000_000
        if index != window.start {
            window = (index, 0, index == window.start + 1 ? window.count : 0)
        }
        window.count += 1
        let intoWindow = now.nanoseconds % 10_000_000_000
        // The part of the previous window that still lies within the last ten seconds.
        let carried = UInt64(window.before) * (10_000_000_000 - intoWindow) / 10_000_000_000
        return UInt64(window.count) + carried <= UInt64(perSecond) * 10
    }
}

/// One accepted credential on one connection: the right that a gate's handle stands for.
final class Caller {
    let handle: UInt32
    let connection: UInt32
    let principal: Principal
    /// Nil for the operator's own uid on the unix socket.
    let token: TokenID?
    /// Servers that the credential reaches; nil for all.
    let servers: Set<ServerName>?
    /// Seconds since 1970; nil for ever.
    let expires: UInt64?
    /// The first thing that passed has been recorded.
    var isAdmitted = false
    /// Why it may no longer do anything. It stays in the books as long as its connection, since messages of it may be on
    /// their way when it ends.
    var ended: Denial?

    init(
        handle: UInt32, connection: UInt32, principal: Principal, token: TokenID?, servers: Set<ServerName>?,
        expires: UInt64?
    ) {
        self.handle = handle
        self.connection = connection
        self.principal = principal
        self.token = token
        self.servers = servers
        self.expires = expires
    }
}

/// One connection that was handed to a gate. The socket is our own duplicate: shutting it down ends the connection
/// whatever the gate thinks.
final class Connection {
    let handle: UInt32
    let gate: GateRoom
    let socket: FileDescriptor
    let peer: Peer
    /// The peer as records tell it, composed once.
    let peerRecord: CanonicalJSON
    var state: ConnectionState = .admitted
    var callers: [UInt32] = []

    init(
        handle: UInt32, gate: GateRoom, socket: consuming FileDescriptor, peer: Peer, peerRecord: CanonicalJSON
    ) {
        self.handle = handle
        self.gate = gate
        self.socket = socket
        self.peer = peer
        self.peerRecord = peerRecord
    }
}

/// A session of the legacy era, as the broker sees it; its id is the gate's affair.
final class Session {
    let number: UInt32
    let gate: GateRoom
    let principal: Principal
    /// Nil on the aggregate endpoint.
    let server: ServerName?
    let revision: Revision
    /// What the client said it can answer.
    let offers: ClientOffers
    /// Lowest level of log messages that the client wants; nil until it says so.
    var logLevel: LogLevel?
    /// Resources that it watches.
    var subscriptions: Set<SubscribedResource> = []
    /// The credential behind `initialize`, with the servers that it reaches (nil for all) and its end.
    let token: TokenID?
    let servers: Set<ServerName>?
    let expires: UInt64?
    /// Choices of parameters that `initialize` named.
    var chosen: [(parameter: [UInt8], value: [UInt8])] = []

    init(
        number: UInt32, gate: GateRoom, caller: Caller, server: ServerName?, revision: Revision, offers: ClientOffers
    ) {
        self.number = number
        self.gate = gate
        principal = caller.principal
        token = caller.token
        servers = caller.servers
        expires = caller.expires
        self.server = server
        self.revision = revision
        self.offers = offers
    }

    /// Whether what this server says of its own accord may be told here.
    func reaches(_ name: ServerName) -> Bool {
        (server == nil || server == name) && (servers.map { $0.contains(name) } ?? true)
    }
}

/// Requests of servers that a client declared it can answer.
struct ClientOffers: OptionSet {
    let rawValue: UInt8

    static let sampling = ClientOffers(rawValue: 1)
    static let elicitation = ClientOffers(rawValue: 2)
    static let roots = ClientOffers(rawValue: 4)
    static let urlElicitation = ClientOffers(rawValue: 8)

    /// From a `capabilities` object. An empty `elicitation` means the form kind (2025-06-18).
    init(_ tree: JSONTree, _ capabilities: JSONNode?) {
        var offers: ClientOffers = []
        if let capabilities {
            if tree.member(capabilities, "sampling") != nil { offers.insert(.sampling) }
            if tree.member(capabilities, "roots") != nil { offers.insert(.roots) }
            if let elicitation = tree.member(capabilities, "elicitation") {
                if tree.member(elicitation, "url") != nil { offers.insert(.urlElicitation) }
                if tree.member(elicitation, "form") != nil || tree.count(elicitation) == 0 {
                    offers.insert(.elicitation)
                }
            }
        }
        self = offers
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What of this the sealed entry lets a server ask for.
    func granted(_ grants: Grants) -> ClientOffers {
        var left: ClientOffers = []
        if grants.contains(.sampling) { left.insert(intersection(.sampling)) }
        if grants.contains(.elicitation) { left.insert(intersection(.elicitation)) }
        if grants.contains(.roots) { left.insert(intersection(.roots)) }
        if grants.contains(.urlElicitation) { left.insert(intersection(.urlElicitation)) }
        return left
    }
}

/// Severity of a log message (RFC 5424 names, as MCP uses them), in rising order.
enum LogLevel: UInt8, CaseIterable, Comparable {
    case debug, info, notice, warning, error, critical, alert, emergency

    var word: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        case .alert: "alert"
        case .emergency: "emergency"
        }
    }

    init?(_ tree: JSONTree, _ node: JSONNode?) {
        guard let node, let found = Self.allCases.first(where: { tree.equals(node, $0.word) }) else { return nil }
        self = found
    }

    static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
