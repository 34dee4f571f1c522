// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// One member in which two objects differ.
struct FieldDifference: Equatable {
    /// Dotted, such as `inputSchema.properties.path.type`; visible ASCII.
    let place: String
    /// Nil where there was none.
    let old: CanonicalJSON?
    /// Nil where there is none any more.
    let new: CanonicalJSON?

    /// All differences, in canonical order of their places.
    static func find(_ old: CanonicalJSON, _ new: CanonicalJSON) -> [FieldDifference] {
        var found: [FieldDifference] = []
        compare(tree(old), .root, tree(new), .root, "", &found)
        return found
    }

    private static func tree(_ json: CanonicalJSON) -> JSONTree {
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        do throws(JSONError) { try reader.read(json.bytes.span, into: &tree) } catch { tree.clear() }
        return tree
    }

    private static func compare(
        _ old: JSONTree, _ oldNode: JSONNode, _ new: JSONTree, _ newNode: JSONNode, _ place: String,
        _ found: inout [FieldDifference]
    ) {
        if old.same(oldNode, in: new, newNode) { return }
        switch (old.kind(oldNode), new.kind(newNode)) {
        case (.object, .object):
            for (key, value) in old.members(oldNode) {
                let name = old.text(key) ?? []
                let inner = inside(place, name)
                if let other = new.member(newNode, name) {
                    compare(old, value, new, other, inner, &found)
                } else {
                    found.append(FieldDifference(place: inner, old: old.canonical(value), new: nil))
                }
            }
            for (key, value) in new.members(newNode) {
                let name = new.text(key) ?? []
                if old.member(oldNode, name) != nil { continue }
                found.append(FieldDifference(place: inside(place, name), old: nil, new: new.canonical(value)))
            }
        case (.array, .array) where old.count(oldNode) == new.count(newNode):
            var other = new.elements(newNode)
            for (index, element) in old.elements(oldNode).enumerated() {
                guard let match = other.next() else { break }
                compare(old, element, new, match, "\(place)[\(index)]", &found)
            }
        default: found.append(FieldDifference(place: place, old: old.canonical(oldNode), new: new.canonical(newNode)))
        }
    }

    private static func inside(_ place: String, _ key: [UInt8]) -> String {
        // A key with anything but plain letters is quoted, so that no key can look like two.
        let isPlain =
            !key.isEmpty
            && key.allSatisfy { $0 >= 0x21 && $0 < 0x7F && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "\"") }
        let name = isPlain ? String(decoding: key, as: UTF8.self) : Visible.quoted(key)
        return place.isEmpty ? name : "\(place).\(name)"
    }
}
