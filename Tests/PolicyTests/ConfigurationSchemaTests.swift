// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

@Suite("docs/doorward.schema.json says what the reader does")
struct ConfigurationSchemaTests {
    private let document: JSONTree
    private let schema: ArgumentSchema

    init() throws {
        document = try ConfigurationFiles.tree(try ConfigurationFiles.schema())
        schema = try ArgumentSchema(document, .root)
    }

    /// Keys of every `properties` object in the schema.
    private func schemaKeys() -> Set<String> {
        var keys: Set<String> = []
        func walk(_ node: JSONNode) {
            switch document.kind(node) {
            case .object:
                for (key, value) in document.members(node) {
                    if document.equals(key, "properties") {
                        for (name, _) in document.members(value) {
                            keys.insert(String(decoding: document.text(name) ?? [], as: UTF8.self))
                        }
                    }
                    walk(value)
                }
            case .array: for element in document.elements(node) { walk(element) }
            case .null, .bool, .number, .string: break
            }
        }
        walk(.root)
        return keys
    }

    /// Keys that the reader asks for: what stands in quotes behind `take(`, `require(` and `set(`, and its lists.
    private func readerKeys() throws -> Set<String> {
        var keys: Set<String> = []
        for name in [
            "ConfigurationReader", "ServerEntryReader", "RemoteEntryReader", "Profiles/ProfileReader",
            "Egress/NetworkReader",
        ] {
            let source = try ConfigurationFiles.source(name)
            for call in ["take(\"", "require(\"", "set(\""] {
                for part in pieces(source, call).dropFirst() { keys.insert(String(part.prefix { $0 != "\"" })) }
            }
            for line in source.split(separator: "\n")
            where line.contains("as [StaticString] {") {
                keys.formUnion(quoted(line))
            }
            for list in ["ignored", "addressKeys"] {
                guard let words = pieces(source, "static let \(list): [StaticString] = [").dropFirst().first else {
                    continue
                }
                keys.formUnion(quoted(words.prefix { $0 != "]" }))
            }
        }
        return keys
    }

    private func pieces(_ text: String, _ separator: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = text[...]
        while let range = rest.firstRange(of: separator) {
            pieces.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return pieces + [rest]
    }

    private func quoted(_ text: Substring) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    @Test("Every key of the reader is in the schema, and every key of the schema is read")
    func keys() throws {
        let read = try readerKeys()
        #expect(read.count > 50)
        #expect(schemaKeys().subtracting(read) == [])
        #expect(read.subtracting(schemaKeys()) == [])
    }

    @Test("The example that has every key fits, and has every key")
    func everything() throws {
        let example = try ConfigurationFiles.tree(try ConfigurationFiles.everything())
        #expect(schema.violation(example, .root)?.description == nil)
        var keys: Set<String> = []
        func walk(_ node: JSONNode) {
            switch example.kind(node) {
            case .object:
                for (key, value) in example.members(node) {
                    keys.insert(String(decoding: example.text(key) ?? [], as: UTF8.self))
                    walk(value)
                }
            case .array: for element in example.elements(node) { walk(element) }
            case .null, .bool, .number, .string: break
            }
        }
        walk(.root)
        #expect(schemaKeys().subtracting(keys) == [])
    }

    @Test("What it says of members is what the reader says", arguments: ConfigurationTests.members)
    func members(_ text: String, _ isAccepted: Bool) throws {
        let example = try ConfigurationFiles.tree(
            Array("{\"mcpServers\": {\"x\": {\"command\": \"/x\", \(text)}}}".utf8))
        // What no schema can say, or not simply: a variable that is defined nowhere, one alias for two tools, ten years.
        let isBeyond = [
            "${", "\\u0000", "\"b\": \"x\"", "3661d", "0s", "1025G", "..", "\"headers\"",
            // Nor which names are special, which addresses are public, or what is behind a prefix.
            "undefined", "localhost", "10.0.0.1", "10.1.0.0/16\"}", "fd00::", "metadata.google", "[::ffff",
            "8.8.8.8/24",
            "8.8.8.0/33", "127.1:", "0x7f", "65536",
        ].contains { text.contains($0) }
        #expect(schema.accepts(example, .root) == isAccepted || (isBeyond && !isAccepted), "\(text)")
    }

    @Test("Most faults show in an editor", arguments: ConfigurationTests.faults)
    func faults(_ text: String, _ place: String, _ reason: String) throws {
        let isBeyond =
            ["NUL", "from 1M to 4G", "has the id", "base is missing", "is built in"].contains { reason.contains($0) }
            || text.contains("65536")
            || text.contains("127.0.0.01")
        #expect(schema.accepts(try ConfigurationFiles.tree(Array(text.utf8)), .root) == isBeyond, "\(text)")
    }

    @Test("Everything that an editor can show has a description")
    func descriptions() throws {
        func check(_ properties: JSONNode) {
            for (name, value) in document.members(properties) {
                let key = String(decoding: document.text(name) ?? [], as: UTF8.self)
                let reference = document.member(value, "$ref").flatMap(document.text)
                let text = document.member(value, "description").flatMap(document.text) ?? []
                #expect(!text.isEmpty || reference != nil, "\(key)")
                if !text.isEmpty { #expect(text.last == UInt8(ascii: "."), "\(key)") }
            }
        }
        func walk(_ node: JSONNode) {
            switch document.kind(node) {
            case .object:
                for (key, value) in document.members(node) {
                    if document.equals(key, "properties") { check(value) }
                    walk(value)
                }
            case .array: for element in document.elements(node) { walk(element) }
            case .null, .bool, .number, .string: break
            }
        }
        walk(.root)
    }

    @Test("Dangers, grants, verdicts and defaults are those of the code")
    func words() throws {
        func words(_ path: String...) -> [String] {
            var node: JSONNode? = .root
            for key in path { node = node.flatMap { document.member($0, Array(key.utf8)) } }
            guard let node else { return [] }
            return document.elements(node).map { element in
                let text = document.member(element, "const").flatMap(document.text) ?? document.text(element) ?? []
                return String(decoding: text, as: UTF8.self)
            }
        }
        #expect(
            words("$defs", "server", "properties", "accept", "items", "oneOf") == Danger.allCases.map { "\($0.word)" })
        #expect(
            Set(words("$defs", "server", "properties", "grants", "items", "oneOf"))
                == Set(Grants.words.map(\.0.description)))
        #expect(
            words("$defs", "rule", "properties", "verdict", "enum") == VerdictKind.allCases.map { "\($0.word)" })
    }

    @Test("Every default in the schema is what holds without the key")
    func defaults() throws {
        let empty = try ConfigurationReader.read(try ConfigurationFiles.tree(Array("{}".utf8)))
        var limits: [String: Int64] = [:]
        let node = try #require(
            document.member(.root, "properties").flatMap { document.member($0, "limits") }.flatMap {
                document.member($0, "properties")
            })
        for (key, value) in document.members(node) {
            limits[String(decoding: document.text(key) ?? [], as: UTF8.self)] =
                document.member(value, "default").flatMap(document.integer)
        }
        let spelled = limits.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        let text = """
            {"listeners": {"main": "127.0.0.1:8742"}, "clients": {}, "policy": [], "mcpServers": {},
             "audit": {"durability": "grouped", "segment": "64M"}, "limits": {\(spelled)},
             "profiles": {"tool": {}, "agent": {"base": "agent"}}, "egress": {"nat64": false, "deny": []}}
            """
        #expect(limits.count == 7)
        #expect(try ConfigurationReader.read(try ConfigurationFiles.tree(Array(text.utf8))) == empty)
        let plain = "{\"mcpServers\": {\"x\": {\"command\": \"/x\"}}}"
        let full = """
            {"mcpServers": {"x": {"command": "/x", "args": [], "env": {}, "read": [], "write": [], "parameters": {},
             "process": "caller", "disabled": false, "idle": "10m", "timeout": "2m", "startTimeout": "1m", "grants": [],
             "limits": {"processes": 128, "memory": "2G", "files": 1024}, "aliases": {}, "callers": {},
             "profile": "tool", "network": "none"}}}
            """
        #expect(
            try ConfigurationReader.read(try ConfigurationFiles.tree(Array(plain.utf8))).servers
                == ConfigurationReader.read(try ConfigurationFiles.tree(Array(full.utf8))).servers)
    }

    @Test("The guide names every key, every danger, and shows nothing that would be refused")
    func guide() throws {
        let guide = String(decoding: try ConfigurationFiles.guide(), as: UTF8.self)
        for key in schemaKeys() {
            #expect(["`\(key)`", "\"\(key)\"", "## \(key)\n"].contains { guide.contains($0) }, "\(key)")
        }
        for danger in Danger.allCases { #expect(guide.contains("| `\(danger.word)` |")) }
        let examples = pieces(guide, "```json\n").dropFirst().map { String($0.prefix { $0 != "`" }) }
        #expect(examples.count > 5)
        for example in examples {
            // A backtick ends an example, so none may stand inside.
            let tree = try ConfigurationFiles.tree(example)
            #expect(throws: Never.self, "\(example)") { try ConfigurationReader.read(tree) }
            #expect(schema.accepts(tree, .root), "\(example)")
        }
    }
}
