// SPDX-License-Identifier: Apache-2.0

/// Why a schema cannot be enforced. A tool with such a schema is not offered.
///
/// Places are JSON pointers into the schema; they and all quoted text are fit for people as they are.
package enum SchemaFault: Error, Equatable, Sendable {
    /// `$schema` names a dialect that we do not speak.
    case dialect(name: String, place: String)
    /// A metaschema demands a vocabulary that we do not know.
    case vocabulary(name: String)
    /// A schema of an earlier draft uses what 2020-12 reads otherwise.
    case olderMeaning(construct: String, place: String)
    /// Where a schema must stand is neither an object nor a boolean.
    case notASchema(place: String)
    /// A keyword's value is none that it may have.
    case value(keyword: SchemaKeyword, place: String)
    /// A reference leads out of the document. Nothing is ever fetched.
    case outsideReference(target: String, place: String)
    /// A reference leads to nothing.
    case danglingReference(target: String, place: String)
    /// References lead back to where they began without going deeper into the value.
    case endlessReference(place: String)
    /// Two schemas have the same `$id`, or two places the same anchor.
    case ambiguousName(name: String, place: String)
    case pattern(PatternFault, place: String)
    case tooDeep(place: String)
    case tooManySubschemas
    case tooManyNames
    case tooManyResources
    case tooManyPatterns(place: String)
    /// The values of `const` and `enum` could not be kept.
    case constants
}

extension SchemaFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .dialect(let name, let place): Self.text("unsupported $schema \(name)", place)
        case .vocabulary(let name): "unsupported vocabulary \(name)"
        case .olderMeaning(let construct, let place):
            Self.text("\(construct) means something else in 2020-12 than in the schema's draft", place)
        case .notASchema(let place): Self.text("not a schema", place)
        case .value(let keyword, let place): Self.text("bad value of \(keyword.rawValue)", place)
        case .outsideReference(let target, let place): Self.text("reference leaves the schema: \(target)", place)
        case .danglingReference(let target, let place): Self.text("reference to nothing: \(target)", place)
        case .endlessReference(let place): Self.text("reference to itself", place)
        case .ambiguousName(let name, let place): Self.text("name stands twice: \(name)", place)
        case .pattern(let fault, let place):
            Self.text("pattern cannot be run: \(fault.reason.rawValue) at character \(fault.offset)", place)
        case .tooDeep(let place): Self.text("more than \(SchemaLimits.depth) schemas within each other", place)
        case .tooManySubschemas: "more than \(SchemaLimits.subschemas) subschemas"
        case .tooManyNames: "more than \(SchemaLimits.names) names and values"
        case .tooManyResources: "more than \(SchemaLimits.resources) schemas with an $id"
        case .tooManyPatterns(let place): Self.text("patterns too large together", place)
        case .constants: "values of const and enum too large"
        }
    }

    private static func text(_ fault: String, _ place: String) -> String {
        place.isEmpty ? fault : "\(fault), at \(place)"
    }
}
