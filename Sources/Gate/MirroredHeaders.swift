// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import StrictJSON
internal import Wire

/// Headers of a modern request that repeat its body (mcp.md 5.3). A header never decides; it can only contradict.
enum MirroredHeaders {
    /// P7b: version, method and, where the method has one, name.
    static func check(
        _ head: borrowing RequestHead, _ tree: JSONTree, version: JSONNode, method: JSONNode, parameters: JSONNode?
    ) throws(Refusal) {
        try compare(head, .mcpProtocolVersion, tree, version)
        try compare(head, .mcpMethod, tree, method)
        guard let member = Method(tree, method, era: .modern)?.mirroredName else { return }
        try compare(head, .mcpName, tree, parameters.flatMap { tree.member($0, member) }, isEncoded: true)
    }

    /// - Parameter isEncoded: the value may be written in base64 between markers.
    private static func compare(
        _ head: borrowing RequestHead, _ header: HeaderName, _ tree: JSONTree, _ said: JSONNode?,
        isEncoded: Bool = false
    ) throws(Refusal) {
        guard let value = head.value(header) else {
            throw Refusal(.headerMismatch, rule: "header-missing", field: header.text)
        }
        guard let said else { throw Refusal(.headerMismatch, rule: "header-differs", field: header.text) }
        let bytes = head.bytes
        var isSame = tree.equals(said, bytes.span.extracting(value))
        // Almost always written plainly. Where it is not, what begins like an encoded value means what it encodes.
        if isEncoded && !value.isEmpty && bytes[value.lowerBound] == UInt8(ascii: "=") {
            do throws(WireError) { isSame = tree.equals(said, try MirroredValue.decode(bytes.span, value)) } catch {
                throw Refusal(.headerMismatch, rule: error.rule.rawValue, field: header.text)
            }
        }
        guard isSame else { throw Refusal(.headerMismatch, rule: "header-differs", field: header.text) }
    }

    /// All `Mcp-Param-*` of a request, decoded. Which of them the tool declares, and what they must say, the broker knows.
    ///
    /// One that cannot be decoded says nothing, like one that is not there: for a declared one the broker then misses
    /// it, and an unknown one is ignored in any case (MCP-G8).
    static func parameters(_ head: borrowing RequestHead) -> [MirroredHeader] {
        guard head.field(.mcpParam) != nil else { return [] }
        var headers: [MirroredHeader] = []
        let prefix = HeaderName.mcpParam.text.utf8.count
        let bytes = head.bytes
        for field in head.fields where field.name == .mcpParam {
            let name = head.copy(field.nameRange.dropFirst(prefix))
            // No tool declares a longer name, and an unknown one is ignored.
            guard name.count <= MirroredValue.maxParameterNameBytes, headers.count < Caps.mirroredCount else {
                continue
            }
            let value: [UInt8]
            do throws(WireError) { value = try MirroredValue.decode(bytes.span, field.value) } catch { continue }
            headers.append(MirroredHeader(name: name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, value: value))
        }
        return headers
    }
}
