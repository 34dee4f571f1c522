// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// The pinned input schema of one tool, compiled when the tool is first called.
final class ToolSchema {
    private let object: CanonicalJSON
    private var state: State = .unread

    private enum State {
        case unread
        case ready(ArgumentSchema, [MirrorRule])
        /// Sealed bytes that no longer read, or a schema that we cannot enforce.
        case unusable
    }

    init(_ object: CanonicalJSON) { self.object = object }

    /// Whether calls of the tool can be judged at all; one whose cannot is not offered.
    var isUsable: Bool { if case .ready = compiled() { true } else { false } }

    /// Whether arguments fit; a schema that cannot be used lets nothing pass.
    func accepts(_ tree: JSONTree, _ arguments: JSONNode?) -> Bool {
        guard case .ready(let schema, _) = compiled() else { return false }
        return schema.accepts(tree, arguments)
    }

    /// What a caller should change in arguments that do not fit; nil where that cannot be said.
    func complaint(_ tree: JSONTree, _ arguments: JSONNode?) -> String? {
        guard case .ready(let schema, _) = compiled() else { return nil }
        return schema.violation(tree, arguments)?.description
    }

    /// The arguments that headers of a modern request repeat.
    var mirrors: [MirrorRule] {
        guard case .ready(_, let rules) = compiled() else { return [] }
        return rules
    }

    private func compiled() -> State {
        if case .unread = state { state = compile() }
        return state
    }

    private func compile() -> State {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        let bytes = object.bytes
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch { return .unusable }
        guard let schema = tree.member(.root, "inputSchema") else { return .unusable }
        // Tasks are not served, so a tool that demands to be one cannot be called.
        if let execution = tree.member(.root, "execution"), let support = tree.member(execution, "taskSupport"),
            tree.equals(support, "required")
        {
            return .unusable
        }
        do throws(MirrorFault) {
            let mirrors = try MirrorRules.find(tree, schema)
            do throws(SchemaFault) { return .ready(try ArgumentSchema(tree, schema), mirrors) } catch {
                return .unusable
            }
        } catch { return .unusable }
    }
}
