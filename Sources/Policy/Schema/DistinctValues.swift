// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// `uniqueItems`, in about n·log n: elements are sorted by a hash under which equal values are equal, and only
/// neighbours are compared. The hash is the standard library's, whose seed nobody outside knows, so nobody can prepare
/// elements that all fall together.
struct DistinctValues {
    var steps: Int

    private var depth = 0

    /// Up to this many elements all pairs are compared: cheaper than hashing them.
    private static let fewElements = 4

    init(steps: Int) { self.steps = steps }

    mutating func hold(_ array: JSONNode, _ tree: JSONTree) -> Bool {
        let count = tree.count(array)
        guard count > 1 else { return true }
        var element = tree.first(in: array)
        var elements: [(hash: Int, node: JSONNode)] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            elements.append((hash: count > Self.fewElements ? hash(element, tree) : 0, node: element))
            element = tree.next(after: element)
        }
        guard steps > 0 else { return false }
        if count > Self.fewElements { elements.sort { $0.hash < $1.hash } }
        steps &-= 2 &* count
        var same = SameValue(steps: steps)
        defer { steps = same.steps }
        for later in 1..<count {
            var earlier = later
            while earlier > 0, elements[earlier - 1].hash == elements[later].hash {
                earlier -= 1
                guard !same.holds(elements[earlier].node, tree, elements[later].node, tree), same.steps > 0 else {
                    return false
                }
            }
        }
        return true
    }

    private mutating func hash(_ node: JSONNode, _ tree: JSONTree) -> Int {
        var hasher = Hasher()
        feed(node, tree, &hasher)
        return hasher.finalize()
    }

    private mutating func feed(_ node: JSONNode, _ tree: JSONTree, _ hasher: inout Hasher) {
        steps &-= 2
        if depth == SameValue.depth { steps = 0 }
        guard steps > 0 else { return }
        depth += 1
        defer { depth -= 1 }
        let kind = tree.kind(node)
        hasher.combine(kind.rawValue)
        switch kind {
        case .null: break
        case .bool: hasher.combine(tree.bool(node))
        case .number: hasher.combine(tree.integer(node).map { Decimal($0) } ?? SameValue.decimal(node, tree))
        case .string: feedText(node, tree, &hasher)
        case .array:
            hasher.combine(tree.count(node))
            guard tree.count(node) > 0 else { return }
            var element = tree.first(in: node)
            for _ in 0..<tree.count(node) {
                feed(element, tree, &hasher)
                element = tree.next(after: element)
            }
        case .object:
            guard tree.count(node) > 0 else { return }
            // A sum, because members have no order.
            var sum = tree.count(node)
            var key = tree.first(in: node)
            for _ in 0..<tree.count(node) {
                var member = Hasher()
                feedText(key, tree, &member)
                feed(tree.value(ofKey: key), tree, &member)
                sum &+= member.finalize()
                key = tree.next(after: tree.value(ofKey: key))
            }
            hasher.combine(sum)
        }
    }

    private mutating func feedText(_ string: JSONNode, _ tree: JSONTree, _ hasher: inout Hasher) {
        steps &-= (tree.textCount(string) ?? 0) &>> 3
        var state = hasher
        tree.withText(string) { text in
            state.combine(text.count)
            var word: UInt64 = 0
            for at in 0..<text.count {
                word = word &<< 8 | UInt64(text[at])
                if at & 7 == 7 { state.combine(word) }
            }
            state.combine(word)
        }
        hasher = state
    }
}
