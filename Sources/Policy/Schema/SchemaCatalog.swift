// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// A schema document that references may lead to, by the URI under which it would be retrieved.
///
/// The caller has it already: nothing here fetches anything.
package struct SchemaDocument: Sendable {
    package let uri: [UInt8]
    package let tree: JSONTree

    package init(uri: [UInt8], tree: JSONTree) {
        self.uri = uri
        self.tree = tree
    }
}

/// One place in one document.
struct SchemaPosition: Hashable {
    var document: Int
    var node: JSONNode
}

/// A schema with a base URI of its own: a document, or a subschema with `$id`.
struct SchemaResource {
    var uri: SchemaReference
    var position: SchemaPosition
    var dialect: SchemaDialect
    /// Places with an `$anchor` or `$dynamicAnchor`, and whether it is one of the second kind.
    var anchors: [[UInt8]: (node: JSONNode, isDynamic: Bool)] = [:]
}

/// A place with a `$dynamicAnchor`.
struct DynamicAnchor {
    var resource: Int
    var position: SchemaPosition
}

/// Which schemas there are, and under which names.
///
/// Documents are surveyed before anything in them is compiled, because a reference may lead forward.
struct SchemaCatalog {
    private(set) var trees: [JSONTree] = []
    private(set) var resources: [SchemaResource] = []
    /// Where each `$dynamicAnchor` stands, by its name; and how many there are.
    private(set) var dynamicAnchors: [[UInt8]: [DynamicAnchor]] = [:]
    private(set) var dynamicAnchorCount = 0

    private let supplied: [[UInt8]: JSONTree]
    private var byURI: [[UInt8]: Int] = [:]
    /// The resource of each place where a schema stands.
    private var homes: [SchemaPosition: Int] = [:]
    private var roots: [JSONNode] = []

    init(supplied: [SchemaDocument]) {
        self.supplied = Dictionary(supplied.map { ($0.uri, $0.tree) }, uniquingKeysWith: { first, _ in first })
    }

    /// Surveys a document, and gives the resource that it is.
    mutating func add(_ tree: JSONTree, _ root: JSONNode, uri: [UInt8]) throws(SchemaFault) -> Int {
        let position = SchemaPosition(document: trees.count, node: root)
        trees.append(tree)
        roots.append(root)
        let resource = try addResource(SchemaReference(uri), position, .standard)
        try survey(position, resource, depth: 1)
        return resource
    }

    func home(of position: SchemaPosition) -> Int { homes[position] ?? 0 }

    /// For messages: a JSON pointer, behind the URI of the document if it is not the first.
    func place(_ position: SchemaPosition) -> String {
        let pointer = SchemaText.place(
            of: position.node, below: roots[position.document], in: trees[position.document])
        guard position.document > 0,
            let resource = resources.first(where: { $0.position.document == position.document })
        else { return pointer }
        return SchemaText.shown(resource.uri.bytes) + "#" + pointer
    }

    // MARK: Survey

    private mutating func addResource(
        _ uri: SchemaReference, _ position: SchemaPosition, _ dialect: SchemaDialect
    ) throws(SchemaFault) -> Int {
        guard resources.count < SchemaLimits.resources else { throw .tooManyResources }
        resources.append(SchemaResource(uri: uri, position: position, dialect: dialect))
        try name(resources.count - 1, uri)
        return resources.count - 1
    }

    private mutating func name(_ resource: Int, _ uri: SchemaReference) throws(SchemaFault) {
        let text = uri.bytes
        guard byURI[text] == nil else {
            throw .ambiguousName(name: SchemaText.shown(text), place: place(resources[resource].position))
        }
        byURI[text] = resource
    }

    private mutating func survey(
        _ position: SchemaPosition, _ outer: Int, depth: Int
    ) throws(SchemaFault) {
        guard homes[position] == nil else { return }
        let tree = trees[position.document]
        guard depth <= SchemaLimits.depth else { throw .tooDeep(place: place(position)) }
        guard homes.count < SchemaLimits.subschemas else { throw .tooManySubschemas }
        switch tree.kind(position.node) {
        case .bool:
            homes[position] = outer
            return
        case .object: break
        case .null, .number, .string, .array: throw .notASchema(place: place(position))
        }
        let resource = try identify(position, outer)
        homes[position] = resource
        try checkAge(position, resources[resource].dialect)
        for (key, value) in tree.members(position.node) {
            guard let keyword = SchemaKeyword.named(tree.text(key) ?? []) else { continue }
            try surveyValue(of: keyword, SchemaPosition(document: position.document, node: value), resource, depth)
        }
    }

    private mutating func surveyValue(
        of keyword: SchemaKeyword, _ value: SchemaPosition, _ resource: Int, _ depth: Int
    ) throws(SchemaFault) {
        let tree = trees[value.document]
        switch keyword.shape {
        case .none: return
        case .one:
            if keyword == .items, tree.kind(value.node) == .array, resources[resource].dialect.isDraft7 {
                throw .olderMeaning(construct: "a list of items", place: place(value))
            }
            // A value that is no schema is left to the compiler, which names the keyword.
            guard tree.kind(value.node) == .object || tree.kind(value.node) == .bool else { return }
            try survey(value, resource, depth: depth + 1)
        case .list:
            for element in tree.elements(value.node) {
                try survey(SchemaPosition(document: value.document, node: element), resource, depth: depth + 1)
            }
        case .map, .mixedMap:
            for (_, member) in tree.members(value.node) {
                if keyword.shape == .mixedMap, tree.kind(member) == .array { continue }
                try survey(SchemaPosition(document: value.document, node: member), resource, depth: depth + 1)
            }
        }
    }

    /// The resource that a schema belongs to: a new one if it has an `$id`, and its names are taken down.
    private mutating func identify(_ position: SchemaPosition, _ outer: Int) throws(SchemaFault) -> Int {
        let tree = trees[position.document]
        var resource = outer
        if let id = tree.member(position.node, "$id") {
            let uri = try reference(id, .id, position).resolved(against: resources[outer].uri)
            guard uri.fragment?.isEmpty ?? true else { throw .value(keyword: .id, place: place(position)) }
            if position == resources[outer].position {
                // A document is known under both names, and its references are relative to its own.
                if resources[outer].uri != uri.withoutFragment { try name(outer, uri.withoutFragment) }
                resources[outer].uri = uri.withoutFragment
            } else {
                resource = try addResource(uri.withoutFragment, position, resources[outer].dialect)
            }
        }
        if let name = tree.member(position.node, "$schema") {
            let dialect = try dialect(name, position)
            // The keyword speaks for a whole resource. Elsewhere it may only repeat what holds already.
            if position == resources[resource].position {
                resources[resource].dialect = dialect
            } else if dialect != resources[resource].dialect {
                throw .dialect(
                    name: SchemaText.shown(tree.text(name) ?? []), place: place(position))
            }
        }
        try addAnchor(.anchor, position, resource)
        try addAnchor(.dynamicAnchor, position, resource)
        return resource
    }

    private mutating func addAnchor(
        _ keyword: SchemaKeyword, _ position: SchemaPosition, _ resource: Int
    ) throws(SchemaFault) {
        let tree = trees[position.document]
        guard let value = tree.member(position.node, Array(keyword.rawValue.utf8)) else { return }
        guard let name = tree.text(value), Self.isAnchor(name) else {
            throw .value(keyword: keyword, place: place(position))
        }
        let isDynamic = keyword == .dynamicAnchor
        if let known = resources[resource].anchors[name] {
            // One place may carry the name in both ways.
            guard known.node == position.node else {
                throw .ambiguousName(name: SchemaText.shown(name), place: place(position))
            }
        }
        resources[resource].anchors[name] = (node: position.node, isDynamic: isDynamic)
        guard isDynamic else { return }
        dynamicAnchors[name, default: []].append(DynamicAnchor(resource: resource, position: position))
        dynamicAnchorCount += 1
    }

    private static func isAnchor(_ name: [UInt8]) -> Bool {
        guard let first = name.first, (first.isLetterOrDigit && !first.isDigit) || first == 0x5F else { return false }
        return name.allSatisfy { $0.isLetterOrDigit || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E }
    }

    private func dialect(_ name: JSONNode, _ position: SchemaPosition) throws(SchemaFault) -> SchemaDialect {
        guard let text = trees[position.document].text(name) else {
            throw .value(keyword: .schema, place: place(position))
        }
        if let known = SchemaDialect.named(text) { return known }
        guard let metaschema = supplied[text] else {
            throw .dialect(name: SchemaText.shown(text), place: place(position))
        }
        return try .described(by: metaschema, .root)
    }

    /// Refuses what was written for an earlier draft and would be obeyed in another sense, or not at all.
    private func checkAge(_ position: SchemaPosition, _ dialect: SchemaDialect) throws(SchemaFault) {
        let tree = trees[position.document]
        if tree.member(position.node, "$recursiveRef") != nil {
            throw .olderMeaning(construct: "$recursiveRef", place: place(position))
        }
        guard dialect.isDraft7 else { return }
        let hasReference = tree.member(position.node, "$ref") != nil
        for (key, _) in tree.members(position.node) {
            guard let keyword = SchemaKeyword.named(tree.text(key) ?? []) else { continue }
            if SchemaDialect.newKeywords.contains(keyword) {
                throw .olderMeaning(construct: keyword.rawValue, place: place(position))
            }
            // Draft-07 ignores everything beside a reference.
            switch keyword {
            case .reference, .schema, .definitions, .oldDefinitions: continue
            default:
                if hasReference {
                    throw .olderMeaning(construct: "\(keyword.rawValue) beside $ref", place: place(position))
                }
            }
        }
    }

    // MARK: References

    /// Where a reference leads.
    struct Target {
        var position: SchemaPosition
        /// The name of the dynamic anchor that it names.
        var dynamicName: [UInt8]?
    }

    /// Reads a URI reference.
    private func reference(
        _ value: JSONNode, _ keyword: SchemaKeyword, _ position: SchemaPosition
    ) throws(SchemaFault) -> SchemaReference {
        guard let text = trees[position.document].text(value), text.count <= SchemaLimits.referenceBytes else {
            throw .value(keyword: keyword, place: place(position))
        }
        return SchemaReference(text)
    }

    /// Follows the `$ref` or `$dynamicRef` at `position`, whose value is `value`.
    mutating func follow(
        _ value: JSONNode, _ keyword: SchemaKeyword, at position: SchemaPosition
    ) throws(SchemaFault) -> Target {
        let uri = try reference(value, keyword, position).resolved(against: resources[home(of: position)].uri)
        guard uri.bytes.count <= SchemaLimits.referenceBytes else {
            throw .value(keyword: keyword, place: place(position))
        }
        guard let resource = try resource(uri.withoutFragment.bytes) else {
            throw .outsideReference(target: SchemaText.shown(uri.bytes), place: place(position))
        }
        func nowhere() -> SchemaFault {
            .danglingReference(target: SchemaText.shown(uri.bytes), place: place(position))
        }
        guard let fragment = SchemaReference.decoded(uri.fragment ?? []) else { throw nowhere() }
        let start = resources[resource].position
        if fragment.isEmpty { return Target(position: start, dynamicName: nil) }
        if fragment.first == 0x2F {
            guard let target = try point(fragment, from: start, resource) else { throw nowhere() }
            return Target(position: target, dynamicName: nil)
        }
        guard let anchor = resources[resource].anchors[fragment] else { throw nowhere() }
        return Target(
            position: SchemaPosition(document: start.document, node: anchor.node),
            dynamicName: anchor.isDynamic ? fragment : nil)
    }

    /// The resource of that name, out of the documents at hand.
    private mutating func resource(_ uri: [UInt8]) throws(SchemaFault) -> Int? {
        if let known = byURI[uri] { return known }
        if let tree = supplied[uri] { return try add(tree, .root, uri: uri) }
        if let tree = Metaschemas.tree(uri) { return try add(tree, .root, uri: uri) }
        return nil
    }

    /// The place that a JSON pointer leads to (RFC 6901); it is surveyed if no keyword made it a schema.
    private mutating func point(
        _ pointer: [UInt8], from start: SchemaPosition, _ resource: Int
    ) throws(SchemaFault) -> SchemaPosition? {
        let tree = trees[start.document]
        var node = start.node
        var home = resource
        var depth = 1
        for raw in pointer.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false) {
            guard let token = Self.token(raw), let next = Self.step(tree, node, token) else { return nil }
            node = next
            depth += 1
            home = homes[SchemaPosition(document: start.document, node: node)] ?? home
        }
        let target = SchemaPosition(document: start.document, node: node)
        try survey(target, home, depth: min(depth, SchemaLimits.depth))
        return target
    }

    private static func step(_ tree: JSONTree, _ node: JSONNode, _ token: [UInt8]) -> JSONNode? {
        switch tree.kind(node) {
        case .object: return tree.member(node, token)
        case .array:
            guard (1...9).contains(token.count), token.allSatisfy(\.isDigit), token.count == 1 || token[0] != 0x30
            else { return nil }
            let index = token.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard index < tree.count(node) else { return nil }
            var element = tree.first(in: node)
            for _ in 0..<index { element = tree.next(after: element) }
            return element
        case .null, .bool, .number, .string: return nil
        }
    }

    /// One reference token, `~0` and `~1` resolved.
    private static func token(_ raw: ArraySlice<UInt8>) -> [UInt8]? {
        var token: [UInt8] = []
        var bytes = raw.makeIterator()
        while let byte = bytes.next() {
            guard byte == 0x7E else {
                token.append(byte)
                continue
            }
            switch bytes.next() {
            case 0x30: token.append(0x7E)
            case 0x31: token.append(0x2F)
            default: return nil
            }
        }
        return token
    }
}
