// SPDX-License-Identifier: Apache-2.0

/// A text that is looked for in files, byte by byte or in either letter case.
struct Needle: Sendable {
    /// In bytes. The search is quick for what files contain, and its worst case grows with this.
    static let maxBytes = 256

    /// For each character the ways in which it may be written; without regard to case there are up to four.
    private let characters: [[[UInt8]]]
    /// How far to move on when the byte under the needle's end is this one; nil where characters differ in length.
    private let skip: [Int]?
    /// For each byte, whether the needle can begin with it.
    private let begins: [Bool]
    /// For needles that are found by ``skip``: for each place the two bytes that may stand there.
    private let pairs: [(UInt8, UInt8)]
    /// The longest match, in bytes.
    let maxMatchBytes: Int

    /// - Parameter text: UTF-8, not empty, without line feeds: a match lies in one line.
    init(_ text: [UInt8], ignoresCase: Bool) {
        var characters: [[[UInt8]]] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            var forms = [Array(String(scalar).utf8)]
            if ignoresCase {
                let other = scalar.properties
                for mapped in [other.lowercaseMapping, other.uppercaseMapping, other.titlecaseMapping] {
                    // What becomes several characters (ß, SS) has no other case of its own.
                    guard mapped.unicodeScalars.count == 1, !forms.contains(Array(mapped.utf8)) else { continue }
                    forms.append(Array(mapped.utf8))
                }
            }
            characters.append(forms)
        }
        self.characters = characters
        maxMatchBytes = characters.reduce(0) { $0 + ($1.map(\.count).max() ?? 0) }
        var begins = [Bool](repeating: false, count: 256)
        for form in characters.first ?? [] { begins[Int(form[0])] = true }
        self.begins = begins
        // Without case, or in ASCII, each byte has at most two forms of the same length: then a table tells how far to
        // move. Otherwise every place where the needle can begin is tried.
        guard characters.allSatisfy({ $0.count == 1 || $0.allSatisfy { $0.count == 1 } && $0.count == 2 }) else {
            skip = nil
            pairs = []
            return
        }
        let pairs = characters.flatMap { forms in
            (0..<forms[0].count).map { (forms[0][$0], forms[forms.count - 1][$0]) }
        }
        var skip = [Int](repeating: pairs.count, count: 256)
        for (at, pair) in pairs.enumerated().dropLast() {
            skip[Int(pair.0)] = pairs.count - 1 - at
            skip[Int(pair.1)] = pairs.count - 1 - at
        }
        self.skip = skip
        self.pairs = pairs
    }

    /// The first match that lies whole in `range`.
    func first(in bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        if let skip { return skipping(bytes, range, skip.span) }
        return trying(bytes, range)
    }

    private func skipping(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ skip: borrowing Span<Int>) -> Range<
        Int
    >? {
        let pairs = pairs.span
        let count = pairs.count
        var at = range.lowerBound
        while at + count <= range.upperBound {
            let end = bytes[at + count - 1]
            if end == pairs[count - 1].0 || end == pairs[count - 1].1 {
                var place = 0
                while place < count - 1, bytes[at + place] == pairs[place].0 || bytes[at + place] == pairs[place].1 {
                    place += 1
                }
                if place == count - 1 { return at..<(at + count) }
            }
            at += skip[Int(end)]
        }
        return nil
    }

    private func trying(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        let begins = begins.span
        for at in range where begins[Int(bytes[at])] {
            if let end = end(of: bytes, from: at, in: range) { return at..<end }
        }
        return nil
    }

    private func end(of bytes: borrowing Span<UInt8>, from start: Int, in range: Range<Int>) -> Int? {
        var at = start
        character: for forms in characters {
            for form in forms where at + form.count <= range.upperBound {
                var place = 0
                while place < form.count, bytes[at + place] == form[place] { place += 1 }
                if place == form.count {
                    at += form.count
                    continue character
                }
            }
            return nil
        }
        return at
    }
}
