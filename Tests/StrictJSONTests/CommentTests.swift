// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

@Suite("Comments may stand where white space may, and nothing else is relaxed")
struct CommentTests {
    @Test(
        "in every gap",
        arguments: ["/**/", "/* a \"quoted\" [1, */", "//c\n", "// é 😀 \t\r\n", "/***/", "/*/*/", "/* // */", "//*/\n"])
    func gaps(_ comment: String) throws {
        let tokens = ["", "{", #""a""#, ":", "[", "1", ",", "true", "]", ",", #""b""#, ":", #""/*//*/""#, "}", ""]
        let text = tokens.joined(separator: comment)
        let json = try read(text, limits: .config, dialect: .commented).canonical(.root)
        #expect(string(json.bytes) == #"{"a":[1,true],"b":"/*//*/"}"#)
        #expect(refusal(of: text) != nil)
    }

    @Test("a line comment may end the document without a line feed")
    func atEnd() {
        #expect(refusal(of: "1 // c", dialect: .commented) == nil)
        #expect(refusal(of: "1 //", dialect: .commented) == nil)
        #expect(refusal(of: "// c", dialect: .commented) == .empty)
    }

    @Test("strings keep what looks like a comment")
    func strings() throws {
        let tree = try read(#"["//a","/*b*/","\"//c","\\"/**/]"#, limits: .config, dialect: .commented)
        let texts = tree.elements(.root).compactMap { tree.text($0) }.map(string)
        #expect(texts == ["//a", "/*b*/", "\"//c", "\\"])
    }

    @Test(
        "no comment inside a token, and no other notation",
        arguments: [
            ("tr/**/ue", JSONRule.unexpectedByte), ("1/**/2", .trailingBytes), ("-/**/1", .number),
            ("1./**/5", .number),
            ("# c\n1", .unexpectedByte), ("-- c\n1", .number), ("<!-- c -->1", .unexpectedByte),
            ("/ c\n1", .unexpectedByte),
            ("/1", .unexpectedByte), ("[1,/**/]", .unexpectedByte), ("{a:1}", .unexpectedByte),
            ("{'a':1}", .unexpectedByte),
            ("{\"a\":1,}", .unexpectedByte), ("{\"a\":1/**/,\"a\":2}", .duplicateKey),
            ("/* /* */ */ 1", .unexpectedByte),
            ("1 //\n2", .trailingBytes), ("\"a\n//\"", .controlCharacter), ("\"a//\n", .controlCharacter),
        ])
    func refused(_ text: String, _ rule: JSONRule) {
        #expect(refusal(of: text, limits: .config, dialect: .commented) == rule)
    }

    @Test(
        "a comment that is not ended is named where it begins",
        arguments: [("1 /* c", 2), ("1 /*", 2), ("1 /*/", 2), ("[/* */ 1, /* ]", 10)])
    func open(_ text: String, _ offset: Int) {
        #expect(throws: JSONError(rule: .comment, offset: offset)) { try read(text, dialect: .commented) }
    }

    @Test(
        "a comment hides nothing: no control character, no line end that only some see, no reordering",
        arguments: [
            "\u{0}", "\u{7}", "\u{B}", "\u{1B}", "\u{7F}", "\r", "\u{85}", "\u{9B}", "\u{2028}", "\u{2029}", "\u{202E}",
            "\u{2066}", "\u{2069}",
        ])
    func hidden(_ character: String) {
        #expect(refusal(of: "// a\(character)b\n1", dialect: .commented) == .comment)
        #expect(refusal(of: "/* a\(character)b */1", dialect: .commented) == .comment)
    }

    @Test("a comment is UTF-8", arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF]] as [[UInt8]])
    func encoding(_ bytes: [UInt8]) {
        #expect(refusal(of: Array("//".utf8) + bytes + Array("\n1".utf8), dialect: .commented) == .encoding)
        #expect(refusal(of: Array("/*".utf8) + bytes + Array("*/1".utf8), dialect: .commented) == .encoding)
    }

    @Test("offsets are those of the file that has the comments in it")
    func offsets() throws {
        let text = "// two\n{ /* é */ \"a\": x }"
        #expect(throws: JSONError(rule: .unexpectedByte, offset: 23)) { try read(text, dialect: .commented) }
        let place = position(of: 23, in: text.utf8.span)
        #expect(place == TextPosition(line: 2, column: 17))
    }
}

@Suite("A position is a line and a byte column, both from 1")
struct PositionTests {
    @Test(arguments: [
        ("", 0, 1, 1), ("abc", 0, 1, 1), ("abc", 2, 1, 3), ("abc", 3, 1, 4), ("abc", 99, 1, 4), ("abc", -1, 1, 1),
        ("a\nb", 1, 1, 2), ("a\nb", 2, 2, 1), ("a\r\nb", 2, 1, 3), ("a\r\nb", 3, 2, 1), ("a\rb", 2, 2, 1),
        ("a\n\nb", 3, 3, 1), ("é\né!", 5, 2, 3), ("\n\r\n\r", 4, 4, 1),
    ])
    func positions(_ text: String, _ offset: Int, _ line: Int, _ column: Int) {
        let place = position(of: offset, in: text.utf8.span)
        #expect(place == TextPosition(line: line, column: column))
    }
}
