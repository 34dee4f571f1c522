// SPDX-License-Identifier: Apache-2.0

/// Classes and escapes: CharacterClass, AtomEscape and CharacterEscape of ECMA-262.
extension PatternParser {
    /// What an escape or a member of a class stands for; `isSet` if it was no single code point.
    struct Atom {
        var set: ScalarSet
        var isSet: Bool

        init(_ code: UInt32) {
            set = ScalarSet([code...code])
            isSet = false
        }

        init(_ set: ScalarSet) {
            self.set = set
            isSet = true
        }
    }

    /// Reads a class behind its opening bracket.
    mutating func characterClass(from start: Int) throws(PatternFault) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let place = at
            let first = try classAtom(from: start)
            guard next == 0x2D, let behind = peek(1), behind != 0x5D else {
                ranges.append(contentsOf: first.set.ranges)
                continue
            }
            at += 1
            let last = try classAtom(from: start)
            if first.isSet || last.isSet {
                // A class is no end of a range, so the minus stands for itself; `u` forbids that.
                guard dialect == .tolerant else { throw PatternFault(.range, at: place) }
                ranges.append(contentsOf: first.set.ranges + [0x2D...0x2D] + last.set.ranges)
                continue
            }
            guard let low = first.set.ranges.first?.lowerBound, let high = last.set.ranges.first?.upperBound,
                low <= high
            else { throw PatternFault(.range, at: place) }
            try charge(1)
            ranges.append(low...high)
        }
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func classAtom(from start: Int) throws(PatternFault) -> Atom {
        guard let character = next else { throw PatternFault(.bracket, at: start) }
        let place = at
        at += 1
        guard character == 0x5C else {
            try charge(1)
            return Atom(character)
        }
        if take("b") { return Atom(0x08) }
        return try characterEscape(from: place, inClass: true)
    }

    /// Reads an escape behind its backslash.
    mutating func characterEscape(from start: Int, inClass: Bool) throws(PatternFault) -> Atom {
        guard let character = next else { throw PatternFault(.escape, at: start) }
        at += 1
        let atom: Atom
        switch Unicode.Scalar(character) {
        case "d": atom = Atom(.digits)
        case "D": atom = Atom(.digits.inverted)
        case "w": atom = Atom(.wordCharacters)
        case "W": atom = Atom(.wordCharacters.inverted)
        case "s": atom = Atom(.spaces)
        case "S": atom = Atom(.spaces.inverted)
        case "p": atom = Atom(try property(from: start))
        case "P": atom = Atom(try property(from: start).inverted)
        case "t": atom = Atom(0x09)
        case "n": atom = Atom(0x0A)
        case "v": atom = Atom(0x0B)
        case "f": atom = Atom(0x0C)
        case "r": atom = Atom(0x0D)
        case "0":
            if let digit = next, (0x30...0x39).contains(digit) { throw PatternFault(.escape, at: start) }
            atom = Atom(0)
        case "c":
            guard let letter = next, (0x41...0x5A).contains(letter & ~0x20) else {
                throw PatternFault(.escape, at: start)
            }
            at += 1
            atom = Atom(letter & 31)
        case "x":
            guard let code = hexadecimal(2) else { throw PatternFault(.escape, at: start) }
            atom = Atom(code)
        case "u": atom = Atom(try unicodeEscape(from: start))
        default:
            guard isIdentity(character, inClass) else { throw PatternFault(.escape, at: start) }
            atom = Atom(character)
        }
        try charge(atom.set.ranges.count)
        return atom
    }

    private func isIdentity(_ character: UInt32, _ inClass: Bool) -> Bool {
        guard character >= 0x20, character < 0x7F, let byte = UInt8(exactly: character) else { return false }
        if "^$\\.*+?()[]{}|/".utf8.contains(byte) || (inClass && byte == 0x2D) { return true }
        return dialect == .tolerant && !byte.isLetterOrDigit
    }

    /// `{name}` or `{name=value}`; an empty set for one that is not ours, which ``unsupported`` then names.
    private mutating func property(from start: Int) throws(PatternFault) -> ScalarSet {
        guard take("{") else { throw PatternFault(.escape, at: start) }
        var name = ""
        while let character = next, character != 0x7D {
            guard let byte = UInt8(exactly: character), byte.isLetterOrDigit || byte == 0x5F || byte == 0x3D else {
                throw PatternFault(.escape, at: start)
            }
            name.unicodeScalars.append(Unicode.Scalar(byte))
            at += 1
        }
        guard take("}"), !name.isEmpty else { throw PatternFault(.escape, at: start) }
        if let set = ScalarProperty.set(named: name) { return set }
        note(.property, at: start)
        return ScalarSet([])
    }

    /// `{1F600}` or four digits; two halves of a surrogate pair are one code point.
    private mutating func unicodeEscape(from start: Int) throws(PatternFault) -> UInt32 {
        if take("{") {
            var code: UInt32 = 0
            let first = at
            while let digit = hexadecimal(1) {
                code = code << 4 | digit
                guard code <= ScalarSet.last else { throw PatternFault(.escape, at: start) }
            }
            guard at > first, take("}") else { throw PatternFault(.escape, at: start) }
            return code
        }
        guard let high = hexadecimal(4) else { throw PatternFault(.escape, at: start) }
        guard (0xD800...0xDBFF).contains(high), next == 0x5C, peek(1) == 0x75 else { return high }
        let behind = at
        at += 2
        guard let low = hexadecimal(4), (0xDC00...0xDFFF).contains(low) else {
            at = behind
            return high
        }
        return 0x1_0000 + (high - 0xD800) << 10 + (low - 0xDC00)
    }

    /// Exactly `count` hexadecimal digits; nil, and nothing taken, if there are fewer.
    private mutating func hexadecimal(_ count: Int) -> UInt32? {
        var value: UInt32 = 0
        for distance in 0..<count {
            switch peek(distance) {
            case .some(let digit) where (0x30...0x39).contains(digit): value = value << 4 | (digit - 0x30)
            case .some(let digit) where (0x41...0x46).contains(digit & ~0x20):
                value = value << 4 | ((digit & ~0x20) - 0x37)
            default: return nil
            }
        }
        at += count
        return value
    }
}
