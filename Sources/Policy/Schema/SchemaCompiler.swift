// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Turns schemas into a ``SchemaProgram``.
///
/// Subschemas are numbered when they are first named and compiled from a queue, so that neither nesting nor a chain of
/// references costs stack.
struct SchemaCompiler {
    /// The keywords of one subschema that its dialect reads.
    struct Keywords {
        let tree: JSONTree
        let position: SchemaPosition
        var values: [SchemaKeyword: JSONNode] = [:]

        subscript(keyword: SchemaKeyword) -> JSONNode? { values[keyword] }
    }

    /// Operations of one subschema, by what can break them.
    struct Operations {
        var number: [SchemaOperation] = []
        var string: [SchemaOperation] = []
        var array: [SchemaOperation] = []
        var object: [SchemaOperation] = []
        var general: [SchemaOperation] = []
        /// What must come behind all others.
        var last: [SchemaOperation] = []
    }

    let options: SchemaOptions
    var catalog: SchemaCatalog
    var operations: [SchemaOperation] = []
    var links: [UInt32] = []
    var names = NamePool()
    var members: [MemberPlan] = []
    var enums: [EnumPlan] = []
    var bounds: [NumberBound] = []
    var exactBounds: [ExactBound] = []
    var branches: [SchemaBranches] = []
    var dependencies: [SchemaDependency] = []
    var patterns: [Pattern] = []
    var constants = ConstantPool()

    private var nodes: [SchemaNode] = [.anything, .nothing]
    /// Where each subschema behind the first two stands.
    private var positions: [SchemaPosition] = []
    private var known: [SchemaPosition: SchemaIndex] = [:]
    private var patternNumbers: [[UInt8]: UInt32] = [:]
    private var patternWeight = 0
    private var nameCount = 0
    /// Dynamic references by the place of their operation.
    private var dynamicReferences: [(operation: Int, name: [UInt8])] = []
    private var dynamicNames: Set<[UInt8]> = []

    init(_ options: SchemaOptions, _ documents: [SchemaDocument]) {
        self.options = options
        catalog = SchemaCatalog(supplied: documents)
    }

    mutating func compile(_ tree: JSONTree, _ root: JSONNode) throws(SchemaFault) -> SchemaProgram {
        let resource = try catalog.add(tree, root, uri: [])
        let start = try index(of: catalog.resources[resource].position)
        var done = 0
        var anchorsSeen = 0
        repeat {
            while done < positions.count {
                try compileNode(positions[done], at: done + 2)
                done += 1
            }
            // A document that came in late may offer targets for references that were compiled before.
            if catalog.dynamicAnchorCount > anchorsSeen {
                anchorsSeen = catalog.dynamicAnchorCount
                for name in dynamicNames { try addTargets(name) }
            }
        } while done < positions.count
        let hasDynamicScope = try linkDynamicReferences()
        let (values, valueNodes) = try constants.finish()
        let program = SchemaProgram(
            nodes: nodes, operations: operations, links: links, names: names, members: members, enums: enums,
            bounds: bounds, exactBounds: exactBounds, branches: branches, dependencies: dependencies,
            patterns: patterns, constants: values,
            constantNodes: valueNodes,
            root: start, hasDynamicScope: hasDynamicScope)
        if let endless = program.endlessNode() { throw .endlessReference(place: catalog.place(positions[endless - 2])) }
        return program
    }

    // MARK: What keywords use

    /// The number of the schema that stands at `position`, which is compiled later.
    mutating func index(of position: SchemaPosition) throws(SchemaFault) -> SchemaIndex {
        let tree = catalog.trees[position.document]
        switch tree.kind(position.node) {
        case .bool: return tree.bool(position.node) == true ? .anything : .nothing
        case .object: break
        case .null, .number, .string, .array: throw .notASchema(place: catalog.place(position))
        }
        if let index = known[position] { return index }
        let index = SchemaIndex(nodes.count)
        nodes.append(.anything)
        positions.append(position)
        known[position] = index
        return index
    }

    mutating func index(of node: JSONNode, _ keywords: Keywords) throws(SchemaFault) -> SchemaIndex {
        try index(of: SchemaPosition(document: keywords.position.document, node: node))
    }

    mutating func list(_ numbers: [UInt32]) -> SchemaList {
        links.append(contentsOf: numbers)
        return SchemaList(first: UInt32(links.count - numbers.count), count: UInt32(numbers.count))
    }

    mutating func table(
        _ entries: [(name: [UInt8], schema: SchemaIndex?, isRequired: Bool)]
    ) throws(SchemaFault) -> NameTable {
        try chargeNames(entries.count)
        return names.add(entries)
    }

    mutating func chargeNames(_ count: Int) throws(SchemaFault) {
        nameCount += count
        guard nameCount <= SchemaLimits.names else { throw .tooManyNames }
    }

    /// The number of a pattern; equal patterns are kept once.
    mutating func pattern(_ source: [UInt8], at position: SchemaPosition) throws(SchemaFault) -> UInt32 {
        if let number = patternNumbers[source] { return number }
        let pattern: Pattern
        do throws(PatternFault) {
            pattern = try Pattern(source)
        } catch {
            throw .pattern(error, place: catalog.place(position))
        }
        patternWeight += pattern.weight
        guard patternWeight <= SchemaLimits.patternWeight else {
            throw .tooManyPatterns(place: catalog.place(position))
        }
        let number = UInt32(patterns.count)
        patterns.append(pattern)
        patternNumbers[source] = number
        return number
    }

    func fault(_ keyword: SchemaKeyword, _ keywords: Keywords) -> SchemaFault {
        .value(keyword: keyword, place: catalog.place(keywords.position))
    }

    // MARK: One subschema

    private mutating func compileNode(_ position: SchemaPosition, at number: Int) throws(SchemaFault) {
        let home = catalog.home(of: position)
        let dialect = catalog.resources[home].dialect
        let tree = catalog.trees[position.document]
        var keywords = Keywords(tree: tree, position: position)
        for (key, value) in tree.members(position.node) {
            guard let keyword = SchemaKeyword.named(tree.text(key) ?? []), dialect.reads(keyword) else { continue }
            keywords.values[keyword] = value
        }
        var all = Operations()
        try compileNumbers(keywords, into: &all)
        try compileStrings(keywords, dialect, into: &all)
        try compileArrays(keywords, into: &all)
        try compileObjects(keywords, into: &all)
        try compileValues(keywords, into: &all)
        try compileCombinations(keywords, into: &all)
        try compileReference(keywords, into: &all)

        var node = SchemaNode(types: try types(keywords))
        node.resource = UInt32(home)
        node.first = UInt32(operations.count)
        node.tracks = !all.last.isEmpty
        node.numberEnd = append(all.number, 0)
        node.stringEnd = append(all.string, node.numberEnd)
        node.arrayEnd = append(all.array, node.stringEnd)
        node.objectEnd = append(all.object, node.arrayEnd)
        node.end = append(all.general, node.objectEnd)
        // Last, so that the place of its operation is known.
        node.end = try appendDynamicReference(keywords, node.end)
        node.end = append(all.last, node.end)
        nodes[number] = node
    }

    /// Appends operations and returns where they end, counted from the node's first.
    private mutating func append(_ part: [SchemaOperation], _ start: UInt8) -> UInt8 {
        operations.append(contentsOf: part)
        // No keyword makes more than one operation.
        return start + UInt8(part.count)
    }

    // MARK: References

    private mutating func compileReference(
        _ keywords: Keywords, into all: inout Operations
    ) throws(SchemaFault) {
        guard let value = keywords[.reference] else { return }
        let target = try catalog.follow(value, .reference, at: keywords.position)
        all.general.append(.reference(try index(of: target.position)))
    }

    private mutating func appendDynamicReference(_ keywords: Keywords, _ start: UInt8) throws(SchemaFault) -> UInt8 {
        guard let value = keywords[.dynamicReference] else { return start }
        let target = try catalog.follow(value, .dynamicReference, at: keywords.position)
        let otherwise = try index(of: target.position)
        guard let name = target.dynamicName else { return append([.reference(otherwise)], start) }
        if dynamicNames.insert(name).inserted { try addTargets(name) }
        dynamicReferences.append((operation: operations.count, name: name))
        return append([.dynamicReference(targets: SchemaList(first: 0, count: 0), otherwise: otherwise)], start)
    }

    /// Has everything compiled that a dynamic reference of that name may lead to.
    private mutating func addTargets(_ name: [UInt8]) throws(SchemaFault) {
        for anchor in catalog.dynamicAnchors[name] ?? [] { _ = try index(of: anchor.position) }
    }

    /// Gives each dynamic reference its targets, and says whether one has a choice.
    private mutating func linkDynamicReferences() throws(SchemaFault) -> Bool {
        var hasChoice = false
        var lists: [[UInt8]: SchemaList] = [:]
        for name in dynamicNames {
            var pairs: [UInt32] = []
            for anchor in catalog.dynamicAnchors[name] ?? [] {
                pairs += [UInt32(anchor.resource), try index(of: anchor.position).number]
            }
            hasChoice = hasChoice || pairs.count > 2
            lists[name] = list(pairs)
        }
        for (place, name) in dynamicReferences {
            guard case .dynamicReference(_, let otherwise) = operations[place], let targets = lists[name] else {
                continue
            }
            operations[place] = .dynamicReference(targets: targets, otherwise: otherwise)
        }
        return hasChoice
    }
}
