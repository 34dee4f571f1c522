// SPDX-License-Identifier: Apache-2.0

/// `count` pieces with commas between them.
private func list(_ count: Int, _ piece: (Int) -> String) -> String { (0..<count).map(piece).joined(separator: ",") }

/// Schemas and values made to cost as much as they may: most end for too much work.
let worst: [Case] = [
    Case(
        name: "anyOf of constants",
        schema: #"{"items":{"anyOf":[\#(list(500) { #"{"const":"\#($0)"}"# }),{"const":"x"}]}}"#,
        arguments: "[\(list(90_000) { _ in "\"x\"" })]"),
    Case(
        name: "anyOf of references",
        schema:
            ##"{"items":{"anyOf":[\##(list(500) { _ in ##"{"$ref":"#/$defs/a"}"## }),true]},"$defs":{"a":{"type":"null"}}}"##,
        arguments: "[\(list(90_000) { _ in "1" })]"),
    Case(
        name: "pattern with a table, 4 MiB",
        schema: #"{"pattern":"^[a-z]*$"}"#, arguments: "\"\(String(repeating: "a", count: 4_194_000))\""),
    Case(
        name: "pattern with a table, 4 MiB of other scripts",
        schema: #"{"pattern":"^\\p{L}*$"}"#, arguments: "\"\(String(repeating: "日", count: 1_398_000))\""),
    Case(
        name: "pattern without a table",
        schema: #"{"pattern":"^(?:[ab]|[bc]|.){0,1000}X"}"#, arguments: "\"\(String(repeating: "b", count: 4_000))\""),
    Case(
        name: "pattern without a table or an anchor",
        schema: #"{"pattern":"(?:[ab]|[bc]|.){0,1000}X"}"#, arguments: "\"\(String(repeating: "b", count: 40_000))\""),
    Case(
        name: "patterns of names",
        schema: #"{"patternProperties":{\#(list(1_000) { #""^\#($0)$":true"# })}}"#,
        arguments: "{\(list(9_000) { "\"key\($0)\":1" })}"),
    Case(
        name: "distinct objects",
        schema: #"{"uniqueItems":true}"#, arguments: "[\(list(30_000) { #"{"a":\#($0),"b":"\#($0)"}"# })]"),
    Case(
        name: "constant object",
        schema: #"{"anyOf":[\#(list(9) { _ in "{\"const\":{\(list(5_000) { "\"k\($0)\":\($0)" }),\"y\":0}}" })]}"#,
        arguments: "{\(list(5_000) { "\"k\($0)\":\($0)" }),\"x\":0}"),
    Case(
        name: "members nobody has looked at",
        schema: #"{"anyOf":[\#(list(900) { #"{"properties":{"\#($0)":true}}"# })],"unevaluatedProperties":true}"#,
        arguments: "{\(list(9_000) { "\"key\($0)\":1" })}"),
    Case(
        name: "names with equal ends",
        schema: #"{"properties":{\#(list(9_000) { #""samesame\#(1_000_000 + $0)samesame":true"# })}}"#,
        arguments: "{\(list(9_000) { "\"samesame\(2_000_000 + $0)samesame\":1" })}"),
    Case(
        name: "long division",
        schema: #"{"items":{"multipleOf":1.\#(String(repeating: "7", count: 120))}}"#,
        arguments: "[\(list(20_000) { "\($0).\(String(repeating: "3", count: 110))" })]"),
    Case(
        name: "comparison of long numbers",
        schema: #"{"items":{"minimum":0.\#(String(repeating: "3", count: 120))}}"#,
        arguments: "[\(list(30_000) { _ in "0.\(String(repeating: "3", count: 120))" })]"),
    Case(
        name: "dependent names",
        schema: #"{"dependentRequired":{\#(list(9_000) { #""q\#($0)":["a"]"# })}}"#,
        arguments: "{\(list(9_000) { "\"k\($0)\":1" })}"),
    Case(
        name: "texts of mixed length",
        schema: #"{"items":{"minLength":20}}"#,
        arguments: "[\(list(90_000) { _ in "\"\(String(repeating: "é", count: 20))\"" })]"),
    Case(
        name: "as deep as may be: run under ulimit -s to see what it takes",
        schema:
            ##"{"$ref":"#/$defs/0","$defs":{\##(list(254) { ##""\##($0)":{"anyOf":[{"$ref":"#/$defs/\##($0 + 1)","unevaluatedProperties":true}]}"## }),"254":true}}"##,
        arguments: #"{"a":1}"#),
]
