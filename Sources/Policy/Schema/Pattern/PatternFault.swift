// SPDX-License-Identifier: Apache-2.0

/// Why a regular expression is not run, and where.
package struct PatternFault: Error, Equatable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        // Not a regular expression.
        case group = "unbalanced-group"
        case groupKind = "unknown-group"
        case groupName = "bad-group-name"
        case bracket = "unclosed-class"
        case range = "bad-range"
        case quantifier = "misplaced-quantifier"
        case brace = "stray-brace"
        case escape = "unknown-escape"
        case reference = "dangling-reference"
        // One that needs more than a finite machine, or tables that we do not carry.
        case backReference = "back-reference"
        case lookAround = "look-around"
        case flags = "inline-flags"
        case property = "unicode-property"
        // One that costs more than we give.
        case tooLong = "too-long"
        case tooDeep = "too-deep"
        case tooManyRanges = "too-many-ranges"
        case tooManyStates = "too-many-states"
    }

    package let reason: Reason
    /// Unicode scalars before the fault.
    package let offset: Int

    init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// What one pattern may cost. Each limit is inclusive, and exceeding it is a fault, never a wrong answer.
package enum PatternLimits {
    /// UTF-8 bytes. The longest patterns seen in published tools have some hundred.
    package static let sourceBytes = 4_096
    /// Groups within groups; reading and building recurse that deep.
    package static let depth = 64
    /// Ranges of all classes together, before they are merged: `\p{L}` has about 680.
    package static let ranges = 20_000
    /// States of the machine after counted repetitions are written out: `.{1,1000}` takes 2,000.
    package static let states = 10_000
    /// Rows times columns of the transition table, two bytes each. A pattern that needs more is run without a table.
    package static let tableCells = 16_384
    /// Visits of states while the table is made; a pattern that needs more is run without a table.
    package static let tableWork = 100_000
}
