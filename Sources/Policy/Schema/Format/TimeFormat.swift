// SPDX-License-Identifier: Apache-2.0

/// Dates, times and durations of RFC 3339.
enum TimeFormat {
    private struct Cursor {
        let bytes: [UInt8]
        var at = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { at == bytes.count }

        mutating func take(_ wanted: UInt8) -> Bool {
            guard at < bytes.count, bytes[at] == wanted else { return false }
            at += 1
            return true
        }

        /// Exactly so many digits as a number; nil if they are not there.
        mutating func number(_ digits: Int) -> Int? {
            guard at + digits <= bytes.count, bytes[at..<(at + digits)].allSatisfy(\.isDigit) else { return nil }
            defer { at += digits }
            return bytes[at..<(at + digits)].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        /// Steps over digits; false if there are none.
        mutating func digits() -> Bool {
            let start = at
            while at < bytes.count, bytes[at].isDigit { at += 1 }
            return at > start
        }
    }

    static func isDate(_ bytes: [UInt8]) -> Bool {
        var cursor = Cursor(bytes)
        return date(&cursor) && cursor.isAtEnd
    }

    static func isTime(_ bytes: [UInt8]) -> Bool {
        var cursor = Cursor(bytes)
        return time(&cursor) && cursor.isAtEnd
    }

    static func isDateTime(_ bytes: [UInt8]) -> Bool {
        var cursor = Cursor(bytes)
        guard date(&cursor), cursor.take(0x54) || cursor.take(0x74) else { return false }
        return time(&cursor) && cursor.isAtEnd
    }

    private static func date(_ cursor: inout Cursor) -> Bool {
        guard let year = cursor.number(4), cursor.take(0x2D), let month = cursor.number(2), cursor.take(0x2D),
            let day = cursor.number(2), (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        return (1...days).contains(day)
    }

    private static func time(_ cursor: inout Cursor) -> Bool {
        guard let hour = cursor.number(2), cursor.take(0x3A), let minute = cursor.number(2), cursor.take(0x3A),
            let second = cursor.number(2), hour <= 23, minute <= 59, second <= 60
        else { return false }
        if cursor.take(0x2E), !cursor.digits() { return false }
        var offset = 0
        if !cursor.take(0x5A) && !cursor.take(0x7A) {
            let isEast = cursor.take(0x2B)
            guard isEast || cursor.take(0x2D), let hours = cursor.number(2), cursor.take(0x3A),
                let minutes = cursor.number(2), hours <= 23, minutes <= 59
            else { return false }
            offset = (hours * 60 + minutes) * (isEast ? 1 : -1)
        }
        // A leap second is the last one of a day of UTC.
        return second < 60 || (hour * 60 + minute - offset + 2 * 1440) % 1440 == 1439
    }

    /// Appendix A: each unit may be followed by the next smaller one only.
    static func isDuration(_ bytes: [UInt8]) -> Bool {
        var cursor = Cursor(bytes)
        guard cursor.take(0x50), !cursor.isAtEnd else { return false }
        // Years, months, days; or weeks alone.
        if !(cursor.bytes[cursor.at] == 0x54) {
            guard let last = units(&cursor, [0x59, 0x4D, 0x44, 0x57]) else { return false }
            if last == 0x57 { return cursor.isAtEnd }
        }
        guard !cursor.isAtEnd else { return true }
        guard cursor.take(0x54), units(&cursor, [0x48, 0x4D, 0x53]) != nil else { return false }
        return cursor.isAtEnd
    }

    /// Reads numbers with units that follow each other in `order` without gaps, and gives the last one.
    private static func units(_ cursor: inout Cursor, _ order: [UInt8]) -> UInt8? {
        var last: Int?
        while !cursor.isAtEnd, cursor.bytes[cursor.at] != 0x54 {
            guard cursor.digits(), !cursor.isAtEnd, let place = order.firstIndex(of: cursor.bytes[cursor.at]) else {
                return nil
            }
            // Weeks stand alone.
            if let last, place != last + 1 || order[place] == 0x57 { return nil }
            last = place
            cursor.at += 1
        }
        return last.map { order[$0] }
    }
}
