// SPDX-License-Identifier: Apache-2.0

/// A regular expression of JSON Schema (ECMA-262 with the `u` flag), without captures, back-references and look-around.
///
/// Asks whether a text has a match anywhere. Never backtracks: the cost of an answer is bounded by the length of the
/// text times the number of the machine's states, and for patterns whose table is small by the length alone. A class,
/// because a schema hands it out at every call.
package final class Pattern: Sendable {
    private let runner: PatternRunner
    /// What the pattern costs to make and keep, in states: see ``SchemaLimits/patternWeight``.
    let weight: Int

    /// - usesTable: false only to see that the slow way gives the same answers.
    package init(
        _ source: [UInt8], _ dialect: PatternDialect = .tolerant, usesTable: Bool = true
    ) throws(PatternFault) {
        var parser = try PatternParser(source, dialect)
        let tree = try parser.parse()
        if let fault = parser.unsupported { throw fault }
        let machine = try PatternMachine(tree)
        let alphabet = PatternAlphabet(parser.sets, keepsWordsApart: machine.hasWordAssertions)
        var stepper = PatternStepper(machine, alphabet)
        let table = usesTable ? PatternTable(&stepper) : nil
        runner = PatternRunner(stepper: table == nil ? stepper : nil, table: table, alphabet)
        weight = machine.states.count + stepper.work / 16 + (table?.cells.count ?? 0) / 4
    }

    /// Whether `source` is a regular expression at all, also one that we do not run.
    package static func isWellFormed(_ source: [UInt8]) -> Bool {
        do throws(PatternFault) {
            var parser = try PatternParser(source, .strict)
            _ = try parser.parse()
            return true
        } catch {
            return false
        }
    }

    /// Whether the pattern is run by table, at one look-up for each character.
    package var hasTable: Bool { runner.table != nil }

    /// Whether the pattern matches somewhere in `text`, which is UTF-8.
    ///
    /// Takes from `steps` what it costs. Once nothing is left the answer is false and means nothing.
    package func matches(_ text: borrowing Span<UInt8>, steps: inout Int) -> Bool { runner.matches(text, &steps) }
}
