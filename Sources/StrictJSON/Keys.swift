// SPDX-License-Identifier: Apache-2.0

/// Finds a key that stands twice in one object, in linear time whatever the keys are.
///
/// Keys are judged when their object closes. Few are told apart by one word of bits, mostly; many go into a table whose
/// hash nobody outside can predict, so that nobody can prepare keys that all fall into one place.
struct KeyCheck: Sendable {
    /// Objects up to this size never use the table: comparing all pairs, should it come to that, costs no more.
    private static let fewKeys = 16

    private let hash: KeyHash
    /// Tape indices of keys; 0, where no key can be, marks a free place.
    private var table: [UInt32] = []

    init(hash: KeyHash) { self.hash = hash }

    /// The index of the first key of the closed object at `object` that equals an earlier one.
    @inline(__always)
    mutating func duplicate(
        inObject object: Int, tape: borrowing Span<TapeEntry>, text: borrowing Span<UInt8>
    ) -> Int? {
        let count = Int(tape[object].count)
        guard count > 1 else { return nil }
        if count > Self.fewKeys { return duplicateOfMany(inObject: object, tape, text) }
        // One bit for each key. Equal keys share theirs; if no two share one, there is nothing to compare.
        var seen: UInt64 = 0
        var isSuspect = false
        var key = object &+ 1
        for _ in 0..<count {
            let bit: UInt64 = 1 &<< UInt64(tape[key].link & 63)
            isSuspect = isSuspect || seen & bit != 0
            seen |= bit
            key = nextKey(after: key, tape)
        }
        return isSuspect ? duplicateOfFew(inObject: object, tape, text) : nil
    }

    @inline(never)
    private func duplicateOfFew(
        inObject object: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) -> Int? {
        var later = object &+ 1
        for place in 0..<Int(tape[object].count) {
            var earlier = object &+ 1
            for _ in 0..<place {
                if equalKeys(tape[earlier], tape[later], text) { return later }
                earlier = nextKey(after: earlier, tape)
            }
            later = nextKey(after: later, tape)
        }
        return nil
    }

    @inline(never)
    private mutating func duplicateOfMany(
        inObject object: Int, _ tape: borrowing Span<TapeEntry>, _ text: borrowing Span<UInt8>
    ) -> Int? {
        let count = Int(tape[object].count)
        // At most half full, so that a search ends soon.
        let bits = Int.bitWidth - (2 * count - 1).leadingZeroBitCount
        let size = 1 << bits
        if table.count < size { table = [UInt32](repeating: 0, count: size) }
        let hash = hash
        var places = table.mutableSpan
        for place in 0..<size { places[place] = 0 }
        var key = object &+ 1
        for _ in 0..<count {
            let entry = tape[key]
            var place = hash.place(of: text, at: Int(entry.start) &+ 1, count: Int(entry.count), bits: bits)
            while places[place] != 0 {
                if equalKeys(tape[Int(places[place])], entry, text) { return key }
                place = (place &+ 1) & (size &- 1)
            }
            places[place] = UInt32(truncatingIfNeeded: key)
            key = nextKey(after: key, tape)
        }
        return nil
    }
}

@inline(__always)
private func equalKeys(_ one: TapeEntry, _ other: TapeEntry, _ text: borrowing Span<UInt8>) -> Bool {
    guard one.link == other.link && one.count == other.count else { return false }
    return equalBytes(text.extracting(one.content), text.extracting(other.content))
}

/// A hash of a key's length and ends, good enough to tell most keys of one object apart. It need not be secret: all that
/// depends on it is whether a few keys are compared in full.
@inline(__always)
func fingerprint(_ text: borrowing Span<UInt8>, at start: Int, count: Int) -> Int {
    let first: UInt64
    var last: UInt64 = 0
    if count >= 8 {
        first = word(text, start)
        last = word(text, start &+ count &- 8)
    } else {
        first = word(text, start) & (1 &<< UInt64(8 &* count) &- 1)
    }
    let mixed = (first ^ last &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)) &* 0xD6E8_FEB8_6659_FD93
    return Int(mixed &>> 32)
}
