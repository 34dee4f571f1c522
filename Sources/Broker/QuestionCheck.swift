// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// A server's question, judged before a person sees it: who asks is said, what looks like a trick is refused.
struct QuestionCheck {
    private let ask: ServerAsk

    /// Property names that no form of a server may ask for: secrets do not pass through here.
    private static let secretWords = [
        "apikey", "api_key", "api-key", "credential", "passphrase", "password", "passwd", "pin", "private_key", "secret",
        "ssn", "token",
    ].map { Array($0.utf8) }

    /// Nil if the question may not be asked.
    static func check(_ ask: ServerAsk, _ tree: JSONTree, _ parameters: JSONNode?) -> QuestionCheck? {
        switch ask {
        case .roots: return QuestionCheck(ask: ask)
        case .sampling: return parameters == nil ? nil : QuestionCheck(ask: ask)
        case .elicitation:
            guard let parameters, let message = tree.member(parameters, "message"), tree.kind(message) == .string else {
                return nil
            }
            if let url = tree.member(parameters, "url").flatMap(tree.text) {
                guard url.starts(with: "https://".utf8), url.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            }
            if let schema = tree.member(parameters, "requestedSchema"), let properties = tree.member(schema, "properties") {
                for (key, _) in tree.members(properties) where isSecret(tree.text(key) ?? []) { return nil }
            }
            return QuestionCheck(ask: ask)
        }
    }

    private static func isSecret(_ name: [UInt8]) -> Bool {
        let small = name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
        return secretWords.contains { word in
            guard small.count >= word.count else { return false }
            // `pin` is part of harmless words, so it counts only by itself.
            if word.count <= 3 { return small == word }
            return (0...(small.count - word.count)).contains { small[$0..<($0 + word.count)] == word[...] }
        }
    }

    /// The parameters as the client gets them: the registry's name in front of the message, without characters that a
    /// person cannot see or that turn the reading direction.
    func shown(_ tree: JSONTree, _ parameters: JSONNode?, server: ServerName) -> CanonicalJSON {
        guard let parameters else { return Compose.emptyObject }
        guard ask == .elicitation, let message = tree.member(parameters, "message").flatMap(tree.text) else {
            return tree.canonical(parameters)
        }
        let text = server.bytes + Array(": ".utf8) + Visible.only(message)
        return tree.changed(parameters, [.put("message", JSONText.canonical(text))])
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
