// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

@Suite("A writer makes one canonical value")
struct WriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return string(writer.finish().bytes)
    }

    @Test func structure() {
        let text = written { writer in
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.integer(-1)
            writer.unsigned(.max)
            writer.bool(true)
            writer.bool(false)
            writer.null()
            writer.beginArray()
            writer.endArray()
            writer.beginObject()
            writer.endObject()
            writer.endArray()
            writer.key(Array("b\n".utf8))
            writer.string("x\"y")
            let name: StaticString = "c"
            writer.key(name)
            writer.string(name)
            writer.key("d")
            writer.string(Array("é".utf8))
            writer.endObject()
        }
        #expect(text == #"{"a":[-1,18446744073709551615,true,false,null,[],{}],"b\n":"x\"y","c":"c","d":"é"}"#)
    }

    @Test(
        "integers of every length are written in full",
        arguments: [
            0, 1, 9, 10, 99, 100, 12345, -1, -10, .max, .min, 1_000_000_000_000_000_000,
        ] as [Int64])
    func integers(_ number: Int64) {
        #expect(written { $0.integer(number) } == String(number))
        #expect(written { $0.unsigned(number.magnitude) } == String(number.magnitude))
    }

    @Test(
        "text that is not UTF-8 is mended, never passed on",
        arguments: [
            ([0xFF], "\u{FFFD}"), ([0x61, 0xC3], "a\u{FFFD}"), ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC3, 0x28], "\u{FFFD}("), (Array("aaaaaaaaaaaaaaa".utf8) + [0x80], "aaaaaaaaaaaaaaa\u{FFFD}"),
        ] as [([UInt8], String)])
    func mends(_ bytes: [UInt8], _ expected: String) throws {
        let text = written { $0.string(bytes) }
        #expect(try read(text).text(.root) == Array(expected.utf8))
    }

    @Test("a subtree and a canonical value are spliced in")
    func splices() throws {
        let tree = try read(#"{"z":[1, {"b":2,"a":1}],"id":"x"}"#)
        let id = try #require(tree.member(.root, "id"))
        let list = try #require(tree.member(.root, "z"))
        let text = written { writer in
            writer.beginArray()
            writer.value(tree, id)
            writer.value(tree.canonical(list))
            writer.value(tree, list)
            writer.value(tree, .root)
            writer.endArray()
        }
        #expect(text == #"["x",[1,{"a":1,"b":2}],[1,{"a":1,"b":2}],{"id":"x","z":[1,{"a":1,"b":2}]}]"#)
    }

    @Test("a writer that is reset begins anew and keeps its storage")
    func reset() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.string(String(repeating: "x", count: 10_000))
        let capacity = writer.bytes.capacity
        writer.reset()
        #expect(writer.count == 0 && writer.bytes.capacity == capacity)
        writer.integer(7)
        #expect(string(writer.bytes) == "7" && writer.count == 1)
        #expect(writer.take() == Array("7".utf8) && writer.count == 0)
        writer.null()
        #expect(writer.finish() == .null)
    }

    @Test("values that stand alone")
    func alone() {
        let texts = [
            CanonicalJSON.null, .emptyObject, .emptyArray, .bool(true), .integer(-5), .string("a\n"), .string([0x61]),
        ].map { string($0.bytes) }
        #expect(texts == ["null", "{}", "[]", "true", "-5", #""a\n""#, #""a""#])
    }

    @Test("the ASCII form is the same value in other letters")
    func ascii() throws {
        let tree = try read(#"{"é":"\u202eabc😀\u0085\uffff","k":["plain\n"]}"#)
        let json = tree.canonical(.root)
        #expect(string(json.ascii) == #"{"k":["plain\n"],"\u00e9":"\u202eabc\ud83d\ude00\u0085\uffff"}"#)
        #expect(json.ascii.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        #expect(try read(json.ascii).canonical(.root) == json)
        #expect(CanonicalJSON.string(String(repeating: "é", count: 100)).ascii.count == 602)
    }

    @Test("what would not be one JSON value stops the program")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.endArray()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            _ = writer.finish()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            _ = writer.finish()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.null()
            writer.null()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.key("a")
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.key("a")
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.null()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("a")
            writer.key("b")
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("a")
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            for _ in 0..<65 { writer.beginArray() }
        }
    }

    @Test("containers of both kinds nest as deep as a message may")
    func nests() throws {
        var writer = JSONWriter()
        for level in 0..<64 {
            if level % 3 == 0 { writer.beginArray() } else { writer.beginObject() }
            if level % 3 != 0 { writer.key("k") }
        }
        writer.null()
        for level in (0..<64).reversed() {
            if level % 3 == 0 { writer.endArray() } else { writer.endObject() }
        }
        let json = writer.finish()
        #expect(try read(json.bytes).canonical(.root) == json)
    }

    #if DEBUG
        @Test("keys that do not rise stop a debug build")
        func order() async {
            await #expect(processExitsWith: .failure) {
                var writer = JSONWriter()
                writer.beginObject()
                writer.key("b")
                writer.null()
                writer.key("a")
            }
            await #expect(processExitsWith: .failure) {
                var writer = JSONWriter()
                writer.beginObject()
                writer.key("a")
                writer.null()
                writer.key("a")
            }
        }
    #endif
}

@Suite("An edit changes the members it names and keeps the order")
struct EditTests {
    private func edited(_ text: String, _ edits: [JSONEdit]) throws -> String {
        var writer = JSONWriter()
        writer.object(try read(text), .root, edits: edits)
        let json = writer.finish()
        #expect(try read(json.bytes).canonical(.root) == json)
        return string(json.bytes)
    }

    @Test func edits() throws {
        let text = #"{"m":{"y":1,"x":2},"c":3,"é":4}"#
        #expect(try edited(text, []) == #"{"c":3,"m":{"x":2,"y":1},"é":4}"#)
        #expect(try edited(text, [.remove("m")]) == #"{"c":3,"é":4}"#)
        #expect(try edited(text, [.remove("absent")]) == #"{"c":3,"m":{"x":2,"y":1},"é":4}"#)
        #expect(try edited(text, [.put("c", .null)]) == #"{"c":null,"m":{"x":2,"y":1},"é":4}"#)
        #expect(
            try edited(text, [.put("z", .integer(1)), .put("a", .integer(2)), .put("d", .integer(3))])
                == #"{"a":2,"c":3,"d":3,"m":{"x":2,"y":1},"z":1,"é":4}"#)
        #expect(try edited(text, [.put("ü", .null), .remove("c"), .remove("m"), .remove("é")]) == #"{"ü":null}"#)
        #expect(try edited(text, [.removeKey(Array("é".utf8)), .putKey([0x6D], .bool(true))]) == #"{"c":3,"m":true}"#)
    }

    @Test("the later of two edits for one key counts")
    func twice() throws {
        #expect(try edited(#"{"a":1}"#, [.put("a", .null), .remove("a")]) == "{}")
        #expect(try edited(#"{"a":1}"#, [.remove("a"), .put("a", .null)]) == #"{"a":null}"#)
    }

    @Test("what is no object is edited like an empty one", arguments: ["[1]", "null", #""a""#, "{}"])
    func nothing(_ text: String) throws {
        #expect(try edited(text, [.remove("a"), .put("b", .emptyObject)]) == #"{"b":{}}"#)
    }

    @Test("an edit equals the object that was made with those members, whatever the draw")
    func agrees() throws {
        var draw = Draw(5)
        for _ in 0..<200 {
            var members: [String: Int] = [:]
            for _ in 0..<Int.random(in: 0..<30, using: &draw) {
                members["k\(Int.random(in: 0..<40, using: &draw))"] = 0
            }
            let text = "{" + members.keys.map { #""\#($0)":0"# }.joined(separator: ",") + "}"
            var edits: [JSONEdit] = []
            for _ in 0..<Int.random(in: 0..<8, using: &draw) {
                let key = "k\(Int.random(in: 0..<40, using: &draw))"
                if Bool.random(using: &draw) {
                    edits.append(.removeKey(Array(key.utf8)))
                    members[key] = nil
                } else {
                    edits.append(.putKey(Array(key.utf8), .integer(1)))
                    members[key] = 1
                }
            }
            let expected =
                "{" + members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",")
                + "}"
            #expect(try edited(text, edits) == expected)
        }
    }
}
