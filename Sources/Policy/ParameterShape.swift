// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// Why `params` are not those of their method.
package enum ParameterFault: Error, Equatable, Sendable {
    case missing(String)
    case wrongKind(String)
    /// A member that the method does not have. `command`, `env` and their kin end here (A40).
    case unknownMember
    case tooLong(String)

    package var word: StaticString {
        switch self {
        case .missing: "member-missing"
        case .wrongKind: "member-of-wrong-kind"
        case .unknownMember: "member-unknown"
        case .tooLong: "member-too-long"
        }
    }

    /// The member at fault, where it is one of the protocol's: others are the sender's text.
    package var member: String? {
        switch self {
        case .missing(let name), .wrongKind(let name), .tooLong(let name): name
        case .unknownMember: nil
        }
    }
}

/// The closed set of members that each request's `params` may have, in each era. Gate and broker apply the same table.
package enum ParameterShape {
    /// Addresses and cursors.
    package static let maxAddressBytes = 8192
    package static let maxNameBytes = 256
    /// Opaque state of a server or of ours.
    package static let maxStateBytes = 65_536

    struct Member {
        let name: String
        let kind: JSONKind
        let isRequired: Bool
        let maxBytes: Int

        init(_ name: String, _ kind: JSONKind, required: Bool = false, maxBytes: Int = .max) {
            self.name = name
            self.kind = kind
            isRequired = required
            self.maxBytes = maxBytes
        }
    }

    /// - Parameter tree: `params` by itself, as the root; an empty tree (null) where the request has none.
    package static func check(_ method: Method, _ revision: Revision, _ tree: JSONTree) throws(ParameterFault) {
        let isAbsent = tree.kind(.root) == .null
        guard isAbsent || tree.kind(.root) == .object else { throw .wrongKind("params") }
        try check(members(method, revision.era), tree, isAbsent ? nil : .root)
    }

    /// The same for `params` inside a whole message; nil where there are none.
    package static func check(_ method: Method, _ era: Era, _ tree: JSONTree, _ parameters: JSONNode?)
        throws(ParameterFault)
    {
        try check(members(method, era), tree, parameters)
    }

    private static func check(_ members: [Member], _ tree: JSONTree, _ node: JSONNode?) throws(ParameterFault) {
        guard let node else {
            if let missing = members.first(where: \.isRequired) { throw .missing(missing.name) }
            return
        }
        var found = 0
        for member in members {
            guard let value = tree.member(node, member.name) else {
                if member.isRequired { throw .missing(member.name) }
                continue
            }
            found += 1
            guard tree.kind(value) == member.kind else { throw .wrongKind(member.name) }
            if let count = tree.textCount(value), count > member.maxBytes { throw .tooLong(member.name) }
        }
        if let meta = tree.member(node, "_meta") {
            found += 1
            guard tree.kind(meta) == .object else { throw .wrongKind("_meta") }
            try checkMeta(tree, meta)
        }
        // Keys are unique, so as many as were found is all of them.
        guard found == tree.count(node) else { throw .unknownMember }
    }

    private static func checkMeta(_ tree: JSONTree, _ meta: JSONNode) throws(ParameterFault) {
        guard let token = tree.member(meta, "progressToken") else { return }
        guard RequestID(tree, token) != nil else { throw .wrongKind("progressToken") }
    }

    private static func members(_ method: Method, _ era: Era) -> [Member] {
        switch method {
        case .initialize: initialize
        case .ping, .discover: []
        case .toolsList, .promptsList, .resourcesList, .templatesList: list
        case .toolsCall, .promptsGet: era == .modern ? modernCall : legacyCall
        case .resourcesRead: era == .modern ? modernRead : address
        case .resourcesSubscribe, .resourcesUnsubscribe: address
        case .complete: complete
        case .setLevel: level
        case .listen: listen
        }
    }

    private static let initialize = [
        Member("protocolVersion", .string, required: true, maxBytes: 64),
        Member("capabilities", .object, required: true),
        Member("clientInfo", .object),
    ]
    private static let list = [Member("cursor", .string, maxBytes: maxAddressBytes)]
    private static let legacyCall = [
        Member("name", .string, required: true, maxBytes: maxNameBytes), Member("arguments", .object),
    ]
    private static let modernCall = legacyCall + retry
    private static let address = [Member("uri", .string, required: true, maxBytes: maxAddressBytes)]
    private static let modernRead = address + retry
    /// What a client adds when it repeats a request with answers to input requests.
    private static let retry = [
        Member("inputResponses", .object), Member("requestState", .string, maxBytes: maxStateBytes),
    ]
    private static let complete = [
        Member("ref", .object, required: true), Member("argument", .object, required: true), Member("context", .object),
    ]
    private static let level = [Member("level", .string, required: true, maxBytes: 16)]
    private static let listen = [Member("notifications", .object, required: true)]
}
