// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What a socket's first requests have fixed; no header says it.
enum SocketDialect: Equatable {
    case open
    /// Nothing but `server/discover` was served: a client that probes may still open with `initialize`.
    case probed
    case modern
    /// `initialize` is with the broker.
    case opening
    case legacy(Revision)
}

/// The decision table for messages that arrive in text frames (mcp.md section 2, W1 to W5).
enum SocketMessages {
    /// - Throws: a refusal of steps 9 onwards; an ``EnvelopeFault`` is the caller's to look for before.
    static func judge(_ message: ClientMessage, _ tree: JSONTree, _ dialect: SocketDialect) throws(MessageRefusal)
        -> Disposition
    {
        switch message {
        case .response(let id, _, _):
            guard case .legacy = dialect else { throw MessageRefusal(Refusal(.answerUnasked)) }
            return .answer(id)
        case .notification(let method, let parameters):
            // Both eras know this one where the channel itself says whose request is meant.
            if tree.equals(method, "notifications/cancelled") { return LegacyRules.cancellation(tree, parameters) }
            guard case .legacy = dialect else { return .drop(Refusal(.methodUnknown, rule: "notification-dropped")) }
            // Nothing answers a notification: a wrong one is told to the record alone.
            do throws(Refusal) { return try LegacyRules.notification(tree, method, parameters) } catch {
                return .drop(error)
            }
        case .request(let id, let method, let parameters):
            do throws(Refusal) { return try request(tree, id, method, parameters, dialect) } catch {
                throw MessageRefusal(error, id: id)
            }
        }
    }

    private static func request(
        _ tree: JSONTree, _ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?, _ dialect: SocketDialect
    ) throws(Refusal) -> Disposition {
        let isMarked = ModernRules.isMarked(tree, parameters)
        switch dialect {
        case .open, .probed:
            if isMarked { return try modern(tree, id, method, parameters) }
            guard tree.equals(method, "initialize") else { throw Refusal(.sessionMissing) }
            try ParameterShape.admit(.initialize, .legacy, tree, parameters)
            return .serve(method: .initialize, revision: .newestLegacy, id: id, parameters: parameters)
        case .modern:
            if !isMarked && tree.equals(method, "initialize") {
                throw Refusal(.revisionUnsupported, rule: "era-fixed", detail: .revisions(requested: nil))
            }
            return try modern(tree, id, method, parameters)
        case .opening, .legacy:
            if isMarked { throw Refusal(.messageMalformed, rule: "era-fixed") }
            if tree.equals(method, "initialize") { throw Refusal(.sessionNotAllowed) }
            guard case .legacy(let revision) = dialect else { throw Refusal(.sessionMissing) }
            let known = try LegacyRules.method(tree, method)
            try ParameterShape.admit(known, .legacy, tree, parameters)
            if known == .ping { return .ping(id: id) }
            return .serve(method: known, revision: revision, id: id, parameters: parameters)
        }
    }

    /// P7 without its header rules.
    private static func modern(_ tree: JSONTree, _ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?)
        throws(Refusal) -> Disposition
    {
        let version = try ModernRules.envelope(tree, parameters)
        let revision = try ModernRules.revision(tree, version)
        let known = try ModernRules.method(tree, method)
        try ParameterShape.admit(known, .modern, tree, parameters)
        return .serve(method: known, revision: revision, id: id, parameters: parameters)
    }
}
