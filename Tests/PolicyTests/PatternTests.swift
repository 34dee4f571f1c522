// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

/// Whether a pattern matches somewhere in a text; asks with more steps than any test here needs.
private func matches(_ pattern: Pattern, _ text: String) -> Bool {
    var steps = 1 << 40
    return pattern.matches(text.utf8.span, steps: &steps)
}

/// One line of a vector file that holds JSON arrays.
private struct Line: Sendable {
    var number: Int
    var strings: [String]
    var answer: Bool
}

private func lines(_ name: String) -> [Line] {
    let bytes = SchemaFiles.contents(of: SchemaFiles.tests + "/vectors/" + name) ?? []
    var found: [Line] = []
    for (index, text) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        guard text.first == 0x5B, let line = try? tree(Array(text)) else { continue }
        let values = line.elements(.root).map { $0 }
        guard let answer = values.last.flatMap(line.bool) else { continue }
        found.append(
            Line(
                number: index + 1,
                strings: values.compactMap { line.text($0).map { String(decoding: $0, as: UTF8.self) } },
                answer: answer))
    }
    return found
}

@Suite("A pattern means what ECMA-262 says it means")
struct PatternMeaningTests {
    @Test("random patterns are answered as another engine answers them, with and without a table")
    func oracle() throws {
        let lines = lines("patterns-ecma.txt")
        #expect(lines.count == 1500)
        var yes = 0
        for line in lines {
            let answer = line.answer
            let pattern = try Pattern(Array(line.strings[0].utf8), .strict)
            #expect(matches(pattern, line.strings[1]) == answer, "line \(line.number)")
            let slow = try Pattern(Array(line.strings[0].utf8), .strict, usesTable: false)
            #expect(!slow.hasTable)
            #expect(matches(slow, line.strings[1]) == answer, "line \(line.number), without a table")
            yes += answer ? 1 : 0
        }
        // The meter: both answers are common.
        #expect((500...1000).contains(yes))
    }

    @Test(
        "assertions hold where they should",
        arguments: [
            ("^abc$", "abc", true), ("^abc$", "abc\n", false), ("^abc$", "\nabc", false), ("^$", "", true),
            ("b", "abc", true), ("^b", "abc", false), ("a^b", "ab", false), ("(^a|b)c", "bc", true),
            ("(^a|b)c", "xac", false), ("\\bx", "a x", true), ("\\bx", "ax", false), ("x\\b", "x", true),
            ("\\B", "", true), ("\\b", "", false), ("\\b", "é", false), ("$^", "", true), ("(?:$|a)b", "ab", true),
            ("a$|b", "ba", true), ("^(?:)*$", "a", false), ("(^|\\s)x(\\s|$)", "a x b", true),
        ])
    func assertions(_ source: String, _ text: String, _ answer: Bool) throws {
        #expect(matches(try Pattern(Array(source.utf8)), text) == answer)
        #expect(matches(try Pattern(Array(source.utf8), .tolerant, usesTable: false), text) == answer)
    }

    @Test("bytes that are no UTF-8 trap nothing")
    func malformed() throws {
        let pattern = try Pattern(Array("^[^a]é.$".utf8))
        for bytes: [UInt8] in [[0xC3], [0xE2, 0x82], [0xF0, 0x9F], [0x80, 0x80], [0xFF, 0xFF, 0xFF, 0xFF], [0xF8]] {
            var steps = 1_000
            #expect(!pattern.matches(bytes.span, steps: &steps))
        }
    }
}

@Suite("A pattern that cannot be run says why")
struct PatternFaultTests {
    @Test(
        "each construct has its own reason",
        arguments: [
            ("(a", "unbalanced-group", 0), ("a)", "unbalanced-group", 1), ("(?P<n>a)", "unknown-group", 0),
            ("(?#c)", "unknown-group", 0), ("(?i)a", "unknown-group", 0), ("(?ii:a)", "unknown-group", 0),
            ("(?i-s:a)", "inline-flags", 0), ("(?<1>a)", "bad-group-name", 3), ("(?<>a)", "bad-group-name", 3),
            ("[a", "unclosed-class", 0), ("[b-a]", "bad-range", 1), ("*a", "misplaced-quantifier", 0),
            ("a**", "misplaced-quantifier", 2), ("a{2}{3}", "misplaced-quantifier", 4),
            ("^*", "misplaced-quantifier", 1),
            ("\\b+", "misplaced-quantifier", 2), ("a{3,2}", "misplaced-quantifier", 1),
            ("a|?", "misplaced-quantifier", 2),
            ("a{,5}", "stray-brace", 1), ("{2}", "stray-brace", 0), ("\\", "unknown-escape", 0),
            ("\\a", "unknown-escape", 0), ("\\Z", "unknown-escape", 0), ("x\\A", "unknown-escape", 1),
            ("\\x4", "unknown-escape", 0), ("\\u12", "unknown-escape", 0), ("\\u{110000}", "unknown-escape", 0),
            ("\\u{}", "unknown-escape", 0), ("\\c1", "unknown-escape", 0), ("\\00", "unknown-escape", 0),
            ("[\\1]", "unknown-escape", 1), ("[\\B]", "unknown-escape", 1), ("\\k", "unknown-escape", 0),
            ("\\p{L", "unknown-escape", 0), ("\\pL", "unknown-escape", 0), ("\\é", "unknown-escape", 0),
            ("\\1", "dangling-reference", 0), ("(a)\\2", "dangling-reference", 3),
            ("(?<n>a)\\k<m>", "dangling-reference", 7), ("(a)\\1", "back-reference", 3),
            ("(?<n>a)\\k<n>", "back-reference", 7), ("(?=a)", "look-around", 0), ("a(?!b)", "look-around", 1),
            ("(?<=a)b", "look-around", 0), ("(?<!a)b", "look-around", 0), ("(?=a", "unbalanced-group", 0),
            ("\\p{Script=Greek}", "unicode-property", 0), ("[\\P{sc=Latn}]", "unicode-property", 1),
            ("\\p{Nonsense}", "unicode-property", 0), ("(?=a)*", "misplaced-quantifier", 5),
        ])
    func reasons(_ source: String, _ reason: String, _ offset: Int) {
        let fault = #expect(throws: PatternFault.self) { try Pattern(Array(source.utf8)) }
        #expect(fault?.reason.rawValue == reason)
        #expect(fault?.offset == offset)
    }

    @Test(
        "what every engine that allows it reads alike is read, unless the letter of ECMA-262 is asked for",
        arguments: [
            ("\\-\\@\\_\\ \\\"", nil), ("^a]$", "a]"), ("^a}$", "a}"), ("^{a}$", "{a}"), ("^[\\w-.]+$", "a-."),
            ("^[a-\\d]$", "-"), ("^a{x}$", "a{x}"), ("^\\-\\_$", "-_"),
        ])
    func tolerance(_ source: String, _ text: String?) throws {
        #expect(throws: PatternFault.self) { try Pattern(Array(source.utf8), .strict) }
        guard let text else { return }
        #expect(matches(try Pattern(Array(source.utf8)), text))
    }

    @Test("a letter or digit that is no escape is never taken for itself")
    func noTolerance() {
        for source in ["\\y", "\\q", "\\é", "\\8", "[\\y]"] {
            #expect(throws: PatternFault.self) { try Pattern(Array(source.utf8)) }
        }
    }
}

@Suite("A pattern costs what it may and no more")
struct PatternLimitTests {
    private func reason(_ source: String) -> PatternFault.Reason? {
        do throws(PatternFault) {
            _ = try Pattern(Array(source.utf8))
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("length, depth, ranges and states end exactly at their limits")
    func limits() {
        let longest = String(repeating: "a", count: PatternLimits.sourceBytes)
        #expect(reason(longest) == nil)
        #expect(reason(longest + "a") == .tooLong)
        // The pattern itself is the outermost group.
        let deepest = String(repeating: "(", count: PatternLimits.depth - 1)
        let closing = String(repeating: ")", count: PatternLimits.depth - 1)
        #expect(reason(deepest + "a" + closing) == nil)
        #expect(reason(deepest + "(a)" + closing) == .tooDeep)
        // One state for each repetition, one for the end.
        #expect(reason("a{\(PatternLimits.states - 1)}") == nil)
        #expect(reason("a{\(PatternLimits.states)}") == .tooManyStates)
        #expect(reason("a{99999999999999999999999999}") == .tooManyStates)
        // \s has ten ranges.
        let spaces = String(repeating: "\\s", count: PatternLimits.ranges / 10)
        #expect(reason("[\(spaces)]") == nil)
        #expect(reason("[\(spaces)a]") == .tooManyRanges)
    }

    @Test("repetitions of nothing end too")
    func nothing() {
        #expect(reason("((((){1000}){1000}){1000}){1000}") == .tooManyStates)
        #expect(reason("(((a{100}){100}){100}){100}") == .tooManyStates)
    }

    @Test(
        "no text makes a pattern backtrack",
        arguments: [
            "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)(.*)(.*)[^a]",
            "^(a?){40}a{40}$", "(x+x+)+y", "^(?:a|[ab]|[abc]|.)*X$",
        ])
    func linear(_ source: String) throws {
        let pattern = try Pattern(Array(source.utf8))
        let slow = try Pattern(Array(source.utf8), .tolerant, usesTable: false)
        var costs: [Int] = []
        for length in [10_000, 20_000] {
            let text = [UInt8](repeating: 0x61, count: length) + [0x21]
            var steps = 1 << 40
            let answer = slow.matches(text.span, steps: &steps)
            costs.append(1 << 40 - steps)
            var fewSteps = 3 + length / 16
            #expect(pattern.matches(text.span, steps: &fewSteps) == answer)
            #expect(fewSteps > 0)
        }
        // Twice the text, twice the work.
        #expect(costs[1] <= 2 * costs[0] + 100)
    }

    @Test("a pattern that is run without a table stops when its steps are spent")
    func spent() throws {
        let pattern = try Pattern(Array("^(?:[ab]|[bc]|.){0,1000}X".utf8), .tolerant, usesTable: false)
        let text = [UInt8](repeating: 0x62, count: 900) + [0x58]
        var enough = 10_000_000
        #expect(pattern.matches(text.span, steps: &enough))
        let cost = 10_000_000 - enough
        var few = cost / 2
        #expect(!pattern.matches(text.span, steps: &few))
        #expect(few <= 0)
    }
}
