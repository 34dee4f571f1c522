// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

// usage: SchemaBench   one line per case: nanoseconds of CPU to compile the schema, bytes of arguments, nanoseconds to
//                      read them, to judge them
//        SchemaBench NAME COUNT   judges one case so often and says nothing, for tools that count instructions

func read(_ text: String) throws(JSONError) -> JSONTree {
    var tree = JSONTree()
    var reader = JSONReader(limits: .message)
    try reader.read(text.utf8.span, into: &tree)
    return tree
}

let chosen = CommandLine.arguments.count == 3 ? Int(CommandLine.arguments[2]) : nil
if let chosen, let each = cases.first(where: { $0.name == CommandLine.arguments[1] }) {
    let schema = try ArgumentSchema(try read(each.schema), .root)
    let arguments = try read(each.arguments)
    for _ in 0..<chosen { guard schema.accepts(arguments, .root) else { fatalError("refused") } }
}
for each in cases where chosen == nil {
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
