// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// A group of keywords of 2020-12, switched on by a metaschema's `$vocabulary`.
enum SchemaVocabulary: String, CaseIterable {
    case core
    case applicator
    case unevaluated
    case validation
    case metaData = "meta-data"
    case formatAnnotation = "format-annotation"
    case formatAssertion = "format-assertion"
    case content

    private static let prefix = Array("https://json-schema.org/draft/2020-12/vocab/".utf8)

    init?(uri: [UInt8]) {
        guard uri.starts(with: Self.prefix),
            let found = Self.allCases.first(where: { uri.dropFirst(Self.prefix.count).elementsEqual($0.rawValue.utf8) })
        else { return nil }
        self = found
    }
}

/// How the keywords of one schema resource are read.
struct SchemaDialect: Sendable, Equatable {
    private(set) var vocabularies: Set<SchemaVocabulary>
    /// Draft-07, of which only what 2020-12 reads alike is accepted.
    let isDraft7: Bool

    static let standard = SchemaDialect(
        vocabularies: [.core, .applicator, .unevaluated, .validation, .metaData, .formatAnnotation, .content],
        isDraft7: false)
    static let draft7 = SchemaDialect(vocabularies: standard.vocabularies, isDraft7: true)

    func reads(_ keyword: SchemaKeyword) -> Bool {
        keyword.home == .formatAnnotation
            ? vocabularies.contains(.formatAnnotation) || vocabularies.contains(.formatAssertion)
            : vocabularies.contains(keyword.home)
    }

    var assertsFormats: Bool { vocabularies.contains(.formatAssertion) }

    private static let standardNames = [
        "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#",
    ]
    private static let draft7Names = [
        "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema#",
    ]

    /// The dialect of a known name; nil for other names.
    static func named(_ name: [UInt8]) -> SchemaDialect? {
        if standardNames.contains(where: { name.elementsEqual($0.utf8) }) { return .standard }
        if draft7Names.contains(where: { name.elementsEqual($0.utf8) }) { return .draft7 }
        return nil
    }

    /// The dialect that a metaschema of somebody else's describes.
    ///
    /// - Throws: ``SchemaFault/vocabulary(name:)`` if it demands one that we do not know.
    static func described(by metaschema: JSONTree, _ root: JSONNode) throws(SchemaFault) -> SchemaDialect {
        guard let declared = metaschema.member(root, "$vocabulary") else { return .standard }
        var dialect = SchemaDialect(vocabularies: [.core], isDraft7: false)
        for (key, demanded) in metaschema.members(declared) {
            let uri = metaschema.text(key) ?? []
            if let vocabulary = SchemaVocabulary(uri: uri) {
                dialect.vocabularies.insert(vocabulary)
            } else if metaschema.bool(demanded) != false {
                throw .vocabulary(name: SchemaText.shown(uri))
            }
        }
        return dialect
    }

    /// Keywords that draft-07 does not know and 2020-12 obeys.
    static let newKeywords: Set<SchemaKeyword> = [
        .anchor, .dynamicReference, .dynamicAnchor, .vocabulary, .prefixItems, .dependentSchemas, .dependentRequired,
        .unevaluatedItems, .unevaluatedProperties, .minContains, .maxContains,
    ]
}
