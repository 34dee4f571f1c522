// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Members of documents, ready to be shown.
extension JSONTree {
    /// A member's text, made visible; empty where there is none.
    func shown(_ node: JSONNode, _ key: StaticString) -> String { Visible.text(member(node, key).flatMap(text) ?? []) }

    /// The texts of a member that is a list.
    func shownList(_ node: JSONNode, _ key: StaticString) -> [String] {
        guard let list = member(node, key) else { return [] }
        return elements(list).map { Visible.text(text($0) ?? []) }
    }

    func unsigned(_ node: JSONNode, _ key: StaticString) -> UInt64? {
        member(node, key).flatMap(integer).flatMap { $0 >= 0 ? UInt64($0) : nil }
    }

    func isTrue(_ node: JSONNode, _ key: StaticString) -> Bool { member(node, key).flatMap(bool) == true }
}
