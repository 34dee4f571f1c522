// SPDX-License-Identifier: Apache-2.0

/// What Unicode says about each code point, as far as `\p{…}` can ask: the standard library's answers.
///
/// Made when the first pattern asks for a property, and kept.
struct ScalarTable: Sendable {
    static let shared = ScalarTable()

    /// Bits of one code point: the general category in the low five, binary properties above.
    struct Traits: OptionSet, Hashable, Sendable {
        let rawValue: UInt32

        static let alphabetic = Traits(rawValue: 1 << 5)
        static let lowercase = Traits(rawValue: 1 << 6)
        static let uppercase = Traits(rawValue: 1 << 7)
        static let whiteSpace = Traits(rawValue: 1 << 8)
        static let identifierStart = Traits(rawValue: 1 << 9)
        static let identifierContinue = Traits(rawValue: 1 << 10)
        static let ideographic = Traits(rawValue: 1 << 11)
        static let emoji = Traits(rawValue: 1 << 12)
        static let emojiPresentation = Traits(rawValue: 1 << 13)
        static let emojiModifier = Traits(rawValue: 1 << 14)
        static let emojiModifierBase = Traits(rawValue: 1 << 15)
        static let defaultIgnorable = Traits(rawValue: 1 << 16)

        var category: UInt32 { rawValue & 31 }
    }

    /// The code points of each general category, by ``number(of:)``.
    let categories: [ScalarSet]
    /// The code points of each binary property, by the number of its bit.
    private let properties: [ScalarSet]

    private static let categoryCount = 31
    private static let traitBits = 5..<17

    private init() {
        var categories = [[ClosedRange<UInt32>]](repeating: [], count: Self.categoryCount)
        var properties = [[ClosedRange<UInt32>]](repeating: [], count: Self.traitBits.upperBound)
        var start: UInt32 = 0
        var current = Self.traits(of: 0)
        func close(at end: UInt32) {
            categories[Int(current.category)].append(start...(end - 1))
            for bit in Self.traitBits where current.rawValue >> UInt32(bit) & 1 != 0 {
                properties[bit].append(start...(end - 1))
            }
        }
        func look(at code: UInt32) {
            let traits = Self.traits(of: code)
            guard traits != current else { return }
            close(at: code)
            start = code
            current = traits
        }
        // Planes 4 to 13 are empty, plane 14 is empty behind its first 4,096 places, planes 15 and 16 are private.
        for code in UInt32(0)...0x4_0000 { look(at: code) }
        for code in UInt32(0xE_0000)...0xE_1000 { look(at: code) }
        for plane in [UInt32(0xF_0000), 0x10_0000] {
            look(at: plane)
            look(at: plane + 0xFFFE)
        }
        close(at: ScalarSet.last + 1)
        self.categories = categories.map(ScalarSet.init)
        self.properties = properties.map(ScalarSet.init)
    }

    /// The code points with one binary property.
    func set(of trait: Traits) -> ScalarSet { properties[trait.rawValue.trailingZeroBitCount] }

    private static func traits(of code: UInt32) -> Traits {
        // Surrogates are code points of category Cs and no scalars.
        guard let scalar = Unicode.Scalar(code) else { return Traits(rawValue: UInt32(number(of: .surrogate))) }
        let properties = scalar.properties
        var traits = Traits(rawValue: UInt32(number(of: properties.generalCategory)))
        if properties.isAlphabetic { traits.insert(.alphabetic) }
        if properties.isLowercase { traits.insert(.lowercase) }
        if properties.isUppercase { traits.insert(.uppercase) }
        if properties.isWhitespace { traits.insert(.whiteSpace) }
        if properties.isIDStart { traits.insert(.identifierStart) }
        if properties.isIDContinue { traits.insert(.identifierContinue) }
        if properties.isIdeographic { traits.insert(.ideographic) }
        if properties.isEmoji { traits.insert(.emoji) }
        if properties.isEmojiPresentation { traits.insert(.emojiPresentation) }
        if properties.isEmojiModifier { traits.insert(.emojiModifier) }
        if properties.isEmojiModifierBase { traits.insert(.emojiModifierBase) }
        if properties.isDefaultIgnorableCodePoint { traits.insert(.defaultIgnorable) }
        return traits
    }

    static func number(of category: Unicode.GeneralCategory) -> Int {
        switch category {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .surrogate: 27
        case .privateUse: 28
        case .unassigned: 29
        @unknown default: 30
        }
    }
}
