// SPDX-License-Identifier: Apache-2.0

/// URI templates (RFC 6570 section 2), which may hold any level of expressions.
enum TemplateFormat {
    static func isTemplate(_ bytes: [UInt8]) -> Bool {
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        var at = 0
        while at < scalars.count {
            if scalars[at] == "{" {
                guard let end = scalars[at...].firstIndex(of: "}"), isExpression(scalars[(at + 1)..<end]) else {
                    return false
                }
                at = end + 1
            } else {
                guard let next = literal(scalars, at) else { return false }
                at = next
            }
        }
        return true
    }

    /// The place behind the literal character or triplet at `at`.
    private static func literal(_ scalars: [Unicode.Scalar], _ at: Int) -> Int? {
        let scalar = scalars[at]
        if scalar == "%" { return isTriplet(scalars[...], at) ? at + 3 : nil }
        guard scalar.value < 0x80 else { return ReferenceFormat.isOther(scalar, true) ? at + 1 : nil }
        // The apostrophe is allowed since erratum 6937.
        return scalar.value > 0x20 && scalar.value < 0x7F && !"\"<>\\^`|}".unicodeScalars.contains(scalar)
            ? at + 1 : nil
    }

    private static func isTriplet(_ scalars: ArraySlice<Unicode.Scalar>, _ at: Int) -> Bool {
        at + 2 < scalars.endIndex && ReferenceFormat.isHexadecimal(scalars[at + 1])
            && ReferenceFormat.isHexadecimal(scalars[at + 2])
    }

    private static func isExpression(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        var list = text
        // Operators, also those kept for later (section 2.2).
        if let first = list.first, "+#./;?&=,!@|".unicodeScalars.contains(first) { list = list.dropFirst() }
        return list.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isVariable)
    }

    /// A name with at most one modifier: `*`, or `:` and a length from 1 to 9999.
    private static func isVariable(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        var name = text
        if name.last == "*" {
            name = name.dropLast()
        } else if let colon = name.firstIndex(of: ":") {
            let length = name[(colon + 1)...]
            guard (1...4).contains(length.count), length.first != "0", length.allSatisfy({ ("0"..."9").contains($0) })
            else { return false }
            name = name[..<colon]
        }
        var at = name.startIndex
        // A dot stands between two characters.
        var isBehindDot = true
        while at < name.endIndex {
            let scalar = name[at]
            if scalar == "." {
                guard !isBehindDot else { return false }
                isBehindDot = true
                at += 1
                continue
            }
            isBehindDot = false
            if scalar == "%" {
                guard isTriplet(name, at) else { return false }
                at += 3
                continue
            }
            guard let byte = UInt8(exactly: scalar.value), byte.isLetterOrDigit || byte == 0x5F else { return false }
            at += 1
        }
        return !isBehindDot
    }
}
