// SPDX-License-Identifier: Apache-2.0

/// A schema and arguments that fit it.
struct Case {
    let name: String
    let schema: String
    let arguments: String
}

/// What tools really ask for, and what costs most.
let cases: [Case] = [
    Case(
        name: "two strings",
        schema: #"""
            {"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},
            "required":["path","content"],"additionalProperties":false}
            """#,
        arguments: #"""
            {"path":"/home/user/project/src/main.swift","content":"func main() {\n    let values = [1, 2, 3]\n    for value in values {\n        print(value * 2)\n    }\n}\n// The rest of the file follows here, as long as it has to be for a message of about three hundred bytes."}
            """#),
    Case(
        name: "five members",
        schema: #"""
            {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{
            "query":{"type":"string","minLength":1,"maxLength":500,"description":"what to look for"},
            "path":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":100,"default":20},
            "recursive":{"type":"boolean","default":true},
            "format":{"type":"string","enum":["text","json","markdown"]}},
            "required":["query","path"],"additionalProperties":false}
            """#,
        arguments: #"""
            {"query":"where does the gateway compare two Host headers, and what does it answer when they differ","path":"/home/user/projects/doorward/Sources/Wire/HTTP1/RequestHead.swift","limit":20,"recursive":true,"format":"markdown"}
            """#),
    Case(
        name: "five members, canonical order",
        schema: #"""
            {"type":"object","properties":{
            "query":{"type":"string","minLength":1,"maxLength":500},
            "path":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":100},
            "recursive":{"type":"boolean"},
            "format":{"type":"string","enum":["text","json","markdown"]}},
            "required":["query","path"],"additionalProperties":false}
            """#,
        arguments: #"""
            {"format":"markdown","limit":20,"path":"/home/user/projects/doorward/Sources/Wire/HTTP1/RequestHead.swift","query":"where does the gateway compare two Host headers, and what does it answer when they differ","recursive":true}
            """#),
    Case(
        name: "pattern",
        schema:
            #"{"type":"object","properties":{"name":{"type":"string","pattern":"^[a-z0-9]+(-[a-z0-9]+)*$"}},"required":["name"]}"#,
        arguments: #"{"name":"a-name-of-thirty-two-characters-0"}"#),
    Case(
        name: "pattern, no table",
        schema:
            #"{"type":"object","properties":{"name":{"type":"string","pattern":"^(?:[a-z]|[0-9a-f]{1,9}|-){1,300}$"}},"required":["name"]}"#,
        arguments: #"{"name":"a-name-of-thirty-two-characters-0"}"#),
    Case(
        name: "nested, anyOf, refs",
        schema: #"""
            {"type":"object","properties":{"filter":{"$ref":"#/$defs/filter"},"sort":{"type":"array","items":{
            "type":"object","properties":{"property":{"type":"string"},"direction":{"enum":["ascending","descending"]}},
            "required":["property"]}}},"required":["filter"],"additionalProperties":false,
            "$defs":{"filter":{"anyOf":[
            {"type":"object","properties":{"and":{"type":"array","items":{"$ref":"#/$defs/filter"}}},"required":["and"],"additionalProperties":false},
            {"type":"object","properties":{"property":{"type":"string"},"equals":{"type":["string","number","boolean"]}},"required":["property","equals"],"additionalProperties":false}]}}}
            """#,
        arguments: #"""
            {"filter":{"and":[{"property":"status","equals":"done"},{"property":"count","equals":3},{"and":[{"property":"owner","equals":"x"}]}]},"sort":[{"property":"created","direction":"ascending"},{"property":"title"}]}
            """#),
    Case(
        name: "unevaluatedProperties",
        schema: #"""
            {"type":"object","allOf":[{"properties":{"a":{"type":"string"},"b":{"type":"integer"}}},{"properties":{"c":{"type":"number"}}}],
            "properties":{"d":{"type":"boolean"}},"unevaluatedProperties":false}
            """#,
        arguments: #"{"a":"text","b":2,"c":2.5,"d":true}"#),
]
