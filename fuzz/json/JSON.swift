// SPDX-License-Identifier: Apache-2.0
internal import JSONReference
internal import StrictJSON

/// The reader accepts what the reference accepts, and makes the same canonical text of it; and that text is accepted,
/// is the same value, and is its own canonical text.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let expected = referenceCanonical(input)
    switch read(input) {
    case .success(let tree):
        let text = tree.canonical(.root)
        precondition(text.bytes == expected, "another text than the reference, or none")
        guard case .success(let again) = read(text.bytes) else { fatalError("canonical text is refused") }
        precondition(again.canonical(.root) == text && again.same(.root, in: tree, .root))
    case .failure(let error):
        precondition(expected == nil, "refused by the reader alone")
        precondition(error.offset >= 0 && error.offset <= count)
    }
    return 0
}

private func read(_ bytes: [UInt8]) -> Result<JSONTree, JSONError> {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    return Result { () throws(JSONError) in try reader.read(bytes.span, into: &tree) }.map { tree }
}
