// SPDX-License-Identifier: Apache-2.0

/// What a call is about, named as its own server names it.
package enum Target: Hashable, Sendable {
    case tool([UInt8])
    case prompt([UInt8])
    /// A resource's address, unwrapped; templates are judged by the address that was made from them.
    case resource([UInt8])

    package var name: [UInt8] {
        switch self {
        case .tool(let name), .prompt(let name), .resource(let name): name
        }
    }

    package var kindWord: StaticString {
        switch self {
        case .tool: "tool"
        case .prompt: "prompt"
        case .resource: "resource"
        }
    }
}

/// A name, or the beginning of one followed by a single `*`.
package struct NamePattern: Hashable, Sendable {
    package static let maxBytes = 1024
    package let prefix: [UInt8]
    package let isOpen: Bool

    /// Visible ASCII; a `*` only at the end.
    package init?(_ bytes: [UInt8]) {
        guard let last = bytes.last, bytes.count <= Self.maxBytes else { return nil }
        isOpen = last == UInt8(ascii: "*")
        prefix = isOpen ? Array(bytes.dropLast()) : bytes
        guard prefix.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "*") }) else { return nil }
    }

    package var bytes: [UInt8] { isOpen ? prefix + [UInt8(ascii: "*")] : prefix }

    package func matches(_ name: [UInt8]) -> Bool { isOpen ? name.starts(with: prefix) : name == prefix }
}

/// One rule of the policy: which callers, servers and targets it is about, and what it says.
package struct Rule: Equatable, Sendable {
    package let id: RuleID
    /// Nil means every client.
    package let clients: [ClientName]?
    /// Nil means every server.
    package let servers: [ServerName]?
    /// With all three nil the rule is about everything; otherwise about those kinds that are named.
    package let tools: [NamePattern]?
    package let prompts: [NamePattern]?
    package let resources: [NamePattern]?
    package let verdict: VerdictKind

    package init(
        id: RuleID, clients: [ClientName]?, servers: [ServerName]?, tools: [NamePattern]?, prompts: [NamePattern]?,
        resources: [NamePattern]?, verdict: VerdictKind
    ) {
        self.id = id
        self.clients = clients
        self.servers = servers
        self.tools = tools
        self.prompts = prompts
        self.resources = resources
        self.verdict = verdict
    }

    /// Whether it is about this client and this server, whatever the target.
    package func concerns(client: ClientName, server: ServerName) -> Bool {
        if let clients, !clients.contains(client) { return false }
        if let servers, !servers.contains(server) { return false }
        return true
    }

    package func matches(client: ClientName, server: ServerName, target: Target) -> Bool {
        guard concerns(client: client, server: server) else { return false }
        if tools == nil && prompts == nil && resources == nil { return true }
        let patterns: [NamePattern]?
        switch target {
        case .tool: patterns = tools
        case .prompt: patterns = prompts
        case .resource: patterns = resources
        }
        return patterns?.contains { $0.matches(target.name) } ?? false
    }
}

/// The reviewed policy: rules in order, first match decides, the target's class where none matches.
package struct ToolPolicy: Equatable, Sendable {
    /// More rules than a person reviews are refused when sealing.
    package static let maxRules = 10_000
    package let rules: [Rule]

    package init(rules: [Rule]) { self.rules = rules }

    /// The rules that can ever match for this client at this server, in order.
    package func rules(client: ClientName, server: ServerName) -> [Rule] {
        rules.filter { $0.concerns(client: client, server: server) }
    }

    /// Linear in the number of rules: the broker keeps the answer for as long as the seal lives.
    package func verdict(client: ClientName, server: ServerName, target: Target, risk: RiskClass) -> Verdict {
        Self.verdict(of: rules, client: client, server: server, target: target, risk: risk)
    }

    /// The first match of `rules` decides, the target's class where none matches.
    package static func verdict(
        of rules: [Rule], client: ClientName, server: ServerName, target: Target, risk: RiskClass
    ) -> Verdict {
        for rule in rules where rule.matches(client: client, server: server, target: target) {
            return Verdict(kind: rule.verdict, rule: rule.id)
        }
        return Verdict(kind: risk.defaultVerdict, rule: RuleID(defaultOf: risk))
    }
}
