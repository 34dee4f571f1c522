// SPDX-License-Identifier: Apache-2.0

/// A pattern of file names: `*` stands for any bytes but a slash, `**` for any bytes, `?` for one character but a slash.
///
/// A pattern without a slash is about the last name of a path, one with a slash about the path from where the listing
/// began. Everything else stands for itself. All ways to match are followed at once, one bit each, so that no pattern
/// takes longer than its length times that of the name.
struct Glob: Equatable, Sendable {
    /// One bit each in the set of states, and one for the end.
    static let maxBytes = 120

    /// States that the next byte reaches only by being exactly that byte: for each byte, the states that want it.
    private var wanted = [UInt128](repeating: 0, count: 256)
    /// States that stay, whatever byte comes (a slash too).
    private var deepStars: UInt128 = 0
    /// States that stay on any byte but a slash.
    private var stars: UInt128 = 0
    /// States of `**` with a slash behind, which may be passed together with it.
    private var directories: UInt128 = 0
    /// States that a whole character leaves.
    private var marks: UInt128 = 0
    /// States behind `?`, which later bytes of its character do not leave.
    private var behindMarks: UInt128 = 0
    private let end: Int
    let hasSlash: Bool

    /// - Throws: a fault with reason `glob`.
    init(_ pattern: [UInt8]) throws(ToolFault) {
        guard (1...Self.maxBytes).contains(pattern.count) else {
            throw ToolFault(.glob, pattern, detail: Array("it must have 1 to \(Self.maxBytes) bytes".utf8))
        }
        hasSlash = pattern.contains(UInt8(ascii: "/"))
        var state = 0
        var at = 0
        while at < pattern.count {
            let bit = UInt128(1) << UInt128(state)
            switch pattern[at] {
            case UInt8(ascii: "*"):
                let isDeep = at + 1 < pattern.count && pattern[at + 1] == UInt8(ascii: "*")
                if isDeep { deepStars |= bit } else { stars |= bit }
                // `**/` stands for any directories, and for none.
                let beginsName = at == 0 || pattern[at - 1] == UInt8(ascii: "/")
                if isDeep && beginsName && at + 2 < pattern.count && pattern[at + 2] == UInt8(ascii: "/") {
                    directories |= bit
                }
                at += isDeep ? 2 : 1
            case UInt8(ascii: "?"):
                marks |= bit
                behindMarks |= bit << 1
                at += 1
            case let byte:
                wanted[Int(byte)] |= bit
                at += 1
            }
            state += 1
        }
        end = state
    }

    func matches(_ text: borrowing Span<UInt8>) -> Bool {
        var states = closure(1, beginsName: true)
        let wanted = wanted.span
        for at in text.indices {
            let byte = text[at]
            let isSlash = byte == UInt8(ascii: "/")
            var next = (states & wanted[Int(byte)]) << 1 | states & deepStars
            if !isSlash {
                next |= states & stars
                next |= byte & 0xC0 == 0x80 ? states & behindMarks : (states & marks) << 1
            }
            states = closure(next, beginsName: isSlash)
            if states == 0 { return false }
        }
        return states >> UInt128(end) & 1 == 1
    }

    /// A star may also stand for nothing: whoever is at one is behind it as well.
    private func closure(_ states: UInt128, beginsName: Bool) -> UInt128 {
        let passable = beginsName ? directories : 0
        var all = states
        while true {
            let more = all | (all & (stars | deepStars)) << 1 | (all & passable) << 2
            if more == all { return all }
            all = more
        }
    }
}
