// SPDX-License-Identifier: Apache-2.0

/// A keyword of JSON Schema that can be broken or that shapes how others are read.
package enum SchemaKeyword: String, Sendable, Hashable, CaseIterable {
    // Core.
    case schema = "$schema"
    case id = "$id"
    case vocabulary = "$vocabulary"
    case reference = "$ref"
    case anchor = "$anchor"
    case dynamicReference = "$dynamicRef"
    case dynamicAnchor = "$dynamicAnchor"
    case definitions = "$defs"
    // Applicators.
    case prefixItems
    case items
    case contains
    case additionalProperties
    case properties
    case patternProperties
    case dependentSchemas
    case propertyNames
    case `if`
    case then
    case `else`
    case allOf
    case anyOf
    case oneOf
    case not
    // What no other keyword has looked at.
    case unevaluatedItems
    case unevaluatedProperties
    // Validation.
    case type
    case `enum`
    case const
    case multipleOf
    case maximum
    case exclusiveMaximum
    case minimum
    case exclusiveMinimum
    case maxLength
    case minLength
    case pattern
    case maxItems
    case minItems
    case uniqueItems
    case maxContains
    case minContains
    case maxProperties
    case minProperties
    case required
    case dependentRequired
    // Content and format.
    case format
    case contentSchema
    // Of earlier drafts: see docs/schema.md.
    case oldDefinitions = "definitions"
    case dependencies
    case recursiveReference = "$recursiveRef"

    private static let byName = Dictionary(
        uniqueKeysWithValues: allCases.map { (key: Array($0.rawValue.utf8), value: $0) })

    static func named(_ name: [UInt8]) -> SchemaKeyword? { byName[name] }

    /// Where the subschemas of a keyword stand.
    enum Shape {
        case none
        case one
        case list
        case map
        /// A map whose values are subschemas or lists of names.
        case mixedMap
    }

    var shape: Shape {
        switch self {
        case .items, .contains, .additionalProperties, .propertyNames, .if, .then, .else, .not, .unevaluatedItems,
            .unevaluatedProperties, .contentSchema:
            .one
        case .prefixItems, .allOf, .anyOf, .oneOf: .list
        case .definitions, .oldDefinitions, .properties, .patternProperties, .dependentSchemas: .map
        case .dependencies: .mixedMap
        case .schema, .id, .vocabulary, .reference, .anchor, .dynamicReference, .dynamicAnchor, .type, .enum, .const,
            .multipleOf, .maximum, .exclusiveMaximum, .minimum, .exclusiveMinimum, .maxLength, .minLength, .pattern,
            .maxItems, .minItems, .uniqueItems, .maxContains, .minContains, .maxProperties, .minProperties, .required,
            .dependentRequired, .format, .recursiveReference:
            .none
        }
    }

    /// The vocabulary of 2020-12 that defines a keyword; core for those that every schema has.
    var home: SchemaVocabulary {
        switch self {
        case .schema, .id, .vocabulary, .reference, .anchor, .dynamicReference, .dynamicAnchor, .definitions,
            .oldDefinitions, .recursiveReference:
            .core
        case .prefixItems, .items, .contains, .additionalProperties, .properties, .patternProperties,
            .dependentSchemas, .propertyNames, .if, .then, .else, .allOf, .anyOf, .oneOf, .not, .dependencies:
            .applicator
        case .unevaluatedItems, .unevaluatedProperties: .unevaluated
        case .type, .enum, .const, .multipleOf, .maximum, .exclusiveMaximum, .minimum, .exclusiveMinimum, .maxLength,
            .minLength, .pattern, .maxItems, .minItems, .uniqueItems, .maxContains, .minContains, .maxProperties,
            .minProperties, .required, .dependentRequired:
            .validation
        case .format: .formatAnnotation
        case .contentSchema: .content
        }
    }
}
