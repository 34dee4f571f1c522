// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

/// One fenced block of a document that says it is JSON.
private struct Block {
    let document: String
    let line: Int
    let text: [UInt8]
}

@Suite("Examples in the documents are what the program reads")
struct DocumentTests {
    static let documents = ["README.md", "docs/best-practices.md", "docs/protocol.md", "docs/tools.md"]

    /// Blocks of a document, with the line that each begins on.
    private static func blocks(_ document: String, _ text: [UInt8]) -> [Block] {
        var found: [Block] = []
        var open: (line: Int, text: [UInt8])?
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if let block = open {
                if line.starts(with: "```".utf8) {
                    found.append(Block(document: document, line: block.line, text: block.text))
                    open = nil
                } else {
                    open?.text += Array(line) + [0x0A]
                }
            } else if line.elementsEqual("```json".utf8) {
                open = (index + 2, [])
            }
        }
        return found
    }

    private static func all() throws -> [Block] {
        try documents.flatMap { document in
            let text = try #require(
                SchemaFiles.contents(of: "\(SchemaFiles.repository)/\(document)"), "\(document) is not there")
            return blocks(document, text)
        }
    }

    private static func isConfiguration(_ tree: JSONTree) -> Bool {
        ["mcpServers", "policy", "clients", "listeners"].contains { tree.member(.root, $0) != nil }
    }

    @Test("Every block of JSON is strict JSON, and every configuration among them is accepted")
    func examples() throws {
        var configurations = 0
        for block in try Self.all() {
            let read: JSONTree
            do throws(JSONError) { read = try tree(block.text) } catch {
                Issue.record("\(block.document):\(block.line) is not strict JSON: \(error.rule.rawValue)")
                continue
            }
            guard Self.isConfiguration(read) else { continue }
            configurations += 1
            do throws(ConfigurationError) { _ = try ConfigurationReader.read(read) } catch {
                Issue.record("\(block.document):\(block.line): \(error.place) \(error.reason)")
            }
        }
        #expect(configurations >= 3, "the examples have moved: \(configurations) were found")
    }

    @Test("The meter: a block with a mistake is found and refused")
    func meter() throws {
        let text = Array("a\n```json\n{\"mcpServers\": {\"x\": {\"cmd\": \"/x\"}}}\n```\n```\n{\n```\n".utf8)
        let found = Self.blocks("x", text)
        #expect(found.map(\.line) == [3])
        let read = try tree(try #require(found.first).text)
        #expect(Self.isConfiguration(read))
        #expect(throws: ConfigurationError.self) { try ConfigurationReader.read(read) }
    }
}
