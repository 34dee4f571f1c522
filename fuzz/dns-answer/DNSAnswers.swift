// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// Input: a byte whose bits choose the type and whether header and question are the right ones; two bytes that say where
/// the answer is cut; then the rest of the message, or all of it.
///
/// Every address stands in the message, none twice, and a part of an answer never says something else than the whole.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDNSAnswer(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 4 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    guard let name = HostName(Array("a.test".utf8)) else { return 0 }
    let type: DNSType = input[0] & 1 == 0 ? .a : .aaaa
    var bytes = Array(input.dropFirst(3))
    if input[0] & 2 == 0 {
        // The records alone are the input: how many there are is its first byte.
        let header: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, bytes[0], 0, 0, 0, 0]
        bytes = header + [1, 97, 4, 116, 101, 115, 116, 0, 0, UInt8(type.rawValue), 0, 1] + bytes.dropFirst()
    }
    let whole = parse(bytes, name, type)
    if case .addresses(let addresses, let lifetime) = whole {
        precondition(addresses.count <= 64 && Set(addresses).count == addresses.count)
        precondition(!addresses.isEmpty || lifetime == 0)
        precondition(lifetime < 1 << 31)
        for address in addresses { precondition(holds(bytes, address.bytes), "an address from nowhere") }
    }
    let cut = (Int(input[1]) << 8 | Int(input[2])) % (bytes.count + 1)
    let part = parse(Array(bytes.prefix(cut)), name, type)
    precondition(part == nil || part == whole, "a part said something else")
    return 0
}

private func parse(_ bytes: [UInt8], _ name: HostName, _ type: DNSType) -> DNSAnswer? {
    do throws(WireError) {
        return try DNSAnswer.parse(bytes.span, id: 0x1234, name: name, type: type)
    } catch {
        precondition(error.rule == .dnsForeign || error.rule == .dnsMalformed)
        return nil
    }
}

private func holds(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
    if bytes.count < wanted.count { return false }
    for start in 0...(bytes.count - wanted.count) where bytes[start] == wanted[0] {
        if Array(bytes[start..<(start + wanted.count)]) == wanted { return true }
    }
    return false
}
