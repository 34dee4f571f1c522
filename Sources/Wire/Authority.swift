// SPDX-License-Identifier: Apache-2.0

/// A well-formed `host[:port]` (RFC 9110 section 7.2) whose meaning nobody has asked yet.
///
/// Spellings are not resolved or folded: whether it names *us* is a comparison of bytes, see ``ListenerIdentity``.
package struct Authority: Equatable, Sendable {
    /// The longest host name of the DNS in text form (RFC 1035 section 2.3.4), in bytes.
    static let maxHostBytes = 255
    /// Digits of the largest port.
    static let maxPortDigits = 5
    static let maxPort = 65_535

    /// The host, with its brackets where it is an IPv6 address.
    package let host: Range<Int>
    /// The port where one is named.
    package let port: UInt16?

    /// - Throws: `host-malformed`.
    package init(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(WireError) {
        let end = try Authority.endOfHost(bytes, range)
        host = range.lowerBound..<end
        if end == range.upperBound {
            port = nil
            return
        }
        let digits = (end + 1)..<range.upperBound
        guard bytes[end] == ASCII.colon && !digits.isEmpty && digits.count <= Authority.maxPortDigits else {
            throw WireError(.hostMalformed, at: end, in: .host)
        }
        var number = 0
        for index in digits {
            guard bytes[index].isDigit else { throw WireError(.hostMalformed, at: index, in: .host) }
            number = number * 10 + Int(bytes[index] - ASCII.zero)
        }
        guard number <= Authority.maxPort else { throw WireError(.hostMalformed, at: end, in: .host) }
        port = UInt16(number)
    }

    private static func endOfHost(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(WireError) -> Int {
        var index = range.lowerBound
        if !range.isEmpty && bytes[index] == UInt8(ascii: "[") {
            guard let close = bytes.first(UInt8(ascii: "]"), in: range),
                isIPv6(bytes, (index + 1)..<close)
            else { throw WireError(.hostMalformed, at: index, in: .host) }
            return close + 1
        }
        while index < range.upperBound && bytes[index] != ASCII.colon {
            // Narrower than a reg-name: percent signs would need decoding, and commas would make a list.
            let byte = bytes[index]
            guard byte.isLetter || byte.isDigit || byte == ASCII.dot || byte == ASCII.minus || byte == UInt8(ascii: "_")
            else { throw WireError(.hostMalformed, at: index, in: .host) }
            index += 1
        }
        if index == range.lowerBound || index - range.lowerBound > maxHostBytes {
            throw WireError(.hostMalformed, at: index, in: .host)
        }
        return index
    }

    /// `IPv6address` of RFC 3986 section 3.2.2: eight groups of up to four hex digits, the last two of which may be an
    /// IPv4 address, and one `::` for one or more groups of zeros. No zone.
    private static func isIPv6(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var groups = 0
        var gapSeen = false
        var index = range.lowerBound
        if range.count >= 2 && bytes[index] == ASCII.colon {
            guard bytes[index + 1] == ASCII.colon else { return false }
            gapSeen = true
            index += 2
            if index == range.upperBound { return true }
        }
        while index < range.upperBound {
            let start = index
            while index < range.upperBound && bytes[index].hexValue != nil { index += 1 }
            if index < range.upperBound && bytes[index] == ASCII.dot {
                groups += 2
                return isIPv4(bytes, start..<range.upperBound) && (gapSeen ? groups < 8 : groups == 8)
            }
            guard (1...4).contains(index - start) else { return false }
            groups += 1
            if index == range.upperBound { break }
            guard bytes[index] == ASCII.colon else { return false }
            index += 1
            // A single colon must be followed by another group.
            if index == range.upperBound { return false }
            if bytes[index] == ASCII.colon {
                if gapSeen { return false }
                gapSeen = true
                index += 1
                if index == range.upperBound { break }
            }
        }
        return gapSeen ? groups < 8 : groups == 8
    }

    private static func isIPv4(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        for part in 0..<4 {
            if part > 0 {
                guard index < range.upperBound && bytes[index] == ASCII.dot else { return false }
                index += 1
            }
            let start = index
            var value = 0
            while index < range.upperBound && bytes[index].isDigit && index - start < 3 {
                value = value * 10 + Int(bytes[index] - ASCII.zero)
                index += 1
            }
            let hasLeadingZero = index - start > 1 && bytes[start] == ASCII.zero
            guard index > start && value <= 255 && !hasLeadingZero else { return false }
        }
        return index == range.upperBound
    }
}

/// The names under which one listener may be addressed, and the origins that count as its own.
///
/// Both are fixed lists of bytes from configuration. `LOCALHOST:P` is not `localhost:P`: no client spells us so, and
/// what would have to be folded first is refused.
package struct ListenerIdentity: Sendable, Equatable {
    package let authorities: [[UInt8]]
    package let origins: [[UInt8]]

    /// nil where a list holds something that no `Host` or `Origin` could ever be equal to.
    package init?(authorities: [[UInt8]], origins: [[UInt8]]) {
        if authorities.isEmpty { return nil }
        for authority in authorities where !ListenerIdentity.isAuthority(authority, from: 0) { return nil }
        for origin in origins {
            let span = origin.span
            let scheme = ["http://", "https://"].first {
                span.count > $0.utf8.count && span.holds($0, in: 0..<$0.utf8.count)
            }
            guard let scheme, ListenerIdentity.isAuthority(origin, from: scheme.utf8.count) else { return nil }
        }
        self.authorities = authorities
        self.origins = origins
    }

    /// The listener on `127.0.0.1` at `port`: addressed by that number or as `localhost`, its origin the number alone.
    package init(loopbackPort port: UInt16) {
        let suffix = Array(":\(port)".utf8)
        authorities = [Array("127.0.0.1".utf8) + suffix, Array("localhost".utf8) + suffix]
        origins = [Array("http://127.0.0.1".utf8) + suffix]
    }

    /// Step 2 of the order of refusal: whether `Host` is one of ours.
    ///
    /// - Throws: `authority-foreign`.
    package func checkAuthority(of head: borrowing RequestHead) throws(WireError) {
        guard let value = head.value(.host) else { throw WireError(.hostMissing, at: 0, in: .host) }
        let bytes = head.bytes
        for authority in authorities where bytes.span.holds(authority, in: value) { return }
        throw WireError(.authorityForeign, at: value.lowerBound, in: .host)
    }

    /// Whether an `Origin` value is one of ours, byte for byte.
    func owns(origin value: Range<Int>, of bytes: borrowing Span<UInt8>) -> Bool {
        for origin in origins where bytes.holds(origin, in: value) { return true }
        return false
    }

    private static func isAuthority(_ bytes: [UInt8], from start: Int) -> Bool {
        do throws(WireError) {
            _ = try Authority(bytes.span, start..<bytes.count)
            return true
        } catch {
            return false
        }
    }
}
