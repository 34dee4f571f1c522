// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Wire

/// The `Date` of answers, composed once a second.
struct DateHeader {
    private var second: UInt64?
    private var value: FieldValue?

    mutating func value(now: Instant) -> FieldValue? {
        let current = now.nanoseconds / 1_000_000_000
        if second != current {
            second = current
            value = HTTPDate.text(seconds: UInt32(truncatingIfNeeded: WallClock.microseconds / 1_000_000))
        }
        return value
    }
}
