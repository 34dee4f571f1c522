// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// The one form in which rules are sealed and handed on: an array of objects in which nothing is left to a default.
extension EgressPolicy {
    /// As it stands in the sealed registry and in Control frames.
    package var canonical: [UInt8] {
        var json = JSONWriter()
        write(&json)
        return json.finish().bytes
    }

    /// - Throws: ``ConfigurationError`` if these are not bytes that ``canonical`` made.
    package static func read(canonical bytes: [UInt8]) throws(ConfigurationError) -> EgressPolicy {
        var reader = JSONReader(limits: .config)
        var tree = JSONTree()
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch {
            throw ConfigurationError(place: "", offset: error.offset, reason: "is not JSON: \(error.rule.rawValue)")
        }
        return try read(tree, .root)
    }

    package static func read(_ tree: JSONTree, _ node: JSONNode) throws(ConfigurationError) -> EgressPolicy {
        try read(Fields.Value(tree: tree, node: node, place: ""))
    }

    package func write(_ json: inout JSONWriter) {
        json.beginArray()
        for rule in rules { Self.write(rule, &json) }
        json.endArray()
    }

    private static func write(_ rule: EgressRule, _ json: inout JSONWriter) {
        json.beginObject()
        switch rule.matter {
        case .local(let port):
            json.key("local")
            json.unsigned(UInt64(port))
            json.key("rule")
            json.string(rule.name)
        case .remote(let remote):
            if let block = remote.block {
                json.key("address")
                json.string(block.text)
            }
            json.key("host")
            json.string(remote.host.text)
            if let methods = remote.methods {
                json.key("methods")
                json.beginArray()
                for method in methods { json.string(method) }
                json.endArray()
            }
            // Empty means every port: a member that is always there cannot go missing.
            json.key("port")
            json.beginArray()
            for port in remote.ports ?? [] { json.unsigned(UInt64(port)) }
            json.endArray()
            json.key("rule")
            json.string(rule.name)
            json.key("sni")
            json.string(remote.sni.word)
            json.key("verdict")
            json.string(remote.verdict.word)
        }
        json.endObject()
    }

    static func read(_ value: Fields.Value) throws(ConfigurationError) -> EgressPolicy {
        var rules: [EgressRule] = []
        for element in try value.elements() {
            guard rules.count < maxJoined else { throw value.error("holds more than \(maxJoined) rules") }
            rules.append(try readSealed(element))
        }
        return EgressPolicy(rules: rules)
    }

    private static func readSealed(_ value: Fields.Value) throws(ConfigurationError) -> EgressRule {
        var fields = try value.fields()
        let name = try fields.require("rule").name(EgressRule.name(_:), "a place of a rule")
        if let local = fields.take("local") {
            let port = try local.port()
            try fields.finish()
            return EgressRule(name: name, matter: .local(port: port))
        }
        let ports = try fields.require("port")
        let numbers = try ports.elements().isEmpty ? nil : ports.ports()
        let remote = EgressRule.Remote(
            host: try fields.require("host").name(HostPattern.init(_:), "a host"), ports: numbers,
            block: try fields.take("address")?.name(AddressBlock.init(_:), "a block of addresses"),
            methods: try fields.take("methods")?.methods(),
            verdict: try fields.require("verdict").name(VerdictKind.init(word:), "a verdict"),
            sni: try fields.require("sni").name(SNIDemand.init(word:), "strict or record"))
        try fields.finish()
        try value.check(remote)
        return EgressRule(name: name, matter: .remote(remote))
    }
}

extension EgressRule {
    /// Visible ASCII and single spaces inside, so that it fits into a record and a header.
    static func name(_ bytes: [UInt8]) -> String? {
        guard (1...maxNameBytes).contains(bytes.count), bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension VerdictKind {
    init?(word bytes: [UInt8]) {
        guard let known = Self.allCases.first(where: { Array($0.word.description.utf8) == bytes }) else { return nil }
        self = known
    }
}

extension SNIDemand {
    init?(word bytes: [UInt8]) {
        guard let known = Self.allCases.first(where: { Array($0.word.utf8) == bytes }) else { return nil }
        self = known
    }
}

/// Pieces that both forms of a rule share.
extension Fields.Value {
    func port() throws(ConfigurationError) -> UInt16 { UInt16(try number(1...65_535)) }

    /// One to ``EgressRule/maxItems`` distinct ports.
    func ports() throws(ConfigurationError) -> [UInt16] {
        var all: [UInt16] = []
        for element in try elements() {
            let port = try element.port()
            guard !all.contains(port) else { throw element.error("stands twice") }
            all.append(port)
        }
        guard (1...EgressRule.maxItems).contains(all.count) else {
            throw error("must name 1 to \(EgressRule.maxItems) ports")
        }
        return all
    }

    /// Distinct methods: capital letters, as methods are compared by case (RFC 9110 section 9.1).
    func methods() throws(ConfigurationError) -> [[UInt8]] {
        let all = try names({ EgressRule.isMethod($0) ? $0 : nil }, "a method in capitals, such as \"GET\"")
        guard all.count <= EgressRule.maxItems else { throw error("holds more than \(EgressRule.maxItems) methods") }
        return all
    }

    /// What a rule can never open is refused where it is written: it would look like a grant.
    func check(_ remote: EgressRule.Remote) throws(ConfigurationError) {
        if let fault = remote.fault { throw error(fault, hint: EgressRule.localHint) }
    }
}

extension EgressRule {
    static let localHint = "grant one port of this host with {\"local\": PORT}"
}

extension EgressRule.Remote {
    /// Why it can never open what it is about; nil if it can, or denies.
    package var fault: String? {
        guard verdict != .deny else { return nil }
        guard ports != nil else { return "names no port" }
        switch host {
        case .any: break
        case .exact(let name), .below(let name):
            if let special = name.special { return "names a host that is never reached: \(special.word)" }
        case .address(let address):
            let found = AddressJudge.widest.classify(address)
            if found != .publicAddress { return "names an address that is never reached: \(found.word)" }
        }
        guard let block, let special = AddressJudge.whole(block) else { return nil }
        return "names a block that is never reached: \(special.word)"
    }
}

extension EgressRule {
    static func isMethod(_ bytes: [UInt8]) -> Bool {
        (1...32).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x41 && $0 <= 0x5A }
    }
}
