// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Input: an address, and behind the first line feed a reference that its server names.
///
/// What is read has one spelling: it is read again as the same, holds nothing but visible ASCII, and its host and port
/// are those that the egress room reads from the authority in it. What a reference leads to is such an address too, and
/// leaves the origin only by naming another.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
    guard let first = parts.first, let address = read(first) else { return 0 }
    check(address)
    guard parts.count > 1 else { return 0 }
    do throws(AddressFault) {
        let next = try address.resolving(parts[1])
        check(next)
        precondition(
            next.hasSameOrigin(as: address) || parts[1].contains(UInt8(ascii: ":")) || parts[1].starts(with: "//".utf8),
            "a reference without an authority leads to another origin")
    } catch {}
    return 0
}

private func read(_ bytes: [UInt8]) -> WebAddress? {
    do throws(AddressFault) { return try WebAddress(bytes) } catch { return nil }
}

private func check(_ address: WebAddress) {
    let text = address.text
    precondition(text.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a byte that stands in no request")
    precondition(read(text) == address, "its own spelling means something else")
    precondition(address.path.first == UInt8(ascii: "/"), "no path")
    let authority = Array(address.origin.dropFirst(address.scheme == .https ? 8 : 7))
    do throws(TargetFault) {
        let target = try EgressTarget.read(
            authority: authority.span, 0..<authority.count, defaultPort: address.scheme.defaultPort)
        precondition(target == address.target, "the egress room reads another target")
    } catch { preconditionFailure("the egress room reads no target") }
}
