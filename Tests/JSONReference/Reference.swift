// SPDX-License-Identifier: Apache-2.0

/// What `StrictJSON` must agree with: the canonical text of `document`, or nil if it must be refused.
///
/// Written to be obviously right rather than fast, and to share nothing with what it judges: the standard library checks
/// UTF-8 and reads doubles, strings are UTF-16 code units as in the rules for surrogates and order, values nest as they
/// do in the document. The limits on the whole document (bytes, values) are left out.
package func referenceCanonical(
    _ document: [UInt8], depth: Int = 64, members: Int = 10_000, keyBytes: Int = 256, numberBytes: Int = 128
) -> [UInt8]? {
    guard let text = String(validating: document, as: UTF8.self) else { return nil }
    var reference = Reference(
        scalars: Array(text.unicodeScalars), depth: depth, members: members, keyBytes: keyBytes,
        numberBytes: numberBytes)
    guard let value = reference.value(1) else { return nil }
    reference.skipSpace()
    return reference.at == reference.scalars.count ? Array(value.utf8) : nil
}

private struct Reference {
    let scalars: [Unicode.Scalar]
    let depth: Int
    let members: Int
    let keyBytes: Int
    let numberBytes: Int
    var at = 0

    var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        at += 1
        return true
    }

    mutating func skipSpace() {
        while let next, [" ", "\t", "\n", "\r"].contains(next) { at += 1 }
    }

    /// The canonical text of the next value; `level` is the depth a container here has.
    mutating func value(_ level: Int) -> String? {
        skipSpace()
        switch next {
        case "{": return level <= depth ? object(level) : nil
        case "[": return level <= depth ? array(level) : nil
        case "\"": return string().map(quoted)
        case "t": return literal("true")
        case "f": return literal("false")
        case "n": return literal("null")
        default: return number()
        }
    }

    mutating func literal(_ text: String) -> String? {
        for scalar in text.unicodeScalars where !take(scalar) { return nil }
        return text
    }

    mutating func array(_ level: Int) -> String? {
        guard take("[") else { return nil }
        var elements: [String] = []
        skipSpace()
        if take("]") { return "[]" }
        repeat {
            guard let element = value(level + 1) else { return nil }
            elements.append(element)
            skipSpace()
        } while take(",")
        return take("]") ? "[" + elements.joined(separator: ",") + "]" : nil
    }

    mutating func object(_ level: Int) -> String? {
        guard take("{") else { return nil }
        var found: [(key: [UInt16], value: String)] = []
        var keys: Set<[UInt16]> = []
        skipSpace()
        if take("}") { return "{}" }
        repeat {
            skipSpace()
            guard let key = string(), String(decoding: key, as: UTF16.self).utf8.count <= keyBytes else { return nil }
            skipSpace()
            guard take(":"), let value = value(level + 1), keys.insert(key).inserted else { return nil }
            found.append((key, value))
            skipSpace()
        } while take(",")
        guard take("}"), found.count <= members else { return nil }
        found.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return "{" + found.map { quoted($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
    }

    /// The code units of a string, every surrogate in its pair.
    mutating func string() -> [UInt16]? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        while let scalar = next {
            at += 1
            switch scalar {
            case "\"":
                // Code units that are not well-formed change when they are mended.
                return Array(String(decoding: units, as: UTF16.self).utf16) == units ? units : nil
            case "\\":
                guard let unit = escape() else { return nil }
                units.append(unit)
            default:
                guard scalar.value >= 0x20 else { return nil }
                units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
            }
        }
        return nil
    }

    mutating func escape() -> UInt16? {
        guard let letter = next else { return nil }
        at += 1
        let simple: [Unicode.Scalar: UInt16] = [
            "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
        ]
        if let unit = simple[letter] { return unit }
        guard letter == "u" else { return nil }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = next, digit.isASCII, let value = Character(digit).hexDigitValue else { return nil }
            unit = unit * 16 + UInt16(value)
            at += 1
        }
        return unit
    }

    mutating func number() -> String? {
        var text = ""
        func digits(_ reference: inout Reference) -> Int {
            var count = 0
            while let digit = reference.next, ("0"..."9").contains(digit) {
                text.unicodeScalars.append(digit)
                reference.at += 1
                count += 1
            }
            return count
        }
        if take("-") { text += "-" }
        let isZero = next == "0"
        let count = digits(&self)
        guard count > 0, !isZero || count == 1 else { return nil }
        var isInteger = true
        if take(".") {
            isInteger = false
            text += "."
            guard digits(&self) > 0 else { return nil }
        }
        if let letter = next, letter == "e" || letter == "E" {
            isInteger = false
            at += 1
            text.unicodeScalars.append(letter)
            if take("+") { text += "+" } else if take("-") { text += "-" }
            guard digits(&self) > 0 else { return nil }
        }
        guard text.utf8.count <= numberBytes else { return nil }
        if isInteger {
            guard let value = Int64(text), value.magnitude < 1 << 53 else { return nil }
        } else {
            guard let value = Double(text), value.isFinite else { return nil }
        }
        return text
    }
}

private func quoted(_ units: [UInt16]) -> String {
    var text = "\""
    for scalar in String(decoding: units, as: UTF16.self).unicodeScalars {
        switch scalar.value {
        case 0x22: text += "\\\""
        case 0x5C: text += "\\\\"
        case 0x08: text += "\\b"
        case 0x09: text += "\\t"
        case 0x0A: text += "\\n"
        case 0x0C: text += "\\f"
        case 0x0D: text += "\\r"
        case 0..<0x20, 0x7F, 0x85, 0x2028, 0x2029:
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text + "\""
}
