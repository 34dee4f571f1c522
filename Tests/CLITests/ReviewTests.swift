// SPDX-License-Identifier: Apache-2.0
import Policy
import StrictJSON
import Testing

@testable import CLI

private func tree(_ text: String) throws -> JSONTree {
    var tree = JSONTree()
    var reader = JSONReader(limits: .config)
    let bytes = Array(text.utf8)
    try reader.read(bytes.span, into: &tree)
    return tree
}

private func canonical(_ text: String) throws -> CanonicalJSON { try tree(text).canonical(.root) }

private func offer(_ tools: [String], prompts: [String] = [], templates: [String] = [], instructions: String? = nil)
    throws -> Offer
{
    let told = instructions.map { ",\"instructions\":\"\($0)\"" } ?? ""
    return try Offer(
        try tree(
            """
            {"capabilities":["resources"],"revision":"2025-06-18","prompts":[\(prompts.joined(separator: ","))],
             "templates":[\(templates.joined(separator: ","))],"tools":[\(tools.joined(separator: ","))]\(told)}
            """))
}

private func tool(_ name: String, _ more: String = "", schema: String = "{\"type\":\"object\"}") -> String {
    "{\"name\":\"\(name)\",\"inputSchema\":\(schema)\(more.isEmpty ? "" : ",\(more)")}"
}

/// Everything in the offer accepted, in class `reads` where the tool admits nothing else.
private func reviewed(_ offer: Offer) -> Review {
    var decision = ReviewDecision()
    for item in ReviewComparison(offer, nil).items { decision.accept(item, risk: .reads) }
    decision.instructions = offer.instructions
    return decision.review(offer, now: 1)
}

@Suite("A person is shown each member that has changed")
struct DifferenceTests {
    static let rows: [(old: String, new: String, shown: [String])] = [
        ("{\"a\":1}", "{\"a\":1}", []),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", []),
        // A person decides whether that is the same.
        ("{\"a\":1}", "{\"a\":1.0}", ["a: 1 -> 1.0"]),
        ("{\"a\":1}", "{\"a\":2}", ["a: 1 -> 2"]),
        ("{\"a\":1}", "{}", ["a: 1 -> nothing"]),
        ("{}", "{\"a\":null}", ["a: nothing -> null"]),
        ("{\"a\":{\"b\":{\"c\":\"x\"}}}", "{\"a\":{\"b\":{\"c\":\"y\"}}}", ["a.b.c: \"x\" -> \"y\""]),
        ("{\"a\":[1,2]}", "{\"a\":[1,3]}", ["a[1]: 2 -> 3"]),
        ("{\"a\":[1,2]}", "{\"a\":[1]}", ["a: [1,2] -> [1]"]),
        ("{\"a\":{}}", "{\"a\":[]}", ["a: {} -> []"]),
        ("{\"a\":\"x\"}", "{\"a\":\"x\\u200b\"}", ["a: \"x\" -> \"x\\u200b\""]),
        ("{\"a\":\"\\u00e9\"}", "{\"a\":\"e\\u0301\"}", ["a: \"\\u00e9\" -> \"e\\u0301\""]),
        ("{\"a.b\":1}", "{\"a\":{\"b\":1}}", ["\"a.b\": 1 -> nothing", "a: nothing -> {\"b\":1}"]),
        ("{\"\":1}", "{\"\":2}", ["\"\": 1 -> 2"]),
        ("{\"\\u202e\":1}", "{}", ["\"\\u{202e}\": 1 -> nothing"]),
    ]

    @Test("Rows", arguments: rows)
    func row(_ old: String, _ new: String, _ shown: [String]) throws {
        let found = FieldDifference.find(try canonical(old), try canonical(new)).map { difference in
            func text(_ json: CanonicalJSON?) -> String { json.map(Visible.json) ?? "nothing" }
            return "\(difference.place): \(text(difference.old)) -> \(text(difference.new))"
        }
        #expect(found == shown)
    }
}

@Suite("A tool is offered only if it can be judged")
struct ToolJudgeTests {
    private func reason(_ text: String) throws -> String? {
        let object = try canonical(text)
        let tree = try tree(text)
        return ToolJudge.reasonToKeepOut(OfferedObject(tree.member(.root, "name").flatMap(tree.text) ?? [], object))
    }

    @Test("What keeps a tool out")
    func kept() throws {
        #expect(try reason(tool("read")) == nil)
        #expect(try reason(tool("a b"))?.contains("name") == true)
        #expect(try reason(tool(""))?.contains("name") == true)
        #expect(try reason(tool(String(repeating: "x", count: 128))) == nil)
        #expect(try reason(tool(String(repeating: "x", count: 129)))?.contains("name") == true)
        #expect(try reason(tool("r\\u0435ad"))?.contains("name") == true)
        #expect(try reason("{\"name\":\"x\"}") == "it has no input schema")
        #expect(try reason(tool("x", schema: "true")) == "it has no input schema")
        #expect(try reason(tool("x", schema: "{\"type\":\"objekt\"}"))?.contains("cannot be enforced") == true)
        #expect(try reason(tool("x", schema: "{\"$ref\":\"http://x/y\"}"))?.contains("cannot be enforced") == true)
        #expect(try reason(tool("x", "\"execution\":{\"taskSupport\":\"required\"}"))?.contains("task") == true)
        #expect(try reason(tool("x", "\"execution\":{\"taskSupport\":\"optional\"}")) == nil)
        let mirror = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a b\"}}}"
        #expect(try reason(tool("x", schema: mirror))?.contains("x-mcp-header") == true)
    }

    @Test("48 levels are shown, 49 are not, and a mebibyte is the most")
    func limits() throws {
        func nested(_ levels: Int) -> String {
            tool(
                "x",
                "\"_meta\":\(String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1))")
        }
        #expect(try reason(nested(48)) == nil)
        #expect(try reason(nested(49))?.contains("deeper than 48") == true)
        #expect(ToolJudge.depth(Array("{\"[[[\":\"]}\\\"[[\"}".utf8)) == 1)
        let empty = try canonical(tool("x", "\"description\":\"\"")).bytes.count
        let room = (1 << 20) - empty
        #expect(try reason(tool("x", "\"description\":\"\(String(repeating: "a", count: room))\"")) == nil)
        #expect(
            try reason(tool("x", "\"description\":\"\(String(repeating: "a", count: room + 1))\""))?.contains("larger")
                == true)
    }

    static let floors: [(annotations: String, chosen: RiskClass, risk: RiskClass)] = [
        ("{}", .reads, .reads), ("{\"destructiveHint\":true}", .reads, .changes),
        ("{\"openWorldHint\":true}", .reads, .network),
        ("{\"openWorldHint\":true,\"destructiveHint\":true}", .reads, .changes),
        ("{\"destructiveHint\":true}", .executes, .executes),
        ("{\"readOnlyHint\":true}", .changes, .changes),
        ("{\"readOnlyHint\":true,\"destructiveHint\":false}", .reads, .reads),
        ("{\"destructiveHint\":\"true\"}", .reads, .reads), ("{\"openWorldHint\":true}", .credentials, .credentials),
    ]

    @Test("What a tool admits raises its class, what it denies lowers nothing", arguments: floors)
    func floor(_ annotations: String, _ chosen: RiskClass, _ risk: RiskClass) throws {
        let object = OfferedObject(Array("x".utf8), try canonical(tool("x", "\"annotations\":\(annotations)")))
        #expect(ToolJudge.risk(chosen, object) == risk)
    }
}

@Suite("A review is of exactly what was offered")
struct ReviewTests {
    @Test("New, same, changed, gone")
    func states() throws {
        let first = try offer(
            [tool("a"), tool("b"), tool("c")], prompts: ["{\"name\":\"p\"}"],
            templates: ["{\"uriTemplate\":\"x:///{y}\"}"])
        let review = reviewed(first)
        #expect(ReviewComparison(first, review).isSame)
        let second = try offer([tool("a"), tool("b", "\"description\":\"now with more\""), tool("d")], prompts: [])
        let comparison = ReviewComparison(second, review)
        #expect(
            comparison.items.map { "\($0.kind) \(String(decoding: $0.name, as: UTF8.self)) \($0.state)" } == [
                "tool a same", "tool b changed", "tool d new", "tool c gone", "prompt p gone", "template x:///{y} gone",
            ])
        #expect(!comparison.isSame)
        #expect(comparison.items[1].differences.map(\.place) == ["description"])
    }

    @Test("Instructions are part of it")
    func instructions() throws {
        let first = try offer([tool("a")], instructions: "be good")
        #expect(!ReviewComparison(first, nil).areInstructionsSame)
        #expect(ReviewComparison(first, reviewed(first)).isSame)
        #expect(!ReviewComparison(try offer([tool("a")], instructions: "be bad"), reviewed(first)).isSame)
        #expect(!ReviewComparison(try offer([tool("a")]), reviewed(first)).isSame)
    }

    @Test("Two tools of one name are kept out, both")
    func twice() throws {
        let items = ReviewComparison(try offer([tool("a"), tool("a", "\"title\":\"x\""), tool("b")]), nil).items
        #expect(items.map { $0.keptOut } == ["two have this name", "two have this name", nil])
    }

    @Test("What is kept out cannot be accepted")
    func keptOut() throws {
        let offer = try offer([tool("a b"), "{\"name\":\"x\"}", tool("good")])
        #expect(reviewed(offer).tools.map(\.name.description) == ["good"])
        // And does not make every later look a difference.
        #expect(ReviewComparison(offer, reviewed(offer)).isSame)
    }

    @Test("The digest over the set depends on everything and on no order")
    func digest() throws {
        let base = reviewed(try offer([tool("a"), tool("b")], prompts: ["{\"name\":\"p\"}"], instructions: "i"))
        #expect(
            base.set
                == reviewed(try offer([tool("b"), tool("a")], prompts: ["{\"name\":\"p\"}"], instructions: "i")).set)
        #expect(ReviewDigests.fit(base))
        for other in [
            try offer([tool("a")], prompts: ["{\"name\":\"p\"}"], instructions: "i"),
            try offer([tool("a"), tool("b", "\"title\":\"x\"")], prompts: ["{\"name\":\"p\"}"], instructions: "i"),
            try offer([tool("a"), tool("b")], instructions: "i"),
            try offer([tool("a"), tool("b")], prompts: ["{\"name\":\"p\"}"]),
            try offer([tool("a"), tool("b")], prompts: ["{\"name\":\"p\"}"], instructions: "j"),
        ] { #expect(reviewed(other).set != base.set) }
        var forged = base
        forged.instructions = Array("forged".utf8)
        #expect(!ReviewDigests.fit(forged))
    }

    @Test("--class and --reject decide what they name")
    func choice() throws {
        func choice(_ words: String...) throws -> ClassChoice {
            guard
                case .run(let arguments) = try ArgumentParser.parse(
                    (["registry", "review", "x"] + words).map { Array($0.utf8) })
            else { throw Failure("not a command") }
            return try ClassChoice(arguments)
        }
        let offer = try offer([tool("a"), tool("b"), tool("c")])
        let comparison = ReviewComparison(offer, nil)
        func classes(_ words: String...) throws -> [String] {
            let arguments = (["registry", "review", "x"] + words).map { Array($0.utf8) }
            guard case .run(let parsed) = try ArgumentParser.parse(arguments) else { return [] }
            return ReviewDecision(accepting: comparison, try ClassChoice(parsed)).review(offer, now: 1).tools.map {
                "\($0.name) \($0.risk.word)"
            }
        }
        #expect(try classes() == ["a changes", "b changes", "c changes"])
        #expect(try classes("--class", "reads") == ["a reads", "b reads", "c reads"])
        #expect(try classes("--class", "reads,b=executes", "--reject", "c") == ["a reads", "b executes"])
        #expect(throws: Failure.self) { try choice("--class", "unreviewed") }
        #expect(throws: Failure.self) { try choice("--class", "reads,network") }
        #expect(throws: Failure.self) { try choice("--class", "a=") }
        #expect(
            try choice("--class", "z=reads", "--reject", "y").strangers(among: comparison.items) == [
                Array("z".utf8), Array("y".utf8),
            ])
    }

    @Test("What a server says of itself cannot act on the screen")
    func report() throws {
        let desk = Paper()
        let sink = Console.Sink(isTerminal: false, columns: nil, hasColour: false) { desk.bytes += $0 }
        let console = Console(output: sink, errors: sink, environment: { _ in nil }, input: { nil })
        let evil = "\\u001b[2J\\u202e\\u200b\\ue000x\\u0430"
        let offer = try offer(
            [
                tool("ok", "\"description\":\"\(evil)\",\"\(evil)\":{\"\(evil)\":[\"\(evil)\"]}"),
                "{\"name\":\"\(evil)\",\"inputSchema\":{}}",
            ], prompts: ["{\"name\":\"\(evil)\",\"description\":\"\(evil)\"}"], instructions: evil)
        let name = try #require(ServerName(Array("x".utf8)))
        ReviewReport(console).show(ReviewComparison(offer, nil), server: name)
        let text = String(decoding: desk.bytes, as: UTF8.self)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || Visible.isPlain($0) })
        #expect(text.contains("4 of them invisible or turning text") || text.contains("of them invisible"))
        #expect(text.contains("\\u{202e}") && text.contains("kept out: "))
    }

    private final class Paper { var bytes: [UInt8] = [] }
}
