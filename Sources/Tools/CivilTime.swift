// SPDX-License-Identifier: Apache-2.0

/// A day of the proleptic Gregorian calendar and a time on it, as clocks in one place show it.
struct CivilTime: Equatable, Sendable {
    let year: Int
    let month: Int
    let day: Int
    /// Since midnight.
    let second: Int
    /// 0 is Sunday.
    let weekday: Int
    /// Of this place's clocks, in seconds east of UTC.
    let offset: Int

    /// - Parameters:
    ///   - seconds: since 1970-01-01T00:00:00Z.
    ///   - offset: seconds east of UTC.
    init(seconds: Int64, offset: Int = 0) {
        let local = Int(seconds) + offset
        let days = floorDivide(local, 86_400)
        second = local - days * 86_400
        weekday = floorModulo(days + 4, 7)
        self.offset = offset
        // Years that begin in March, in eras of 400: the leap day is the last of its year.
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days from 1970-01-01 to a date.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    var weekdayName: StaticString { weekdays[weekday] }

    /// ISO 8601, such as `2026-11-21T17:08:19+01:00`. Seconds of an offset, which only old times have, are left out.
    var text: [UInt8] {
        var text = digits(year, 4) + [0x2D] + digits(month, 2) + [0x2D] + digits(day, 2) + [0x54]
        text += digits(second / 3600, 2) + [0x3A] + digits(second / 60 % 60, 2) + [0x3A] + digits(second % 60, 2)
        if offset == 0 { return text + [0x5A] }
        let minutes = abs(offset) / 60
        return text + [offset < 0 ? 0x2D : 0x2B] + digits(minutes / 60, 2) + [0x3A] + digits(minutes % 60, 2)
    }
}

private let weekdays: [StaticString] = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
]

private func digits(_ number: Int, _ count: Int) -> [UInt8] {
    let text = Array(String(abs(number)).utf8)
    let sign: [UInt8] = number < 0 ? [0x2D] : []
    return sign + [UInt8](repeating: 0x30, count: max(0, count - text.count)) + text
}

func floorDivide(_ number: Int, _ by: Int) -> Int {
    let quotient = number / by
    return number % by < 0 ? quotient - 1 : quotient
}

func floorModulo(_ number: Int, _ by: Int) -> Int { number - floorDivide(number, by) * by }
