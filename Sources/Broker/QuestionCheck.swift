// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// A server's question, judged before a person sees it: who asks is said, what looks like a trick is refused.
struct QuestionCheck {
    private let ask: ServerAsk
    /// Whose page a URL question opens.
    private var host: [UInt8] = []

    private init(_ ask: ServerAsk) { self.ask = ask }

    /// Nil if the question may not be asked.
    static func check(_ ask: ServerAsk, _ tree: JSONTree, _ parameters: JSONNode?) -> QuestionCheck? {
        var check = QuestionCheck(ask)
        switch ask {
        case .roots: return check
        case .sampling: return parameters == nil ? nil : check
        case .elicitation:
            guard let parameters, let message = tree.member(parameters, "message"), tree.kind(message) == .string else {
                return nil
            }
            // A form with an address in it, or an address without one, would be one thing here and another there.
            let isURL = tree.member(parameters, "mode").map { tree.equals($0, "url") } ?? false
            guard (tree.member(parameters, "url") != nil) == isURL else { return nil }
            if isURL {
                guard let url = tree.member(parameters, "url").flatMap(tree.text), let host = PlainAddress.host(url)
                else {
                    return nil
                }
                check.host = host
            }
            if let schema = tree.member(parameters, "requestedSchema") {
                guard !SecretField.isAsked(for: schema, tree) else { return nil }
            }
            return check
        }
    }

    /// The parameters as the client gets them: the registry's name in front of the message, the host of an address behind
    /// it, and nowhere characters that a person cannot see or that turn the reading direction.
    func shown(_ tree: JSONTree, _ parameters: JSONNode?, server: ServerName) -> CanonicalJSON {
        guard let parameters else { return Compose.emptyObject }
        guard ask == .elicitation, let message = tree.member(parameters, "message").flatMap(tree.text) else {
            return tree.canonical(parameters)
        }
        var text = server.bytes + Array(": ".utf8) + Visible.only(message)
        if !host.isEmpty { text += Array("\nopens: ".utf8) + host }
        var edits: [JSONEdit] = [.put("message", JSONText.canonical(text))]
        if let schema = tree.member(parameters, "requestedSchema") {
            var json = JSONWriter()
            Visible.write(tree, schema, &json)
            edits.append(.put("requestedSchema", json.finish()))
        }
        return tree.changed(parameters, edits)
    }
}

/// An address that says where it leads.
enum PlainAddress {
    private static let scheme = Array("https://".utf8)

    /// Host and port of an `https` address in visible ASCII without user information; nil for anything else.
    static func host(_ url: [UInt8]) -> [UInt8]? {
        guard url.starts(with: scheme), url.count <= ParameterShape.maxAddressBytes,
            url.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let rest = url.dropFirst(scheme.count)
        let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard !host.isEmpty, !host.contains(UInt8(ascii: "@")) else { return nil }
        return Array(host)
    }
}

/// Names of fields that no form of a server may have: secrets do not pass through here.
enum SecretField {
    /// Anywhere in the letters and digits of a name.
    private static let parts = [
        "accesskey", "apikey", "credential", "passcode", "passphrase", "password", "passwd", "privatekey", "secret",
        "token",
    ].map { Array($0.utf8) }
    /// As a whole word of it: they are part of harmless ones.
    private static let words = ["cvc", "cvv", "otp", "pin", "pwd", "ssn"].map { Array($0.utf8) }

    /// Looks at every property, however deep, and at the titles under which people see them.
    static func isAsked(for schema: JSONNode, _ tree: JSONTree) -> Bool {
        switch tree.kind(schema) {
        case .array: return tree.elements(schema).contains { isAsked(for: $0, tree) }
        case .object:
            for (key, value) in tree.members(schema) {
                if tree.equals(key, "properties") {
                    for (name, _) in tree.members(value) where looksSecret(tree.text(name) ?? []) { return true }
                }
                if tree.equals(key, "title"), let title = tree.text(value), looksSecret(title) { return true }
                if isAsked(for: value, tree) { return true }
            }
            return false
        case .null, .bool, .number, .string: return false
        }
    }

    static func looksSecret(_ name: [UInt8]) -> Bool {
        var letters: [UInt8] = []
        var word: [UInt8] = []
        var found = false
        for byte in Visible.only(name) + [0x20] {
            guard byte.isLetterOrDigit else {
                found = found || words.contains(word)
                word = []
                continue
            }
            let small = byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte
            letters.append(small)
            word.append(small)
        }
        return found
            || parts.contains { part in
                letters.indices.contains { letters[$0...].starts(with: part) }
            }
    }
}

/// Text for people, without what people cannot see.
enum Visible {
    /// Drops control characters other than line feeds and tabs, bidirectional controls, zero-width and tag characters.
    static func only(_ text: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars where isVisible(scalar) {
            kept.append(contentsOf: Array(String(scalar).utf8))
        }
        return kept
    }

    /// A value with all its texts like that.
    static func write(_ tree: JSONTree, _ node: JSONNode, _ json: inout JSONWriter) {
        switch tree.kind(node) {
        case .null, .bool, .number: json.value(tree, node)
        case .string: json.string(only(tree.text(node) ?? []))
        case .array:
            json.beginArray()
            for element in tree.elements(node) { write(tree, element, &json) }
            json.endArray()
        case .object:
            // Keys come back in the client's answer, so they stay what they are.
            var edits: [JSONEdit] = []
            for (key, value) in tree.members(node) {
                var inner = JSONWriter()
                write(tree, value, &inner)
                edits.append(.putKey(tree.text(key) ?? [], inner.finish()))
            }
            json.object(JSONTree(), .root, edits: edits)
        }
    }

    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: true
        case 0x00...0x1F, 0x7F...0x9F: false
        case 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: false
        case 0xE0000...0xE007F: false
        default: true
        }
    }
}
