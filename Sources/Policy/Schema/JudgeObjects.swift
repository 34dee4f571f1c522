// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords about the members of objects.
extension SchemaJudge {
    /// `properties`, `patternProperties`, `additionalProperties` and `required`, in one walk over the members.
    func members(
        _ plan: MemberPlan, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState
    ) -> Bool {
        let count = tree.count(node)
        // Keys are distinct, so all required names are there when so many were met.
        var missing = plan.required
        if count > 0 {
            var guess = 0
            var key = tree.first(in: node)
            for place in 0..<count {
                state.steps &-= 1
                let value = tree.value(ofKey: key)
                var isKnown = false
                let found = program.names.find(key, in: tree, plan.names, guess: &guess, steps: &state.steps)
                if found >= 0 {
                    let entry = program.names.entries[found]
                    if entry.isRequired { missing &-= 1 }
                    if let schema = entry.schema {
                        isKnown = true
                        guard schema == .anything || holds(schema, value, nil, &state) else { return false }
                    }
                }
                if plan.patterns.count > 0 {
                    guard matching(plan.patterns, key, value, &isKnown, &state) else { return false }
                }
                if !isKnown, let additional = plan.additional {
                    isKnown = true
                    if additional == .nothing { return state.fail(.additionalProperties, value, index) }
                    guard additional == .anything || holds(additional, value, nil, &state) else { return false }
                }
                if isKnown, let watch { state.note(place, watch) }
                key = tree.next(after: value)
            }
        }
        return missing == 0 || state.fail(.required, node, index)
    }

    /// Applies the subschemas whose patterns match the key.
    private func matching(
        _ pairs: SchemaList, _ key: JSONNode, _ value: JSONNode, _ isKnown: inout Bool, _ state: inout SchemaState
    ) -> Bool {
        var link = pairs.indices.lowerBound
        while link < pairs.indices.upperBound {
            if matches(program.links[link], key, &state) {
                isKnown = true
                guard holds(SchemaIndex(number: program.links[link + 1]), value, nil, &state) else { return false }
            }
            guard !state.isSpent else { return false }
            link += 2
        }
        return true
    }

    func propertyNames(_ schema: SchemaIndex, _ index: SchemaIndex, _ node: JSONNode, _ state: inout SchemaState)
        -> Bool
    {
        guard tree.count(node) > 0 else { return true }
        var key = tree.first(in: node)
        for _ in 0..<tree.count(node) {
            guard holds(schema, key, nil, &state) else { return state.fail(.propertyNames, key, index) }
            key = tree.next(after: tree.value(ofKey: key))
        }
        return true
    }

    func dependencies(
        _ list: SchemaList, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState
    ) -> Bool {
        for number in list.indices {
            let dependency = program.dependencies[number]
            guard hasMember(Int(dependency.trigger.first), node, &state) else {
                guard !state.isSpent else { return false }
                continue
            }
            for name in 0..<Int(dependency.required.count) {
                guard hasMember(Int(dependency.required.first) + name, node, &state) else {
                    return state.fail(dependency.keyword, node, index)
                }
            }
            if let schema = dependency.schema {
                guard holds(schema, node, watch, &state) else { return false }
            }
        }
        return true
    }

    private func hasMember(_ entry: Int, _ object: JSONNode, _ state: inout SchemaState) -> Bool {
        state.steps &-= 1 &+ tree.count(object) &>> 2
        guard state.steps > 0 else { return false }
        let entry = program.names.entries[entry]
        let bytes = program.names.bytes
        let start = Int(entry.start)
        return tree.member(object, bytes.span.extracting(start..<start + Int(entry.count))) != nil
    }
}
