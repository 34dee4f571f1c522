// SPDX-License-Identifier: Apache-2.0

/// What is left of a pattern once it is compiled.
struct PatternRunner: Sendable {
    /// Runs patterns that have no table; nil for all others.
    private let stepper: PatternStepper?
    let table: PatternTable?
    private let ascii: [UInt16]
    private let starts: [UInt32]
    private let classes: [UInt16]

    init(stepper: PatternStepper?, table: PatternTable?, _ alphabet: PatternAlphabet) {
        self.stepper = stepper
        self.table = table
        ascii = alphabet.ascii
        starts = alphabet.starts
        classes = alphabet.classes
    }

    func matches(_ text: borrowing Span<UInt8>, _ steps: inout Int) -> Bool {
        if let table { return run(table, text, &steps) }
        if let stepper { return run(stepper, text, &steps) }
        return false
    }

    private func run(_ table: PatternTable, _ text: borrowing Span<UInt8>, _ steps: inout Int) -> Bool {
        // A character takes one or two nanoseconds, a step of other work ten to thirty.
        steps &-= 2 &+ text.count &>> 4
        guard steps > 0 else { return false }
        let cells = table.cells.span
        let ascii = ascii.span
        let matched = table.matched
        var state = table.start
        var at = 0
        while at < text.count && state > matched {
            let byte = text[at]
            let scalars: UInt16
            if byte < 0x80 {
                scalars = ascii[Int(byte)]
                at &+= 1
            } else {
                scalars = other(text, &at)
            }
            state = cells[Int(state) &+ Int(scalars)]
        }
        if state > matched { state = cells[Int(state) &+ Int(matched) &- 1] }
        return state == matched
    }

    /// The class of the character at `at`, which is not ASCII; steps over it.
    @inline(never)
    private func other(_ text: borrowing Span<UInt8>, _ at: inout Int) -> UInt16 {
        let scalar = DecodedScalar(in: text, at: at)
        at = scalar.end
        return classes[PatternAlphabet.run(of: scalar.value, in: starts.span)]
    }

    private func run(_ stepper: PatternStepper, _ text: borrowing Span<UInt8>, _ steps: inout Int) -> Bool {
        var stepper = stepper
        // The copy's own marks: two words for each state.
        steps &-= stepper.machine.states.count &>> 4
        var states: [UInt32] = []
        var before = PatternStepper.Before.nothing
        var at = 0
        while at < text.count {
            let byte = text[at]
            let scalars: Int
            if byte < 0x80 {
                scalars = Int(ascii[Int(byte)])
                at += 1
            } else {
                scalars = Int(other(text, &at))
            }
            let work = stepper.work
            guard let next = stepper.step(states, before, scalars) else { return true }
            steps &-= 1 &+ stepper.work &- work
            guard steps > 0 else { return false }
            guard !next.isEmpty || stepper.restarts else { return false }
            states = next
            before = stepper.before(behind: scalars)
        }
        return stepper.step(states, before, nil) == nil
    }
}
