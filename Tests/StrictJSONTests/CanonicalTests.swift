// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

private func disagreement(_ vector: Vector) -> String? {
    do throws(JSONError) {
        let actual = try read(vector.document).canonical(.root).bytes
        return actual == vector.result ? nil : "got \(string(actual))"
    } catch {
        return "refused: \(error)"
    }
}

@Suite("Canonical text is one line, ordered, and the same for equal trees")
struct CanonicalTests {
    @Test("every vector becomes what its file says", arguments: vectors(named: "canonical.txt"))
    func becomes(_ vector: Vector) {
        #expect(disagreement(vector) == nil)
    }

    @Test("what is canonical stays as it is", arguments: vectors(named: "canonical.txt"))
    func stays(_ vector: Vector) throws {
        let result = try #require(vector.result)
        #expect(try read(result).canonical(.root).bytes == result)
    }

    @Test("the vectors are there, and a wrong one is noticed")
    func meter() {
        #expect(vectors(named: "canonical.txt").count >= 25)
        let wrong = vectors(in: Array("expect: canonical\n[1 ,2] => [1, 2]\n[1,] => [1]\n".utf8))
        #expect(wrong.map { disagreement($0) != nil } == [true, true])
    }

    @Test("the order of members never matters, for few keys and for many", arguments: [2, 5, 16, 17, 40, 3000])
    func order(_ count: Int) throws {
        var draw = Draw(UInt64(count))
        let keys = (0..<count).map { "k\($0 * 7919 % 10_007)\u{1F600}" }
        var texts: Set<[UInt8]> = []
        for _ in 0..<4 {
            let members = keys.shuffled(using: &draw).map { #""\#($0)":{"b":[],"a":1}"# }
            texts.insert(try read("{" + members.joined(separator: ", ") + "}").canonical(.root).bytes)
        }
        #expect(texts.count == 1)
        let tree = try read(Array(texts.first ?? []))
        let read = tree.members(.root).compactMap { tree.text($0.key) }.map(string)
        #expect(read == keys.sorted { Array($0.utf16).lexicographicallyPrecedes(Array($1.utf16)) })
    }

    @Test("every character that is not plain ASCII comes through, escaped or not, wherever it stands in a word")
    func characters() throws {
        let scalars =
            Array(0...0x7F) + [0x80, 0x84, 0x85, 0x86, 0x7FF, 0x800, 0x2027, 0x2028, 0x2029, 0x202A, 0xD7FF]
            + [0xE000, 0xFFFF, 0x1_0000, 0x10_FFFF]
        for scalar in scalars.compactMap({ Unicode.Scalar(UInt32($0)) }) {
            for padding in 0..<9 {
                let text = String(repeating: "x", count: padding) + String(Character(scalar)) + "yz"
                var writer = JSONWriter()
                writer.string(text)
                let bytes = writer.take()
                #expect(!bytes.contains { $0 < 0x20 || $0 == 0x7F })
                let tree = try read(bytes)
                #expect(tree.text(.root) == Array(text.utf8))
                #expect(tree.canonical(.root).bytes == bytes)
                // The same by the escape, which JSON allows for every character.
                let units = String(Character(scalar)).utf16.map { "\\u" + hex($0) }
                let escaped = #"[""# + String(repeating: "x", count: padding) + units.joined() + #"yz"]"#
                #expect(try canonical(escaped) == "[" + string(bytes) + "]")
            }
        }
    }

    @Test("long texts are escaped in parts, and no part is lost", arguments: ["\u{1}", "\u{2028}", "a\nb", "é", "x"])
    func parts(_ unit: String) throws {
        for count in [681, 682, 683, 684, 4095, 4096, 4097, 30_000] {
            let text = String(repeating: unit, count: count)
            var writer = JSONWriter()
            writer.string(text)
            #expect(try read(writer.take()).text(.root) == Array(text.utf8))
        }
    }

    @Test("a part may end anywhere in a word", arguments: 0..<13)
    func partEnds(_ padding: Int) throws {
        // Seven plain bytes and the longest escape: the most that one step writes.
        let text = String(repeating: "x", count: padding) + String(repeating: "1234567\u{1}", count: 1000)
        var writer = JSONWriter()
        writer.string(text)
        #expect(try read(writer.take()).text(.root) == Array(text.utf8))
    }

    @Test("characters that only canonical text escapes have room to grow, at every place of a document")
    func growth() throws {
        let grown = "\u{7F}\u{85}\u{2028}\u{2029}"
        let key = String(repeating: "\u{7F}", count: 200)
        let tree = try read(#"{"\#(key)":"\#(grown)","a":["\#(grown)"],"b":"\#(grown)"}"#)
        for member in tree.members(.root) {
            let alone = tree.canonical(member.value)
            #expect(tree.same(member.value, in: try read(alone.bytes), .root))
        }
        #expect(tree.canonical(.root).bytes.count > 1200)
    }
}

private func hex(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
}
