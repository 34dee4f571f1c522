// SPDX-License-Identifier: Apache-2.0

/// Follows all paths of a machine at once, so that time is linear in the text whatever the pattern is.
///
/// A set of states is held as it was before assertions and splits are followed: whether `$` and `\b` hold is known
/// only when the next character is.
struct PatternStepper {
    /// What stands before the place at hand.
    enum Before: UInt8, Sendable {
        case nothing
        case word
        /// A character that is not of `\w`, or any character if no assertion asks.
        case other
    }

    let machine: PatternMachine
    let alphabet: PatternAlphabet
    /// Whether a match may begin behind the first character.
    private(set) var restarts = true
    /// States visited since the start.
    private(set) var work = 0

    /// Which round visited a state last.
    private var visits: [UInt32]
    private var additions: [UInt32]
    private var round: UInt32 = 0
    private var stack: [UInt32] = []

    init(_ machine: PatternMachine, _ alphabet: PatternAlphabet) {
        self.machine = machine
        self.alphabet = alphabet
        visits = [UInt32](repeating: 0, count: machine.states.count)
        additions = visits
        restarts = canRestart()
    }

    /// What a character of the class leaves before the next place.
    func before(behind scalars: Int) -> Before { alphabet.isWord[scalars] ? .word : .other }

    /// The states behind one character, or behind the end for nil; nil if the text has matched.
    mutating func step(_ states: [UInt32], _ before: Before, _ scalars: Int?) -> [UInt32]? {
        round &+= 1
        var behind: [UInt32] = []
        // Later starts are dealt with first: their states are the same every time.
        if restarts || before == .nothing { stack.append(machine.start) }
        stack.append(contentsOf: states)
        while let state = stack.popLast() {
            guard visits[Int(state)] != round else { continue }
            visits[Int(state)] = round
            work &+= 1
            switch machine.states[Int(state)] {
            case .match:
                stack.removeAll(keepingCapacity: true)
                return nil
            case .split(let one, let other):
                stack.append(other)
                stack.append(one)
            case .assert(let assertion, let next):
                if holds(assertion, before, scalars) { stack.append(next) }
            case .consume(let set, let next):
                if let scalars, alphabet.contains(set, scalars), additions[Int(next)] != round {
                    additions[Int(next)] = round
                    behind.append(next)
                }
            }
        }
        return behind
    }

    private func holds(_ assertion: PatternAssertion, _ before: Before, _ scalars: Int?) -> Bool {
        switch assertion {
        case .start: return before == .nothing
        case .end: return scalars == nil
        case .wordBoundary, .noWordBoundary:
            let isBoundary = (before == .word) != (scalars.map { alphabet.isWord[$0] } ?? false)
            return isBoundary == (assertion == .wordBoundary)
        }
    }

    /// Whether a path from the start to a character or to the end of the pattern passes no `^`.
    private func canRestart() -> Bool {
        var seen = [Bool](repeating: false, count: machine.states.count)
        var stack = [machine.start]
        while let state = stack.popLast() {
            guard !seen[Int(state)] else { continue }
            seen[Int(state)] = true
            switch machine.states[Int(state)] {
            case .match, .consume: return true
            case .split(let one, let other): stack += [one, other]
            case .assert(.start, _): break
            case .assert(_, let next): stack.append(next)
            }
        }
        return false
    }
}
