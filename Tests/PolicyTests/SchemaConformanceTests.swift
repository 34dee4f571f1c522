// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

/// The rows `| optional/… | passed | of |` of docs/schema.md.
private let table: [String: (passed: Int, total: Int)] = {
    var rows: [String: (passed: Int, total: Int)] = [:]
    let text = SchemaFiles.contents(of: SchemaFiles.repository + "/docs/schema.md") ?? []
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
        let cells = line.split(separator: "|").map { $0.filter { !" `".contains($0) } }
        guard cells.count >= 3, cells[0].hasPrefix("optional/"), let passed = Int(cells[1]), let total = Int(cells[2])
        else { continue }
        rows[cells[0]] = (passed: passed, total: total)
    }
    return rows
}()

@Suite(
    "The published schema tests have nothing to object to that docs/schema.md does not name",
    .enabled(
        if: !SchemaSuite.all.isEmpty,
        "1,299 required and 926 optional schema tests unchecked: \(SchemaSuite.directory) is not there"))
struct SchemaConformanceTests {
    @Test("every required test passes", arguments: SchemaSuite.required)
    func required(_ name: String) throws {
        let outcome = try #require(SchemaSuite.run(name))
        #expect(outcome.failures == [])
    }

    @Test("of the optional tests as many pass as the table says", arguments: SchemaSuite.optional)
    func optional(_ name: String) throws {
        let options = SchemaOptions(assertFormats: name.contains("/format/"))
        let outcome = try #require(SchemaSuite.run(name, options))
        let row = try #require(table[name], "docs/schema.md has no row for it")
        #expect(outcome.passed == row.passed, "\(outcome.failures)")
        #expect(outcome.passed + outcome.failures.count == row.total)
    }

    @Test("the suite is whole, the table names no file that is not in it, and a wrong answer is seen")
    func meter() throws {
        let required = SchemaSuite.required.compactMap { SchemaSuite.run($0) }
        #expect(required.reduce(0) { $0 + $1.passed } == 1_299)
        #expect(Set(table.keys) == Set(SchemaSuite.optional))
        #expect(table.values.reduce(0) { $0 + $1.total } == 926)
        // Numbers that no message may hold stand in two files and are respelled.
        #expect(required.reduce(0) { $0 + $1.respelled } == 2)
        // Without the option a format says nothing, and the suite notices.
        #expect(try #require(SchemaSuite.run("optional/format/ipv4.json")).failures.count > 10)
        #expect(SchemaSuite.documents.count > 20)
    }
}
