// SPDX-License-Identifier: Apache-2.0

/// A hash with a secret drawn at random: a polynomial over the field of 2^61−1 elements, evaluated at the secret.
///
/// Two different keys of at most n bytes fall together for at most n/4 + 1 of the 2^61 secrets, whoever chose them,
/// which no fixed function can promise. Spreading the result over a table doubles the chance of a neighbour, no more.
struct KeyHash: Sendable {
    private static let prime: UInt64 = (1 << 61) - 1

    private let point: UInt64
    private let spread: UInt64

    /// A secret from the system.
    init() {
        var random = SystemRandomNumberGenerator()
        self.init(point: random.next(), spread: random.next())
    }

    /// A known secret: for tests that show what knowing it would allow.
    init(point: UInt64, spread: UInt64) {
        self.point = point % Self.prime
        self.spread = spread | 1
    }

    /// A place in a table of 2^`bits` for the `count` bytes at `start`.
    @inline(__always)
    func place(of text: borrowing Span<UInt8>, at start: Int, count: Int, bits: Int) -> Int {
        // Coefficients of 32 bits, so that each is one element of the field; the length tells apart what padding hides.
        var sum = UInt64(count)
        var at = start
        var left = count
        while left > 0 {
            var bytes = word(text, at)
            if left < 8 { bytes &= 1 &<< UInt64(8 &* left) &- 1 }
            sum = Self.multiply(sum, point) &+ bytes & 0xFFFF_FFFF
            sum = Self.multiply(sum, point) &+ bytes &>> 32
            at &+= 8
            left &-= 8
        }
        if sum >= Self.prime { sum &-= Self.prime }
        return Int((sum &* spread) &>> UInt64(64 &- bits))
    }

    /// The product modulo 2^61−1, below 2^61 + 8. Both factors are below 2^62.
    @inline(__always)
    private static func multiply(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        let low = product.low & prime
        let high = product.high &<< 3 | product.low &>> 61
        let sum = low &+ high
        return (sum & prime) &+ sum &>> 61
    }
}
