// SPDX-License-Identifier: Apache-2.0

/// A host's name: labels of letters, digits and inner dashes, in lower case and without the dot of the root.
///
/// Narrower than what resolvers take, so that no two readers can disagree: no `_`, nothing beyond ASCII (clients send
/// A-labels), no label that begins or ends with a dash, and never a last label that could be read as a number.
package struct HostName: Hashable, Sendable, CustomStringConvertible {
    /// RFC 1035 section 2.3.4, less the length of the root; one dot at the end does not count.
    package static let maxBytes = 253
    /// RFC 1035 section 2.3.4.
    package static let maxLabelBytes = 63
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) { self.init(bytes.span, 0..<bytes.count) }

    package init?(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) {
        var end = range.upperBound
        if end - range.lowerBound > 1, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
        guard (1...Self.maxBytes).contains(end - range.lowerBound) else { return nil }
        var name: [UInt8] = []
        name.reserveCapacity(end - range.lowerBound)
        var label = 0
        for index in range.lowerBound..<end {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") {
                guard label > 0, name.last != UInt8(ascii: "-") else { return nil }
                label = 0
            } else {
                guard byte.isLetterOrDigit || (byte == UInt8(ascii: "-") && label > 0) else { return nil }
                label += 1
                guard label <= Self.maxLabelBytes else { return nil }
            }
            name.append(byte.lowered)
        }
        guard label > 0, name.last != UInt8(ascii: "-"), !Self.couldBeNumber(name.suffix(label)) else { return nil }
        self.bytes = name
    }

    /// Decimal, octal, or hexadecimal behind `0x`, even without a digit: what readers of URLs and `inet_aton` would
    /// take for an IPv4 address (WHATWG URL, "ends in a number").
    private static func couldBeNumber(_ label: ArraySlice<UInt8>) -> Bool {
        if label.allSatisfy(\.isDigit) { return true }
        guard label.starts(with: "0x".utf8) else { return false }
        return label.dropFirst(2).allSatisfy { $0.isDigit || ($0 >= 0x61 && $0 <= 0x66) }
    }

    /// Whether this name lies below `other`; a name does not lie below itself.
    package func isBelow(_ other: HostName) -> Bool {
        bytes.count > other.bytes.count && bytes[bytes.count - other.bytes.count - 1] == UInt8(ascii: ".")
            && bytes.suffix(other.bytes.count) == other.bytes[...]
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension UInt8 {
    /// An ASCII capital as its small letter, everything else as it is.
    fileprivate var lowered: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
