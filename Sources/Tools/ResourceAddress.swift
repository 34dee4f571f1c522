// SPDX-License-Identifier: Apache-2.0

/// `files:///label/dir/file`: the address of a file as a resource.
///
/// A path has exactly one address. Whoever judges addresses by how they begin would otherwise be led past by another
/// spelling of the same path.
enum ResourceAddress {
    static let prefix = Array("files:///".utf8)

    /// For files that a run of code has made. They exist in its answer alone, so such an address is never read.
    static let results = Array("result:///".utf8)

    static func text(_ path: [UInt8], under prefix: [UInt8] = prefix) -> [UInt8] {
        var text = prefix
        for byte in path {
            if isPlain(byte) {
                text.append(byte)
            } else {
                text.append(UInt8(ascii: "%"))
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return text
    }

    /// The path of an address; nil unless ``text(_:)`` makes exactly this one.
    static func path(_ text: [UInt8]) -> [UInt8]? {
        guard text.starts(with: prefix) else { return nil }
        var path: [UInt8] = []
        var rest = text[prefix.count...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                path.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digits.firstIndex),
                let low = rest.popFirst().flatMap(digits.firstIndex)
            else { return nil }
            path.append(UInt8(high << 4 | low))
        }
        return !path.isEmpty && self.text(path) == text ? path : nil
    }

    /// What may stand in a path as it is (RFC 3986 section 3.3), with the slash.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: plain.contains(byte)
        }
    }

    private static let plain = Array("-._~!$&'()*+,;=:@/".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)
}
