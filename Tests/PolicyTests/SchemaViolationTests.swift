// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

@Suite("A refusal says where and what, and quotes no value")
struct SchemaViolationTests {
    @Test("every case of schema-violations.txt")
    func vectors() throws {
        let vectors = schemaVectors("schema-violations.txt")
        #expect(vectors.count > 40)
        for vector in vectors {
            let pair = try tree(vector.line)
            let first = pair.first(in: .root)
            let value = pair.next(after: first)
            let schema = try ArgumentSchema(pair, first)
            #expect(schema.violation(pair, value)?.description == vector.expectation, "\(vector.line)")
            #expect(!schema.accepts(pair, value))
        }
    }

    @Test("absent arguments count as an empty object")
    func absent() throws {
        let tree = JSONTree()
        let strict = try schema(#"{"type":"object","required":["a"]}"#)
        #expect(!strict.accepts(tree, nil))
        #expect(strict.violation(tree, nil)?.description == "value: required: a")
        let loose = try schema(#"{"type":"object"}"#)
        #expect(loose.accepts(tree, nil))
        #expect(loose.violation(tree, nil) == nil)
        #expect(try !schema(#"{"type":"array"}"#).accepts(tree, nil))
    }

    @Test("long keys, constants and names are cut")
    func long() throws {
        let key = String(repeating: "k", count: 250)
        let closed = try schema(#"{"additionalProperties":false}"#)
        let violation = try #require(closed.violation(try tree(#"{"\#(key)":1}"#), .root))
        #expect(violation.place.utf8.count <= SchemaLimits.shownBytes + 3)
        #expect(violation.place.hasSuffix("k…"))
        let constant = try schema(#"{"const":"\#(String(repeating: "c", count: 5_000))"}"#)
        let expected = try #require(constant.violation(try tree("1"), .root)).expected
        #expect(expected.utf8.count <= SchemaLimits.shownBytes + 3)
    }

    @Test("the schema may stand anywhere in its document, and so may the arguments")
    func subtree() throws {
        let tool = try tree(
            ##"{"name":"t","inputSchema":{"properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"null"}}}}"##)
        let schema = try ArgumentSchema(tool, #require(tool.member(.root, "inputSchema")))
        let call = try tree(#"{"params":{"arguments":{"a":[1]}}}"#)
        let arguments = try #require(call.member(.root, "params").flatMap { call.member($0, "arguments") })
        #expect(schema.violation(call, arguments)?.place == "/a")
    }
}
