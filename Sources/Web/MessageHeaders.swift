// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Wire

/// Header lines that repeat what a message says (mcp.md 5.3): made from the message alone, so that they cannot differ
/// from it.
struct MessageHeaders {
    /// Tools whose declarations are kept; a server that offers more gets no headers for the rest.
    private static let maxTools = 4096
    /// Of one value, in bytes: a longer one would break the heads that common servers take.
    private static let maxValueBytes = 4096

    /// Arguments that a tool wants repeated, by the tool's name.
    private var mirrored: [[UInt8]: [MirrorRule]] = [:]

    /// Learns from a result of `tools/list` what its tools want repeated.
    mutating func learn(_ tree: JSONTree, result: JSONNode) {
        guard let tools = tree.member(result, "tools") else { return }
        for tool in tree.elements(tools) {
            guard let name = tree.member(tool, "name").flatMap(tree.text),
                let schema = tree.member(tool, "inputSchema")
            else { continue }
            // A tool whose declarations cannot be used is not offered to anybody, so it is not called either.
            do throws(MirrorFault) {
                let rules = try MirrorRules.find(tree, schema)
                mirrored[name] = rules.isEmpty || mirrored.count >= Self.maxTools ? nil : rules
            } catch { mirrored[name] = nil }
        }
    }

    /// The revision that a message of the modern era names in its `_meta`; nil for all others.
    static func modernRevision(_ tree: JSONTree, _ parameters: JSONNode?) -> [UInt8]? {
        parameters.flatMap { tree.member($0, "_meta") }
            .flatMap { tree.member($0, "io.modelcontextprotocol/protocolVersion") }
            .flatMap(tree.text)
    }

    /// `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` of a request of the modern era.
    func modern(_ tree: JSONTree, method: JSONNode, _ parameters: JSONNode?, revision: [UInt8]) -> [[UInt8]] {
        let word = tree.text(method) ?? []
        var lines = [Self.line("MCP-Protocol-Version", revision), Self.line("Mcp-Method", word)]
        guard let parameters else { return lines }
        let named: JSONNode? =
            switch String(decoding: word, as: UTF8.self) {
            case "tools/call", "prompts/get": tree.member(parameters, "name")
            case "resources/read": tree.member(parameters, "uri")
            default: nil
            }
        guard let name = named.flatMap(tree.text) else { return lines }
        lines.append(Self.line("Mcp-Name", name))
        guard tree.equals(method, "tools/call"), let arguments = tree.member(parameters, "arguments") else {
            return lines
        }
        for rule in mirrored[name] ?? [] {
            guard let value = Self.value(tree, arguments, rule), value.count <= Self.maxValueBytes else { continue }
            lines.append(Self.line("Mcp-Param-" + String(decoding: rule.header, as: UTF8.self), value))
        }
        return lines
    }

    private static func line(_ name: String, _ value: [UInt8]) -> [UInt8] {
        HeaderLine.make(Array(name.utf8), MirroredValue.encode(value))
    }

    /// The argument as its header says it; nil where it is absent or null.
    private static func value(_ tree: JSONTree, _ arguments: JSONNode, _ rule: MirrorRule) -> [UInt8]? {
        var node = arguments
        for key in rule.path {
            guard let inner = tree.member(node, key) else { return nil }
            node = inner
        }
        switch tree.kind(node) {
        case .string: return tree.text(node)
        case .number: return tree.numberText(node)
        case .bool: return tree.bool(node).map { Array(($0 ? "true" : "false").utf8) }
        case .null, .array, .object: return nil
        }
    }
}
