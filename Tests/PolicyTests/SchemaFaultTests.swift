// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

/// Lines of a vector file, each with the `expect:` above it.
func schemaVectors(_ name: String) -> [(expectation: String, line: String)] {
    var found: [(expectation: String, line: String)] = []
    var expectation = ""
    for bytes in (SchemaFiles.contents(of: SchemaFiles.tests + "/vectors/" + name) ?? []).split(separator: 0x0A) {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("# ") { continue }
        if line.hasPrefix("expect: ") {
            expectation = String(line.dropFirst("expect: ".count))
        } else {
            found.append((expectation: expectation, line: line))
        }
    }
    return found
}

/// Why a schema is refused; nil if it is not.
func fault(_ text: String, documents: [SchemaDocument] = []) throws -> SchemaFault? {
    let tree = try tree(text)
    do throws(SchemaFault) {
        _ = try ArgumentSchema(tree, .root, documents: documents)
        return nil
    } catch {
        return error
    }
}

@Suite("A schema that cannot be enforced is refused, with the reason and the place")
struct SchemaFaultTests {
    @Test("every schema of schema-faults.txt")
    func vectors() throws {
        let vectors = schemaVectors("schema-faults.txt")
        #expect(vectors.count > 80)
        for vector in vectors {
            #expect(try fault(vector.line)?.description == vector.expectation, "\(vector.line)")
        }
    }

    @Test("nothing is fetched: a reference leads on only to documents that the caller brings")
    func documents() throws {
        let text = #"{"$ref":"http://localhost:1/a.json#/$defs/x"}"#
        #expect(
            try fault(text) == .outsideReference(target: "http://localhost:1/a.json#/$defs/x", place: ""))
        let document = SchemaDocument(
            uri: Array("http://localhost:1/a.json".utf8), tree: try tree(#"{"$defs":{"x":{"type":"string"}}}"#))
        #expect(try fault(text, documents: [document]) == nil)
        let broken = SchemaDocument(
            uri: Array("http://localhost:1/a.json".utf8), tree: try tree(#"{"$defs":{"x":{"type":"text"}}}"#))
        #expect(
            try fault(text, documents: [broken])
                == .value(keyword: .type, place: "http://localhost:1/a.json#/$defs/x"))
    }

    @Test("a vocabulary that nobody knows is refused if the metaschema demands it")
    func vocabularies() throws {
        func metaschema(_ demand: Bool) throws -> SchemaDocument {
            SchemaDocument(
                uri: Array("http://x/meta".utf8),
                tree: try tree(#"{"$vocabulary":{"http://x/vocab":\#(demand)}}"#))
        }
        let text = #"{"$schema":"http://x/meta","type":"string"}"#
        #expect(try fault(text, documents: [metaschema(true)]) == .vocabulary(name: "http://x/vocab"))
        #expect(try fault(text, documents: [metaschema(false)]) == nil)
        #expect(try fault(text) == .dialect(name: "http://x/meta", place: ""))
    }

    @Test("every metaschema of ours is read, is a schema, and fits itself")
    func metaschemas() throws {
        let names = [
            "schema", "meta/core", "meta/applicator", "meta/unevaluated", "meta/validation", "meta/meta-data",
            "meta/format-annotation", "meta/format-assertion", "meta/content",
        ]
        for name in names {
            let uri = "https://json-schema.org/draft/2020-12/" + name
            #expect(try fault(#"{"$ref":"\#(uri)"}"#) == nil, "\(name)")
            let schema = try schema(#"{"$ref":"\#(uri)"}"#)
            #expect(try fits(#"{"type":"string"}"#, schema))
            #expect(try fits("true", schema))
            #expect(try !fits("1", schema))
        }
        let whole = try schema(#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#)
        #expect(try !fits(#"{"properties":{"a":{"allOf":[{"type":"text"}]}}}"#, whole))
        #expect(try !fits(#"{"$defs":{"a":{"minLength":-1}}}"#, whole))
        #expect(try fits(#"{"$defs":{"a":{"minLength":1}}}"#, whole))
    }

    @Test("draft-07 is accepted where 2020-12 means the same")
    func draft7() throws {
        // What widespread tool kits write.
        let schema = try schema(
            #"""
            {"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/Call","definitions":{"Call":{
            "type":"object","properties":{"a":{"type":"string"},"b":{"$ref":"#/definitions/Count","description":"n"}},
            "required":["a"],"additionalProperties":false,"dependencies":{"b":["a"]}},"Count":{"type":"integer"}}}
            """#)
        #expect(try fits(#"{"a":"x","b":1}"#, schema))
        #expect(try !fits(#"{"a":"x","b":"1"}"#, schema))
        #expect(try !fits(#"{"a":"x","c":1}"#, schema))
        for name in ["http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema#"] {
            #expect(try fault(#"{"$schema":"\#(name)"}"#) == nil)
        }
    }
}
