// SPDX-License-Identifier: Apache-2.0

/// A regular expression as a nondeterministic machine (Thompson's construction).
///
/// Built from the end: every piece is told which state comes behind it.
struct PatternMachine: Sendable {
    enum State: Sendable {
        /// Consumes one code point of the set, then goes on.
        case consume(set: UInt32, next: UInt32)
        case split(UInt32, UInt32)
        case assert(PatternAssertion, next: UInt32)
        case match
    }

    private(set) var states: [State] = [.match]
    private(set) var start: UInt32 = 0
    private(set) var hasWordAssertions = false

    /// Visits of the tree. Repetitions of nothing make no states, but take time.
    private var work = 0

    init(_ tree: PatternTree) throws(PatternFault) {
        start = try build(tree, before: 0)
    }

    private mutating func add(_ state: State) throws(PatternFault) -> UInt32 {
        guard states.count < PatternLimits.states else { throw PatternFault(.tooManyStates, at: 0) }
        states.append(state)
        return UInt32(states.count - 1)
    }

    private mutating func build(_ tree: PatternTree, before next: UInt32) throws(PatternFault) -> UInt32 {
        work += 1
        guard work <= 4 * PatternLimits.states else { throw PatternFault(.tooManyStates, at: 0) }
        switch tree {
        case .empty: return next
        case .set(let set): return try add(.consume(set: UInt32(set), next: next))
        case .assertion(let assertion):
            switch assertion {
            case .start, .end: break
            case .wordBoundary, .noWordBoundary: hasWordAssertions = true
            }
            return try add(.assert(assertion, next: next))
        case .sequence(let parts):
            var entry = next
            for part in parts.reversed() { entry = try build(part, before: entry) }
            return entry
        case .choice(let parts):
            var entry: UInt32?
            for part in parts.reversed() {
                let one = try build(part, before: next)
                if let others = entry {
                    entry = try add(.split(one, others))
                } else {
                    entry = one
                }
            }
            return entry ?? next
        case .repeated(let part, let least, let most):
            return try buildRepetition(part, least, most, before: next)
        }
    }

    private mutating func buildRepetition(
        _ part: PatternTree, _ least: Int, _ most: Int?, before next: UInt32
    ) throws(PatternFault) -> UInt32 {
        var entry = next
        if let most {
            // Each optional part leads, when it is left out, behind all of them.
            for _ in least..<most {
                let body = try build(part, before: entry)
                entry = body == entry ? entry : try add(.split(body, next))
            }
        } else {
            let loop = try add(.split(next, next))
            states[Int(loop)] = .split(try build(part, before: loop), next)
            entry = loop
        }
        for _ in 0..<least { entry = try build(part, before: entry) }
        return entry
    }
}
