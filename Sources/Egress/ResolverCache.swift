// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Answers that may be used again for a short time, and which names were let through before.
///
/// Bounded: with too many names the oldest half is forgotten, which costs a look-up, or a word in a record.
struct ResolverCache {
    private struct Entry {
        var addresses: [NetworkAddress]
        var until: Instant
        var wasAccepted: Bool
        /// When it was last written.
        var turn: UInt64
    }

    private var entries: [HostName: Entry] = [:]
    private var turn: UInt64 = 0

    var count: Int { entries.count }

    /// An answer that still holds.
    func answer(_ name: HostName, now: Instant) -> [NetworkAddress]? {
        guard let entry = entries[name], now < entry.until else { return nil }
        return entry.addresses
    }

    func wasAccepted(_ name: HostName) -> Bool { entries[name]?.wasAccepted ?? false }

    /// - Parameter timeToLive: in seconds, as the answer said; 0 keeps no addresses.
    mutating func keep(_ name: HostName, _ addresses: [NetworkAddress], timeToLive: UInt32, now: Instant) {
        let life = min(UInt64(timeToLive) * 1000, Times.cache)
        write(name) {
            $0.addresses = life == 0 ? [] : addresses
            $0.until = now.adding(milliseconds: life)
        }
    }

    /// What this name leads to has been let through.
    mutating func accept(_ name: HostName) {
        if entries[name]?.wasAccepted == true { return }
        write(name) { $0.wasAccepted = true }
    }

    private mutating func write(_ name: HostName, _ change: (inout Entry) -> Void) {
        turn += 1
        if entries[name] == nil && entries.count >= Bounds.cachedNames { forgetHalf() }
        change(
            &entries[
                name,
                default: Entry(addresses: [], until: Instant(nanoseconds: 0), wasAccepted: false, turn: turn)])
        entries[name]?.turn = turn
    }

    private mutating func forgetHalf() {
        let turns = entries.values.map(\.turn).sorted()
        let middle = turns[turns.count / 2]
        entries = entries.filter { $0.value.turn >= middle }
    }
}
