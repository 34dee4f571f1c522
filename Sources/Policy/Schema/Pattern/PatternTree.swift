// SPDX-License-Identifier: Apache-2.0

/// A regular expression as it was read, without what decides only what a match captures.
indirect enum PatternTree: Sendable {
    case empty
    /// One code point of the set with this index.
    case set(Int)
    case assertion(PatternAssertion)
    case sequence([PatternTree])
    case choice([PatternTree])
    case repeated(PatternTree, least: Int, most: Int?)
}

/// What holds between two code points.
enum PatternAssertion: UInt8, Sendable {
    /// `^`: without the `m` flag only before the first one.
    case start
    /// `$`: only behind the last one, not before a line feed that ends the text.
    case end
    /// `\b`
    case wordBoundary
    /// `\B`
    case noWordBoundary
}

/// How much beyond ECMA-262 is read.
package enum PatternDialect: Sendable {
    /// ECMA-262 with the `u` flag, by the letter.
    case strict
    /// Also what `u` forbids but every dialect that allows it reads alike: escaped punctuation such as `\-` and `\@`,
    /// `]`, `}` and `{` for themselves where no quantifier can be meant, `-` beside `\w` in a class. Patterns in
    /// published schemas are written for many engines.
    case tolerant
}
