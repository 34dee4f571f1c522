// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Input: a schema, a NUL, a value.
///
/// Whether a schema is enforced, and what fits it, is asked in four ways that have to agree: as a yes, as the violation
/// that is named, and both again over the canonical text of schema and value, where members stand in another order.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let schema = read(Array(parts[0])), let value = read(Array(parts[1])) else { return 0 }
    let sorted = again(schema)
    for options in [SchemaOptions(), SchemaOptions(assertFormats: true, assertOurFormats: true)] {
        let answer = ask(schema, value, options)
        precondition(answer == ask(sorted, value, options), "the order of a schema's members matters")
        precondition(answer == ask(schema, again(value), options), "the order of a value's members matters")
        precondition(answer == ask(schema, value, options), "asking twice matters")
    }
    return 0
}

/// Whether the value fits; nil if the schema is refused.
private func ask(_ schema: JSONTree, _ value: JSONTree, _ options: SchemaOptions) -> Bool? {
    do throws(SchemaFault) {
        let schema = try ArgumentSchema(schema, .root, options: options)
        let answer = schema.accepts(value, .root)
        let violation = schema.violation(value, .root)
        precondition(answer == (violation == nil))
        if let violation {
            precondition(violation.place.utf8.count <= SchemaLimits.shownBytes + 3)
            precondition(!violation.description.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
        }
        precondition(schema.accepts(value, nil) == (schema.violation(value, nil) == nil))
        return answer
    } catch {
        precondition(!error.description.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
        return nil
    }
}

private func again(_ tree: JSONTree) -> JSONTree {
    guard let copy = read(tree.canonical(.root).bytes) else { fatalError("canonical text is refused") }
    return copy
}

private func read(_ bytes: [UInt8]) -> JSONTree? {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    do throws(JSONError) {
        try reader.read(bytes.span, into: &tree)
        return tree
    } catch {
        return nil
    }
}
