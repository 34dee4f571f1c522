// SPDX-License-Identifier: Apache-2.0

/// What somebody may have meant.
enum Suggestion {
    /// The known word with the fewest changes of a letter (swaps of neighbours count as one), if those are few enough.
    static func nearest(_ word: String, among known: [String]) -> String? {
        let scored = known.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
        guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
        return best.distance <= max(1, word.utf8.count / 3) ? best.word : nil
    }

    static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        // A word of a hundred letters is no typing error.
        guard one.count <= 100, other.count <= 100 else { return .max }
        var last: [Int] = []
        var above = Array(0...other.count)
        for row in 0..<one.count {
            var line = [row + 1]
            for column in 0..<other.count {
                let isSame = one[row] == other[column]
                var best = min(above[column + 1] + 1, line[column] + 1, above[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    best = min(best, last[column - 1] + 1)
                }
                line.append(best)
            }
            last = above
            above = line
        }
        return above[other.count]
    }
}
