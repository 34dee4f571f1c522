// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON
internal import Testing

@testable internal import Policy

/// `count` pieces with commas between them.
private func list(_ count: Int, _ piece: (Int) -> String) -> String { (0..<count).map(piece).joined(separator: ",") }

@Suite("A schema ends at its limits")
struct SchemaSizeTests {
    @Test("schemas within schemas")
    func depth() throws {
        func nested(_ count: Int) -> String {
            String(repeating: #"{"not":"#, count: count - 1) + "true" + String(repeating: "}", count: count - 1)
        }
        #expect(try fault(nested(SchemaLimits.depth)) == nil)
        // One more is more than a message may nest, and could come only by another reader.
        var reader = JSONReader(
            limits: JSONLimits(
                bytes: 1 << 20, depth: 100, members: 100, values: 1_000, keyBytes: 256, stringBytes: 1_000,
                numberBytes: 64))
        var tree = JSONTree()
        try reader.read(nested(SchemaLimits.depth + 1).utf8.span, into: &tree)
        #expect(throws: SchemaFault.self) { try ArgumentSchema(tree, .root) }
    }

    @Test("subschemas, in use or not")
    func subschemas() throws {
        func many(_ count: Int) -> String {
            // The root, and what stands in two maps, which may not have more members than an object may have.
            let half = (count - 1) / 2
            let first = list(half) { #""a\#($0)":{"type":"null"}"# }
            let second = list(count - 1 - half) { #""b\#($0)":true"# }
            return #"{"properties":{\#(first)},"$defs":{\#(second)}}"#
        }
        #expect(try fault(many(SchemaLimits.subschemas)) == nil)
        #expect(try fault(many(SchemaLimits.subschemas + 1)) == .tooManySubschemas)
    }

    @Test("names and values")
    func names() throws {
        func many(_ count: Int) -> String { #"{"enum":[\#(list(count - 1) { "\"\($0)\"" })],"const":1}"# }
        #expect(try fault(many(SchemaLimits.names)) == nil)
        #expect(try fault(many(SchemaLimits.names + 1)) == .tooManyNames)
    }

    @Test("schemas with a name of their own")
    func resources() throws {
        func many(_ count: Int) -> String { #"{"$defs":{\#(list(count - 1) { #""\#($0)":{"$id":"r\#($0)"}"# })}}"# }
        #expect(try fault(many(SchemaLimits.resources)) == nil)
        #expect(try fault(many(SchemaLimits.resources + 1)) == .tooManyResources)
    }

    @Test("the length of a reference")
    func references() throws {
        func long(_ count: Int) -> String {
            let name = String(repeating: "n", count: count - 2)
            return #"{"$ref":"x#\#(name)","$defs":{"a":{"$id":"x"}}}"#
        }
        guard case .danglingReference = try fault(long(SchemaLimits.referenceBytes)) else {
            Issue.record("refused for its length")
            return
        }
        #expect(try fault(long(SchemaLimits.referenceBytes + 1)) == .value(keyword: .reference, place: ""))
    }

    @Test("patterns, together")
    func patterns() throws {
        // Too many states for a table: each costs what it took to find that out.
        func many(_ count: Int) -> String {
            #"{"allOf":[\#(list(count) { #"{"pattern":"\#($0)[ab]*a[ab]{40}"}"# })]}"#
        }
        #expect(try fault(many(5)) == nil)
        guard case .tooManyPatterns = try fault(many(50)) else {
            Issue.record("not refused: \(String(describing: try fault(many(50))))")
            return
        }
        // The same pattern a thousand times is one.
        #expect(try fault(#"{"allOf":[\#(list(1_000) { _ in #"{"pattern":"[ab]*a[ab]{40}"}"# })]}"#) == nil)
    }
}

@Suite("A validation ends at its limits, and never with yes")
struct SchemaWorkTests {
    /// What costs more than 100,000 steps: each element is tried by each of many subschemas.
    private func expensive(_ wrap: (String) -> String) throws -> (schema: ArgumentSchema, value: JSONTree) {
        let branches = list(200) { #"{"type":"string","const":"\#($0)"}"# }
        let schema = try schema(wrap(#"{"items":{"anyOf":[\#(branches),{"const":"x"}]}}"#))
        return (schema, try tree("[\(list(1_000) { _ in "\"x\"" })]"))
    }

    @Test(
        "whatever would turn a no into a yes",
        arguments: [
            "S", #"{"not":S}"#, #"{"not":{"not":S}}"#, #"{"anyOf":[S,true]}"#, #"{"oneOf":[S,true]}"#,
            #"{"if":S,"else":true}"#, #"{"if":S}"#, #"{"allOf":[{"if":S}],"unevaluatedItems":true}"#,
            #"{"unevaluatedItems":true,"anyOf":[S,true]}"#, #"{"allOf":[S]}"#,
        ])
    func work(_ frame: String) throws {
        let parts = frame.split(separator: "S", omittingEmptySubsequences: false)
        let (schema, value) = try expensive { parts.joined(separator: $0) }
        let violation = schema.violation(value, .root, steps: 100_000)
        // Nobody asks the condition if nothing follows from it.
        guard frame != #"{"if":S}"# else { return #expect(violation == nil) }
        #expect(violation?.rule == .tooMuchWork)
        #expect(violation?.description == "value: too-much-work")
    }

    @Test("with enough steps the same values are judged")
    func meter() throws {
        let (schema, value) = try expensive { $0 }
        #expect(schema.violation(value, .root, steps: 500_000) == nil)
        #expect(schema.accepts(value, .root))
        let (opposite, _) = try expensive { #"{"not":\#($0)}"# }
        #expect(opposite.violation(value, .root, steps: 500_000)?.word == "not")
        #expect(schema.violation(try tree(#"["y"]"#), .root)?.word == "anyOf")
        #expect(schema.accepts(try tree(#"["x","x"]"#), .root))
    }

    @Test("answers that wait for each other")
    func depth() throws {
        // Each definition leads to the next one at the same value.
        func chain(_ count: Int) throws -> ArgumentSchema {
            let links = list(count - 1) { ##""\##($0)":{"$ref":"#/$defs/\##($0 + 1)"}"## }
            return try schema(##"{"$ref":"#/$defs/0","$defs":{\##(links),"\##(count - 1)":{"minimum":1}}}"##)
        }
        // The root is one more.
        #expect(try fits("1", chain(SchemaLimits.evaluationDepth - 1)))
        #expect(try chain(SchemaLimits.evaluationDepth - 1).violation(tree("0"), .root)?.word == "minimum")
        let deep = try chain(SchemaLimits.evaluationDepth)
        #expect(try !fits("1", deep))
        #expect(try deep.violation(tree("1"), .root)?.word == "too-deep")
    }

    @Test("a dynamic reference that leads to itself ends too")
    func dynamic() throws {
        let schema = try schema(
            ##"{"$id":"a","$dynamicAnchor":"n","anyOf":[{"$dynamicRef":"b#n"}],"$defs":{"b":{"$id":"b","$dynamicAnchor":"n"}}}"##
        )
        #expect(try schema.violation(tree("1"), .root)?.word == "too-deep")
    }

    @Test("the deepest message meets a schema that follows it")
    func deepValue() throws {
        let schema = try schema(##"{"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#"}}]}"##)
        #expect(try fits(String(repeating: "[", count: 64) + String(repeating: "]", count: 64), schema))
        #expect(
            try !fits(String(repeating: "[", count: 63) + "1" + String(repeating: "]", count: 63), schema))
    }

    @Test("the largest lists of distinct values are told from those with one twice")
    func unique() throws {
        let schema = try schema(#"{"uniqueItems":true}"#)
        #expect(try fits("[\(list(90_000) { "\($0)" })]", schema))
        #expect(try !fits("[\(list(90_000) { "\($0)" }),89999.0]", schema))
        // Keys of one length and with the same ends: what a weak hash would throw together.
        let objects = list(20_000) { #"{"k\#(1_000_000 + $0 * 7)kkkkkkkk":1}"# }
        #expect(try fits("[\(objects)]", schema))
        #expect(try !fits("[\(objects),{\"k1000007kkkkkkkk\":1e0}]", schema))
        #expect(try !fits(#"[{"a":1,"b":[2]},{"b":[2.0],"a":1},3,4,5,6]"#, schema))
        #expect(try fits(#"[{"a":1,"b":2},{"a":2,"b":1},[1],[1,1],"1",1,true,null,false,0,"",{},[]]"#, schema))
        #expect(try fits(#"["\u00e9","e\u0301"]"#, schema))
    }

    @Test("objects of any size are equal whatever the order of their members")
    func equality() throws {
        for count in [1, 8, 9, 500, 5_000] {
            let forward = list(count) { #""key\#($0)":\#($0)"# }
            func backward(_ last: String) -> String {
                list(count) { #""key\#(count - 1 - $0)":\#($0 < count - 1 ? "\(count - 1 - $0).0" : last)"# }
            }
            let schema = try schema("{\"const\":{\(forward)}}")
            #expect(try fits("{\(backward("0e7"))}", schema))
            #expect(try !fits("{\(backward("1"))}", schema))
            #expect(try !fits("{\(backward("\"0\""))}", schema))
        }
    }
}
