// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing

@testable import Tools

@Suite("Text is compared and cut byte by byte, and never inside a character")
struct TextTests {
    @Test(
        "a glob matches names as people expect",
        arguments: [
            ("*.md", "a.md", true), ("*.md", ".md", true), ("*.md", "a.mdx", false), ("*.md", "a.MD", false),
            ("*", "", true),
            ("*", "a/b", false), ("**", "a/b", true), ("a?c", "abc", true), ("a?c", "aäc", true), ("a?c", "a😀c", true),
            ("a?c", "ac", false), ("a?c", "a/c", false), ("??", "ä", false), ("?", "ä", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false), ("**/x", "x", true), ("**/x", "a/x", true), ("**/x", "a/b/x", true),
            ("**/x", "ax", false),
            ("src/**/*.c", "src/a/b.c", true), ("src/**/*.c", "src/b.c", true), ("src/**/*.c", "srcb.c", false),
            ("a**/b", "ab", false), ("a/**", "a", false), ("src/**", "src/a/b", true), ("[a]", "a", false),
            ("[a]", "[a]", true), ("{a,b}", "a", false), ("\\*", "\\x", true), ("***", "a/b", true),
            ("a**b", "a/x/b", true),
        ])
    func globs(_ pattern: String, _ name: String, _ isMatch: Bool) throws {
        let glob = try Glob(text(pattern))
        let bytes = text(name)
        #expect(glob.matches(bytes) == isMatch)
    }

    @Test("a glob agrees with a plain recursive matcher")
    func globOracle() throws {
        var random = Seeded(7)
        var matched = 0
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                "ab/*?".utf8.randomElement(using: &random) ?? 97
            }
            let name = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                "ab/".utf8.randomElement(using: &random) ?? 97
            }
            let expected = plainMatch(pattern[...], name[...], (true, true))
            let glob = try Glob(pattern)
            #expect(glob.matches(name) == expected, "\(pattern) \(name)")
            matched += expected ? 1 : 0
        }
        #expect(matched > 1000)
    }

    /// - Parameter begins: whether the pattern and the name, in this order, stand at the beginning of a name here.
    private func plainMatch(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>, _ begins: (Bool, Bool)) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let slash = UInt8(ascii: "/")
        if first == UInt8(ascii: "*") {
            let isDeep = pattern.dropFirst().first == UInt8(ascii: "*")
            let rest = pattern.dropFirst(isDeep ? 2 : 1)
            if isDeep, begins == (true, true), rest.first == slash, plainMatch(rest.dropFirst(), name, (true, true)) {
                return true
            }
            if plainMatch(rest, name, (false, begins.1)) { return true }
            guard let byte = name.first, isDeep || byte != slash else { return false }
            return plainMatch(pattern, name.dropFirst(), (begins.0, byte == slash))
        }
        guard let byte = name.first else { return false }
        let isMatch = first == UInt8(ascii: "?") ? byte != slash : first == byte
        return isMatch && plainMatch(pattern.dropFirst(), name.dropFirst(), (first == slash, byte == slash))
    }

    @Test("a glob has 1 to 120 bytes, and the worst one takes no longer than another")
    func globLimits() throws {
        #expect(throws: ToolFault(.glob, [])) { try Glob([]) }
        #expect(throws: ToolFault(.glob, [])) { try Glob([UInt8](repeating: 42, count: 121)) }
        let worst = try Glob(Array(repeating: text("*a"), count: 60).flatMap { $0 })
        let name = [UInt8](repeating: 97, count: 4000) + [98]
        #expect(!worst.matches(name))
    }

    @Test("a needle is found exactly where a plain search finds it", arguments: [false, true])
    func needles(_ ignoresCase: Bool) {
        var random = Seeded(11)
        let letters = Array("aAbBäÄßſsSkKK\u{1E9E}".unicodeScalars)
        var found = 0
        for _ in 0..<20_000 {
            let needle = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 1...4, using: &random)).compactMap { _ in letters.randomElement(using: &random)
                    }))
            let hay = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in letters.randomElement(using: &random)
                    }))
            let bytes = text(hay)
            let expected = plainFind(needle, hay, ignoresCase)
            let match = Needle(text(needle), ignoresCase: ignoresCase).first(in: bytes.span, 0..<bytes.count)
            #expect(match == expected, "\(needle) in \(hay)")
            found += expected == nil ? 0 : 1
        }
        #expect(found > 1000)
    }

    private func plainFind(_ needle: String, _ hay: String, _ ignoresCase: Bool) -> Range<Int>? {
        let wanted = Array(needle.unicodeScalars)
        let there = Array(hay.unicodeScalars)
        func forms(_ scalar: Unicode.Scalar) -> Set<String> {
            guard ignoresCase else { return [String(scalar)] }
            let all = [
                scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping,
                scalar.properties.titlecaseMapping,
            ]
            return Set(all.filter { $0.unicodeScalars.count == 1 } + [String(scalar)])
        }
        guard there.count >= wanted.count else { return nil }
        for start in 0...(there.count - wanted.count)
        where (0..<wanted.count).allSatisfy({ place in
            // Canonical equivalence would find the Kelvin sign for a K: bytes are compared.
            forms(wanted[place]).contains { Array($0.utf8) == Array(String(there[start + place]).utf8) }
        }) {
            let before = there[..<start].reduce(0) { $0 + String($1).utf8.count }
            let length = there[start..<(start + wanted.count)].reduce(0) { $0 + String($1).utf8.count }
            return before..<(before + length)
        }
        return nil
    }

    @Test("a character cut by the end of a range is seen, wherever it is cut")
    func cutCharacters() {
        for (character, count) in [("a", 1), ("ä", 2), ("€", 3), ("😀", 4)] {
            let bytes = text("xy" + character)
            #expect(bytes.count == 2 + count)
            for here in 0...count {
                let expected = here == 0 || here == count ? nil : CutCharacter(here: here, missing: count - here)
                #expect(cut(bytes, 0..<(2 + here)) == expected, "\(character) \(here)")
            }
        }
        let stray: [UInt8] = [0x80, 0x80, 0x80, 0x80]
        #expect(cut(stray, 0..<4) == nil)
        #expect(cut(stray, 0..<0) == nil)
    }

    @Test("what fits a budget is never longer in JSON than the budget")
    func budget() {
        var random = Seeded(3)
        let letters: [Unicode.Scalar] = ["a", "\"", "\\", "\u{1}", "\n", "\u{7F}", "\u{85}", "ä", "\u{2028}", "€", "😀"]
        for _ in 0..<3000 {
            let string = String(
                String.UnicodeScalarView((0..<40).compactMap { _ in letters.randomElement(using: &random) }))
            let bytes = text(string)
            let budget = Int.random(in: 0...120, using: &random)
            let kept = Array(bytes[..<fits(bytes, budget)])
            #expect(isUTF8(kept))
            #expect(CanonicalJSON.string(kept).bytes.count - 2 <= budget)
        }
    }

    @Test("base64 is that of RFC 4648, section 10")
    func base64() {
        for (plain, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let bytes = text(plain)
            #expect(Base64.encode(bytes) == text(encoded))
        }
        let bytes: [UInt8] = [0xFB, 0xFF]
        #expect(Base64.encode(bytes) == text("+/8="))
        #expect(Base64.encodeURL(bytes) == text("-_8"))
        #expect(Base64.decodeURL(text("-_8")) == [0xFB, 0xFF])
        for bad in ["-_9", "a", "-_8=", "+/8", "a b"] { #expect(Base64.decodeURL(text(bad)) == nil) }
    }
}
