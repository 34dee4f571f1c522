// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords about the elements of arrays.
extension SchemaJudge {
    func items(
        _ prefix: SchemaList, _ rest: SchemaIndex?, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState
    ) -> Bool {
        let count = tree.count(node)
        let end = rest == nil ? min(count, Int(prefix.count)) : count
        guard end > 0 else { return true }
        var element = tree.first(in: node)
        for place in 0..<end {
            let isPrefix = place < Int(prefix.count)
            let schema = isPrefix ? SchemaIndex(number: program.links[Int(prefix.first) &+ place]) : rest ?? .anything
            guard schema == .anything || holds(schema, element, nil, &state) else { return false }
            if let watch { state.note(place, watch) }
            element = tree.next(after: element)
        }
        state.steps &-= end &>> 2
        return true
    }

    func contains(
        _ schema: SchemaIndex, _ least: Int, _ most: Int, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?,
        _ state: inout SchemaState
    ) -> Bool {
        let count = tree.count(node)
        let isOpen = most >= count
        // Nothing to learn, unless somebody wants to know which elements match.
        if least == 0 && isOpen && watch == nil { return true }
        var found = 0
        if count > 0 {
            var element = tree.first(in: node)
            for place in 0..<count {
                if holds(schema, element, nil, &state) {
                    found += 1
                    if let watch { state.note(place, watch) }
                    if found > most { return state.fail(.maxContains, node, index) }
                    if found >= least && isOpen && watch == nil { return true }
                }
                guard !state.isSpent else { return false }
                element = tree.next(after: element)
            }
        }
        guard found < least else { return true }
        return state.fail(least == 1 && found == 0 ? .contains : .minContains, node, index)
    }

    func isDistinct(_ node: JSONNode, _ state: inout SchemaState) -> Bool {
        var distinct = DistinctValues(steps: state.steps)
        defer { state.steps = distinct.steps }
        return distinct.hold(node, tree)
    }
}
