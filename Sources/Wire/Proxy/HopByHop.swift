// SPDX-License-Identifier: Apache-2.0

/// The header lines that end at a proxy (RFC 9110 section 7.6.1): what `Connection` names, what is known to be for one
/// hop, and what we compose ourselves from what we understood.
struct HopByHop {
    /// Where the options of the `Connection` lines stand.
    private var nominated: [Range<Int>] = []

    init(_ fields: [HeaderField], of bytes: borrowing Span<UInt8>) {
        for field in fields where field.name == .connection {
            var start = field.value.lowerBound
            while start < field.value.upperBound {
                let end = bytes.first(ASCII.comma, in: start..<field.value.upperBound) ?? field.value.upperBound
                nominated.append(bytes.trimmed(start..<end))
                start = end + 1
            }
        }
    }

    /// Whether `field` goes no further.
    func ends(_ field: HeaderField, of bytes: borrowing Span<UInt8>) -> Bool {
        switch field.name {
        case .host, .connection, .contentLength, .transferEncoding, .upgrade, .expect: return true
        case .other:
            let name = field.nameRange
            // Every `Proxy-…` is said to a proxy or by one: credentials for one, claims of one.
            let isProxys = name.count > 6 && bytes.folds("proxy-", in: name.prefix(6))
            if isProxys || bytes.folds("te", in: name) || bytes.folds("trailer", in: name)
                || bytes.folds("keep-alive", in: name)
            {
                return true
            }
        default: break
        }
        for option in nominated where HopByHop.areSame(option, field.nameRange, of: bytes) { return true }
        return false
    }

    private static func areSame(
        _ left: Range<Int>, _ right: Range<Int>, of bytes: borrowing Span<UInt8>
    ) -> Bool {
        if left.count != right.count { return false }
        for index in 0..<left.count
        where bytes[left.lowerBound + index].lowercasedASCII != bytes[right.lowerBound + index].lowercasedASCII {
            return false
        }
        return true
    }
}

extension [UInt8] {
    /// Appends the header lines that go further, each written anew: name, colon, blank, value, line end.
    mutating func append(relayed fields: [HeaderField], of bytes: borrowing Span<UInt8>) {
        let hop = HopByHop(fields, of: bytes)
        for field in fields where !hop.ends(field, of: bytes) {
            append(field.nameRange, of: bytes)
            append(text: ": ")
            append(field.value, of: bytes)
            append(text: "\r\n")
        }
    }

    /// Appends the line that says how long the body is; nothing where there is none or the end of the connection ends it.
    mutating func append(framing body: RelayedBody) {
        switch body {
        case .none, .untilClose: break
        case .length(let length):
            append(text: "Content-Length: ")
            append(decimal: length)
            append(text: "\r\n")
        case .chunked: append(text: "Transfer-Encoding: chunked\r\n")
        }
    }
}
