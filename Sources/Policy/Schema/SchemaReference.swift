// SPDX-License-Identifier: Apache-2.0

/// A URI reference in its five parts, as it is written (RFC 3986 section 4.1, appendix B). Percent-encoding is kept.
struct SchemaReference: Hashable, Sendable {
    var scheme: [UInt8]?
    var authority: [UInt8]?
    var path: [UInt8] = []
    var query: [UInt8]?
    var fragment: [UInt8]?

    init(_ text: [UInt8]) {
        var rest = text[...]
        if let hash = rest.firstIndex(of: 0x23) {
            fragment = Array(rest[(hash + 1)...])
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: 0x3F) {
            query = Array(rest[(mark + 1)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: 0x3A), Self.isScheme(rest[..<colon]) {
            scheme = Array(rest[..<colon])
            rest = rest[(colon + 1)...]
        }
        if rest.starts(with: [0x2F, 0x2F]) {
            let behind = rest.dropFirst(2)
            let end = behind.firstIndex(of: 0x2F) ?? behind.endIndex
            authority = Array(behind[..<end])
            rest = behind[end...]
        }
        path = Array(rest)
    }

    private static func isScheme(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, first.isLetterOrDigit, !first.isDigit else { return false }
        return text.allSatisfy { $0.isLetterOrDigit || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }
    }

    /// The target of this reference where `base` is the base URI (RFC 3986 section 5.2.2).
    func resolved(against base: SchemaReference) -> SchemaReference {
        var target = self
        if scheme != nil {
            target.path = Self.withoutDots(path)
            return target
        }
        target.scheme = base.scheme
        if authority != nil {
            target.path = Self.withoutDots(path)
            return target
        }
        target.authority = base.authority
        if path.isEmpty {
            target.path = base.path
            target.query = query ?? base.query
        } else if path.first == 0x2F {
            target.path = Self.withoutDots(path)
        } else {
            target.path = Self.withoutDots(Self.merged(base, path))
        }
        return target
    }

    var withoutFragment: SchemaReference {
        var copy = self
        copy.fragment = nil
        return copy
    }

    /// As text (RFC 3986 section 5.3).
    var bytes: [UInt8] {
        var text: [UInt8] = []
        if let scheme { text += scheme + [0x3A] }
        if let authority { text += [0x2F, 0x2F] + authority }
        text += path
        if let query { text += [0x3F] + query }
        if let fragment { text += [0x23] + fragment }
        return text
    }

    /// RFC 3986 section 5.2.3.
    private static func merged(_ base: SchemaReference, _ path: [UInt8]) -> [UInt8] {
        if base.authority != nil && base.path.isEmpty { return [0x2F] + path }
        guard let slash = base.path.lastIndex(of: 0x2F) else { return path }
        return Array(base.path[...slash]) + path
    }

    /// RFC 3986 section 5.2.4. A relative path stays relative.
    private static func withoutDots(_ path: [UInt8]) -> [UInt8] {
        var kept: [ArraySlice<UInt8>] = []
        let segments = path.split(separator: 0x2F, omittingEmptySubsequences: false)
        for (place, segment) in segments.enumerated() {
            let isLast = place == segments.count - 1
            switch Array(segment) {
            case [0x2E]:
                if isLast { kept.append([]) }
            case [0x2E, 0x2E]:
                // The empty segment in front of a leading slash stays.
                if kept.count > (path.first == 0x2F ? 1 : 0) { kept.removeLast() }
                if isLast { kept.append([]) }
            default: kept.append(segment)
            }
        }
        return Array(kept.joined(separator: [0x2F]))
    }

    /// The text with `%41` turned into what it stands for; nil if a percent sign begins no such triplet.
    static func decoded(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        var at = 0
        while at < text.count {
            guard text[at] == 0x25 else {
                bytes.append(text[at])
                at += 1
                continue
            }
            guard at + 2 < text.count, let high = text[at + 1].hexadecimalDigit, let low = text[at + 2].hexadecimalDigit
            else { return nil }
            bytes.append(high << 4 | low)
            at += 3
        }
        return bytes
    }
}

extension UInt8 {
    /// Value of a hexadecimal digit in either case.
    var hexadecimalDigit: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}
