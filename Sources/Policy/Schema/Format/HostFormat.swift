// SPDX-License-Identifier: Apache-2.0

/// Names and addresses of hosts.
enum HostFormat {
    /// RFC 1123 section 2.1: labels of letters, digits and inner hyphens. Labels of other scripts in their ASCII form
    /// are judged by that form alone.
    static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard (1...253).contains(name.count) else { return false }
        return name.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D }
        }
    }

    /// Four decimal numbers without leading zeros, and nothing else that some function calls an address.
    static func ipv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit), part.count == 1 || part.first != 0x30 else {
                return nil
            }
            let number = part.reduce(0) { $0 * 10 + UInt32($1 - 0x30) }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }

    /// The eight groups of an address in a form of RFC 4291 section 2.2, without zone.
    static func ipv6(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        var text = text
        var tail: [UInt16] = []
        // A dotted quad may stand for the last two groups.
        if text.contains(0x2E), let colon = text.lastIndex(of: 0x3A) {
            guard let quad = ipv4(text[(colon + 1)...]) else { return nil }
            tail = [UInt16(quad >> 16), UInt16(quad & 0xFFFF)]
            text = text[...colon]
            // The colon before it separates, unless it is half of a gap.
            if !text.dropLast().isEmpty, text.dropLast().last != 0x3A { text = text.dropLast() }
        }
        guard let gap = gap(in: text) else {
            guard let groups = groups(text), groups.count + tail.count == 8 else { return nil }
            return groups + tail
        }
        guard let front = groups(text[..<gap]), let back = groups(text[(gap + 2)...]) else { return nil }
        let missing = 8 - front.count - back.count - tail.count
        guard missing >= 1 else { return nil }
        return front + [UInt16](repeating: 0, count: missing) + back + tail
    }

    private static func gap(in text: ArraySlice<UInt8>) -> Int? {
        text.indices.dropLast().first { text[$0] == 0x3A && text[$0 + 1] == 0x3A }
    }

    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        for part in text.split(separator: 0x3A, omittingEmptySubsequences: false) {
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for byte in part {
                guard let digit = byte.hexadecimalDigit else { return nil }
                group = group << 4 | UInt16(digit)
            }
            groups.append(group)
        }
        return groups
    }
}
