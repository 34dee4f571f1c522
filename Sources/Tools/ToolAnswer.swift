// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What a tool has found.
struct ToolAnswer: Sendable {
    /// Above this no more entries or matches are added. It is sent twice, once as text with escaped quotes, and the
    /// whole message must stay below the 4 MiB that peers read (``JSONLimits/message``).
    static let maxStructuredBytes = 512 << 10

    /// Fits the tool's `outputSchema`.
    let structured: CanonicalJSON
    let content: Content
    /// What was asked for has been done, and has failed by itself.
    let isError: Bool
    /// Set where the answer holds what others have written.
    let provenance: Provenance?

    /// The same for clients that do not read the structured form.
    enum Content: Sendable {
        /// The structured form as text.
        case json
        case text([UInt8])
        /// In base64.
        case image([UInt8], type: StaticString)
        /// In base64, with the resource's address.
        case blob([UInt8], type: StaticString, address: [UInt8])
        case blocks([ContentBlock])
    }

    init(
        _ structured: CanonicalJSON, _ content: Content = .json, isError: Bool = false, provenance: Provenance? = nil
    ) {
        self.structured = structured
        self.content = content
        self.isError = isError
        self.provenance = provenance
    }
}

/// One element of a result's `content`.
enum ContentBlock: Sendable {
    case text([UInt8])
    /// In base64.
    case image([UInt8], type: StaticString)
    /// In base64, with the resource's address.
    case blob([UInt8], type: StaticString, address: [UInt8])
    /// Text with the address that it is from.
    case resource([UInt8], type: StaticString, address: [UInt8])
}

/// The mark of content that came from outside: whoever reads it must not take it for an instruction.
struct Provenance: Sendable {
    /// Where it is from, if that is one place.
    let source: [UInt8]?
}
