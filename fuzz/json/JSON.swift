// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What is accepted means one thing: its canonical text is accepted, is the same value, and is its own canonical text.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONError) {
        try check(input)
    } catch {
        precondition(error.offset >= 0 && error.offset <= count)
    }
    return 0
}

private func check(_ input: [UInt8]) throws(JSONError) {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    try reader.read(input.span, into: &tree)
    let text = tree.canonical(.root)
    precondition(!text.bytes.contains { $0 < 0x20 || $0 == 0x7F })
    let again = accepted(text.bytes)
    precondition(again.canonical(.root) == text && again.same(.root, in: tree, .root))
}

/// Reads what must not be refused.
private func accepted(_ bytes: [UInt8]) -> JSONTree {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    let outcome = Result { () throws(JSONError) in try reader.read(bytes.span, into: &tree) }
    guard case .success = outcome else { fatalError("\(outcome)") }
    return tree
}
