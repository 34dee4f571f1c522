// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Gathers the values of `const` and `enum` in a document of their own, so that the schema's need not be kept.
struct ConstantPool {
    private var writer = JSONWriter()
    private var count = 0

    /// Wide enough for whatever stood in a schema that was read.
    private static let limits = JSONLimits(
        bytes: 64 << 20, depth: 130, members: 1 << 20, values: 1 << 22, keyBytes: 16 << 20, stringBytes: 16 << 20,
        numberBytes: 16 << 20)

    init() {
        writer.beginArray()
        // The value of absent arguments.
        writer.beginObject()
        writer.endObject()
    }

    /// The number under which ``finish()`` gives the value.
    mutating func add(_ tree: JSONTree, _ value: JSONNode) -> UInt32 {
        writer.value(tree, value)
        count += 1
        return UInt32(count - 1)
    }

    mutating func finish() throws(SchemaFault) -> (tree: JSONTree, nodes: [JSONNode]) {
        writer.endArray()
        var reader = JSONReader(limits: Self.limits)
        var tree = JSONTree()
        do throws(JSONError) {
            try reader.read(writer.take().span, into: &tree)
        } catch {
            throw .constants
        }
        return (tree, Array(tree.elements(.root).dropFirst()))
    }
}
