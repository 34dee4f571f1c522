// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Reads rules about connections as people write them: `"none"`, `"public"`, or a list.
enum NetworkReader {
    /// What a rule about a host opens if it names no port.
    static let defaultPorts: [UInt16] = [443]

    static func network(_ value: Fields.Value) throws(ConfigurationError) -> EgressPolicy {
        if value.tree.kind(value.node) == .string {
            switch try value.text() {
            case Array("none".utf8): return .none
            case Array("public".utf8): return .public
            default: throw value.error("must be \"none\", \"public\" or a list of rules")
            }
        }
        return EgressPolicy(rules: try rules(value, .allow))
    }

    /// `egress.deny`: rules that only deny, looked at before all others.
    static func denials(_ value: Fields.Value) throws(ConfigurationError) -> EgressPolicy {
        EgressPolicy(rules: try rules(value, .deny))
    }

    /// - Parameter verdict: what a rule says that does not say it. Where that is a denial, nothing else may be said.
    private static func rules(_ value: Fields.Value, _ verdict: VerdictKind) throws(ConfigurationError) -> [EgressRule]
    {
        var rules: [EgressRule] = []
        for element in try value.elements() {
            guard let name = EgressRule.name(Array(element.place.utf8)) else { throw element.error("is too deep") }
            rules.append(EgressRule(name: name, matter: try matter(element, verdict)))
        }
        guard rules.count <= EgressPolicy.maxRules else {
            throw value.error("holds more than \(EgressPolicy.maxRules) rules")
        }
        return rules
    }

    private static func matter(
        _ value: Fields.Value, _ verdict: VerdictKind
    ) throws(ConfigurationError) -> EgressRule.Matter {
        if value.tree.kind(value.node) == .string {
            guard let remote = EgressRule.Remote(shorthand: try value.text(), verdict: verdict) else {
                throw value.error(
                    "is not a host and port such as \"api.example.com:443\"",
                    hint: "a name, *.suffix, * or an address; write addresses of IPv6 in brackets")
            }
            try value.check(remote)
            return .remote(remote)
        }
        var fields = try value.fields()
        if let local = fields.take("local") {
            let port = try local.port()
            try fields.finish()
            guard verdict != .deny else { throw value.error("grants a port, where only denials may stand") }
            return .local(port: port)
        }
        let host = try fields.take("host")?.name(
            HostPattern.init(_:), "a host: a name, *.suffix, * or an address, without a port")
        let block = try fields.take("address")?.name(
            AddressBlock.init(_:), "a block of addresses such as \"192.0.2.0/24\", with nothing set behind its prefix")
        guard host != nil || block != nil else {
            throw fields.error("names neither host nor address nor local")
        }
        let ports = try fields.take("port").map { value throws(ConfigurationError) in
            value.tree.kind(value.node) == .array ? try value.ports() : [try value.port()]
        }
        let methods = try fields.take("methods")?.methods()
        let said =
            try fields.take("verdict")?.name(VerdictKind.init(word:), "\"allow\", \"ask\" or \"deny\"") ?? verdict
        var sni = SNIDemand.record
        // A denial has no tunnel that could carry a name.
        if verdict != .deny, let value = fields.take("sni") {
            sni = try value.name(SNIDemand.init(word:), "\"strict\" or \"record\"")
        }
        try fields.finish()
        guard verdict != .deny || said == .deny else {
            throw fields.error("must deny: what is allowed stands elsewhere")
        }
        let remote = EgressRule.Remote(
            host: host ?? .any, ports: ports ?? (said == .deny ? nil : defaultPorts), block: block, methods: methods,
            verdict: said, sni: sni)
        try value.check(remote)
        return .remote(remote)
    }
}

extension EgressRule.Remote {
    /// From `host:port`, or a host alone: then the port of HTTPS, or every port if it denies.
    package init?(shorthand text: [UInt8], verdict: VerdictKind) {
        var host = text
        var ports = verdict == .deny ? nil : NetworkReader.defaultPorts
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), text.last != UInt8(ascii: "]") {
            guard let port = EgressTarget.port(text.span, (colon + 1)..<text.count) else { return nil }
            host = Array(text[..<colon])
            ports = [port]
        }
        guard let pattern = HostPattern(host) else { return nil }
        self.init(host: pattern, ports: ports, verdict: verdict)
    }
}

extension EgressRule {
    /// One host and port that a person grants on a command line, as `host:port`; nil if it is none.
    ///
    /// - Parameter name: where it was given, for records; shortened to what a record holds.
    /// - Throws: ``ConfigurationError`` if no rule can open it.
    package static func grant(_ text: [UInt8], name: String) throws(ConfigurationError) -> EgressRule? {
        guard let remote = Remote(shorthand: text, verdict: .allow),
            let name = self.name(Array(name.utf8.prefix(maxNameBytes)))
        else { return nil }
        if let fault = remote.fault {
            throw ConfigurationError(place: name, offset: 0, reason: fault, hint: EgressRule.localHint)
        }
        return EgressRule(name: name, matter: .remote(remote))
    }
}
