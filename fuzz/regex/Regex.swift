// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Input: a pattern, a NUL, a text.
///
/// A pattern means the same with and without a table, in a group, and beside itself; what the letter of ECMA-262 allows
/// the tolerant dialect reads alike; and the cost stays below the text's length times the states there can be.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return 0 }
    let source = Array(parts[0])
    let text = Array(parts[1])
    guard let answer = ask(source, .tolerant, text) else {
        precondition(ask(source, .strict, text) == nil, "read by the letter, and not tolerantly")
        return 0
    }
    precondition(answer == ask(source, .tolerant, text, usesTable: false), "the table matters")
    if let strict = ask(source, .strict, text) {
        precondition(strict == answer, "the dialect matters")
        precondition(Pattern.isWellFormed(source))
    }
    let group = Array("(?:".utf8) + source + Array(")".utf8)
    // A group and a copy may be more than the limits allow.
    if let same = ask(group, .tolerant, text) { precondition(same == answer, "a group matters") }
    if let same = ask(group + Array("|".utf8) + group, .tolerant, text) {
        precondition(same == answer, "a copy matters")
    }
    return 0
}

/// Whether the text has a match; nil if the pattern is refused.
private func ask(_ source: [UInt8], _ dialect: PatternDialect, _ text: [UInt8], usesTable: Bool = true) -> Bool? {
    do throws(PatternFault) {
        let pattern = try Pattern(source, dialect, usesTable: usesTable)
        let enough = (text.count + 3) * (PatternLimits.states + 2)
        var steps = enough
        let answer = pattern.matches(text.span, steps: &steps)
        precondition(steps > 0)
        if pattern.hasTable { precondition(enough - steps <= text.count / 16 + 2) }
        return answer
    } catch {
        precondition(error.offset >= 0 && error.offset <= source.count)
        return nil
    }
}
