// SPDX-License-Identifier: Apache-2.0

/// Consecutive IPv4 addresses of one class.
struct SpecialRange4: Equatable {
    let first: UInt32
    let last: UInt32
    let kind: AddressClass

    init(first: UInt32, last: UInt32, is kind: AddressClass) {
        self.first = first
        self.last = last
        self.kind = kind
    }
}

/// Consecutive IPv6 addresses of one class, each as its first and last 64 bits.
struct SpecialRange6 {
    let first: (UInt64, UInt64)
    let last: (UInt64, UInt64)
    let kind: AddressClass

    init(first: (UInt64, UInt64), last: (UInt64, UInt64), is kind: AddressClass) {
        self.first = first
        self.last = last
        self.kind = kind
    }
}

extension SpecialRanges {
    /// By the table alone, whatever is wrapped into the address and whoever owns it.
    static func classify4(_ number: UInt32) -> AddressClass {
        var low = 0
        var high = four.count
        while low < high {
            let middle = (low + high) / 2
            if four[middle].last < number { low = middle + 1 } else { high = middle }
        }
        guard low < four.count, four[low].first <= number else { return .publicAddress }
        return four[low].kind
    }

    /// As ``classify4(_:)``; what lies outside 2000::/3 is never public, in the table or not.
    static func classify6(_ head: UInt64, _ tail: UInt64) -> AddressClass {
        var low = 0
        var high = six.count
        while low < high {
            let middle = (low + high) / 2
            if six[middle].last < (head, tail) { low = middle + 1 } else { high = middle }
        }
        guard low < six.count, six[low].first <= (head, tail) else {
            return head >> 61 == 1 ? .publicAddress : .unassigned
        }
        return six[low].kind
    }
}

extension AddressJudge {
    /// The class of a block in which no address is public, if one range of the tables holds all of it.
    static func whole(_ block: AddressBlock) -> AddressClass? {
        switch (block.address, block.last) {
        case (.v4(let first), .v4(let last)):
            SpecialRanges.four.first { $0.first <= first && last <= $0.last }?.kind
        case (.v6(let head, let tail), .v6(let lastHead, let lastTail)):
            // Which addresses of NAT64's prefix are public is up to the IPv4 addresses in them.
            EmbeddedAddress.inside(head, tail)?.carrier == .nat64
                ? nil
                : SpecialRanges.six.first { $0.first <= (head, tail) && (lastHead, lastTail) <= $0.last }?.kind
        case (.v4, .v6), (.v6, .v4): nil
        }
    }
}
