// SPDX-License-Identifier: Apache-2.0

/// A value of `format` that we can assert. All others are annotations.
enum SchemaFormat: String, Sendable, CaseIterable {
    case dateTime = "date-time"
    case date
    case time
    case duration
    case email
    case internationalEmail = "idn-email"
    case hostname
    case ipv4
    case ipv6
    case uri
    case uriReference = "uri-reference"
    case iri
    case iriReference = "iri-reference"
    case uriTemplate = "uri-template"
    case uuid
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"
    case regex
    // Ours: see docs/schema.md.
    case shellSafe = "no-shell-metacharacters"
    case publicHost = "public-host"

    var isOurs: Bool { self == .shellSafe || self == .publicHost }

    private static let byName = Dictionary(
        uniqueKeysWithValues: allCases.map { (key: Array($0.rawValue.utf8), value: $0) })

    static func named(_ name: [UInt8]) -> SchemaFormat? { byName[name] }

    /// Whether a text, which is UTF-8, has the format.
    func admits(_ text: borrowing Span<UInt8>) -> Bool {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for at in 0..<text.count { bytes.append(text[at]) }
        switch self {
        case .dateTime: return TimeFormat.isDateTime(bytes)
        case .date: return TimeFormat.isDate(bytes)
        case .time: return TimeFormat.isTime(bytes)
        case .duration: return TimeFormat.isDuration(bytes)
        case .email: return MailFormat.isAddress(bytes, isInternational: false)
        case .internationalEmail: return MailFormat.isAddress(bytes, isInternational: true)
        case .hostname: return HostFormat.isName(bytes[...])
        case .ipv4: return HostFormat.ipv4(bytes[...]) != nil
        case .ipv6: return HostFormat.ipv6(bytes[...]) != nil
        case .uri: return ReferenceFormat.isReference(bytes, isRelative: false, isInternational: false)
        case .uriReference: return ReferenceFormat.isReference(bytes, isRelative: true, isInternational: false)
        case .iri: return ReferenceFormat.isReference(bytes, isRelative: false, isInternational: true)
        case .iriReference: return ReferenceFormat.isReference(bytes, isRelative: true, isInternational: true)
        case .uriTemplate: return TemplateFormat.isTemplate(bytes)
        case .uuid: return TextFormat.isUUID(bytes)
        case .jsonPointer: return TextFormat.isPointer(bytes[...])
        case .relativeJSONPointer: return TextFormat.isRelativePointer(bytes)
        case .regex: return Pattern.isWellFormed(bytes)
        case .shellSafe: return TextFormat.isShellSafe(bytes)
        case .publicHost: return PublicHost.isPublic(bytes)
        }
    }
}
