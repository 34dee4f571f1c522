// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Decides which refusals are recorded singly, and which are only counted: the log must not be a way to fill the disk.
///
/// The first 20 a minute of each peer and reason are recorded as they come; the rest is told by one closing record when
/// their minute is over. Peers beyond the table's size share one row for each reason, and all peers together have a
/// ceiling, since whoever can start processes can look like many peers.
package struct RefusalLog: Sendable {
    /// Recorded singly in one minute of one peer and reason.
    package static let singlesPerMinute = 20
    /// Recorded singly in one minute of all peers and reasons: 34 a second, which is less than 1 GB a day.
    package static let allSinglesPerMinute = 2_048
    /// Peers and reasons that are told apart at a time.
    package static let maxRows = 256
    /// From the first refusal of a row to its closing, in milliseconds.
    package static let windowMilliseconds: UInt64 = 60_000

    /// What stands in the place of a peer that has no row of its own.
    package static let otherPeers = Array("other peers".utf8)

    /// One row's end: how many refusals were not recorded singly.
    package struct Closing: Equatable, Sendable {
        package let peer: [UInt8]
        package let reason: [UInt8]
        package let count: UInt64
    }

    private struct Key: Hashable {
        let peer: [UInt8]
        let reason: [UInt8]
    }

    private struct Row {
        var singles = 0
        var counted: UInt64 = 0
        let closes: Instant
    }

    private var rows: [Key: Row] = [:]
    private var singles = 0
    private var singlesEnd = Instant(nanoseconds: 0)

    package init() {}

    /// When ``close(_:)`` has something to do next; nil while there is nothing. Until it is called, a row stays as it is.
    package private(set) var deadline: Instant?

    /// Whether a refusal is to be recorded singly; if not it has been counted.
    ///
    /// - Parameters:
    ///   - peer: names the peer as records do; at most a few dozen bytes.
    ///   - reason: the stable word of the refusal.
    package mutating func admits(peer: [UInt8], reason: [UInt8], now: Instant) -> Bool {
        var key = Key(peer: peer, reason: reason)
        // Rows for the others come beyond the limit: there are no more of them than reasons, which are our own words.
        if rows[key] == nil, rows.count >= Self.maxRows { key = Key(peer: Self.otherPeers, reason: reason) }
        let isAffordable = hasBudget(now)
        let closes = now.adding(milliseconds: Self.windowMilliseconds)
        deadline = deadline ?? closes
        let isAdmitted = admit(&rows[key, default: Row(closes: closes)], isAffordable)
        if isAdmitted { singles += 1 }
        return isAdmitted
    }

    /// Ends the rows whose minute is over, and tells which of them have something to record.
    package mutating func close(_ now: Instant) -> [Closing] {
        var closings: [Closing] = []
        for (key, row) in rows where row.closes <= now {
            rows[key] = nil
            if row.counted > 0 { closings.append(Closing(peer: key.peer, reason: key.reason, count: row.counted)) }
        }
        deadline = rows.values.map(\.closes).min()
        return closings.sorted { left, right in
            if left.reason != right.reason { return left.reason.lexicographicallyPrecedes(right.reason) }
            return left.peer.lexicographicallyPrecedes(right.peer)
        }
    }

    /// Ends all rows, for the end of the program.
    package mutating func closeAll() -> [Closing] { close(Instant(nanoseconds: .max)) }

    private func admit(_ row: inout Row, _ isAffordable: Bool) -> Bool {
        guard isAffordable, row.singles < Self.singlesPerMinute else {
            row.counted += 1
            return false
        }
        row.singles += 1
        return true
    }

    private mutating func hasBudget(_ now: Instant) -> Bool {
        if now >= singlesEnd {
            singlesEnd = now.adding(milliseconds: Self.windowMilliseconds)
            singles = 0
        }
        return singles < Self.allSinglesPerMinute
    }
}
