// SPDX-License-Identifier: Apache-2.0

/// Dates in the form of RFC 9110 section 5.6.7, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter seconds: since 1970-01-01T00:00:00Z, not counting leap seconds.
    package static func text(seconds: UInt32) -> FieldValue? {
        let day = Int(seconds) / 86_400
        let time = Int(seconds) % 86_400
        let date = civil(day)
        var text: [UInt8] = []
        text.append(text: days[day % 7])
        text.append(text: ", ")
        appendTwo(date.day, to: &text)
        text.append(ASCII.space)
        text.append(text: months[date.month - 1])
        text.append(ASCII.space)
        text.append(decimal: date.year)
        text.append(ASCII.space)
        appendTwo(time / 3600, to: &text)
        text.append(ASCII.colon)
        appendTwo(time / 60 % 60, to: &text)
        text.append(ASCII.colon)
        appendTwo(time % 60, to: &text)
        text.append(text: " GMT")
        return FieldValue(text)
    }

    private static func appendTwo(_ value: Int, to text: inout [UInt8]) {
        if value < 10 { text.append(ASCII.zero) }
        text.append(decimal: value)
    }

    /// The Gregorian date of a day counted from 1970-01-01.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        var year = 1970
        var left = day
        while left >= length(of: year) {
            left -= length(of: year)
            year += 1
        }
        let february = length(of: year) - 337
        var month = 1
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if left < length { break }
            left -= length
            month += 1
        }
        return (year, month, left + 1)
    }

    private static func length(of year: Int) -> Int {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }
}
