// SPDX-License-Identifier: Apache-2.0

/// Reads a regular expression: the grammar Pattern of ECMA-262 with the `u` flag (ECMA-262 section 22.2.1).
///
/// Constructs that no finite machine can run are read to their end, so that ``unsupported`` tells them from faults.
struct PatternParser {
    let source: [UInt32]
    let dialect: PatternDialect
    var at = 0
    /// Distinct sets, in the order of their first use.
    private(set) var sets: [ScalarSet] = []
    /// The first construct that is a regular expression's and not ours.
    private(set) var unsupported: PatternFault?

    private var setIndices: [ScalarSet: Int] = [:]
    private var depth = 0
    private var ranges = 0
    private var groups = 0
    private var groupNames: Set<[UInt32]> = []
    private var references: [(number: Int?, name: [UInt32], offset: Int)] = []

    init(_ source: [UInt8], _ dialect: PatternDialect) throws(PatternFault) {
        guard source.count <= PatternLimits.sourceBytes else { throw PatternFault(.tooLong, at: 0) }
        self.source = String(decoding: source, as: UTF8.self).unicodeScalars.map(\.value)
        self.dialect = dialect
    }

    mutating func parse() throws(PatternFault) -> PatternTree {
        let tree = try disjunction()
        guard at == source.count else { throw PatternFault(.group, at: at) }
        for reference in references {
            let isKnown = reference.number.map { $0 <= groups } ?? groupNames.contains(reference.name)
            guard isKnown else { throw PatternFault(.reference, at: reference.offset) }
        }
        return tree
    }

    // MARK: What the other half of the parser uses

    /// The scalar at hand, nil at the end.
    var next: UInt32? { at < source.count ? source[at] : nil }

    func peek(_ distance: Int) -> UInt32? { at + distance < source.count ? source[at + distance] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == character.value else { return false }
        at += 1
        return true
    }

    mutating func note(_ reason: PatternFault.Reason, at offset: Int) {
        unsupported = unsupported ?? PatternFault(reason, at: offset)
    }

    mutating func charge(_ count: Int) throws(PatternFault) {
        ranges += count
        guard ranges <= PatternLimits.ranges else { throw PatternFault(.tooManyRanges, at: at) }
    }

    mutating func index(of set: ScalarSet) -> Int {
        if let known = setIndices[set] { return known }
        setIndices[set] = sets.count
        sets.append(set)
        return sets.count - 1
    }

    // MARK: Groups and quantifiers

    private mutating func disjunction() throws(PatternFault) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= PatternLimits.depth else { throw PatternFault(.tooDeep, at: at) }
        var choices = [try alternative()]
        while take("|") { choices.append(try alternative()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func alternative() throws(PatternFault) -> PatternTree {
        var terms: [PatternTree] = []
        while let character = next, character != 0x7C, character != 0x29 { terms.append(try term()) }
        switch terms.count {
        case 0: return .empty
        case 1: return terms[0]
        default: return .sequence(terms)
        }
    }

    private mutating func term() throws(PatternFault) -> PatternTree {
        let start = at
        let character = source[at]
        at += 1
        switch Unicode.Scalar(character) {
        case "^": return try unquantified(.assertion(.start))
        case "$": return try unquantified(.assertion(.end))
        case "(": return try group(from: start)
        case ".":
            try charge(ScalarSet.lineEnds.ranges.count + 1)
            return try quantified(.set(index(of: .lineEnds.inverted)))
        case "[": return try quantified(.set(index(of: try characterClass(from: start))))
        case "\\":
            if take("b") { return try unquantified(.assertion(.wordBoundary)) }
            if take("B") { return try unquantified(.assertion(.noWordBoundary)) }
            if try readReference(from: start) { return try quantified(.empty) }
            return try quantified(.set(index(of: try characterEscape(from: start, inClass: false).set)))
        case "*", "+", "?": throw PatternFault(.quantifier, at: start)
        case "{":
            // `{,5}` is a quantifier for some engines and text for others.
            guard dialect == .tolerant, next != 0x2C, !isQuantifier(at: start) else {
                throw PatternFault(.brace, at: start)
            }
            return try quantified(literal(character))
        case "}", "]":
            guard dialect == .tolerant else { throw PatternFault(.brace, at: start) }
            return try quantified(literal(character))
        default: return try quantified(literal(character))
        }
    }

    private mutating func literal(_ character: UInt32) throws(PatternFault) -> PatternTree {
        try charge(1)
        return .set(index(of: ScalarSet([character...character])))
    }

    private mutating func group(from start: Int) throws(PatternFault) -> PatternTree {
        var isLook = false
        if take("?") {
            if take("=") || take("!") {
                isLook = true
            } else if take("<") {
                if take("=") || take("!") {
                    isLook = true
                } else {
                    groups += 1
                    groupNames.insert(try groupName())
                }
            } else if !take(":") {
                try modifiers(from: start)
            }
        } else {
            groups += 1
        }
        let tree = try disjunction()
        guard take(")") else { throw PatternFault(.group, at: start) }
        guard isLook else { return try quantified(tree) }
        note(.lookAround, at: start)
        return try unquantified(.empty)
    }

    /// `(?ims-ims:`
    private mutating func modifiers(from start: Int) throws(PatternFault) {
        var letters: [UInt32] = []
        var hasMinus = false
        while let character = next, character != 0x3A {
            at += 1
            if character == 0x2D && !hasMinus {
                hasMinus = true
                continue
            }
            guard [0x69, 0x6D, 0x73].contains(character), !letters.contains(character) else {
                throw PatternFault(.groupKind, at: start)
            }
            letters.append(character)
        }
        guard take(":"), !letters.isEmpty else { throw PatternFault(.groupKind, at: start) }
        note(.flags, at: start)
    }

    /// `name>`: an identifier without escapes.
    private mutating func groupName() throws(PatternFault) -> [UInt32] {
        let start = at
        while let character = next, character != 0x3E {
            let isDollarOrLow = character == 0x24 || character == 0x5F
            let properties = Unicode.Scalar(character)?.properties
            let isFine =
                at == start
                ? properties?.isIDStart ?? false
                : properties?.isIDContinue ?? false || character == 0x200C || character == 0x200D
            guard isDollarOrLow || isFine else { throw PatternFault(.groupName, at: at) }
            at += 1
        }
        let name = Array(source[start..<at])
        guard take(">"), !name.isEmpty else { throw PatternFault(.groupName, at: start) }
        return name
    }

    /// Reads `\1` or `\k<name>` behind its backslash, if it is one.
    private mutating func readReference(from start: Int) throws(PatternFault) -> Bool {
        if take("k") {
            guard take("<") else { throw PatternFault(.escape, at: start) }
            references.append((number: nil, name: try groupName(), offset: start))
        } else if let first = next, (0x31...0x39).contains(first) {
            references.append((number: decimal(), name: [], offset: start))
        } else {
            return false
        }
        note(.backReference, at: start)
        return true
    }

    private mutating func unquantified(_ tree: PatternTree) throws(PatternFault) -> PatternTree {
        if next == 0x2A || next == 0x2B || next == 0x3F || isQuantifier(at: at) {
            throw PatternFault(.quantifier, at: at)
        }
        return tree
    }

    private mutating func quantified(_ tree: PatternTree) throws(PatternFault) -> PatternTree {
        let start = at
        let result: PatternTree
        if take("*") {
            result = .repeated(tree, least: 0, most: nil)
        } else if take("+") {
            result = .repeated(tree, least: 1, most: nil)
        } else if take("?") {
            result = .repeated(tree, least: 0, most: 1)
        } else if isQuantifier(at: at) {
            at += 1
            let least = decimal()
            var most: Int? = least
            if take(",") { most = next == 0x7D ? nil : decimal() }
            at += 1
            guard least <= most ?? .max else { throw PatternFault(.quantifier, at: start) }
            result = .repeated(tree, least: least, most: most)
        } else {
            return tree
        }
        // How greedy it is decides what is captured, not whether it matches.
        _ = take("?")
        return try unquantified(result)
    }

    /// Whether `{2}`, `{2,}` or `{2,3}` stands at `start`.
    private func isQuantifier(at start: Int) -> Bool {
        guard start < source.count, source[start] == 0x7B else { return false }
        var place = start + 1
        var digits = 0
        var commas = 0
        while place < source.count {
            switch source[place] {
            case 0x30...0x39: digits += 1
            case 0x2C where digits > 0 && commas == 0: commas += 1
            case 0x7D: return digits > 0
            default: return false
            }
            place += 1
        }
        return false
    }

    /// The digits at hand; held far above every limit, so that it cannot overflow.
    private mutating func decimal() -> Int {
        var value = 0
        while let digit = next, (0x30...0x39).contains(digit) {
            value = min(value * 10 + Int(digit - 0x30), 1 << 40)
            at += 1
        }
        return value
    }
}
