// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON
internal import Testing

/// Files about `doorward.json` that tests read.
enum ConfigurationFiles {
    static func everything() throws -> [UInt8] { try contents("Tests/PolicyTests/configurations/everything.json") }
    static func schema() throws -> [UInt8] { try contents("docs/doorward.schema.json") }
    static func sealed() throws -> [UInt8] { try contents("fuzz/corpus/config/sealed-full.json") }
    static func guide() throws -> [UInt8] { try contents("docs/configuration.md") }
    static func source(_ name: String) throws -> String {
        String(decoding: try contents("Sources/Policy/\(name).swift"), as: UTF8.self)
    }

    static func tree(_ bytes: [UInt8]) throws(JSONError) -> JSONTree {
        var tree = JSONTree()
        var reader = JSONReader(limits: .config, dialect: .commented)
        try reader.read(bytes.span, into: &tree)
        return tree
    }

    static func tree(_ text: String) throws(JSONError) -> JSONTree { try tree(Array(text.utf8)) }

    private static func contents(_ path: String) throws -> [UInt8] {
        try #require(SchemaFiles.contents(of: "\(SchemaFiles.repository)/\(path)"), "\(path) is not there")
    }
}
