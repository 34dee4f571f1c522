// SPDX-License-Identifier: Apache-2.0

/// URI and IRI references (RFC 3986, RFC 3987).
enum ReferenceFormat {
    static func isReference(_ bytes: [UInt8], isRelative: Bool, isInternational: Bool) -> Bool {
        let reference = SchemaReference(bytes)
        guard reference.scheme != nil || isRelative else { return false }
        if let authority = reference.authority {
            guard isAuthority(authority[...], isInternational) else { return false }
        } else if reference.scheme == nil {
            // Else what stands before the colon would be a scheme.
            let segment = reference.path.prefix { $0 != 0x2F }
            guard !segment.contains(0x3A) else { return false }
        }
        return isText(reference.path[...], also: "/:@", isInternational)
            && (reference.query.map { isText($0[...], also: "/:@?", isInternational, hasPrivate: true) } ?? true)
            && (reference.fragment.map { isText($0[...], also: "/:@?", isInternational) } ?? true)
    }

    private static func isAuthority(_ authority: ArraySlice<UInt8>, _ isInternational: Bool) -> Bool {
        var host = authority
        if let at = host.firstIndex(of: 0x40) {
            guard isText(host[..<at], also: ":", isInternational) else { return false }
            host = host[(at + 1)...]
        }
        // A colon inside brackets begins no port.
        if let colon = host.lastIndex(of: 0x3A), !(host.first == 0x5B && host[colon...].contains(0x5D)) {
            guard host[(colon + 1)...].allSatisfy(\.isDigit) else { return false }
            host = host[..<colon]
        }
        guard host.first == 0x5B else { return isText(host, also: "", isInternational) }
        guard host.last == 0x5D else { return false }
        let literal = host.dropFirst().dropLast()
        return HostFormat.ipv6(literal) != nil || isFutureAddress(literal)
    }

    /// `v`, hexadecimal digits, a dot, and characters of names.
    private static func isFutureAddress(_ literal: ArraySlice<UInt8>) -> Bool {
        guard let first = literal.first, first | 0x20 == 0x76, let dot = literal.firstIndex(of: 0x2E) else {
            return false
        }
        let version = literal[(literal.startIndex + 1)..<dot]
        let address = literal[(dot + 1)...]
        return !version.isEmpty && version.allSatisfy { $0.hexadecimalDigit != nil } && !address.isEmpty
            && !address.contains(0x25) && isText(address, also: ":", false)
    }

    /// Whether a part consists of unreserved characters, sub-delimiters, whole triplets, and those of `also`.
    private static func isText(
        _ text: ArraySlice<UInt8>, also: String, _ isInternational: Bool, hasPrivate: Bool = false
    ) -> Bool {
        var scalars = String(decoding: text, as: UTF8.self).unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == "%" {
                guard isHexadecimal(scalars.next()), isHexadecimal(scalars.next()) else { return false }
                continue
            }
            guard let byte = UInt8(exactly: scalar.value), byte < 0x80 else {
                guard isInternational, isOther(scalar, hasPrivate) else { return false }
                continue
            }
            guard byte.isLetterOrDigit || "-._~!$&'()*+,;=".utf8.contains(byte) || also.utf8.contains(byte) else {
                return false
            }
        }
        return true
    }

    static func isHexadecimal(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.flatMap { UInt8(exactly: $0.value) }?.hexadecimalDigit != nil
    }

    /// `ucschar` of RFC 3987, and `iprivate` where that may stand.
    static func isOther(_ scalar: Unicode.Scalar, _ hasPrivate: Bool) -> Bool {
        switch scalar.value {
        case 0xA0...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFEF: true
        case 0xE000...0xF8FF, 0xF_0000...0xF_FFFD, 0x10_0000...0x10_FFFD: hasPrivate
        case 0x1_0000...0xD_FFFF: scalar.value & 0xFFFF < 0xFFFE
        case 0xE_1000...0xE_FFFD: true
        default: false
        }
    }
}
