// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

// usage: SchemaBench   one line per case: nanoseconds of CPU to compile the schema, bytes of arguments, nanoseconds to
//                      read them, to judge them
//        SchemaBench worst   one line per case: milliseconds to compile, to judge, and the answer
//        SchemaBench memory  one line per case: bytes that a compiled schema keeps
//        SchemaBench NAME COUNT   judges one case so often and says nothing, for tools that count instructions

func read(_ text: String) throws(JSONError) -> JSONTree {
    var tree = JSONTree()
    var reader = JSONReader(limits: .message)
    try reader.read(text.utf8.span, into: &tree)
    return tree
}

let mode = CommandLine.arguments.count == 2 ? CommandLine.arguments[1] : ""
if mode == "memory" {
    // Kept to the end, so that no case uses what another one gave back.
    var kept: [ArgumentSchema] = []
    for each in cases {
        let source = try read(each.schema)
        kept.append(try ArgumentSchema(source, .root))
        let before = residentBytes()
        for _ in 0..<5_000 { kept.append(try ArgumentSchema(source, .root)) }
        print("\(each.name): \((residentBytes() - before) / 5_000)")
    }
}
if mode == "worst" {
    for each in worst {
        let source = try read(each.schema)
        let arguments = try read(each.arguments)
        let schema = try ArgumentSchema(source, .root)
        let compile = nanoseconds(rounds: 3) { (try? ArgumentSchema(source, .root)) != nil }
        let judge = nanoseconds(rounds: 3) { schema.accepts(arguments, .root) || true }
        let answer = schema.violation(arguments, .root).map { "\($0)" } ?? "accepted"
        print(
            "\(each.name): compile \(Double(compile / 10_000) / 100), judge \(Double(judge / 10_000) / 100), \(answer)")
    }
}
let chosen = CommandLine.arguments.count == 3 ? Int(CommandLine.arguments[2]) : nil
if let chosen, let each = cases.first(where: { $0.name == CommandLine.arguments[1] }) {
    let schema = try ArgumentSchema(try read(each.schema), .root)
    let arguments = try read(each.arguments)
    for _ in 0..<chosen { guard schema.accepts(arguments, .root) else { fatalError("refused") } }
}
for each in cases where CommandLine.arguments.count == 1 {
    let source = try read(each.schema)
    let compile = nanoseconds { (try? ArgumentSchema(source, .root)) != nil }
    let schema = try ArgumentSchema(source, .root)
    let arguments = try read(each.arguments)
    if let violation = schema.violation(arguments, .root) { fatalError("\(each.name): \(violation)") }
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    let parse = nanoseconds { (try? reader.read(each.arguments.utf8.span, into: &tree)) != nil }
    let judge = nanoseconds { schema.accepts(arguments, .root) }
    print("\(each.name): compile \(compile), \(each.arguments.utf8.count) bytes, read \(parse), judge \(judge)")
}
