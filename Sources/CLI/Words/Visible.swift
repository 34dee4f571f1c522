// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Makes text from outside harmless to look at: nothing in it can move the cursor, turn the reading direction, or hide.
enum Visible {
    /// Printable text as it is; everything else as `\u{…}`.
    static func text(_ bytes: [UInt8]) -> String { text(String(decoding: bytes, as: UTF8.self)) }

    static func text(_ string: String) -> String {
        // Nearly always there is nothing to escape.
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return string }
        var result = ""
        for scalar in string.unicodeScalars { append(scalar, if: isPlain(scalar), to: &result) }
        return result
    }

    /// As ``text(_:)``, but line feeds stay.
    static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { text(Array($0)) }
    }

    /// Printable ASCII as it is; everything else as `\u{…}`, letters that look like others included.
    static func ascii(_ bytes: [UInt8]) -> String {
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            append(scalar, if: scalar.value >= 0x20 && scalar.value < 0x7F, to: &result)
        }
        return result
    }

    /// In quotes, so that spaces at the ends and empty text show, in ASCII alone, with `"` and `\` escaped: two texts
    /// that differ are shown differently.
    static func quoted(_ bytes: [UInt8]) -> String {
        var result = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            append(scalar, if: scalar.value >= 0x20 && scalar.value < 0x7F, to: &result)
        }
        return result + "\""
    }

    /// A JSON value as it is compared and hashed, in ASCII alone.
    static func json(_ value: CanonicalJSON) -> String { String(decoding: value.ascii, as: UTF8.self) }

    /// Whether a character shows as itself, takes its place, and leaves its neighbours alone.
    static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value >= 0x20 && scalar.value < 0x7F }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
            // Fillers and selectors that count as letters or marks but show nothing, and the blank Braille pattern.
            return !properties.isDefaultIgnorableCodePoint && scalar.value != 0x2800
        @unknown default:
            return false
        }
    }

    private static func append(_ scalar: Unicode.Scalar, if isShown: Bool, to result: inout String) {
        if isShown {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }
}
