// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// A comment is white space: what is accepted with comments means what its canonical text means, and what is accepted
/// without is accepted with, as the same value.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let strict = read(input, .strict)
    switch read(input, .commented) {
    case .success(let tree):
        let text = tree.canonical(.root)
        guard case .success(let again) = read(text.bytes, .strict) else { fatalError("canonical text is refused") }
        precondition(again.same(.root, in: tree, .root))
        if case .success(let plain) = strict { precondition(plain.same(.root, in: tree, .root)) }
    case .failure(let error):
        precondition(error.offset >= 0 && error.offset <= count)
        guard case .failure = strict else { fatalError("refused with comments, accepted without") }
    }
    return 0
}

private func read(_ bytes: [UInt8], _ dialect: JSONDialect) -> Result<JSONTree, JSONError> {
    var reader = JSONReader(limits: .config, dialect: dialect)
    var tree = JSONTree()
    return Result { () throws(JSONError) in try reader.read(bytes.span, into: &tree) }.map { tree }
}
