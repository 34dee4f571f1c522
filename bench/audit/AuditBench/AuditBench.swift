// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Glibc
internal import Linux
internal import StrictJSON

/// Measures the journal: what a record costs the loop, and how many intents a second reach the disk.
///
///     AuditBench DIRECTORY [SECONDS]
enum AuditBench {
    static func run(_ arguments: [String]) throws {
        guard arguments.count > 1 else {
            print("usage: AuditBench DIRECTORY [SECONDS]")
            return
        }
        let path = arguments[1]
        let seconds = arguments.count > 2 ? UInt64(arguments[2]) ?? 2 : 2
        hash()
        for group in [1, 32, 256] {
            try measure("composed and written", path, group, seconds, .written, waiting: false)
        }
        for group in [1, 32, 256] {
            try measure("promised, written, redeemed", path, group, seconds, .written, waiting: true)
        }
        for group in [1, 32, 256] {
            try measure("promised, synced, redeemed", path, group, seconds, .synced, waiting: true)
        }
        try verifyLast(path)
    }

    private static func hash() {
        let bytes = [UInt8](repeating: 0x61, count: 300)
        var hash = SHA256()
        var sum: UInt8 = 0
        let start = threadNanoseconds()
        for _ in 0..<200_000 {
            hash.update(bytes.span)
            sum ^= hash.finish()[0]
        }
        let each = Double(threadNanoseconds() - start) / 200_000
        print("SHA-256 of 300 bytes: \(Int(each)) ns (\(sum))")
    }

    private static func measure(
        _ what: String, _ path: String, _ group: Int, _ seconds: UInt64, _ durability: Durability, waiting: Bool
    ) throws {
        _ = unsafe system("rm -rf '\(path)/log' && mkdir -p '\(path)/log'")
        guard let installation = InstallationID([UInt8](repeating: 0x61, count: 32)) else { return }
        let journal = try Journal(in: try Directory(path: path + "/log"), key: .generate(), installation: installation)
        var poller = try Poller()
        try poller.add(journal.completion, .readable, token: 0)
        var events: [Readiness] = []
        let places = (0..<group).map { _ in Place() }
        var records = 0
        var groups = 0
        // Within one segment and less than the disk swallows at once: what is measured is the journal.
        let maxRecords = waiting ? 60_000 : 150_000
        var longest: UInt64 = 0
        let begin = Instant.now
        let end = begin.adding(milliseconds: seconds * 1000)
        let cpu = threadNanoseconds()
        while Instant.now < end, records < maxRecords {
            let start = Instant.now
            for place in places {
                if waiting {
                    place.promise = try journal.promise(.callIntent, durability) { write(&$0, records) }
                } else {
                    guard journal.append(.callIntent, { write(&$0, records) }) != nil else { continue }
                }
                records += 1
            }
            journal.flush()
            groups += 1
            // As a loop would, which looks at all its descriptors once in a while.
            if groups.isMultiple(of: 64) {
                try poller.wait(&events, milliseconds: 0)
                if !events.isEmpty { journal.collect() }
            }
            guard waiting else { continue }
            var open = group
            while open > 0 {
                for place in places where place.promise != nil {
                    if let grant = try journal.redeem(&place.promise) {
                        open -= 1
                        place.last = grant.sequence
                    }
                }
                if open > 0 {
                    try poller.wait(&events, milliseconds: 1000)
                    journal.collect()
                }
            }
            longest = max(longest, Instant.now.nanoseconds - start.nanoseconds)
            for _ in places { journal.outcome(.callOutcome, .emptyObject) }
        }
        let wall = Double(Instant.now.nanoseconds - begin.nanoseconds)
        let spent = Double(threadNanoseconds() - cpu)
        try journal.close()
        let composed = waiting ? records * 2 : records
        print(
            "\(what), group \(group): \(Int(Double(records) * 1e9 / wall))/s,",
            "\(Int(spent / Double(composed))) ns of the loop's CPU for each record,",
            "slowest group \(Double(longest / 1000) / 1000) ms")
    }

    /// A record of about 300 bytes, as an intent has them.
    private static func write(_ json: inout JSONWriter, _ number: Int) {
        json.key("caller")
        json.string("c-7f3a")
        json.key("digest")
        json.string("0123456789abcdef0123456789abcdef")
        json.key("number")
        json.integer(Int64(number))
        json.key("rule")
        json.string("allow-reads")
        json.key("server")
        json.string("files")
        json.key("tool")
        json.string("read_file")
    }

    private static func verifyLast(_ path: String) throws {
        let begin = Instant.now
        let report = verify(DirectorySource(try Directory(path: path + "/log")))
        let wall = Double(Instant.now.nanoseconds - begin.nanoseconds) / 1e9
        print(
            "verified \(report.records) records, \(report.bytes / 1_000_000) MB in \(wall) s:",
            "\(Int(Double(report.records) / wall))/s, \(report.verdict.rawValue)")
    }

    private static func threadNanoseconds() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// A place for one promise: an array cannot hold what cannot be copied.
private final class Place {
    var promise: Promise?
    var last: UInt64 = 0
}
