// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords about arrays and objects.
extension SchemaCompiler {
    mutating func compileArrays(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        if let least = try count(.minItems, keywords) { all.array.append(.minItems(least)) }
        if let most = try count(.maxItems, keywords) { all.array.append(.maxItems(most)) }
        let prefix = try schemaList(.prefixItems, keywords)
        let rest = try schema(.items, keywords)
        if prefix != nil || rest != nil {
            all.array.append(.items(prefix: prefix ?? SchemaList(first: 0, count: 0), rest: rest))
        }
        let least = try count(.minContains, keywords)
        let most = try count(.maxContains, keywords)
        if let contains = try schema(.contains, keywords) {
            all.array.append(.contains(contains, least: least ?? 1, most: most ?? .max))
        }
        if let value = keywords[.uniqueItems] {
            guard let isUnique = keywords.tree.bool(value) else { throw fault(.uniqueItems, keywords) }
            if isUnique { all.array.append(.uniqueItems) }
        }
        if let rest = try schema(.unevaluatedItems, keywords) { all.last.append(.unevaluatedItems(rest)) }
    }

    mutating func compileObjects(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        if let least = try count(.minProperties, keywords) { all.object.append(.minProperties(least)) }
        if let most = try count(.maxProperties, keywords) { all.object.append(.maxProperties(most)) }
        if let plan = try memberPlan(keywords) {
            members.append(plan)
            all.object.append(.members(UInt32(members.count - 1)))
        }
        if let names = try schema(.propertyNames, keywords) { all.object.append(.propertyNames(names)) }
        try compileDependencies(keywords, into: &all)
        if let rest = try schema(.unevaluatedProperties, keywords) { all.last.append(.unevaluatedProperties(rest)) }
    }

    private mutating func memberPlan(_ keywords: Keywords) throws(SchemaFault) -> MemberPlan? {
        var entries: [(name: [UInt8], schema: SchemaIndex?, isRequired: Bool)] = []
        for (name, value) in try map(.properties, keywords) {
            entries.append((name: name, schema: try index(of: value, keywords), isRequired: false))
        }
        var required: [[UInt8]] = []
        if let value = keywords[.required] { required = try nameList(value, .required, keywords) }
        var places: [[UInt8]: Int] = [:]
        for (place, entry) in entries.enumerated() { places[entry.name] = place }
        for name in required {
            if let place = places[name] {
                entries[place].isRequired = true
            } else {
                places[name] = entries.count
                entries.append((name: name, schema: nil, isRequired: true))
            }
        }
        var pairs: [UInt32] = []
        for (source, value) in try map(.patternProperties, keywords) {
            let position = SchemaPosition(document: keywords.position.document, node: value)
            pairs += [try pattern(source, at: position), try index(of: value, keywords).number]
        }
        let additional = try schema(.additionalProperties, keywords)
        guard !entries.isEmpty || !pairs.isEmpty || additional != nil else { return nil }
        return MemberPlan(
            names: try table(entries), required: entries.count { $0.isRequired }, patterns: list(pairs),
            additional: additional)
    }

    /// `dependentRequired`, `dependentSchemas`, and `dependencies`, which holds both kinds.
    private mutating func compileDependencies(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        let first = dependencies.count
        for keyword in [SchemaKeyword.dependentRequired, .dependentSchemas, .dependencies] {
            for (name, value) in try map(keyword, keywords) {
                let isList =
                    keyword == .dependentRequired || (keyword == .dependencies && keywords.tree.kind(value) == .array)
                let wanted = isList ? try nameList(value, keyword, keywords) : []
                dependencies.append(
                    SchemaDependency(
                        keyword: keyword, trigger: try table([(name: name, schema: nil, isRequired: false)]),
                        required: try table(wanted.map { (name: $0, schema: nil, isRequired: true) }),
                        schema: isList ? nil : try index(of: value, keywords)))
            }
        }
        guard dependencies.count > first else { return }
        all.object.append(
            .dependencies(SchemaList(first: UInt32(first), count: UInt32(dependencies.count - first))))
    }
}
