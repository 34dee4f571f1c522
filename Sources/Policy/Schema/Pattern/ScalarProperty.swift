// SPDX-License-Identifier: Apache-2.0

/// The names that may stand in `\p{…}` (ECMA-262, tables 67 to 70), as far as the standard library can answer.
enum ScalarProperty {
    /// The code points with a property; nil for scripts and for names that nobody or only ECMA-262 knows.
    ///
    /// - name: the text between the braces, such as `Lu`, `Letter`, `gc=Nd`, `Alphabetic`.
    static func set(named name: String) -> ScalarSet? {
        var value = Substring(name)
        for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) {
            value = name.dropFirst(prefix.count)
            return categories[String(value)].map(setOfCategories)
        }
        switch name {
        case "Any": return .everything
        case "ASCII": return ScalarSet([0...0x7F])
        case "Assigned": return setOfCategories([.unassigned]).inverted
        case "ASCII_Hex_Digit", "AHex": return ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
        default: break
        }
        if let trait = traits[name] { return ScalarTable.shared.set(of: trait) }
        return categories[name].map(setOfCategories)
    }

    private static func setOfCategories(_ categories: [Unicode.GeneralCategory]) -> ScalarSet {
        ScalarSet(categories.flatMap { ScalarTable.shared.categories[ScalarTable.number(of: $0)].ranges })
    }

    private static let traits: [String: ScalarTable.Traits] = [
        "Alphabetic": .alphabetic, "Alpha": .alphabetic, "Lowercase": .lowercase, "Lower": .lowercase,
        "Uppercase": .uppercase, "Upper": .uppercase, "White_Space": .whiteSpace, "space": .whiteSpace,
        "ID_Start": .identifierStart, "IDS": .identifierStart, "ID_Continue": .identifierContinue,
        "IDC": .identifierContinue, "Ideographic": .ideographic, "Ideo": .ideographic, "Emoji": .emoji,
        "Emoji_Presentation": .emojiPresentation, "EPres": .emojiPresentation, "Emoji_Modifier": .emojiModifier,
        "EMod": .emojiModifier, "Emoji_Modifier_Base": .emojiModifierBase, "EBase": .emojiModifierBase,
        "Default_Ignorable_Code_Point": .defaultIgnorable, "DI": .defaultIgnorable,
    ]

    private static let letters: [Unicode.GeneralCategory] = [
        .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
    ]
    private static let casedLetters: [Unicode.GeneralCategory] = [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]
    private static let marks: [Unicode.GeneralCategory] = [.nonspacingMark, .spacingMark, .enclosingMark]
    private static let numbers: [Unicode.GeneralCategory] = [.decimalNumber, .letterNumber, .otherNumber]
    private static let punctuation: [Unicode.GeneralCategory] = [
        .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
        .finalPunctuation, .otherPunctuation,
    ]
    private static let symbols: [Unicode.GeneralCategory] = [
        .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol,
    ]
    private static let separators: [Unicode.GeneralCategory] = [.spaceSeparator, .lineSeparator, .paragraphSeparator]
    private static let others: [Unicode.GeneralCategory] = [
        .control, .format, .surrogate, .privateUse, .unassigned,
    ]

    private static let categories: [String: [Unicode.GeneralCategory]] = [
        "L": letters, "Letter": letters, "LC": casedLetters, "Cased_Letter": casedLetters,
        "Lu": [.uppercaseLetter], "Uppercase_Letter": [.uppercaseLetter],
        "Ll": [.lowercaseLetter], "Lowercase_Letter": [.lowercaseLetter],
        "Lt": [.titlecaseLetter], "Titlecase_Letter": [.titlecaseLetter],
        "Lm": [.modifierLetter], "Modifier_Letter": [.modifierLetter],
        "Lo": [.otherLetter], "Other_Letter": [.otherLetter],
        "M": marks, "Mark": marks, "Combining_Mark": marks,
        "Mn": [.nonspacingMark], "Nonspacing_Mark": [.nonspacingMark],
        "Mc": [.spacingMark], "Spacing_Mark": [.spacingMark],
        "Me": [.enclosingMark], "Enclosing_Mark": [.enclosingMark],
        "N": numbers, "Number": numbers,
        "Nd": [.decimalNumber], "Decimal_Number": [.decimalNumber], "digit": [.decimalNumber],
        "Nl": [.letterNumber], "Letter_Number": [.letterNumber],
        "No": [.otherNumber], "Other_Number": [.otherNumber],
        "P": punctuation, "Punctuation": punctuation, "punct": punctuation,
        "Pc": [.connectorPunctuation], "Connector_Punctuation": [.connectorPunctuation],
        "Pd": [.dashPunctuation], "Dash_Punctuation": [.dashPunctuation],
        "Ps": [.openPunctuation], "Open_Punctuation": [.openPunctuation],
        "Pe": [.closePunctuation], "Close_Punctuation": [.closePunctuation],
        "Pi": [.initialPunctuation], "Initial_Punctuation": [.initialPunctuation],
        "Pf": [.finalPunctuation], "Final_Punctuation": [.finalPunctuation],
        "Po": [.otherPunctuation], "Other_Punctuation": [.otherPunctuation],
        "S": symbols, "Symbol": symbols,
        "Sm": [.mathSymbol], "Math_Symbol": [.mathSymbol],
        "Sc": [.currencySymbol], "Currency_Symbol": [.currencySymbol],
        "Sk": [.modifierSymbol], "Modifier_Symbol": [.modifierSymbol],
        "So": [.otherSymbol], "Other_Symbol": [.otherSymbol],
        "Z": separators, "Separator": separators,
        "Zs": [.spaceSeparator], "Space_Separator": [.spaceSeparator],
        "Zl": [.lineSeparator], "Line_Separator": [.lineSeparator],
        "Zp": [.paragraphSeparator], "Paragraph_Separator": [.paragraphSeparator],
        "C": others, "Other": others,
        "Cc": [.control], "Control": [.control], "cntrl": [.control],
        "Cf": [.format], "Format": [.format], "Cs": [.surrogate], "Surrogate": [.surrogate],
        "Co": [.privateUse], "Private_Use": [.privateUse], "Cn": [.unassigned], "Unassigned": [.unassigned],
    ]
}
