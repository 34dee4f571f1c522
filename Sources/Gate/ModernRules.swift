// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Rules of the modern era for one message, on any transport (mcp.md section 2, P7).
enum ModernRules {
    static let versionKey = "io.modelcontextprotocol/protocolVersion"
    static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"

    /// M of the decision table: the message says that it is of the modern era.
    static func isMarked(_ tree: JSONTree, _ parameters: JSONNode?) -> Bool { version(tree, parameters) != nil }

    static func version(_ tree: JSONTree, _ parameters: JSONNode?) -> JSONNode? {
        guard let parameters, let meta = tree.member(parameters, "_meta") else { return nil }
        return tree.member(meta, versionKey)
    }

    /// P7a: what every request carries.
    ///
    /// - Returns: the version.
    static func envelope(_ tree: JSONTree, _ parameters: JSONNode?) throws(Refusal) -> JSONNode {
        guard let parameters, let meta = tree.member(parameters, "_meta") else {
            throw Refusal(ParameterFault.missing("_meta"))
        }
        guard tree.kind(meta) == .object else { throw Refusal(ParameterFault.wrongKind("_meta")) }
        guard let version = tree.member(meta, versionKey) else { throw Refusal(ParameterFault.missing(versionKey)) }
        guard tree.kind(version) == .string else { throw Refusal(ParameterFault.wrongKind(versionKey)) }
        guard let capabilities = tree.member(meta, capabilitiesKey) else {
            throw Refusal(ParameterFault.missing(capabilitiesKey))
        }
        guard tree.kind(capabilities) == .object else { throw Refusal(ParameterFault.wrongKind(capabilitiesKey)) }
        return version
    }

    /// P7c: the version that the message names, if we serve it.
    static func revision(_ tree: JSONTree, _ version: JSONNode) throws(Refusal) -> Revision {
        let revision: Revision?? = tree.withText(version) { Revision(word: $0) }
        guard let revision, let revision, revision.era == .modern, Revision.served.contains(revision) else {
            throw Refusal(.revisionUnsupported, detail: .revisions(requested: tree.text(version)))
        }
        return revision
    }

    /// P7d: the method, with no way back into the legacy era.
    static func method(_ tree: JSONTree, _ node: JSONNode) throws(Refusal) -> Method {
        guard let method = Method(tree, node, era: .modern) else {
            // A client that tries the old handshake learns what would work.
            let isHandshake = tree.equals(node, "initialize")
            throw Refusal(.methodUnknown, detail: isHandshake ? .revisions(requested: nil) : nil)
        }
        return method
    }
}

/// Rules of the legacy era for one message.
enum LegacyRules {
    static func method(_ tree: JSONTree, _ node: JSONNode) throws(Refusal) -> Method {
        guard let method = Method(tree, node, era: .legacy) else { throw Refusal(.methodUnknown) }
        return method
    }

    /// P5: notifications that a client may send.
    static func notification(_ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?) throws(Refusal)
        -> Disposition
    {
        if tree.equals(method, "notifications/cancelled") { return cancellation(tree, parameters) }
        for known in ["notifications/initialized", "notifications/progress", "notifications/roots/list_changed"]
        where tree.equals(method, known) {
            return .accept
        }
        throw Refusal(.messageMalformed, rule: "notification-unknown")
    }

    static func cancellation(_ tree: JSONTree, _ parameters: JSONNode?) -> Disposition {
        .cancel(parameters.flatMap { tree.member($0, "requestId") }.flatMap { RequestID(tree, $0) })
    }
}

extension ParameterShape {
    /// The shape of a method's parameters, as a refusal.
    static func admit(_ method: Method, _ era: Era, _ tree: JSONTree, _ parameters: JSONNode?) throws(Refusal) {
        do throws(ParameterFault) { try check(method, era, tree, parameters) } catch { throw Refusal(error) }
    }
}
