// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What a failed validation says to people and models.
extension SchemaJudge {
    /// Why the value at `root` was refused.
    func violation(_ state: SchemaState, in root: JSONNode) -> SchemaViolation {
        guard !state.isSpent, let failure = state.failure else {
            return SchemaViolation(place: "", rule: state.isTooDeep ? .tooDeep : .tooMuchWork, expected: "")
        }
        return SchemaViolation(
            place: SchemaText.place(of: failure.node, below: root, in: tree), rule: failure.rule,
            expected: expectation(failure))
    }

    private func expectation(_ failure: SchemaState.Failure) -> String {
        guard case .keyword(let keyword) = failure.rule else { return "" }
        let schema = program.nodes[Int(failure.schema.number)]
        if keyword == .type { return SchemaCompiler.typeList(schema.types) }
        for operation in program.operations[Int(schema.first)..<Int(schema.first) + Int(schema.end)] {
            if let text = expectation(operation, keyword, failure.node) { return text }
        }
        return ""
    }

    /// What the operation asks for, if it is the one of that keyword.
    private func expectation(_ operation: SchemaOperation, _ keyword: SchemaKeyword, _ node: JSONNode) -> String? {
        switch (operation, keyword) {
        case (.minimum(let bound), .minimum): "at least \(text(bound))"
        case (.exclusiveMinimum(let bound), .exclusiveMinimum): "more than \(text(bound))"
        case (.maximum(let bound), .maximum): "at most \(text(bound))"
        case (.exclusiveMaximum(let bound), .exclusiveMaximum): "less than \(text(bound))"
        case (.multipleOf(let bound), .multipleOf): "a multiple of \(text(bound))"
        case (.minLength(let least), .minLength): "at least \(least) characters"
        case (.maxLength(let most), .maxLength): "at most \(most) characters"
        case (.format(let format), .format): format.rawValue
        case (.minItems(let least), .minItems): "at least \(least) items"
        case (.maxItems(let most), .maxItems): "at most \(most) items"
        case (.contains(_, let least, _), .minContains): "at least \(least) matching items"
        case (.contains(_, _, let most), .maxContains): "at most \(most) matching items"
        case (.minProperties(let least), .minProperties): "at least \(least) properties"
        case (.maxProperties(let most), .maxProperties): "at most \(most) properties"
        case (.members(let plan), .required): missing(program.members[Int(plan)].names, node)
        case (.dependencies(let list), .dependentRequired), (.dependencies(let list), .dependencies):
            missing(list, node)
        case (.const(let constant), .const): text(program.constantNodes[Int(constant)])
        case (.enum(let plan), .enum): choices(program.enums[Int(plan)])
        default: nil
        }
    }

    private func text(_ bound: UInt32) -> String {
        SchemaText.shown(program.exactBounds[Int(program.bounds[Int(bound)].exact)].text)
    }

    private func text(_ constant: JSONNode) -> String {
        SchemaText.shown(program.constants.canonical(constant).bytes)
    }

    /// The first required name that the object lacks.
    private func missing(_ names: NameTable, _ object: JSONNode) -> String? {
        for place in 0..<Int(names.count) where program.names.entries[Int(names.first) + place].isRequired {
            let name = program.names.name(Int(names.first) + place)
            if tree.member(object, name) == nil { return SchemaText.shown(name) }
        }
        return nil
    }

    private func missing(_ list: SchemaList, _ object: JSONNode) -> String? {
        for dependency in program.dependencies[list.indices]
        where tree.member(object, program.names.name(Int(dependency.trigger.first))) != nil {
            if let name = missing(dependency.required, object) { return name }
        }
        return nil
    }

    /// The first of the values that are allowed.
    private func choices(_ plan: EnumPlan) -> String {
        var texts: [String] = []
        for place in 0..<min(Int(plan.strings.count), 8) {
            texts.append("\"\(SchemaText.shown(program.names.name(Int(plan.strings.first) + place)))\"")
        }
        for link in plan.others.indices.prefix(8 - texts.count) {
            texts.append(text(program.constantNodes[Int(program.links[link])]))
        }
        let count = Int(plan.strings.count) + Int(plan.others.count)
        return SchemaText.shown(
            Array("one of \(texts.joined(separator: ", "))\(count > texts.count ? ", …" : "")".utf8))
    }
}
