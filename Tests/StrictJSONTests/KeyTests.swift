// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

@Suite("A key may stand once in an object")
struct KeyTests {
    @Test(
        "at every depth, whatever stands between, and however it is written (J14, J15)",
        arguments: [
            #"{"a":1,"a":2}"#, #"{"a":1,"a":1}"#, #"{"":1,"":2}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":{"a":1},"a":2}"#,
            #"{"arguments":{"path":"/srv/a","path":"/etc/shadow"}}"#, #"{"method":1,"m\u0065thod":2}"#,
            #"{"m\u0065thod":1,"method":2}"#, #"{"\u00e9":1,"é":2}"#, #"{"\ud83d\ude00":1,"😀":2}"#, #"{"/":1,"\/":2}"#,
            #"[[[{"x":[{"k":0,"k":0}]}]]]"#, #"{"a":[],"b":{},"a":[]}"#,
            #"{"aaaaaaaaaaaaaaaa1":1,"aaaaaaaaaaaaaaaa1":2}"#,
        ])
    func twice(_ text: String) {
        #expect(refusal(of: text) == .duplicateKey)
    }

    @Test(
        "keys that only look alike, or stand in different objects, are different (J18)",
        arguments: [
            #"{"café":1,"cafe\u0301":2}"#, #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":1}]"#, #"{"a":1,"A":2}"#,
            #"{"a":1,"a ":2,"a\u0000":3}"#, #"{"aaaaaaaaX1":1,"aaaaaaaaX2":2}"#, #"{"K":1,"\u212a":2}"#,
            #"{"aaaaaaaa1bbbbbbbb":1,"aaaaaaaa2bbbbbbbb":2}"#,
        ])
    func different(_ text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test("a duplicate 20 levels down is found (J15)")
    func deep() {
        let open = String(repeating: #"{"a":"#, count: 20)
        let close = String(repeating: "}", count: 20)
        #expect(refusal(of: open + #"{"k":1,"k":1}"# + close) == .duplicateKey)
        #expect(refusal(of: open + #"{"k":1,"j":1}"# + close) == nil)
    }

    @Test(
        "whatever the size of the object and the two places, the later one is named",
        arguments: [2, 3, 15, 16, 17, 64, 65, 1000])
    func places(_ count: Int) {
        var draw = Draw(UInt64(count))
        for _ in 0..<20 {
            let first = Int.random(in: 0..<(count - 1), using: &draw)
            let second = Int.random(in: (first + 1)..<count, using: &draw)
            var keys = (0..<count).map { "key-\($0)" }
            keys[second] = keys[first]
            let members = keys.map { #""\#($0)":0"# }
            let offset = 1 + members[..<second].reduce(0) { $0 + $1.utf8.count + 1 }
            let text = "{" + members.joined(separator: ",") + "}"
            #expect(throws: JSONError(rule: .duplicateKey, offset: offset)) { try read(text) }
        }
    }

    @Test("a duplicate 9,999 members apart is found (J15)")
    func apart() {
        let members = (0..<9_999).map { #""\#($0)":0"# }
        #expect(refusal(of: "{" + members.joined(separator: ",") + "}") == nil)
        #expect(refusal(of: "{" + (members + [#""0":0"#]).joined(separator: ",") + "}") == .duplicateKey)
    }

    @Test("objects of every size, one inside the other, are judged each for itself")
    func nested() {
        // The large ones share one table, and the inner one closes first.
        let many = (0..<50).map { #""\#($0)":0"# }.joined(separator: ",")
        #expect(refusal(of: "{\(many),\"in\":{\(many),\"in\":{\(many)}},\"z\":{\(many)}}") == nil)
        #expect(refusal(of: "{\(many),\"in\":{\(many),\"in\":{\(many)}},\"7\":0}") == .duplicateKey)
        #expect(refusal(of: "{\(many),\"in\":{\(many),\"in\":{\(many)},\"7\":0}}") == .duplicateKey)
    }
}

@Suite("Nobody can prepare keys that are slow to tell apart")
struct KeyHashTests {
    /// Keys whose two halves have one sum as 32-bit numbers: with the secret 1 the hash is that sum, for all of them.
    private static func colliding(_ count: Int) -> [UInt8] {
        var members: [String] = []
        var low = 0
        while members.count < count {
            // Two digits of base 20 to each byte pair that keeps its sum: 'a'+d in one half, 't'-d in the other.
            let digits = [low % 20, low / 20 % 20, low / 400 % 20, low / 8000 % 20]
            let half = digits.map { UInt8(0x61 + $0) }
            let other = digits.map { UInt8(0x74 - $0) }
            members.append(#""\#(string(half + other))":0"#)
            low += 1
        }
        return Array(("{" + members.joined(separator: ",") + "}").utf8)
    }

    private static func time(_ document: [UInt8], _ hash: KeyHash) throws -> Duration {
        var reader = JSONReader(limits: .message, dialect: .strict, hash: hash)
        var tree = JSONTree()
        var best = Duration.seconds(1000)
        for _ in 0..<3 {
            best = min(best, try ContinuousClock().measure { try reader.read(document.span, into: &tree) })
        }
        return best
    }

    @Test("keys made for a known secret are slow under it, and cheap under any other")
    func secret() throws {
        let document = Self.colliding(2_000)
        let known = try Self.time(document, KeyHash(point: 1, spread: 0x9E37_79B9_7F4A_7C15))
        let drawn = try Self.time(document, KeyHash())
        #expect(known > drawn * 10, "known \(known), drawn \(drawn)")
    }

    @Test("two readers do not share a secret")
    func own() {
        let text = Array("some key of an object".utf8)
        let places = (0..<8).map { _ in KeyHash().place(of: text.span, at: 0, count: text.count, bits: 30) }
        #expect(Set(places).count > 1)
    }

    @Test("equal bytes have one place, wherever they stand; other length or content has another")
    func places() {
        let hash = KeyHash(point: 0x1234_5678_9ABC_DEF1, spread: 0x0FED_CBA9_8765_4321)
        let text = Array("abcdefghij".utf8) + [0, 0] + Array("abcdefghij".utf8) + [0]
        func place(_ start: Int, _ count: Int) -> Int { hash.place(of: text.span, at: start, count: count, bits: 40) }
        for count in 0...10 { #expect(place(0, count) == place(12, count)) }
        #expect(Set((0...12).map { place(0, $0) }).count == 13)
    }
}
