// SPDX-License-Identifier: Apache-2.0
package import Linux

/// The clocks that the journal reads.
package struct JournalClock: Sendable {
    /// Microseconds since 1970.
    package let wall: @Sendable () -> UInt64
    package let monotonic: @Sendable () -> Instant

    package init(
        wall: @escaping @Sendable () -> UInt64 = { WallClock.microseconds },
        monotonic: @escaping @Sendable () -> Instant = { Instant.now }
    ) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
