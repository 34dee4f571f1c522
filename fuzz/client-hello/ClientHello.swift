// SPDX-License-Identifier: Apache-2.0
internal import Wire

/// Input: two bytes that say where the hello is cut, then what a client says first; with the lowest bit of the second
/// byte, a message that is yet to be put into records of eleven bytes.
///
/// Whole and cut must end alike, a verdict stays, and a name has a length that names have.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClientHello(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 2 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(2))
    let cut = (Int(input[0]) << 8 | Int(input[1])) % (bytes.count + 1)

    let whole = verdict(bytes, [])
    precondition(whole == verdict(bytes, [cut]), "a cut changed the verdict")
    if bytes.count < 600 { precondition(whole == verdict(bytes, Array(0...bytes.count)), "single bytes did") }
    switch whole {
    case .name(let name), .encrypted(.some(let name)): precondition((1...254).contains(name.count))
    case .needMore: precondition(bytes.count < ClientHelloReader.maxBytes)
    case .none, .encrypted(nil), .notTLS, .malformed: break
    }
    if input[1] & 1 == 1 {
        let one = verdict(records(bytes, of: 16_000), [])
        let many = verdict(records(bytes, of: 11), [])
        // A message that ends within a record has something behind it in one and not in the other.
        precondition(one == many || one == .malformed || many == .malformed, "records changed the verdict")
    }
    return 0
}

private func records(_ message: [UInt8], of size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: message.count, by: size) {
        let part = message[start..<min(start + size, message.count)]
        bytes += [22, 3, 1, UInt8(part.count >> 8), UInt8(part.count & 255)] + part
    }
    return bytes
}

private func verdict(_ bytes: [UInt8], _ cuts: [Int]) -> ServerNameVerdict {
    var reader = ClientHelloReader()
    var verdict = ServerNameVerdict.needMore
    for end in cuts + [bytes.count] {
        let next = reader.read(bytes.span.extracting(0..<end))
        precondition(verdict == .needMore || next == verdict, "a verdict changed")
        verdict = next
    }
    return verdict
}
