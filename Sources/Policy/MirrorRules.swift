// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// One `x-mcp-header` declaration of an input schema: the argument that the header `Mcp-Param-NAME` repeats.
package struct MirrorRule: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case string
        case integer
        case boolean
    }
    /// NAME in lower case.
    package let header: [UInt8]
    /// Property names from the arguments' object down.
    package let path: [[UInt8]]
    package let kind: Kind
}

/// Why a tool's header declarations cannot be used; such a tool is hidden and named (mcp.md 5.3).
package enum MirrorFault: Error, Equatable, Sendable {
    case notAToken
    case twice
    case wrongType
    /// The declaration stands where no plain chain of `properties` leads.
    case unreachable
    case tooDeep
}

package enum MirrorRules {
    private static let maxRules = 64

    /// All declarations below a schema's `properties`, in the order of the schema.
    package static func find(_ tree: JSONTree, _ schema: JSONNode) throws(MirrorFault) -> [MirrorRule] {
        var rules: [MirrorRule] = []
        try walk(tree, schema, path: [], isReachable: true, &rules, depth: 0)
        return rules
    }

    private static func walk(
        _ tree: JSONTree, _ schema: JSONNode, path: [[UInt8]], isReachable: Bool, _ rules: inout [MirrorRule],
        depth: Int
    ) throws(MirrorFault) {
        guard depth <= 64 else { throw .tooDeep }
        guard tree.kind(schema) == .object else { return }
        if let declared = tree.member(schema, "x-mcp-header") {
            // The root is not an argument, and a branch of `anyOf` or an item of an array is not always there.
            guard isReachable, !path.isEmpty else { throw .unreachable }
            rules.append(try rule(tree, schema, declared, path, rules))
        }
        for (key, value) in tree.members(schema) {
            if tree.equals(key, "properties"), tree.kind(value) == .object {
                for (name, property) in tree.members(value) {
                    try walk(
                        tree, property, path: path + [tree.text(name) ?? []], isReachable: isReachable, &rules,
                        depth: depth + 1)
                }
                continue
            }
            // Data, not schema: whatever it holds declares nothing.
            if tree.equals(key, "default") || tree.equals(key, "const") || tree.equals(key, "enum")
                || tree.equals(key, "examples")
            {
                continue
            }
            switch tree.kind(value) {
            case .object: try walk(tree, value, path: path, isReachable: false, &rules, depth: depth + 1)
            case .array:
                for element in tree.elements(value) {
                    try walk(tree, element, path: path, isReachable: false, &rules, depth: depth + 1)
                }
            case .null, .bool, .number, .string: break
            }
        }
    }

    private static func rule(
        _ tree: JSONTree, _ schema: JSONNode, _ declared: JSONNode, _ path: [[UInt8]], _ known: [MirrorRule]
    ) throws(MirrorFault) -> MirrorRule {
        guard let name = tree.text(declared), (1...64).contains(name.count), name.allSatisfy(isTokenByte) else {
            throw .notAToken
        }
        let header = name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
        guard !known.contains(where: { $0.header == header }), known.count < maxRules else { throw .twice }
        guard let type = tree.member(schema, "type") else { throw .wrongType }
        if tree.equals(type, "string") { return MirrorRule(header: header, path: path, kind: .string) }
        if tree.equals(type, "integer") { return MirrorRule(header: header, path: path, kind: .integer) }
        if tree.equals(type, "boolean") { return MirrorRule(header: header, path: path, kind: .boolean) }
        throw .wrongType
    }

    /// `tchar` of RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
