// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords that apply several subschemas to one value.
extension SchemaJudge {
    func anyOf(_ list: SchemaList, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState)
        -> Bool
    {
        var isMet = false
        for link in list.indices {
            if tries(SchemaIndex(number: program.links[link]), node, watch, &state) {
                // Under watch all that hold count, not only the first.
                guard watch != nil else { return true }
                isMet = true
            }
            guard !state.isSpent else { return false }
        }
        return isMet || state.fail(.anyOf, node, index)
    }

    func oneOf(_ list: SchemaList, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState)
        -> Bool
    {
        var isMet = false
        for link in list.indices {
            if tries(SchemaIndex(number: program.links[link]), node, watch, &state) {
                guard !isMet else { return state.fail(.oneOf, node, index) }
                isMet = true
            }
            guard !state.isSpent else { return false }
        }
        return isMet || state.fail(.oneOf, node, index)
    }

    func not(_ schema: SchemaIndex, _ index: SchemaIndex, _ node: JSONNode, _ state: inout SchemaState) -> Bool {
        guard !holds(schema, node, nil, &state) else { return state.fail(.not, node, index) }
        return !state.isSpent
    }

    func conditional(
        _ condition: SchemaIndex, _ branches: SchemaBranches, _ node: JSONNode, _ watch: Watch?,
        _ state: inout SchemaState
    ) -> Bool {
        guard branches.then != nil || branches.otherwise != nil || watch != nil else { return true }
        let branch = tries(condition, node, watch, &state) ? branches.then : branches.otherwise
        guard !state.isSpent else { return false }
        guard let branch else { return true }
        return holds(branch, node, watch, &state)
    }

    /// The target of the outermost resource on the way here that offers one.
    func dynamicTarget(_ targets: SchemaList, _ otherwise: SchemaIndex, _ state: inout SchemaState) -> SchemaIndex {
        guard targets.count > 2 else { return otherwise }
        for resource in state.scope {
            var link = targets.indices.lowerBound
            while link < targets.indices.upperBound {
                state.steps &-= 1
                if program.links[link] == resource { return SchemaIndex(number: program.links[link + 1]) }
                link += 2
            }
        }
        return otherwise
    }
}
