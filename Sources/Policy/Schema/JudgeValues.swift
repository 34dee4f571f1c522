// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Assertions about numbers, strings and constants.
extension SchemaJudge {
    func atLeast(_ bound: UInt32, _ number: JSONNode) -> Bool {
        let limit = program.bounds[Int(bound)]
        if let limit = limit.integer, let value = tree.integer(number) { return value >= limit }
        return !isBelow(number, limit)
    }

    func above(_ bound: UInt32, _ number: JSONNode) -> Bool {
        let limit = program.bounds[Int(bound)]
        if let limit = limit.integer, let value = tree.integer(number) { return value > limit }
        guard let value = SameValue.decimal(number, tree) else { return false }
        return value > program.exactBounds[Int(limit.exact)].decimal
    }

    private func isBelow(_ number: JSONNode, _ limit: NumberBound) -> Bool {
        guard let value = SameValue.decimal(number, tree) else { return false }
        return value < program.exactBounds[Int(limit.exact)].decimal
    }

    func isMultiple(of bound: UInt32, _ number: JSONNode, _ state: inout SchemaState) -> Bool {
        let limit = program.bounds[Int(bound)]
        if let divisor = limit.integer, let value = tree.integer(number) { return value % divisor == 0 }
        guard let value = SameValue.decimal(number, tree) else { return false }
        let divisor = program.exactBounds[Int(limit.exact)].decimal
        let digits = divisor.digits.count
        // Long division by hand: see ``Decimal/isMultiple(of:)``.
        state.steps &-= digits > 18 ? (value.digits.count + 4 * digits) * digits : 8
        return state.steps > 0 && value.isMultiple(of: divisor)
    }

    /// Whether a string has at least that many code points.
    func isLong(_ string: JSONNode, _ least: Int, _ state: inout SchemaState) -> Bool {
        let bytes = tree.textCount(string) ?? 0
        // A code point takes one to four bytes.
        guard bytes >= least else { return false }
        guard bytes < 4 * least else { return true }
        state.steps &-= bytes &>> 4
        let count = tree.withText(string) { text in
            var count = 0
            for at in 0..<text.count where text[at] & 0xC0 != 0x80 { count &+= 1 }
            return count
        }
        return (count ?? 0) >= least
    }

    func matches(_ pattern: UInt32, _ string: JSONNode, _ state: inout SchemaState) -> Bool {
        let pattern = program.patterns[Int(pattern)]
        var left = state.steps
        let isMatch = tree.withText(string) { text in pattern.matches(text, steps: &left) }
        state.steps = left
        return isMatch ?? false
    }

    func isFormatted(_ format: SchemaFormat, _ string: JSONNode, _ state: inout SchemaState) -> Bool {
        state.steps &-= (tree.textCount(string) ?? 0) &>> 2
        guard state.steps > 0 else { return false }
        return tree.withText(string) { text in format.admits(text) } ?? false
    }

    func isConstant(_ constant: UInt32, _ node: JSONNode, _ state: inout SchemaState) -> Bool {
        var same = SameValue(steps: state.steps)
        defer { state.steps = same.steps }
        return same.holds(node, tree, program.constantNodes[Int(constant)], program.constants)
    }

    func isListed(_ plan: UInt32, _ node: JSONNode, _ state: inout SchemaState) -> Bool {
        let plan = program.enums[Int(plan)]
        if tree.kind(node) == .string {
            var guess = 0
            return program.names.find(node, in: tree, plan.strings, guess: &guess, steps: &state.steps) >= 0
        }
        for link in plan.others.indices {
            if isConstant(program.links[link], node, &state) { return true }
            guard state.steps > 0 else { return false }
        }
        return false
    }
}
