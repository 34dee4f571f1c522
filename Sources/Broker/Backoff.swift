// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// After failures of a server: when the next start may be tried.
struct Backoff {
    /// Whose failures are counted together. Sessions come and go, so they are no part of it.
    struct Key: Hashable {
        let server: ServerName
        let principal: UInt32
        let choices: [UInt8]
    }

    private(set) var failures = 0
    private(set) var notBefore = Instant(nanoseconds: 0)
    /// When it is forgotten, if nothing else happens.
    var forgotten: Instant { notBefore.adding(milliseconds: 600_000) }

    /// A quarter of a second, doubled with each failure in a row, a minute at most.
    mutating func failed(now: Instant) {
        failures += 1
        notBefore = now.adding(milliseconds: min(250 << UInt64(min(failures - 1, 8)), 60_000))
    }
}

extension BrokerRoom {
    func noteFailure(of upstream: Upstream) {
        // What a call does to the process that serves it alone says nothing about the next one.
        if upstream.servesOneCall, upstream.state == .ready { return }
        backoff[upstream.key.backoff, default: Backoff()].failed(now: now)
    }

    /// It has been up for a while: earlier failures are forgiven. Those of servers that nobody asks for are forgotten.
    func tickBackoff() {
        guard !backoff.isEmpty else { return }
        for upstream in upstreams.values
        where upstream.state == .ready && upstream.startedAt.adding(milliseconds: 60_000) <= now {
            backoff[upstream.key.backoff] = nil
        }
        for (key, known) in backoff where known.forgotten <= now { backoff[key] = nil }
    }
}
