// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Whether a value fits a program. Holds what does not change, so that asking costs no reference counting.
struct SchemaJudge {
    let program: SchemaProgram
    let tree: JSONTree

    init(_ program: SchemaProgram, _ tree: JSONTree) {
        self.program = program
        self.tree = tree
    }

    /// Whether the value at `node` fits a subschema.
    ///
    /// - watch: where to note what was looked at; nil if nobody asks.
    func holds(_ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?, _ state: inout SchemaState) -> Bool {
        state.steps &-= 1
        guard state.steps > 0 else { return false }
        let schema = program.nodes[Int(index.number)]
        let kind = tree.kind(node)
        if !schema.types.contains(SchemaTypes(kind)) {
            guard kind == .number, schema.types.contains(.integer), isWhole(node) else {
                return state.fail(schema.types.isEmpty ? .forbidden : .keyword(.type), node, index)
            }
        }
        guard schema.end > 0 else { return true }
        guard state.depth < SchemaLimits.evaluationDepth else {
            state.steps = 0
            state.isTooDeep = true
            return false
        }
        state.depth &+= 1
        defer { state.depth &-= 1 }
        if schema.tracks || program.hasDynamicScope { return holdsInScope(schema, index, kind, node, watch, &state) }
        return holds(schema, index, kind, node, watch, &state)
    }

    private func isWhole(_ number: JSONNode) -> Bool {
        tree.integer(number) != nil || SameValue.decimal(number, tree)?.isWhole == true
    }

    /// The same for a subschema that opens a scope of either kind.
    @inline(never)
    private func holdsInScope(
        _ schema: SchemaNode, _ index: SchemaIndex, _ kind: JSONKind, _ node: JSONNode, _ watch: Watch?,
        _ state: inout SchemaState
    ) -> Bool {
        let isEntered = program.hasDynamicScope && state.scope.last != schema.resource
        if isEntered { state.scope.append(schema.resource) }
        defer { if isEntered { state.scope.removeLast() } }
        guard schema.tracks, kind == .object || kind == .array else {
            return holds(schema, index, kind, node, watch, &state)
        }
        // Its own watch: what stands beside it in an outer schema does not count for it.
        let own = state.open(tree.count(node))
        defer { state.close(own) }
        guard holds(schema, index, kind, node, own, &state) else { return false }
        if let watch { state.merge(own, into: watch) }
        return true
    }

    private func holds(
        _ schema: SchemaNode, _ index: SchemaIndex, _ kind: JSONKind, _ node: JSONNode, _ watch: Watch?,
        _ state: inout SchemaState
    ) -> Bool {
        for place in schema.operations(for: kind) {
            let operation = program.operations[Int(schema.first) &+ Int(place)]
            guard run(operation, index, node, watch, &state) else { return false }
        }
        for place in schema.objectEnd..<schema.end {
            let operation = program.operations[Int(schema.first) &+ Int(place)]
            guard run(operation, index, node, watch, &state) else { return false }
        }
        return true
    }

    @inline(__always)
    private func run(
        _ operation: SchemaOperation, _ index: SchemaIndex, _ node: JSONNode, _ watch: Watch?,
        _ state: inout SchemaState
    ) -> Bool {
        switch operation {
        case .minimum(let bound): return atLeast(bound, node) || state.fail(.minimum, node, index)
        case .exclusiveMinimum(let bound): return above(bound, node) || state.fail(.exclusiveMinimum, node, index)
        case .maximum(let bound): return !above(bound, node) || state.fail(.maximum, node, index)
        case .exclusiveMaximum(let bound): return !atLeast(bound, node) || state.fail(.exclusiveMaximum, node, index)
        case .multipleOf(let bound): return isMultiple(of: bound, node, &state) || state.fail(.multipleOf, node, index)
        case .minLength(let least): return isLong(node, Int(least), &state) || state.fail(.minLength, node, index)
        case .maxLength(let most): return !isLong(node, Int(most) + 1, &state) || state.fail(.maxLength, node, index)
        case .pattern(let pattern): return matches(pattern, node, &state) || state.fail(.pattern, node, index)
        case .format(let format): return isFormatted(format, node, &state) || state.fail(.format, node, index)
        case .minItems(let least): return tree.count(node) >= Int(least) || state.fail(.minItems, node, index)
        case .maxItems(let most): return tree.count(node) <= Int(most) || state.fail(.maxItems, node, index)
        case .items(let prefix, let rest): return items(prefix, rest, node, watch, &state)
        case .contains(let schema, let least, let most):
            return contains(schema, Int(least), Int(most), index, node, watch, &state)
        case .uniqueItems: return isDistinct(node, &state) || state.fail(.uniqueItems, node, index)
        case .minProperties(let least): return tree.count(node) >= Int(least) || state.fail(.minProperties, node, index)
        case .maxProperties(let most): return tree.count(node) <= Int(most) || state.fail(.maxProperties, node, index)
        case .members(let plan): return members(program.members[Int(plan)], index, node, watch, &state)
        case .propertyNames(let schema): return propertyNames(schema, index, node, &state)
        case .dependencies(let list): return dependencies(list, index, node, watch, &state)
        case .const(let constant): return isConstant(constant, node, &state) || state.fail(.const, node, index)
        case .enum(let plan): return isListed(plan, node, &state) || state.fail(.enum, node, index)
        case .reference(let schema): return holds(schema, node, watch, &state)
        case .dynamicReference(let targets, let otherwise):
            return holds(dynamicTarget(targets, otherwise, &state), node, watch, &state)
        case .allOf(let list):
            for link in list.indices {
                guard holds(SchemaIndex(number: program.links[link]), node, watch, &state) else { return false }
            }
            return true
        case .anyOf(let list): return anyOf(list, index, node, watch, &state)
        case .oneOf(let list): return oneOf(list, index, node, watch, &state)
        case .not(let schema): return not(schema, index, node, &state)
        case .conditional(let condition, let branch):
            return conditional(condition, program.branches[Int(branch)], node, watch, &state)
        case .unevaluatedItems(let schema): return unevaluatedItems(schema, index, node, watch, &state)
        case .unevaluatedProperties(let schema): return unevaluatedProperties(schema, index, node, watch, &state)
        }
    }
}
