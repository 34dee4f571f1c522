// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

/// What an expectation of `grammar.txt` says about a document; nil if the reader agrees.
private func disagreement(_ vector: Vector) -> String? {
    let rule = refusal(of: vector.document)
    let actual = rule?.rawValue ?? "accepted"
    return actual == vector.expectation ? nil : "expected \(vector.expectation), got \(actual)"
}

@Suite("The reader accepts RFC 8259 on UTF-8 and nothing else")
struct GrammarTests {
    @Test("every vector is decided as its file says", arguments: vectors(named: "grammar.txt"))
    func decides(_ vector: Vector) {
        #expect(disagreement(vector) == nil)
    }

    @Test(
        "every vector is decided the same way inside a message",
        arguments: vectors(named: "grammar.txt").filter { $0.expectation != "empty" })
    func decidesInside(_ vector: Vector) {
        // What ends a document too early, or stands behind it, is another fault once something follows.
        let around = Array(#"{"a":["#.utf8) + vector.document + Array("]}".utf8)
        #expect((refusal(of: around) == nil) == (vector.expectation == "accepted"))
    }

    @Test("the vectors are there, and a wrong one is noticed")
    func meter() {
        let all = vectors(named: "grammar.txt")
        #expect(all.count > 250)
        #expect(all.contains { $0.document.isEmpty } && all.contains { $0.document.first == 0xEF })
        let rules = Set(all.map(\.expectation))
        for rule in JSONRule.allCases where !JSONRule.limits.contains(rule) && rule != .duplicateKey && rule != .comment
        {
            #expect(rules.contains(rule.rawValue), "no vector expects \(rule.rawValue)")
        }
        let wrong = vectors(in: Array("expect: number\n[1]\nexpect: accepted\n[1,]\n".utf8))
        #expect(wrong.map { disagreement($0) != nil } == [true, true])
    }

    @Test(
        "an error says which byte decided",
        arguments: [
            ("", JSONRule.empty, 0), ("  ", .empty, 2), ("[1,x]", .unexpectedByte, 3), ("[1] x", .trailingBytes, 4),
            (#"{"a":1,"b" 2}"#, .unexpectedByte, 11), (#"["ok","\q"]"#, .escape, 7),
            (#"["\ud800"]"#, .loneSurrogate, 2),
            (#"{"a":1,"a":2}"#, .duplicateKey, 7), ("[12345678901234567890]", .integerRange, 1),
            ("[tru1]", .unexpectedByte, 4),
            ("[1", .truncated, 2), (#"{"a":"#, .truncated, 5), ("[01]", .number, 2), ("[1.x]", .number, 3),
            ("[\"a\u{1}\"]", .controlCharacter, 3),
        ])
    func offsets(_ text: String, _ rule: JSONRule, _ offset: Int) {
        #expect(throws: JSONError(rule: rule, offset: offset)) { try read(text) }
    }
}

extension JSONRule {
    /// The rules of ``JSONLimits``.
    static let limits: [JSONRule] = [.bytes, .depth, .members, .values, .keyBytes, .stringBytes, .numberBytes]
}
