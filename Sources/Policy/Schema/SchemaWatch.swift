// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// A run of bits in ``SchemaState/watched``: which members or elements of one value have been looked at.
struct Watch: Sendable {
    var first: Int
    var words: Int
}

extension SchemaState {
    /// A new watch over so many children, none of them looked at. Watches are closed in reverse order.
    mutating func open(_ count: Int) -> Watch {
        let words = (count + 63) / 64
        let watch = Watch(first: watched.count, words: words)
        watched.append(contentsOf: repeatElement(0, count: words))
        steps &-= words
        return watch
    }

    mutating func close(_ watch: Watch) { watched.removeLast(watch.words) }

    mutating func merge(_ watch: Watch, into other: Watch) {
        for word in 0..<watch.words { watched[other.first + word] |= watched[watch.first + word] }
    }

    mutating func note(_ place: Int, _ watch: Watch) {
        watched[watch.first &+ place &>> 6] |= 1 &<< UInt64(place & 63)
    }

    func isNoted(_ place: Int, _ watch: Watch) -> Bool {
        watched[watch.first &+ place &>> 6] &>> UInt64(place & 63) & 1 != 0
    }
}

extension SchemaJudge {
    /// Whether a subschema holds whose failure may be forgiven: what a failed one looked at does not count.
    func tries(_ schema: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState) -> Bool {
        guard let watch else { return holds(schema, node, nil, &state) }
        let own = state.open(tree.count(node))
        defer { state.close(own) }
        guard holds(schema, node, own, &state) else { return false }
        state.merge(own, into: watch)
        return true
    }

    // MARK: Keywords that ask what was looked at. Their watch is always their subschema's own.

    func unevaluatedItems(
        _ schema: SchemaIndex, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState
    ) -> Bool {
        guard tree.kind(node) == .array, tree.count(node) > 0, let watch else { return true }
        var element = tree.first(in: node)
        for place in 0..<tree.count(node) {
            if !state.isNoted(place, watch) {
                guard holds(schema, element, nil, &state) else {
                    return schema == .nothing ? state.fail(.unevaluatedItems, element, index) : false
                }
                state.note(place, watch)
            }
            element = tree.next(after: element)
        }
        return true
    }

    func unevaluatedProperties(
        _ schema: SchemaIndex, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState
    ) -> Bool {
        guard tree.kind(node) == .object, tree.count(node) > 0, let watch else { return true }
        var key = tree.first(in: node)
        for place in 0..<tree.count(node) {
            let value = tree.value(ofKey: key)
            if !state.isNoted(place, watch) {
                guard holds(schema, value, nil, &state) else {
                    return schema == .nothing ? state.fail(.unevaluatedProperties, value, index) : false
                }
                state.note(place, watch)
            }
            key = tree.next(after: value)
        }
        return true
    }
}
