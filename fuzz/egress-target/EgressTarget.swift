// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Input: an authority, or the bytes of an address.
///
/// Whatever is read has one spelling, which reads to the same; nothing that any of the usual readers would take for an
/// IPv4 address is a name; an address is public only if its bytes are in no block that is not; policies without a
/// local port let nothing else through.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    authority(input)
    if let address = NetworkAddress(bytes: input) { check(address) }
    if let address = NetworkAddress(text: input) {
        precondition(NetworkAddress(text: Array(address.text.utf8)) == address, "an address has another text")
        check(address)
    }
    if let block = AddressBlock(input) {
        precondition(AddressBlock(Array(block.text.utf8)) == block && block.contains(block.address))
    }
    do throws(ConfigurationError) {
        let policy = try EgressPolicy.read(canonical: input)
        guard let again = reread(policy.canonical) else { preconditionFailure("what was written is not read") }
        precondition(again == policy)
    } catch { precondition(error.offset >= 0 && error.offset <= count) }
    return 0
}

private func reread(_ bytes: [UInt8]) -> EgressPolicy? {
    do throws(ConfigurationError) { return try EgressPolicy.read(canonical: bytes) } catch { return nil }
}

private func read(_ bytes: [UInt8], _ port: UInt16?) -> EgressTarget? {
    do throws(TargetFault) {
        return try EgressTarget.read(authority: bytes.span, 0..<bytes.count, defaultPort: port)
    } catch { return nil }
}

private func authority(_ input: [UInt8]) {
    let strict = read(input, nil)
    let lenient = read(input, 443)
    if let strict { precondition(lenient == strict, "a default changes a port that is there") }
    guard let target = lenient else { return }
    precondition(target.port > 0)
    precondition(read(target.text, nil) == target, "a target has another text")
    precondition(!input.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == 0x25 || $0 == 0x40 || $0 == 0x2F })
    switch target.host {
    case .address(let address): check(address)
    case .name(let name):
        precondition((1...HostName.maxBytes).contains(name.bytes.count))
        let labels = name.bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
        precondition(labels.allSatisfy { (1...HostName.maxLabelBytes).contains($0.count) })
        // What inet_aton and readers of URLs take for a number.
        let last = labels.last ?? []
        let digits = last.starts(with: "0x".utf8) ? last.dropFirst(2) : last
        let isHexadecimal = digits.count < last.count
        precondition(!digits.allSatisfy { $0.isDigit || (isHexadecimal && $0.isHexadecimal) }, "an address for a name")
        if let special = name.special {
            precondition(
                EgressPolicy.public.judge(target, method: nil) != .allow(rule: "built-in public", sni: .record))
            precondition(special.reason != nil)
        }
    }
}

/// The blocks of which nothing may be reached, written down once more, by their first bits.
private let closed4: [(UInt32, UInt32)] = [
    (0, 8), (10 << 24, 8), (0x6440_0000, 10), (127 << 24, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12), (0xC000_0000, 24),
    (0xC000_0200, 24), (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 3),
]

private func isClosed(_ number: UInt32) -> Bool { closed4.contains { (number ^ $0.0) >> (32 - $0.1) == 0 } }

private func check(_ address: NetworkAddress) {
    let judge = AddressJudge(own: [.v4(0x0808_0808)], nat64: false)
    let found = judge.classify(address)
    switch address {
    case .v4(let number):
        if isClosed(number) || number == 0x0808_0808 { precondition(found != .publicAddress) }
    case .v6(let high, let low):
        if high >> 61 != 1 { precondition(found != .publicAddress, "public outside 2000::/3") }
        if isClosed(UInt32(truncatingIfNeeded: low)), [0xFFFF, 0xFFFF_0000].contains(low >> 32), high == 0 {
            precondition(found == .embeddedIPv4)
        }
    }
    precondition((found.reason == nil) == (found == .publicAddress))
    let target = EgressTarget(host: .address(address), port: 443)
    let isLetThrough = EgressPolicy.public.judge(target, method: nil) == .allow(rule: "built-in public", sni: .record)
    if isLetThrough { precondition(AddressJudge.widest.classify(address) == .publicAddress) }
    precondition(EgressPolicy.none.judge(target, method: nil) == .deny(rule: nil, reason: .hostNotAllowed))
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool { isDigit || (self >= 0x61 && self <= 0x66) }
}
