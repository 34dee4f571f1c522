// SPDX-License-Identifier: Apache-2.0

/// A record's time: `2026-11-21T15:29:31.123456Z`, always 27 bytes, UTC, years 1970 to 9999.
package enum Timestamp {
    package static let byteCount = 27

    /// The text of a moment, in microseconds since 1970.
    package static func text(_ microseconds: UInt64) -> [UInt8] {
        var clock = TimestampText()
        clock.set(microseconds)
        return Array(clock.bytes[TimestampText.start...])
    }

    /// The moment that a text names, or nil where the text has not exactly this form.
    package static func parse(_ text: borrowing Span<UInt8>) -> UInt64? {
        guard text.count == byteCount else { return nil }
        for (place, byte) in separators {
            guard text[place] == byte else { return nil }
        }
        guard let year = number(text, 0, 4), let month = number(text, 5, 2), let day = number(text, 8, 2),
            let hour = number(text, 11, 2), let minute = number(text, 14, 2), let second = number(text, 17, 2),
            let fraction = number(text, 20, 6)
        else { return nil }
        guard year >= 1970, (1...12).contains(month), hour < 24, minute < 60, second < 60 else { return nil }
        guard day >= 1, day <= daysOfMonth(month, of: year) else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        return seconds * 1_000_000 + fraction
    }

    private static let separators: [(Int, UInt8)] = [
        (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")), (13, UInt8(ascii: ":")),
        (16, UInt8(ascii: ":")), (19, UInt8(ascii: ".")), (26, UInt8(ascii: "Z")),
    ]

    private static func number(_ text: borrowing Span<UInt8>, _ start: Int, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in start..<(start + count) {
            guard text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + UInt64(text[index] - UInt8(ascii: "0"))
        }
        return value
    }

    private static func daysOfMonth(_ month: UInt64, of year: UInt64) -> UInt64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        default: 31
        }
    }

    /// Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that leap days come last.
    private static func days(_ year: UInt64, _ month: UInt64, _ day: UInt64) -> UInt64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let daysToYear = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return daysToYear + dayOfYear - 719_468
    }
}

/// A record's time with what stands before it, kept from one record to the next: nearly every record falls into the
/// second of the one before it.
struct TimestampText {
    /// `,"time":"` and the 27 bytes of the time.
    private(set) var bytes = Array(",\"time\":\"1970-01-01T00:00:00.000000Z".utf8)
    private var second: UInt64 = .max

    /// Where the time begins.
    static let start = 9

    /// Changes the time to a moment in microseconds since 1970; moments after the year 9999 are written as its end.
    mutating func set(_ microseconds: UInt64) {
        let bounded = min(microseconds, 253_402_300_799_999_999)
        let second = bounded / 1_000_000
        if second != self.second {
            self.second = second
            write(second)
        }
        put(bounded % 1_000_000, 20, 6)
    }

    private mutating func write(_ second: UInt64) {
        let timeOfDay = second % 86_400
        put(timeOfDay / 3600, 11, 2)
        put(timeOfDay / 60 % 60, 14, 2)
        put(timeOfDay % 60, 17, 2)
        // Days from 0000-03-01, taken apart into eras of 400 years, which all have 146,097 days.
        let days = second / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        put(era * 400 + yearOfEra + (month <= 2 ? 1 : 0), 0, 4)
        put(month, 5, 2)
        put(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 8, 2)
    }

    private mutating func put(_ value: UInt64, _ start: Int, _ count: Int) {
        var rest = value
        for index in stride(from: Self.start + start + count - 1, through: Self.start + start, by: -1) {
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
