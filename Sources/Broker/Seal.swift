// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// The sealed registry in force, arranged for deciding. Replaced as a whole, never changed.
final class Seal {
    let digest: Digest
    let registry: SealedRegistry
    /// In the registry's order.
    let servers: [ServerView]
    private let byName: [ServerName: ServerView]
    /// Some server is visible to certain processes only.
    let demandsPeers: Bool

    init(digest: Digest, registry: SealedRegistry) {
        self.digest = digest
        self.registry = registry
        servers = registry.servers.map { ServerView($0) }
        var byName: [ServerName: ServerView] = [:]
        for server in servers { byName[server.sealed.name] = server }
        self.byName = byName
        demandsPeers = registry.servers.contains { $0.traits.demand != .nothing }
    }

    func server(_ name: ServerName) -> ServerView? { byName[name] }

    func demand(of client: ClientName) -> PeerDemand {
        registry.clients.first { $0.name == client }?.demand ?? .nothing
    }
}

/// One sealed server, its tools indexed by both of their names.
final class ServerView {
    let sealed: SealedServer
    /// Digest of the sealed entry without its review: a running process stays usable while this stays the same.
    let identity: Digest
    let tools: [ToolView]
    private let toolByName: [[UInt8]: Int]
    private let toolByAlias: [[UInt8]: Int]
    /// Tools whose running definition is not the reviewed one, found by any process of this server. They stay withheld
    /// until a new review.
    private(set) var withheld: Set<Int> = []
    /// Tools that a running process offers and nobody reviewed.
    private(set) var unreviewed: Set<[UInt8]> = []
    /// Rules that can be about a client's reading here, in order: most of a long policy is about others.
    private var rules: [ClientName: [Rule]] = [:]

    init(_ sealed: SealedServer) {
        self.sealed = sealed
        var bare = sealed
        bare.review = nil
        identity = Digest(SHA256.hash(SealedWriter.server(bare).bytes.span))
        tools = (sealed.review?.tools ?? []).enumerated().map { ToolView($1, at: $0, in: sealed) }
        var names: [[UInt8]: Int] = [:]
        var aliases: [[UInt8]: Int] = [:]
        for (index, tool) in tools.enumerated() {
            names[tool.pinned.name.bytes] = index
            if let local = tool.aggregateLocal { aliases[local] = index }
        }
        toolByName = names
        toolByAlias = aliases
    }

    var name: ServerName { sealed.name }
    var capabilities: ServerCapabilities { sealed.review?.capabilities ?? [] }
    /// What it spoke when it was reviewed, and so what it must speak.
    var era: Era { sealed.review?.revision.era ?? .legacy }

    /// The same program and the same review: whatever else was sealed anew, this server is what it was.
    func isSame(as other: ServerView) -> Bool { identity == other.identity && sealed.review == other.sealed.review }

    /// Takes over what was found out about the processes that go on running.
    func inherit(from old: ServerView) {
        withheld = old.withheld
        unreviewed = old.unreviewed
    }

    /// Reading is allowed where a person has looked at the server.
    var readingRisk: RiskClass { sealed.review == nil ? .unreviewed : .reads }

    /// What the policy says about reading a prompt or a resource.
    func verdict(_ policy: ToolPolicy, client: ClientName, reading target: Target) -> Verdict {
        let rules: [Rule]
        if let known = self.rules[client] {
            rules = known
        } else {
            rules = policy.rules(client: client, server: name)
            if self.rules.count >= ToolView.mostVerdicts { self.rules = [:] }
            self.rules[client] = rules
        }
        return ToolPolicy.verdict(of: rules, client: client, server: name, target: target, risk: readingRisk)
    }

    /// - Parameter aggregate: the name is the part behind `server__` on the aggregate endpoint.
    func tool(_ name: [UInt8], aggregate: Bool) -> ToolView? {
        guard let index = (aggregate ? toolByAlias : toolByName)[name] else { return nil }
        return tools[index]
    }

    func isWithheld(_ tool: ToolView) -> Bool {
        if tool.index < tools.count, tools[tool.index] === tool { return withheld.contains(tool.index) }
        // Of an earlier seal.
        guard let index = toolByName[tool.pinned.name.bytes] else { return true }
        return withheld.contains(index)
    }

    /// Takes note of what a running process offers.
    ///
    /// - Returns: the names that are newly withheld, newly offered without review, and gone.
    func compare(_ offered: [(name: [UInt8], digest: Digest)]) -> (
        changed: [[UInt8]], added: [[UInt8]], gone: [[UInt8]]
    ) {
        var changed: [[UInt8]] = []
        var added: [[UInt8]] = []
        var seen: Set<Int> = []
        for (name, digest) in offered {
            guard let index = toolByName[name] else {
                guard unreviewed.count < Upstream.mostOffered else { continue }
                if unreviewed.insert(name).inserted { added.append(name) }
                continue
            }
            seen.insert(index)
            if tools[index].pinned.digest != digest, withheld.insert(index).inserted { changed.append(name) }
        }
        var gone: [[UInt8]] = []
        for index in tools.indices where !seen.contains(index) {
            if withheld.insert(index).inserted { gone.append(tools[index].pinned.name.bytes) }
        }
        return (changed, added, gone)
    }
}

/// One reviewed tool and what is known about calling it.
final class ToolView {
    let pinned: PinnedTool
    /// Its place among its server's tools.
    let index: Int
    /// Its name behind `server__`; nil if it fits only its own endpoint.
    let aggregateLocal: [UInt8]?
    let schema: ToolSchema
    private var renamed: CanonicalJSON?
    /// What the policy says, by client: the rules are read once, however many there are.
    private var verdicts: [ClientName: Verdict] = [:]
    /// Clients whose verdicts are kept; with more all are forgotten.
    static let mostVerdicts = 256

    init(_ pinned: PinnedTool, at index: Int, in server: SealedServer) {
        self.pinned = pinned
        self.index = index
        let alias = server.traits.aliases.first { $0.tool == pinned.name }?.alias ?? pinned.name.bytes
        aggregateLocal = AggregateName.join(server.name, alias) == nil ? nil : alias
        schema = ToolSchema(pinned.object)
    }

    /// The tool as the aggregate endpoint shows it; nil if it does not fit there.
    func aggregateObject(_ server: ServerName) -> CanonicalJSON? {
        guard let aggregateLocal, let name = AggregateName.join(server, aggregateLocal) else { return nil }
        if let renamed { return renamed }
        let object = Renaming.put("name", name, in: pinned.object)
        renamed = object
        return object
    }

    func verdict(_ policy: ToolPolicy, client: ClientName, server: ServerName) -> Verdict {
        if let known = verdicts[client] { return known }
        let verdict = policy.verdict(
            client: client, server: server, target: .tool(pinned.name.bytes), risk: pinned.risk)
        if verdicts.count >= Self.mostVerdicts { verdicts = [:] }
        verdicts[client] = verdict
        return verdict
    }
}

extension Digest {
    init(_ hash: SHA256Digest) {
        guard let digest = Digest(hash.bytes) else { preconditionFailure("a SHA-256 has 32 bytes") }
        self = digest
    }
}
