// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

@Suite("Numbers are compared exactly as they are written")
struct SchemaNumberTests {
    /// The value of a keyword, a number, whether it fits.
    static let cases: [(keyword: String, limit: String, number: String, fits: Bool)] = [
        ("minimum", "0.1", "0.1", true), ("minimum", "0.1", "0.10000000000000000000000000000000001", true),
        ("minimum", "0.10000000000000000000000000000000001", "0.1", false),
        ("maximum", "9007199254740991", "9007199254740991", true),
        ("maximum", "9007199254740991", "9007199254740992.0", false),
        ("maximum", "9007199254740992.0", "9007199254740993.0", false),
        ("exclusiveMaximum", "9007199254740993.0", "9007199254740992.0", true),
        ("exclusiveMinimum", "1e308", "1.0000000000000000000000001e308", true),
        ("minimum", "-0", "0", true), ("maximum", "-0.0", "0.0", true), ("minimum", "0", "-0e5", true),
        ("exclusiveMinimum", "0", "1e-400", true), ("exclusiveMaximum", "0", "-1e-99999999999999999999", true),
        ("minimum", "-1.5", "-1.49", true), ("minimum", "-1.5", "-1.51", false), ("minimum", "-2", "-1", true),
        ("maximum", "-2", "-1.0", false), ("maximum", "100", "1e2", true), ("maximum", "100", "1.01E+2", false),
        ("const", "1", "1.0", true), ("const", "1.50", "15e-1", true), ("const", "0", "-0.0e7", true),
        ("const", "10", "1e1", true), ("const", "1e400", "1e400", true), ("enum", "[1.0,2]", "1", true),
        ("const", "0.1", "0.1000000000000000055511151231257827", false), ("enum", "[1.0,2]", "1.01", false),
        ("multipleOf", "0.01", "0.07", true), ("multipleOf", "0.01", "4.35", true),
        ("multipleOf", "0.01", "4.351", false),
        ("multipleOf", "0.1", "1e308", true), ("multipleOf", "3", "1e308", false), ("multipleOf", "3", "9e307", true),
        ("multipleOf", "1e-8", "12391239123", true), ("multipleOf", "1e-8", "1e-9", false),
        ("multipleOf", "0.5", "-1.5", true), ("multipleOf", "7", "0", true), ("multipleOf", "7", "0.0e9", true),
        ("multipleOf", "123456789012345678901.0", "370370367037037036703.0", true),
        ("multipleOf", "123456789012345678901.0", "370370367037037036704.0", false),
        ("multipleOf", "1.25e-2", "3.75e-2", true), ("multipleOf", "1024", "1e10", true),
        ("multipleOf", "1024", "1e9", false), ("multipleOf", "1073741824", "1e300", true),
        ("type", "\"integer\"", "1.0", true), ("type", "\"integer\"", "1e2", true), ("type", "\"integer\"", "-0", true),
        ("type", "\"integer\"", "1.10e1", true), ("type", "\"integer\"", "1.05e1", false),
        ("type", "\"integer\"", "0.0e-5", true), ("type", "\"integer\"", "1e-1", false),
        ("type", "\"integer\"", "1e308", true), ("type", "\"integer\"", "100e-2", true),
    ]

    @Test("at the limit, beside it, and where doubles fall together", arguments: cases)
    func exact(_ keyword: String, _ limit: String, _ number: String, _ expected: Bool) throws {
        // Beyond doubles altogether no number is read at all.
        guard !number.contains("e400") else { return }
        #expect(try fits(number, schema(#"{"\#(keyword)":\#(limit)}"#)) == expected)
    }

    @Test("decimals follow the integers that they are a power of ten of")
    func scaled() throws {
        // Every value once as an integer and once with the point moved three places.
        func moved(_ value: Int) -> String {
            let digits = String(value.magnitude)
            let padded = String(repeating: "0", count: max(4 - digits.count, 0)) + digits
            return (value < 0 ? "-" : "") + padded.dropLast(3) + "." + padded.suffix(3)
        }
        for limit in [-2_000, -37, -1, 1, 3, 12, 999, 1_000, 1_250] {
            let texts = ["minimum", "exclusiveMaximum"] + (limit > 0 ? ["multipleOf"] : [])
            for keyword in texts {
                let plain = try schema(#"{"\#(keyword)":\#(limit)}"#)
                let small = try schema(#"{"\#(keyword)":\#(moved(limit))}"#)
                for value in stride(from: -2_003, through: 2_503, by: 61) {
                    let expected =
                        keyword == "minimum"
                        ? value >= limit : keyword == "multipleOf" ? value % limit == 0 : value < limit
                    #expect(try fits("\(value)", plain) == expected)
                    #expect(try fits("\(value).000", plain) == expected)
                    #expect(try fits(moved(value), small) == expected, "\(keyword) \(limit) \(value)")
                }
            }
        }
    }

    @Test("a count may be written in any way that makes it whole")
    func counts() throws {
        for text in ["2", "2.0", "0.2e1", "200e-2"] {
            let schema = try schema(#"{"minLength":\#(text),"minItems":\#(text)}"#)
            #expect(try fits("\"ab\"", schema))
            #expect(try !fits("\"a\"", schema))
            #expect(try !fits("[1]", schema))
        }
        #expect(try fits("\"a\"", schema(#"{"maxLength":1e300}"#)))
        #expect(try !fits("\"a\"", schema(#"{"minLength":1e300}"#)))
    }
}
