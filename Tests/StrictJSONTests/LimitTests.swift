// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

/// A limit, a document exactly at it, and one that is one above.
private struct Edge: CustomTestStringConvertible {
    var rule: JSONRule
    var limits: JSONLimits
    var at: String
    var above: String

    var testDescription: String { "\(rule.rawValue) \(limits == .message ? "of a message" : "of a file")" }
}

private func edges(_ limits: JSONLimits) -> [Edge] {
    func nested(_ depth: Int, _ open: String, _ inner: String, _ close: String) -> String {
        String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }
    func members(_ count: Int) -> String { "{" + (0..<count).map { #""\#($0)":0"# }.joined(separator: ",") + "}" }
    func elements(_ count: Int) -> String { "[" + Array(repeating: "0", count: count).joined(separator: ",") + "]" }
    func text(_ count: Int) -> String { String(repeating: "x", count: count) }
    func number(_ count: Int) -> String { "0." + String(repeating: "1", count: count - 2) }
    return [
        Edge(
            rule: .bytes, limits: limits, at: String(repeating: " ", count: limits.bytes - 1) + "1",
            above: String(repeating: " ", count: limits.bytes) + "1"),
        Edge(
            rule: .depth, limits: limits, at: nested(limits.depth, "[", "", "]"),
            above: nested(limits.depth + 1, "[", "", "]")),
        Edge(
            rule: .depth, limits: limits, at: nested(limits.depth, #"{"a":"#, "0", "}"),
            above: nested(limits.depth + 1, #"{"a":"#, "0", "}")),
        Edge(rule: .members, limits: limits, at: members(limits.members), above: members(limits.members + 1)),
        // The array is a value too.
        Edge(rule: .values, limits: limits, at: elements(limits.values - 1), above: elements(limits.values)),
        Edge(
            rule: .keyBytes, limits: limits, at: #"{"\#(text(limits.keyBytes))":0}"#,
            above: #"{"\#(text(limits.keyBytes + 1))":0}"#),
        // After unescaping.
        Edge(
            rule: .keyBytes, limits: limits, at: #"{"\u0041\#(text(limits.keyBytes - 1))":0}"#,
            above: #"{"\u0041\#(text(limits.keyBytes))":0}"#),
        Edge(rule: .numberBytes, limits: limits, at: number(limits.numberBytes), above: number(limits.numberBytes + 1)),
    ]
}

@Suite("A limit is the largest that passes, and one more is refused")
struct LimitTests {
    @Test("of a message", arguments: edges(.message))
    private func message(_ edge: Edge) {
        #expect(refusal(of: edge.at, limits: edge.limits) == nil)
        #expect(refusal(of: edge.above, limits: edge.limits) == edge.rule)
    }

    @Test("of a file", arguments: edges(.config))
    private func file(_ edge: Edge) {
        #expect(refusal(of: edge.at, limits: edge.limits) == nil)
        #expect(refusal(of: edge.above, limits: edge.limits) == edge.rule)
    }

    @Test("of a string, where the document has room for more")
    func stringBytes() {
        var limits = JSONLimits.message
        limits.stringBytes = 1000
        #expect(refusal(of: #"["\#(String(repeating: "é", count: 500))"]"#, limits: limits) == nil)
        #expect(refusal(of: #"["\#(String(repeating: "é", count: 500))x"]"#, limits: limits) == .stringBytes)
        #expect(refusal(of: #"["\#(String(repeating: "\\u00e9", count: 500))"]"#, limits: limits) == nil)
    }

    @Test("of an integer's text, where its value would pass")
    func integerBytes() {
        var limits = JSONLimits.message
        limits.numberBytes = 5
        #expect(refusal(of: "[-1234]", limits: limits) == nil)
        #expect(refusal(of: "[-12345]", limits: limits) == .numberBytes)
        #expect(refusal(of: "[1.234]", limits: limits) == nil)
        #expect(refusal(of: "[1.2345]", limits: limits) == .numberBytes)
    }

    @Test("no rule of the limits is left out")
    func complete() {
        #expect(Set(edges(.message).map(\.rule)).union([.stringBytes]) == Set(JSONRule.limits))
    }

    @Test("a limit of nothing lets nothing through", arguments: ["1", "{}", "[]", #""a""#, "null"])
    func zero(_ text: String) {
        let limits = JSONLimits(
            bytes: 100, depth: 0, members: 0, values: 0, keyBytes: 0, stringBytes: 0, numberBytes: 0)
        #expect(refusal(of: text, limits: limits) == .values)
    }

    @Test("a bomb of brackets is refused where it passes the limit, not where it ends (J20)")
    func bombs() {
        for unit in ["[", #"{"a":"#, #"[{"a":"#] {
            let bomb = Array(String(repeating: unit, count: 100_000).utf8)
            var reader = JSONReader(limits: .message)
            var tree = JSONTree()
            #expect(throws: JSONError.self) { try reader.read(bomb.span, into: &tree) }
            #expect(refusal(of: bomb) == .depth)
        }
        #expect(throws: JSONError(rule: .depth, offset: 64)) { try read(String(repeating: "[", count: 100_000)) }
    }

    @Test("nothing but open brackets, up to the limit, is only cut short")
    func openBrackets() {
        for depth in 1...64 { #expect(refusal(of: String(repeating: "[", count: depth)) == .truncated) }
        for depth in 1...64 { #expect(refusal(of: String(repeating: "[0,", count: depth)) == .truncated) }
        for depth in 1...64 { #expect(refusal(of: String(repeating: #"{"":"#, count: depth)) == .truncated) }
    }

    @Test("a million elements are refused at the first that is too many (J21)")
    func elements() {
        let text = "[" + String(repeating: "1,", count: 1_000_000)
        #expect(throws: JSONError(rule: .values, offset: 1 + 2 * 99_999)) { try read(text) }
    }

    @Test("a reader whose limits are without bound reads what fits")
    func unbounded() throws {
        let most = JSONLimits(
            bytes: .max, depth: .max, members: .max, values: .max, keyBytes: .max, stringBytes: .max, numberBytes: .max)
        let deep = 100_000
        let tree = try read(
            String(repeating: "[", count: deep) + String(repeating: "]", count: deep), limits: most)
        #expect(tree.canonical(.root).bytes.count == 2 * deep)
        #expect(refusal(of: String(repeating: "[", count: deep), limits: most) == .truncated)
    }
}
