// SPDX-License-Identifier: Apache-2.0

/// The code points in classes of those that no set of a pattern tells apart.
struct PatternAlphabet: Sendable {
    /// Number of classes.
    private(set) var count = 0
    /// Class of each ASCII character.
    private(set) var ascii: [UInt16] = []
    /// Where runs of one class begin, ascending, the first at 0; and the class of each run.
    private(set) var starts: [UInt32] = []
    private(set) var classes: [UInt16] = []
    /// Whether a class holds characters of `\w`.
    private(set) var isWord: [Bool] = []

    /// For each class one bit for each set: whether the set holds the class.
    private var membership: [UInt64] = []
    private let words: Int

    /// - keepsWordsApart: whether an assertion asks for `\w`, so that no class may hold both kinds.
    init(_ sets: [ScalarSet], keepsWordsApart: Bool) {
        let all = keepsWordsApart ? sets + [.wordCharacters] : sets
        words = max((all.count + 63) / 64, 1)
        // Every set changes at the beginning of its ranges and behind their ends.
        var changes: [(at: UInt32, set: Int)] = []
        for (index, set) in all.enumerated() {
            for range in set.ranges {
                changes.append((at: range.lowerBound, set: index))
                changes.append((at: range.upperBound + 1, set: index))
            }
        }
        changes.sort { $0.at < $1.at }
        var known: [[UInt64]: UInt16] = [:]
        var current = [UInt64](repeating: 0, count: words)
        var place = 0
        var start: UInt32 = 0
        while start <= ScalarSet.last {
            while place < changes.count, changes[place].at == start {
                current[changes[place].set / 64] ^= 1 << UInt64(changes[place].set % 64)
                place += 1
            }
            let number = known[current] ?? UInt16(known.count)
            if known[current] == nil {
                known[current] = number
                membership.append(contentsOf: current)
                isWord.append(keepsWordsApart && current[sets.count / 64] >> UInt64(sets.count % 64) & 1 != 0)
            }
            if classes.last != number {
                starts.append(start)
                classes.append(number)
            }
            start = place < changes.count ? changes[place].at : ScalarSet.last + 1
        }
        count = known.count
        ascii = (0..<128).map { classes[Self.run(of: $0, in: starts.span)] }
    }

    func contains(_ set: UInt32, _ scalars: Int) -> Bool {
        membership[scalars * words + Int(set / 64)] >> UInt64(set % 64) & 1 != 0
    }

    /// The index of the run that holds `scalar`.
    static func run(of scalar: UInt32, in starts: borrowing Span<UInt32>) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= scalar { low = middle } else { high = middle }
        }
        return low
    }
}

/// One character of a text.
struct DecodedScalar {
    var value: UInt32
    /// The place behind it.
    var end: Int

    /// The character at `at`, which is not ASCII. Text out of a tree is well-formed; other bytes give a wrong value and
    /// no trap.
    @inline(__always)
    init(in text: borrowing Span<UInt8>, at: Int) {
        let lead = UInt32(text[at])
        let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        guard at &+ length <= text.count else {
            value = 0xFFFD
            end = text.count
            return
        }
        var value = lead & (0x7F &>> UInt32(length))
        for place in 1..<length { value = value &<< 6 | UInt32(text[at &+ place] & 0x3F) }
        self.value = min(value, ScalarSet.last)
        end = at &+ length
    }
}
