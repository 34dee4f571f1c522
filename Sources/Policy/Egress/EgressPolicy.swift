// SPDX-License-Identifier: Apache-2.0

/// What the policy says of one connection. That its address is public is not said here: ``AddressJudge`` does.
package enum EgressRuling: Equatable, Sendable {
    case allow(rule: String, sni: SNIDemand)
    case ask(rule: String)
    /// - Parameter rule: nil if no rule matched.
    case deny(rule: String?, reason: EgressReason)
    /// It depends on the addresses that the name resolves to.
    case undecided
    /// To this port of 127.0.0.1 or ::1, without resolving or classifying anything.
    case local(port: UInt16, rule: String)
}

/// Rules about connections to the outside, in order: the first that matches decides, and where none matches the
/// connection is denied.
package struct EgressPolicy: Equatable, Sendable {
    /// More rules in one list than a person reviews are refused.
    package static let maxRules = 256
    /// Rules of one sandbox and all that is put in front of them: denials for all, a profile's, and those of one run.
    package static let maxJoined = 4 * maxRules

    /// Nothing at all.
    package static let none = EgressPolicy(rules: [])
    /// Every public address on the ports of the web.
    package static let `public` = EgressPolicy(rules: [
        EgressRule(name: "built-in public", matter: .remote(.init(host: .any, ports: [80, 443])))
    ])

    package var rules: [EgressRule]

    package init(rules: [EgressRule]) { self.rules = rules }

    /// Whether nothing can ever be reached.
    package var isNone: Bool { !rules.contains(where: \.opens) }

    var onlyDenies: Bool {
        rules.allSatisfy { rule in
            switch rule.matter {
            case .local: false
            case .remote(let remote): remote.verdict == .deny
            }
        }
    }

    /// Ports of this host's loopback that are granted: holes, to be shown wherever state is shown.
    package var localPorts: [UInt16] {
        rules.compactMap { rule in
            switch rule.matter {
            case .local(let port): port
            case .remote: nil
            }
        }
    }

    /// These rules behind others, which decide first.
    package func behind(_ first: EgressPolicy) -> EgressPolicy { EgressPolicy(rules: first.rules + rules) }

    /// Before the name is resolved.
    ///
    /// - Parameter method: of a request in the clear; nil for a tunnel.
    package func judge(_ target: EgressTarget, method: [UInt8]?) -> EgressRuling {
        switch target.host {
        case .address(let address): judge(target, method: method, at: address)
        case .name: judge(target, method: method, at: nil)
        }
    }

    /// For each address that the name resolved to; the strictest answer holds for all.
    package func judge(_ target: EgressTarget, method: [UInt8]?, address: NetworkAddress) -> EgressRuling {
        judge(target, method: method, at: address)
    }

    private func judge(_ target: EgressTarget, method: [UInt8]?, at address: NetworkAddress?) -> EgressRuling {
        // What the nearest rule lacked, for a hint that helps.
        var nearest = EgressReason.hostNotAllowed
        // Verdicts of rules further up that hold or not according to addresses which nobody knows yet.
        var open: (denies: Bool, lets: Bool) = (false, false)
        for rule in rules {
            switch rule.matter {
            case .local(let port):
                if port == target.port, target.host.isLocal { return .local(port: port, rule: rule.name) }
            case .remote(let remote):
                switch remote.fit(target, method: method, address: address) {
                case .no: continue
                case .notByPort: if remote.verdict != .deny { nearest = .port }
                case .notByMethod: if remote.verdict != .deny { nearest = .method }
                case .unknown: if remote.verdict == .deny { open.denies = true } else { open.lets = true }
                case .yes:
                    switch remote.verdict {
                    case .deny where !open.lets: return .deny(rule: rule.name, reason: .deniedByRule)
                    case .ask where !open.lets: return .ask(rule: rule.name)
                    case .allow where !open.lets && !open.denies:
                        if let reason = Self.neverAllowed(target, address) {
                            return .deny(rule: rule.name, reason: reason)
                        }
                        return .allow(rule: rule.name, sni: remote.sni)
                    case .allow, .ask, .deny: return .undecided
                    }
                }
            }
        }
        return open.lets ? .undecided : .deny(rule: nil, reason: nearest)
    }

    /// What no rule opens, whatever the classifier was told about this host: a second lock on the same door.
    private static func neverAllowed(_ target: EgressTarget, _ address: NetworkAddress?) -> EgressReason? {
        if let special = target.host.special { return special.reason }
        return address.flatMap { AddressJudge.widest.classify($0).reason }
    }
}

extension EgressRule.Remote {
    fileprivate enum Fit {
        case yes
        case no
        case notByPort
        case notByMethod
        /// According to the address.
        case unknown
    }

    fileprivate func fit(_ target: EgressTarget, method: [UInt8]?, address: NetworkAddress?) -> Fit {
        guard host.matches(target.host), host != .any || meansToo(target.host, address) else { return .no }
        guard ports?.contains(target.port) ?? true else { return .notByPort }
        if let methods {
            guard let method, methods.contains(method) else { return .notByMethod }
        }
        guard let block else { return .yes }
        guard let address else { return .unknown }
        return block.contains(address) ? .yes : .no
    }

    /// Whether `*` means this one too: a resolver has to be named, by its address at least. A denial means everything.
    private func meansToo(_ host: TargetHost, _ address: NetworkAddress?) -> Bool {
        if verdict == .deny { return true }
        switch host {
        case .address(let literal): return block != nil || !KnownResolvers.holds(literal)
        case .name:
            return !KnownResolvers.holds(host) && (block != nil || !(address.map(KnownResolvers.holds) ?? false))
        }
    }
}

extension TargetHost {
    /// The three spellings of this host under which a granted port can be asked for; everything else that leads to
    /// loopback is refused even then.
    fileprivate var isLocal: Bool {
        switch self {
        case .address(.v4(0x7F00_0001)), .address(.v6(0, 1)): true
        case .address: false
        case .name(let name): name.bytes == Array("localhost".utf8)
        }
    }
}
