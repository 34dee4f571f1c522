// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Glibc
internal import Linux
internal import StrictJSON

/// Writes a log behind the broker's filter of system calls, as the broker would: a program of its own, because a test's
/// process has threads that are not made for that filter.
///
///     JournalProbe DIRECTORY
enum JournalProbe {
    static func run(_ arguments: [String]) throws {
        guard arguments.count == 2, let installation = InstallationID([UInt8](repeating: 0x61, count: 32)) else {
            exit(2)
        }
        let faults = Faults()
        var options = JournalOptions()
        options.faults = faults
        options.segmentBytes = 20_000
        let directory = try Directory(path: arguments[1])
        let journal = try Journal(in: directory, key: .generate(), installation: installation, options)
        var poller = try Poller()
        try poller.add(journal.completion, .readable, token: 0)
        try ThisProcess.gainNothing()
        try SeccompProgram.broker.loadForAllThreads()
        try requireRefusal()

        for index in 0..<300 {
            try grant(journal, &poller, index.isMultiple(of: 2) ? .synced : .written)
            journal.outcome(.callOutcome, .emptyObject)
        }
        // A file system that cannot reserve: the free space is asked for, until well behind what was reserved before.
        faults.failAll(.reserve, SyscallError("fallocate", code: EOPNOTSUPP))
        for _ in 0..<30_000 {
            journal.append(.refused, .emptyObject)
            journal.flush()
            journal.collect()
        }
        try grant(journal, &poller, .synced)
        guard !journal.status.isSpaceGuaranteed else { exit(3) }
        let cpu = processMilliseconds()
        try waitAWhile(journal, &poller)
        // A thread that spins instead of waiting shows here.
        guard processMilliseconds() - cpu < 100 else { exit(4) }
        try journal.close()
    }

    /// The meter: what the journal has to do without is refused.
    private static func requireRefusal() throws {
        var entry = pollfd(fd: 0, events: 0, revents: 0)
        guard unsafe poll(&entry, 1, 0) == -1, errno == ENOSYS else { exit(5) }
    }

    private static func grant(_ journal: Journal, _ poller: inout Poller, _ durability: Durability) throws {
        var place: Promise? = try journal.promise(.callIntent, .emptyObject, durability)
        var events: [Readiness] = []
        journal.flush()
        while true {
            if let grant = try journal.redeem(&place), grant.sequence > 0 { return }
            try poller.wait(&events, milliseconds: 10_000)
            guard !events.isEmpty else { exit(6) }
            journal.collect()
        }
    }

    /// Longer than the journal's thread waits for anything while it has something to do.
    private static func waitAWhile(_ journal: Journal, _ poller: inout Poller) throws {
        let end = Instant.now.adding(milliseconds: 300)
        var events: [Readiness] = []
        while Instant.now < end {
            try poller.wait(&events, milliseconds: 300)
            journal.collect()
        }
    }

    private static func processMilliseconds() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
