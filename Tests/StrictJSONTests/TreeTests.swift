// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

@Suite("A tree answers what stands in the document, and nil for everything else")
struct TreeTests {
    private let text =
        #"{"s":"a\tb","n":-12,"r":1.50,"t":true,"f":false,"z":null,"a":[1,[2],{"x":3},"four"],"o":{"k":"v"}}"#

    private func node(_ tree: JSONTree, _ key: String) throws -> JSONNode {
        try #require(tree.member(.root, key))
    }

    @Test func kinds() throws {
        let tree = try read(text)
        let kinds = ["s", "n", "r", "t", "f", "z", "a", "o"].map { key in tree.member(.root, key).map(tree.kind) }
        #expect(kinds == [.string, .number, .number, .bool, .bool, .null, .array, .object])
        #expect(tree.kind(.root) == .object && tree.count(.root) == 8)
        let (array, string) = (try node(tree, "a"), try node(tree, "s"))
        #expect(tree.count(array) == 4 && tree.count(string) == 0)
    }

    @Test func scalars() throws {
        let tree = try read(text)
        let (string, number, real) = (try node(tree, "s"), try node(tree, "n"), try node(tree, "r"))
        #expect(tree.text(string) == Array("a\tb".utf8) && tree.textCount(string) == 3)
        #expect(tree.integer(number) == -12 && tree.double(number) == -12)
        #expect(tree.numberText(number) == Array("-12".utf8))
        #expect(tree.integer(real) == nil && tree.double(real) == 1.5 && tree.numberText(real) == Array("1.50".utf8))
        let (yes, no) = (try node(tree, "t"), try node(tree, "f"))
        #expect(tree.bool(yes) == true && tree.bool(no) == false)
    }

    @Test("a question to the wrong kind is answered with nil")
    func wrongKind() throws {
        let tree = try read(text)
        for key in ["s", "n", "t", "z", "a", "o"] {
            let node = try node(tree, key)
            let kind = tree.kind(node)
            #expect((tree.text(node) != nil) == (kind == .string))
            #expect((tree.textCount(node) != nil) == (kind == .string))
            #expect((tree.withText(node) { $0.count } != nil) == (kind == .string))
            #expect((tree.integer(node) != nil) == (kind == .number))
            #expect((tree.double(node) != nil) == (kind == .number))
            #expect((tree.numberText(node) != nil) == (kind == .number))
            #expect((tree.bool(node) != nil) == (kind == .bool))
            #expect(Array(tree.members(node)).isEmpty == (kind != .object))
            #expect(Array(tree.elements(node)).isEmpty == (kind != .array))
            if kind != .object { #expect(tree.member(node, "k") == nil) }
            if kind != .string { #expect(!tree.equals(node, "") && !tree.equals(node, "null")) }
        }
    }

    @Test(
        "integers are digits alone, within the range that every peer reads exactly",
        arguments: [
            ("0", 0), ("7", 7), ("-1", -1), ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991", -9_007_199_254_740_991), ("-0", nil), ("1.0", nil), ("1e0", nil), ("0.0", nil),
        ] as [(String, Int64?)])
    func integers(_ text: String, _ expected: Int64?) throws {
        #expect(try read(text).integer(.root) == expected)
    }

    @Test(
        "doubles are the nearest, and always finite",
        arguments: [
            ("0.1", 0.1), ("-0", -0.0), ("1e-400", 0), ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
            ("5e-324", Double.leastNonzeroMagnitude), ("9007199254740991", 9_007_199_254_740_991),
            ("123456789012345678901234567890.5", 1.2345678901234568e29),
        ])
    func doubles(_ text: String, _ expected: Double) throws {
        let double = try #require(try read(text).double(.root))
        #expect(double == expected && double.sign == expected.sign && double.isFinite)
    }

    @Test("members and elements come in document order, with everything inside stepped over")
    func walk() throws {
        let tree = try read(text)
        let keys = tree.members(.root).compactMap { tree.text($0.key) }.map(string)
        #expect(keys == ["s", "n", "r", "t", "f", "z", "a", "o"])
        let kinds = tree.elements(try node(tree, "a")).map { tree.kind($0) }
        #expect(kinds == [.number, .array, .object, .string])
        for member in tree.members(.root) {
            #expect(tree.member(.root, try #require(tree.text(member.key))) == member.value)
        }
    }

    @Test("a member is found by its unescaped bytes, by each kind of key")
    func members() throws {
        let tree = try read(#"{"m\u0065thod":1,"caf\u00e9":2,"cafe\u0301":3,"":4}"#)
        let name: StaticString = "method"
        #expect(tree.member(.root, "method").flatMap(tree.integer) == 1)
        #expect(tree.member(.root, name).flatMap(tree.integer) == 1)
        #expect(tree.member(.root, Array("method".utf8)).flatMap(tree.integer) == 1)
        #expect(tree.member(.root, "caf\u{E9}").flatMap(tree.integer) == 2)
        #expect(tree.member(.root, "cafe\u{301}").flatMap(tree.integer) == 3)
        #expect(tree.member(.root, "").flatMap(tree.integer) == 4)
        #expect(tree.member(.root, "Method") == nil && tree.member(.root, "metho") == nil)
        #expect(tree.member(.root, "methods") == nil)
    }

    @Test("strings are compared as bytes, not as text")
    func strings() throws {
        let tree = try read(#"["caf\u00e9","",  "a string of more than one word"]"#)
        let elements = Array(tree.elements(.root))
        let composed: StaticString = "caf\u{E9}"
        #expect(tree.equals(elements[0], composed) && tree.equals(elements[0], "caf\u{E9}"))
        #expect(!tree.equals(elements[0], "cafe\u{301}") && !tree.equals(elements[0], "CAF\u{E9}"))
        #expect(tree.equals(elements[1], "") && !tree.equals(elements[1], "x"))
        #expect(tree.equals(elements[2], Array("a string of more than one word".utf8)))
        #expect(!tree.equals(elements[2], Array("a string of more than one worD".utf8)))
        #expect(!tree.equals(elements[2], Array("A string of more than one word".utf8)))
    }

    @Test("offsets say where tokens begin in the source, also behind escapes and comments")
    func offsets() throws {
        let text = Array(#" { "\u0061" : [ 1 , "\n" , true ] /* c */ , "b" : { } } "#.utf8)
        var reader = JSONReader(limits: .config, dialect: .commented)
        var tree = JSONTree()
        try reader.read(text.span, into: &tree)
        func first(_ node: JSONNode) -> String { string([text[tree.offset(node)]]) }
        #expect(first(.root) == "{")
        let members = Array(tree.members(.root))
        #expect(members.map { first($0.key) } == ["\"", "\""] && members.map { first($0.value) } == ["[", "{"])
        #expect(tree.elements(members[0].value).map(first) == ["1", "\"", "t"])
        #expect(tree.offset(members[0].key) == 3)
    }

    @Test(
        "values are the same whatever their order, their spelling and their tree",
        arguments: [
            (#"{"a":1,"b":[true,null]}"#, #"{ "b" : [true, null], "\u0061" : 1 }"#, true),
            (#"{"a":1}"#, #"{"a":1,"b":2}"#, false), (#"{"a":1}"#, #"{"b":1}"#, false), ("[1,2]", "[2,1]", false),
            ("1", "1.0", false), ("1.0", "1.0", true), ("-0", "0", false), (#""\u00e9""#, #""é""#, true),
            (#""é""#, #""e\u0301""#, false), ("null", "false", false), ("true", "false", false), ("[]", "{}", false),
            (#""1""#, "1", false), ("null", "null", true), ("true", "true", true), ("{}", "{}", true),
        ])
    func same(_ one: String, _ other: String, _ expected: Bool) throws {
        let (tree, second) = (try read("[0,\(one)]"), try read(other))
        let node = Array(tree.elements(.root))[1]
        #expect(tree.same(node, in: second, .root) == expected)
        #expect(second.same(.root, in: tree, node) == expected)
    }

    @Test("a tree is null before the first document and after a refused one")
    func cleared() throws {
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        #expect(tree.kind(.root) == .null && tree.canonical(.root) == .null)
        try reader.read(Array(#"{"a":"\u2028\u007f"}"#.utf8).span, into: &tree)
        #expect(tree.kind(.root) == .object)
        #expect(throws: JSONError.self) { try reader.read(Array(#"{"a":1"#.utf8).span, into: &tree) }
        #expect(tree.kind(.root) == .null && tree.canonical(.root) == .null && tree.offset(.root) == 0)
        try reader.read(Array("[1]".utf8).span, into: &tree)
        #expect(tree.count(.root) == 1)
    }

    @Test("a tree that is read into again keeps its storage, and gives it back when told to")
    func storage() throws {
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        let document = Array("[\(Array(repeating: "1", count: 5000).joined(separator: ","))]".utf8)
        try reader.read(document.span, into: &tree)
        let (text, tape) = (tree.text.capacity, tree.tape.capacity)
        for _ in 0..<10 {
            try reader.read(document.span, into: &tree)
            try reader.read(Array("[1]".utf8).span, into: &tree)
        }
        #expect(tree.text.capacity == text && tree.tape.capacity == tape)
        tree.clear(keeping: 1 << 20)
        #expect(tree.text.capacity == text && tree.tape.capacity == tape)
        tree.clear(keeping: 1024)
        #expect(tree.text.capacity <= 1024 && tree.tape.capacity <= 64 && tree.kind(.root) == .null)
    }

    @Test("a copy of a tree is not changed by what is read into the original")
    func copies() throws {
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        try reader.read(Array(#"["first"]"#.utf8).span, into: &tree)
        let copy = tree
        try reader.read(Array(#"["second document"]"#.utf8).span, into: &tree)
        #expect(string(copy.canonical(.root).bytes) == #"["first"]"#)
    }
}
