// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Whether a decoded `Mcp-Param-*` value repeats an argument (mcp.md 5.3).
enum MirroredArgument {
    static func matches(_ value: [UInt8], _ kind: MirrorRule.Kind, _ tree: JSONTree, _ node: JSONNode) -> Bool {
        switch kind {
        case .string: tree.equals(node, value)
        case .boolean: tree.bool(node).map { value == Array(($0 ? "true" : "false").utf8) } ?? false
        case .integer: tree.double(node).map { number(value) == $0 } ?? false
        }
    }

    /// A JSON number and nothing else: `42` and `42.0` are equal, `0x2a` and `inf` are no numbers.
    private static func number(_ value: [UInt8]) -> Double? {
        guard (1...64).contains(value.count) else { return nil }
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        do throws(JSONError) { try reader.read(value.span, into: &tree) } catch { return nil }
        return tree.double(.root)
    }
}
