// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Keywords about single values: types, constants, numbers, strings.
extension SchemaCompiler {
    func types(_ keywords: Keywords) throws(SchemaFault) -> SchemaTypes {
        guard let value = keywords[.type] else { return .all }
        let tree = keywords.tree
        switch tree.kind(value) {
        case .string:
            guard let type = Self.type(tree, value) else { throw fault(.type, keywords) }
            return type
        case .array:
            var types: SchemaTypes = []
            for element in tree.elements(value) {
                guard let type = Self.type(tree, element) else { throw fault(.type, keywords) }
                types.formUnion(type)
            }
            guard !types.isEmpty else { throw fault(.type, keywords) }
            return types
        case .null, .bool, .number, .object: throw fault(.type, keywords)
        }
    }

    private static let typeNames: [(name: String, type: SchemaTypes)] = [
        ("null", .null), ("boolean", .boolean), ("number", .number), ("integer", .integer), ("string", .string),
        ("array", .array), ("object", .object),
    ]

    private static func type(_ tree: JSONTree, _ name: JSONNode) -> SchemaTypes? {
        typeNames.first { tree.equals(name, $0.name) }?.type
    }

    /// The names of types, for messages.
    static func typeList(_ types: SchemaTypes) -> String {
        typeNames.filter { types.contains($0.type) && !($0.type == .integer && types.contains(.number)) }
            .map(\.name).joined(separator: " or ")
    }

    mutating func compileValues(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        if let value = keywords[.const] {
            try chargeNames(1)
            all.general.append(.const(constants.add(keywords.tree, value)))
        }
        guard let value = keywords[.enum] else { return }
        guard keywords.tree.kind(value) == .array else { throw fault(.enum, keywords) }
        var strings: [(name: [UInt8], schema: SchemaIndex?, isRequired: Bool)] = []
        var seen: Set<[UInt8]> = []
        var others: [UInt32] = []
        for element in keywords.tree.elements(value) {
            if let text = keywords.tree.text(element) {
                if seen.insert(text).inserted { strings.append((name: text, schema: nil, isRequired: false)) }
            } else {
                others.append(constants.add(keywords.tree, element))
            }
        }
        try chargeNames(others.count)
        enums.append(EnumPlan(strings: try table(strings), others: list(others)))
        all.general.append(.enum(UInt32(enums.count - 1)))
    }

    mutating func compileNumbers(_ keywords: Keywords, into all: inout Operations) throws(SchemaFault) {
        if let bound = try bound(.minimum, keywords) { all.number.append(.minimum(bound)) }
        if let bound = try bound(.exclusiveMinimum, keywords) { all.number.append(.exclusiveMinimum(bound)) }
        if let bound = try bound(.maximum, keywords) { all.number.append(.maximum(bound)) }
        if let bound = try bound(.exclusiveMaximum, keywords) { all.number.append(.exclusiveMaximum(bound)) }
        guard let divisor = try bound(.multipleOf, keywords) else { return }
        guard exactBounds[Int(divisor)].decimal > Decimal(0) else { throw fault(.multipleOf, keywords) }
        all.number.append(.multipleOf(divisor))
    }

    private mutating func bound(_ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> UInt32? {
        guard let value = keywords[keyword] else { return nil }
        guard let decimal = SameValue.decimal(value, keywords.tree), let text = keywords.tree.numberText(value) else {
            throw fault(keyword, keywords)
        }
        bounds.append(NumberBound(integer: keywords.tree.integer(value), exact: UInt32(bounds.count)))
        exactBounds.append(ExactBound(decimal: decimal, text: text))
        return UInt32(bounds.count - 1)
    }

    mutating func compileStrings(
        _ keywords: Keywords, _ dialect: SchemaDialect, into all: inout Operations
    ) throws(SchemaFault) {
        if let least = try count(.minLength, keywords) { all.string.append(.minLength(least)) }
        if let most = try count(.maxLength, keywords) { all.string.append(.maxLength(most)) }
        if let value = keywords[.pattern] {
            guard let source = keywords.tree.text(value) else { throw fault(.pattern, keywords) }
            let position = SchemaPosition(document: keywords.position.document, node: value)
            all.string.append(.pattern(try pattern(source, at: position)))
        }
        guard let value = keywords[.format] else { return }
        guard let name = keywords.tree.text(value) else { throw fault(.format, keywords) }
        guard let format = SchemaFormat.named(name) else { return }
        let isAsserted =
            format.isOurs ? options.assertOurFormats : options.assertFormats || dialect.assertsFormats
        if isAsserted { all.string.append(.format(format)) }
    }

    /// A whole number that is not negative; what is too large for 32 bits is as good as the largest.
    func count(_ keyword: SchemaKeyword, _ keywords: Keywords) throws(SchemaFault) -> UInt32? {
        guard let value = keywords[keyword] else { return nil }
        guard let count = SameValue.decimal(value, keywords.tree)?.count else { throw fault(keyword, keywords) }
        return UInt32(clamping: count)
    }
}
