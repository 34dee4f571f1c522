// SPDX-License-Identifier: Apache-2.0

/// The bytes that these grammars give a meaning to.
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let hash: UInt8 = 0x23
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let quote: UInt8 = 0x22
    static let backslash: UInt8 = 0x5C
}

extension UInt8 {
    /// `A`–`Z` as `a`–`z`, anything else as it is. No locale, no letter outside ASCII.
    @inline(__always)
    var lowercasedASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    @inline(__always)
    var isVisible: Bool { self &- 0x21 < 0x5E }

    @inline(__always)
    var isBlank: Bool { self == ASCII.space || self == ASCII.tab }

    /// `tchar` of RFC 9110 section 5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
    @inline(__always)
    var isTokenByte: Bool {
        // One bit for each of the 128 ASCII values, in two words.
        let word: UInt64 = self < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return self < 128 && (word &>> UInt64(self & 63)) & 1 == 1
    }

    /// The value of a hexadecimal digit in either case.
    @inline(__always)
    var hexValue: Int? {
        if isDigit { return Int(self &- 0x30) }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? Int(letter) + 10 : nil
    }
}

extension Span where Element == UInt8 {
    /// Whether exactly these bytes stand in `range`.
    @inline(__always)
    borrowing func holds(_ text: String, in range: Range<Int>) -> Bool {
        let wanted = text.utf8.span
        if wanted.count != range.count { return false }
        for index in 0..<wanted.count where self[range.lowerBound + index] != wanted[index] { return false }
        return true
    }

    /// Whether `range` holds `lowercase`, with ASCII letters in either case.
    @inline(__always)
    borrowing func folds(_ lowercase: String, in range: Range<Int>) -> Bool {
        let wanted = lowercase.utf8.span
        if wanted.count != range.count { return false }
        for index in 0..<wanted.count where self[range.lowerBound + index].lowercasedASCII != wanted[index] {
            return false
        }
        return true
    }

    /// Whether exactly `bytes` stand in `range`.
    borrowing func holds(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
        if bytes.count != range.count { return false }
        for index in 0..<bytes.count where self[range.lowerBound + index] != bytes[index] { return false }
        return true
    }

    /// Whether `range` holds `bytes`, with ASCII letters of either side in either case.
    borrowing func folds(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
        if bytes.count != range.count { return false }
        for index in 0..<bytes.count
        where self[range.lowerBound + index].lowercasedASCII != bytes[index].lowercasedASCII { return false }
        return true
    }

    /// `range` without the spaces and tabs at its ends.
    borrowing func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end && self[start].isBlank { start += 1 }
        while end > start && self[end - 1].isBlank { end -= 1 }
        return start..<end
    }

    /// The first place of `byte` in `range`.
    borrowing func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        let pattern = ByteWord.low &* UInt64(byte)
        while range.upperBound &- index >= 8 {
            let found = ByteWord.zeros(in: word(at: index) ^ pattern)
            if found != 0 { return index + ByteWord.place(of: found) }
            index += 8
        }
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Eight bytes as one number, the first of them lowest. The compiler makes one load of it.
    @inline(__always)
    borrowing func word(at index: Int) -> UInt64 {
        let rest = extracting(droppingFirst: index)
        precondition(rest.count >= 8)
        let low = UInt64(rest[0]) | UInt64(rest[1]) &<< 8 | UInt64(rest[2]) &<< 16 | UInt64(rest[3]) &<< 24
        let high = UInt64(rest[4]) | UInt64(rest[5]) &<< 8 | UInt64(rest[6]) &<< 16 | UInt64(rest[7]) &<< 24
        return low | high &<< 32
    }

    borrowing func copy(_ range: Range<Int>) -> [UInt8] {
        var copied: [UInt8] = []
        copied.append(range, of: self)
        return copied
    }
}

extension MutableSpan where Element == UInt8 {
    /// Writes a number as eight bytes, the lowest first. The compiler makes one store of it.
    @inline(__always)
    mutating func store(word: UInt64, at index: Int) {
        precondition(index >= 0 && index &+ 7 > index && index &+ 7 < count)
        self[index] = UInt8(truncatingIfNeeded: word)
        self[index &+ 1] = UInt8(truncatingIfNeeded: word &>> 8)
        self[index &+ 2] = UInt8(truncatingIfNeeded: word &>> 16)
        self[index &+ 3] = UInt8(truncatingIfNeeded: word &>> 24)
        self[index &+ 4] = UInt8(truncatingIfNeeded: word &>> 32)
        self[index &+ 5] = UInt8(truncatingIfNeeded: word &>> 40)
        self[index &+ 6] = UInt8(truncatingIfNeeded: word &>> 48)
        self[index &+ 7] = UInt8(truncatingIfNeeded: word &>> 56)
    }
}

/// Questions about eight bytes at once. Each answer has the top bit of a byte set where the answer is yes; the lowest
/// yes is always right, those above it may not be.
enum ByteWord {
    static let low: UInt64 = 0x0101_0101_0101_0101
    static let high: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func zeros(in word: UInt64) -> UInt64 { (word &- low) & ~word & high }

    /// Bytes that are neither visible ASCII nor a space.
    @inline(__always)
    static func notText(in word: UInt64) -> UInt64 {
        let belowSpace = (word &- low &* 0x20) & ~word & high
        return word & high | belowSpace | zeros(in: word ^ low &* 0x7F)
    }

    /// Which byte the lowest yes stands in.
    @inline(__always)
    static func place(of answer: UInt64) -> Int { answer.trailingZeroBitCount &>> 3 }
}

extension [UInt8] {
    /// Appends the bytes that stand in `range` of `source`.
    mutating func append(_ range: Range<Int>, of source: borrowing Span<UInt8>) {
        let part = source.extracting(range)
        append(addingCapacity: part.count) { room in
            for index in 0..<part.count { room.append(part[index]) }
        }
    }

    /// Appends the UTF-8 of a text of ours.
    @inline(__always)
    mutating func append(text: String) { append(contentsOf: text.utf8) }

    mutating func append(decimal value: Int) {
        if value >= 10 { append(decimal: value / 10) }
        append(ASCII.zero + UInt8(value % 10))
    }

    mutating func append(hexadecimal value: Int) {
        if value >= 16 { append(hexadecimal: value >> 4) }
        let digit = UInt8(value & 15)
        append(digit < 10 ? ASCII.zero + digit : 0x61 + digit - 10)
    }
}
