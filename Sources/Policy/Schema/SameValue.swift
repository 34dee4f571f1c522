// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Equality of JSON Schema (core section 4.2.2): numbers by value, so that 1 and 1.0 are one; objects whatever the order
/// of their members; strings by code points, never by canonical equivalence.
struct SameValue {
    /// What is left of the validation's steps. Once it is spent every answer is false.
    var steps: Int

    /// Deepest nesting compared: twice what any reader here accepts. Deeper values use all steps up.
    static let depth = 128
    /// Objects up to this size are compared member by member without sorting.
    private static let fewMembers = 8

    private var depth = 0

    init(steps: Int) { self.steps = steps }

    mutating func holds(_ node: JSONNode, _ tree: JSONTree, _ other: JSONNode, _ otherTree: JSONTree) -> Bool {
        steps &-= 1
        let kind = tree.kind(node)
        guard steps > 0, kind == otherTree.kind(other) else { return false }
        switch kind {
        case .null: return true
        case .bool: return tree.bool(node) == otherTree.bool(other)
        case .string:
            guard tree.textCount(node) == otherTree.textCount(other) else { return false }
            steps &-= (tree.textCount(node) ?? 0) &>> 4
            return tree.same(node, in: otherTree, other)
        case .number:
            if let one = tree.integer(node), let two = otherTree.integer(other) { return one == two }
            steps &-= 8
            return Self.decimal(node, tree) == Self.decimal(other, otherTree)
        case .array, .object:
            guard tree.count(node) == otherTree.count(other) else { return false }
            guard tree.count(node) > 0 else { return true }
            guard depth < Self.depth else {
                steps = 0
                return false
            }
            depth += 1
            defer { depth -= 1 }
            return kind == .array
                ? sameElements(node, tree, other, otherTree) : sameMembers(node, tree, other, otherTree)
        }
    }

    static func decimal(_ number: JSONNode, _ tree: JSONTree) -> Decimal? {
        tree.withNumberText(number) { text in Decimal(text) }
    }

    private mutating func sameElements(
        _ node: JSONNode, _ tree: JSONTree, _ other: JSONNode, _ otherTree: JSONTree
    ) -> Bool {
        var one = tree.first(in: node)
        var two = otherTree.first(in: other)
        for _ in 0..<tree.count(node) {
            guard holds(one, tree, two, otherTree) else { return false }
            one = tree.next(after: one)
            two = otherTree.next(after: two)
        }
        return true
    }

    private mutating func sameMembers(
        _ node: JSONNode, _ tree: JSONTree, _ other: JSONNode, _ otherTree: JSONTree
    ) -> Bool {
        var keys = Self.keys(of: node, tree)
        var otherKeys = Self.keys(of: other, otherTree)
        if keys.count > Self.fewMembers {
            // Equal keys have equal fingerprints, so each has to be looked for only among few.
            keys.sort { $0.fingerprint < $1.fingerprint }
            otherKeys.sort { $0.fingerprint < $1.fingerprint }
            steps &-= 2 &* keys.count
        }
        let isSorted = keys.count > Self.fewMembers
        for (place, key) in keys.enumerated() {
            var match: JSONNode?
            var at = isSorted ? Self.firstPlace(of: key.fingerprint, in: otherKeys) : 0
            while at < otherKeys.count, match == nil {
                steps &-= 1
                guard steps > 0 else { return false }
                let candidate = otherKeys[at]
                if isSorted && candidate.fingerprint != key.fingerprint { break }
                if candidate.fingerprint == key.fingerprint {
                    steps &-= 4
                    if tree.same(key.node, in: otherTree, candidate.node) { match = candidate.node }
                }
                at += 1
            }
            guard let match,
                holds(tree.value(ofKey: keys[place].node), tree, otherTree.value(ofKey: match), otherTree)
            else { return false }
        }
        return true
    }

    private static func keys(of object: JSONNode, _ tree: JSONTree) -> [(fingerprint: UInt32, node: JSONNode)] {
        var key = tree.first(in: object)
        return (0..<tree.count(object)).map { _ in
            defer { key = tree.next(after: tree.value(ofKey: key)) }
            return (fingerprint: tree.fingerprint(key), node: key)
        }
    }

    private static func firstPlace(of fingerprint: UInt32, in keys: [(fingerprint: UInt32, node: JSONNode)]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].fingerprint < fingerprint { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
