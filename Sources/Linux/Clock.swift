// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A moment on the monotonic clock, in nanoseconds since boot. Deadlines are made of these, never of wall-clock time.
package struct Instant: Comparable, Hashable, Sendable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static var now: Instant { Instant(nanoseconds: read(CLOCK_MONOTONIC)) }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    package func adding(milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: nanoseconds &+ milliseconds &* 1_000_000)
    }

    /// Whole milliseconds from `earlier` to here, rounded up so that a wait of that length is never too short; 0 if past.
    package func milliseconds(after earlier: Instant) -> UInt64 {
        nanoseconds <= earlier.nanoseconds ? 0 : (nanoseconds - earlier.nanoseconds + 999_999) / 1_000_000
    }
}

/// Wall-clock time for people and records.
package enum WallClock {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package static var microseconds: UInt64 { read(CLOCK_REALTIME) / 1000 }
}

private func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Both clocks exist on every kernel we support and the buffer is ours: the call cannot fail.
    _ = unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
