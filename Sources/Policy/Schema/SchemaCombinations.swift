// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords that apply subschemas to the same value, and the forms in which subschemas and names are given.
extension SchemaCompiler {
    mutating func compileCombinations(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        if let list = try schemaList(.allOf, keywords) { all.general.append(.allOf(list)) }
        if let list = try schemaList(.anyOf, keywords) { all.general.append(.anyOf(list)) }
        if let list = try schemaList(.oneOf, keywords) { all.general.append(.oneOf(list)) }
        if let schema = try schema(.not, keywords) { all.general.append(.not(schema)) }
        let then = try schema(.then, keywords)
        let otherwise = try schema(.else, keywords)
        if let condition = try schema(.if, keywords) {
            branches.append(SchemaBranches(then: then, otherwise: otherwise))
            all.general.append(.conditional(if: condition, branches: UInt32(branches.count - 1)))
        }
    }

    /// A keyword whose value is one subschema.
    mutating func schema(_ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> SchemaIndex? {
        guard let value = keywords[keyword] else { return nil }
        guard keywords.tree.kind(value) == .object || keywords.tree.kind(value) == .bool else {
            throw fault(keyword, keywords)
        }
        return try index(of: value, keywords)
    }

    /// A keyword whose value is a list of subschemas, at least one.
    mutating func schemaList(_ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> SchemaList? {
        guard let value = keywords[keyword] else { return nil }
        guard keywords.tree.kind(value) == .array, keywords.tree.count(value) > 0 else {
            throw fault(keyword, keywords)
        }
        var numbers: [UInt32] = []
        for element in keywords.tree.elements(value) { numbers.append(try index(of: element, keywords).number) }
        return list(numbers)
    }

    /// The members of a keyword whose value is an object.
    func map(_ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> [(name: [UInt8], value: JSONNode)] {
        guard let value = keywords[keyword] else { return [] }
        guard keywords.tree.kind(value) == .object else { throw fault(keyword, keywords) }
        return keywords.tree.members(value).map { (name: keywords.tree.text($0.key) ?? [], value: $0.value) }
    }

    /// A list of names, each once.
    func nameList(_ value: JSONNode, _ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> [[UInt8]] {
        guard keywords.tree.kind(value) == .array else { throw fault(keyword, keywords) }
        var names: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        for element in keywords.tree.elements(value) {
            guard let name = keywords.tree.text(element) else { throw fault(keyword, keywords) }
            if seen.insert(name).inserted { names.append(name) }
        }
        return names
    }
}

extension SchemaProgram {
    /// A subschema that leads back to itself without going deeper into the value: following it would never end.
    ///
    /// `$dynamicRef` is left out, since where it leads is known only on the way; ``SchemaLimits/evaluationDepth``
    /// bounds it.
    func endlessNode() -> Int? {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: nodes.count)
        for start in nodes.indices where marks[start] == .new {
            var path = [(node: start, next: sameValue(as: start))]
            marks[start] = .open
            while let top = path.last {
                guard let target = top.next.last else {
                    marks[top.node] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next.removeLast()
                switch marks[target] {
                case .open: return target
                case .done: break
                case .new:
                    marks[target] = .open
                    path.append((node: target, next: sameValue(as: target)))
                }
            }
        }
        return nil
    }

    /// The subschemas that a node applies to the value it was given itself.
    private func sameValue(as number: Int) -> [Int] {
        let node = nodes[number]
        var found: [SchemaIndex] = []
        for operation in operations[Int(node.first)..<Int(node.first) + Int(node.end)] {
            switch operation {
            case .reference(let schema), .not(let schema): found.append(schema)
            case .allOf(let list), .anyOf(let list), .oneOf(let list):
                found += links[list.indices].map(SchemaIndex.init(number:))
            case .conditional(let condition, let branch):
                found.append(condition)
                found += [branches[Int(branch)].then, branches[Int(branch)].otherwise].compactMap { $0 }
            case .dependencies(let list): found += dependencies[list.indices].compactMap { $0.schema }
            case .minimum, .exclusiveMinimum, .maximum, .exclusiveMaximum, .multipleOf, .minLength, .maxLength,
                .pattern, .format, .minItems, .maxItems, .items, .contains, .uniqueItems, .minProperties,
                .maxProperties, .members, .propertyNames, .const, .enum, .dynamicReference, .unevaluatedItems,
                .unevaluatedProperties:
                break
            }
        }
        return found.map { Int($0.number) }
    }
}
