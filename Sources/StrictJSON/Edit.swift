// SPDX-License-Identifier: Apache-2.0

/// A change to the members of one object, see ``JSONWriter/object(_:_:edits:)``. Of two for one key the later counts.
package enum JSONEdit: Sendable {
    /// Leaves the member out, if there is one.
    case remove(StaticString)
    /// Replaces the member's value, or adds the member.
    case put(StaticString, CanonicalJSON)
    /// As `remove`, for a key that is not known before run time.
    case removeKey([UInt8])
    /// As `put`, for a key that is not known before run time.
    case putKey([UInt8], CanonicalJSON)

    struct Change {
        var key: [UInt8]
        /// nil removes.
        var value: CanonicalJSON?

        func precedes(_ other: JSONNode, of tree: JSONTree) -> Bool {
            StrictJSON.precedes(key.span, key.indices, tree.text.span, tree[other].content)
        }
    }

    private var change: Change {
        switch self {
        case .remove(let key): Change(key: Array(key.description.utf8), value: nil)
        case .put(let key, let value): Change(key: Array(key.description.utf8), value: value)
        case .removeKey(let key): Change(key: key, value: nil)
        case .putKey(let key, let value): Change(key: key, value: value)
        }
    }

    /// One change for each key, in canonical order of the keys.
    static func inOrder(_ edits: [JSONEdit]) -> [Change] {
        var changes: [Change] = []
        for change in edits.map(\.change) {
            if let known = changes.firstIndex(where: { $0.key == change.key }) {
                changes[known] = change
            } else {
                changes.append(change)
            }
        }
        return changes.sorted { precedes($0.key.span, $0.key.indices, $1.key.span, $1.key.indices) }
    }
}
