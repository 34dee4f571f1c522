// SPDX-License-Identifier: Apache-2.0

/// Mailboxes of RFC 5321 section 4.1.2, and of RFC 6531 with other characters than ASCII.
enum MailFormat {
    static func isAddress(_ bytes: [UInt8], isInternational: Bool) -> Bool {
        guard let at = bytes.lastIndex(of: 0x40) else { return false }
        let local = bytes[..<at]
        // 64 octets: RFC 5321 section 4.5.3.1.1.
        guard (1...64).contains(local.count), isInternational || bytes.allSatisfy({ $0 < 0x80 }) else { return false }
        return (isDotted(local) || isQuoted(local)) && isDomain(bytes[(at + 1)...], isInternational)
    }

    private static func isDotted(_ local: ArraySlice<UInt8>) -> Bool {
        local.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy { $0.isLetterOrDigit || $0 >= 0x80 || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
    }

    private static func isQuoted(_ local: ArraySlice<UInt8>) -> Bool {
        guard local.count >= 2, local.first == 0x22, local.last == 0x22 else { return false }
        var isEscaped = false
        for byte in local.dropFirst().dropLast() {
            guard byte >= 0x20, byte != 0x7F, isEscaped || byte != 0x22 else { return false }
            isEscaped = !isEscaped && byte == 0x5C
        }
        return !isEscaped
    }

    private static func isDomain(_ domain: ArraySlice<UInt8>, _ isInternational: Bool) -> Bool {
        if domain.first == 0x5B {
            guard domain.last == 0x5D else { return false }
            let literal = domain.dropFirst().dropLast()
            let prefix = Array("IPv6:".utf8)
            return literal.starts(with: prefix)
                ? HostFormat.ipv6(literal.dropFirst(prefix.count)) != nil : HostFormat.ipv4(literal) != nil
        }
        // Which other characters a label may have is a matter of IDNA, which is not decided here.
        return HostFormat.isName(isInternational ? domain.map { $0 < 0x80 ? $0 : 0x61 }[...] : domain)
    }
}
