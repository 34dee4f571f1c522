// SPDX-License-Identifier: Apache-2.0

/// What clocks in one place show at some time.
struct LocalOffset: Equatable, Sendable {
    /// Seconds east of UTC.
    let seconds: Int
    let isDaylightSaving: Bool
    /// Such as `CET`, or `+03` where nobody has a better name.
    let abbreviation: [UInt8]
}

/// A rule for all years: the TZ string of POSIX, with the hours beyond a day that RFC 8536 section 3.3.1 adds.
struct ZoneRule: Equatable, Sendable {
    private let standard: LocalOffset
    private let daylight: Daylight?

    private struct Daylight: Equatable {
        let local: LocalOffset
        let begin: Moment
        let end: Moment
    }

    /// A time in every year.
    private struct Moment: Equatable {
        enum Day: Equatable {
            /// 1 to 365; 29 February never counts.
            case julian(Int)
            /// 0 to 365.
            case ordinal(Int)
            /// Month, week (5 is the last one), weekday.
            case weekday(month: Int, week: Int, day: Int)
        }

        let day: Day
        /// After midnight; may be negative, or more than a day.
        let seconds: Int

        /// Seconds since 1970, by the clock that is shown before the change.
        func local(in year: Int) -> Int {
            let days: Int
            switch day {
            case .julian(let number):
                let leap = CivilTime.isLeap(year) && number > 59 ? 1 : 0
                days = CivilTime.days(year: year, month: 1, day: 1) + number - 1 + leap
            case .ordinal(let number):
                days = CivilTime.days(year: year, month: 1, day: 1) + number
            case .weekday(let month, let week, let weekday):
                let first = CivilTime.days(year: year, month: month, day: 1)
                let next =
                    month == 12
                    ? CivilTime.days(year: year + 1, month: 1, day: 1)
                    : CivilTime.days(year: year, month: month + 1, day: 1)
                // 1970-01-01 was a Thursday.
                var found = first + floorModulo(weekday - (first + 4), 7) + 7 * (week - 1)
                if found >= next { found -= 7 }
                days = found
            }
            return days * 86_400 + seconds
        }
    }

    /// Nil if `text` is no such rule.
    init?(_ text: [UInt8]) {
        var reader = RuleReader(text)
        guard let name = reader.name(), let west = reader.time(mostHours: 24) else { return nil }
        standard = LocalOffset(seconds: -west, isDaylightSaving: false, abbreviation: name)
        if reader.isAtEnd {
            daylight = nil
            return
        }
        guard let name = reader.name() else { return nil }
        var offset = -west + 3600
        if reader.peek != UInt8(ascii: ",") {
            guard let west = reader.time(mostHours: 24) else { return nil }
            offset = -west
        }
        guard let begin = Self.moment(&reader), let end = Self.moment(&reader), reader.isAtEnd else { return nil }
        let local = LocalOffset(seconds: offset, isDaylightSaving: true, abbreviation: name)
        daylight = Daylight(local: local, begin: begin, end: end)
    }

    func local(at seconds: Int64) -> LocalOffset {
        guard let daylight else { return standard }
        let year = CivilTime(seconds: seconds, offset: standard.seconds).year
        let time = Int(seconds)
        let begin = daylight.begin.local(in: year) - standard.seconds
        let end = daylight.end.local(in: year) - daylight.local.seconds
        // In the south it is summer at both ends of a year.
        let isSummer = begin < end ? time >= begin && time < end : time >= begin || time < end
        return isSummer ? daylight.local : standard
    }

    private static func moment(_ reader: inout RuleReader) -> Moment? {
        guard reader.take(",") else { return nil }
        let day: Moment.Day
        if reader.take("M") {
            guard let month = reader.number(1...12), reader.take("."), let week = reader.number(1...5),
                reader.take("."), let weekday = reader.number(0...6)
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if reader.take("J") {
            guard let number = reader.number(1...365) else { return nil }
            day = .julian(number)
        } else {
            guard let number = reader.number(0...365) else { return nil }
            day = .ordinal(number)
        }
        guard reader.take("/") else { return Moment(day: day, seconds: 7200) }
        guard let seconds = reader.time(mostHours: 167) else { return nil }
        return Moment(day: day, seconds: seconds)
    }
}

private struct RuleReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }
    var peek: UInt8? { rest.first }

    mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: letter) else { return false }
        rest.removeFirst()
        return true
    }

    /// Three or more letters, or letters, digits and signs between angle brackets.
    mutating func name() -> [UInt8]? {
        let isQuoted = take("<")
        let name = rest.prefix { byte in
            switch byte {
            case 0x41...0x5A, 0x61...0x7A: true
            case 0x30...0x39, 0x2B, 0x2D: isQuoted
            default: false
            }
        }
        rest = rest.dropFirst(name.count)
        guard name.count >= 3, !isQuoted || take(">") else { return nil }
        return Array(name)
    }

    /// Hours, and perhaps minutes and seconds, with a sign; in seconds.
    mutating func time(mostHours: Int) -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(0...mostHours) else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number(0...59) else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let more = number(0...59) else { return nil }
                seconds += more
            }
        }
        return isNegative ? -seconds : seconds
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return range.contains(number) ? number : nil
    }
}
