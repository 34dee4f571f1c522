// SPDX-License-Identifier: Apache-2.0

/// IPv4 addresses that a transition mechanism puts into an IPv6 one.
struct EmbeddedAddress: Equatable {
    enum Carrier: CaseIterable {
        /// ::/96, RFC 4291 section 2.5.5.1, deprecated.
        case compatible
        /// ::ffff:0:0/96, RFC 4291 section 2.5.5.2.
        case mapped
        /// ::ffff:0:0:0/96, RFC 2765 section 2.1.
        case translated
        /// 64:ff9b::/96, RFC 6052 section 2.1.
        case nat64
        /// 64:ff9b:1::/48, RFC 8215.
        case localNAT64
        /// 2002::/16, RFC 3056.
        case sixToFour
        /// 2001::/32, RFC 4380 section 4.
        case teredo
        /// Interface identifiers 0:5efe and 200:5efe under any prefix, RFC 5214 section 6.1.
        case isatap
    }

    let carrier: Carrier
    /// What may be meant; refused if either is. The same twice where the mechanism has one.
    let first: UInt32
    let second: UInt32

    private init(carrier: Carrier, inner first: UInt32, or second: UInt32? = nil) {
        self.carrier = carrier
        self.first = first
        self.second = second ?? first
    }

    static func inside(_ high: UInt64, _ low: UInt64) -> EmbeddedAddress? {
        let tail = UInt32(truncatingIfNeeded: low)
        switch high {
        case 0 where low >> 32 == 0: return EmbeddedAddress(carrier: .compatible, inner: tail)
        case 0 where low >> 32 == 0xFFFF: return EmbeddedAddress(carrier: .mapped, inner: tail)
        case 0 where low >> 32 == 0xFFFF_0000: return EmbeddedAddress(carrier: .translated, inner: tail)
        case 0x0064_FF9B_0000_0000 where low >> 32 == 0: return EmbeddedAddress(carrier: .nat64, inner: tail)
        default: break
        }
        if high >> 16 == 0x0064_FF9B_0001 {
            // Either the block itself is the prefix, so that the address stands around bits 64 to 71, or a longer
            // prefix in it of which nobody but the network knows the length (RFC 6052 section 2.2).
            let split = UInt32(truncatingIfNeeded: high & 0xFFFF) << 16 | UInt32(truncatingIfNeeded: low >> 40) & 0xFFFF
            return EmbeddedAddress(carrier: .localNAT64, inner: tail != 0 ? tail : split, or: split != 0 ? split : tail)
        }
        if high >> 48 == 0x2002 {
            return EmbeddedAddress(carrier: .sixToFour, inner: UInt32(truncatingIfNeeded: high >> 16))
        }
        if high >> 32 == 0x2001_0000 {
            // The server as it is, the client with every bit inverted.
            return EmbeddedAddress(carrier: .teredo, inner: UInt32(truncatingIfNeeded: high), or: ~tail)
        }
        if low >> 32 & ~0x0200_0000 == 0x0000_5EFE { return EmbeddedAddress(carrier: .isatap, inner: tail) }
        return nil
    }
}
