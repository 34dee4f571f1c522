// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

@Suite("Random schemas are answered as another validator answers them")
struct SchemaOracleTests {
    @Test("for every schema and value of the file")
    func oracle() throws {
        let bytes = try #require(SchemaFiles.contents(of: SchemaFiles.tests + "/vectors/schemas-oracle.txt"))
        var answers = [true: 0, false: 0]
        for (index, text) in bytes.split(separator: 0x0A).enumerated() {
            let line = try tree(Array(text))
            let parts = line.elements(.root).map { $0 }
            let schema = try ArgumentSchema(line, parts[0])
            for (place, pair) in parts.dropFirst().enumerated() {
                let value = line.first(in: pair)
                let expected = line.bool(line.next(after: value)) == true
                #expect(
                    schema.accepts(line, value) == expected, "line \(index + 1), value \(place + 1)")
                #expect((schema.violation(line, value) == nil) == expected)
                answers[expected, default: 0] += 1
            }
        }
        // The meter: both answers are common.
        #expect((answers[true] ?? 0) > 200 && (answers[false] ?? 0) > 200)
    }
}
