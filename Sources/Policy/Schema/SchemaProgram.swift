// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// The number of a subschema in ``SchemaProgram/nodes``.
struct SchemaIndex: Hashable, Sendable {
    let number: UInt32

    init(_ number: Int) { self.number = UInt32(truncatingIfNeeded: number) }
    init(number: UInt32) { self.number = number }

    /// `true`: everything fits.
    static let anything = SchemaIndex(0)
    /// `false`: nothing fits.
    static let nothing = SchemaIndex(1)
}

/// A run of ``SchemaProgram/links``.
struct SchemaList: Sendable {
    var first: UInt32
    var count: UInt32

    var indices: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// The types of values that a subschema admits, one bit for each ``JSONKind``.
struct SchemaTypes: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = SchemaTypes(.null)
    static let boolean = SchemaTypes(.bool)
    static let number = SchemaTypes(.number)
    static let string = SchemaTypes(.string)
    static let array = SchemaTypes(.array)
    static let object = SchemaTypes(.object)
    /// Numbers without a fraction.
    static let integer = SchemaTypes(rawValue: 1 << 6)
    static let all: SchemaTypes = [.null, .boolean, .number, .string, .array, .object]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    @inline(__always)
    init(_ kind: JSONKind) { rawValue = 1 &<< kind.rawValue }
}

/// One subschema: the types it admits, and its operations in the order in which they are tried.
struct SchemaNode: Sendable {
    var types: SchemaTypes
    /// Has `unevaluatedProperties` or `unevaluatedItems`, and so must know what its other keywords have looked at.
    var tracks: Bool
    var resource: UInt32
    /// The first operation. Those for numbers come first, then those for strings, arrays, objects, and for everything.
    var first: UInt32
    var numberEnd: UInt8
    var stringEnd: UInt8
    var arrayEnd: UInt8
    var objectEnd: UInt8
    var end: UInt8

    static let anything = SchemaNode(types: .all)
    static let nothing = SchemaNode(types: [])

    init(types: SchemaTypes) {
        self.types = types
        tracks = false
        resource = 0
        first = 0
        numberEnd = 0
        stringEnd = 0
        arrayEnd = 0
        objectEnd = 0
        end = 0
    }

    /// The operations that only values of one kind can break, relative to `first`.
    @inline(__always)
    func operations(for kind: JSONKind) -> Range<UInt8> {
        switch kind {
        case .null, .bool: objectEnd..<objectEnd
        case .number: 0..<numberEnd
        case .string: numberEnd..<stringEnd
        case .array: stringEnd..<arrayEnd
        case .object: arrayEnd..<objectEnd
        }
    }
}

/// One assertion or applicator. Numbers are indices into the arrays of ``SchemaProgram``.
enum SchemaOperation: Sendable {
    // Numbers.
    case minimum(UInt32)
    case exclusiveMinimum(UInt32)
    case maximum(UInt32)
    case exclusiveMaximum(UInt32)
    case multipleOf(UInt32)
    // Strings: lengths in code points.
    case minLength(UInt32)
    case maxLength(UInt32)
    case pattern(UInt32)
    case format(SchemaFormat)
    // Arrays.
    case minItems(UInt32)
    case maxItems(UInt32)
    /// `prefixItems`, then `items` for the rest.
    case items(prefix: SchemaList, rest: SchemaIndex?)
    case contains(SchemaIndex, least: UInt32, most: UInt32)
    case uniqueItems
    // Objects.
    case minProperties(UInt32)
    case maxProperties(UInt32)
    case members(UInt32)
    case propertyNames(SchemaIndex)
    /// A run of ``SchemaProgram/dependencies``.
    case dependencies(SchemaList)
    // Every kind of value.
    case const(UInt32)
    case `enum`(UInt32)
    case reference(SchemaIndex)
    case dynamicReference(targets: SchemaList, otherwise: SchemaIndex)
    case allOf(SchemaList)
    case anyOf(SchemaList)
    case oneOf(SchemaList)
    case not(SchemaIndex)
    case conditional(`if`: SchemaIndex, branches: UInt32)
    // Always last.
    case unevaluatedItems(SchemaIndex)
    case unevaluatedProperties(SchemaIndex)
}

/// The limit that a number keyword sets.
struct NumberBound: Sendable {
    /// As an integer, if it is written as one that JSON may carry: what nearly every limit is compared by.
    let integer: Int64?
    /// A number in ``SchemaProgram/exactBounds``.
    let exact: UInt32
}

/// The same limit exactly, and as it was written.
struct ExactBound: Sendable {
    let decimal: Decimal
    let text: [UInt8]
}

/// `properties`, `patternProperties`, `additionalProperties` and `required` of one subschema, for one walk.
struct MemberPlan: Sendable {
    var names: NameTable
    /// How many of `names` are required.
    var required: Int
    /// Pairs of a pattern and a subschema, in ``SchemaProgram/links``.
    var patterns: SchemaList
    var additional: SchemaIndex?
}

/// `then` and `else`.
struct SchemaBranches: Sendable {
    var then: SchemaIndex?
    var otherwise: SchemaIndex?
}

/// What the presence of one member asks for: other members, or that the object fits a subschema.
struct SchemaDependency: Sendable {
    let keyword: SchemaKeyword
    /// A table of one name.
    let trigger: NameTable
    let required: NameTable
    let schema: SchemaIndex?
}

/// The values of one `enum`: strings in a table, everything else in a list.
struct EnumPlan: Sendable {
    var strings: NameTable
    /// Numbers of constants, in ``SchemaProgram/links``.
    var others: SchemaList
}

/// A schema compiled into flat arrays. Shared between threads, never changed.
final class SchemaProgram: Sendable {
    let nodes: [SchemaNode]
    let operations: [SchemaOperation]
    /// Lists of all kinds: subschemas, names, pairs.
    let links: [UInt32]
    let names: NamePool
    let members: [MemberPlan]
    let enums: [EnumPlan]
    let bounds: [NumberBound]
    let exactBounds: [ExactBound]
    let branches: [SchemaBranches]
    let dependencies: [SchemaDependency]
    let patterns: [Pattern]
    /// An array: an empty object, then the values of `const` and `enum`.
    let constants: JSONTree
    /// Those values.
    let constantNodes: [JSONNode]
    let root: SchemaIndex
    /// Whether the way by which a subschema was reached matters: a `$dynamicRef` has more than one target.
    let hasDynamicScope: Bool

    init(
        nodes: [SchemaNode], operations: [SchemaOperation], links: [UInt32], names: NamePool, members: [MemberPlan],
        enums: [EnumPlan], bounds: [NumberBound], exactBounds: [ExactBound], branches: [SchemaBranches],
        dependencies: [SchemaDependency], patterns: [Pattern], constants: JSONTree, constantNodes: [JSONNode],
        root: SchemaIndex, hasDynamicScope: Bool
    ) {
        self.nodes = nodes
        self.operations = operations
        self.links = links
        self.names = names
        self.members = members
        self.enums = enums
        self.bounds = bounds
        self.exactBounds = exactBounds
        self.branches = branches
        self.dependencies = dependencies
        self.patterns = patterns
        self.constants = constants
        self.constantNodes = constantNodes
        self.root = root
        self.hasDynamicScope = hasDynamicScope
    }

    /// What stands in for absent arguments.
    var emptyObject: JSONNode { constants.first(in: .root) }
}
