// SPDX-License-Identifier: Apache-2.0
import Audit
import Glibc
import Linux
import Scratch
import StrictJSON
import Testing

@Suite("A disk that is really full is met before anything is promised")
struct FullDiskTests {
    @Test(
        "a small file system fills up: nothing granted is lost, outcomes fit, and freeing space is enough",
        .enabled(if: Shell.isRoot, "mounting needs root"))
    func fileSystem() throws {
        let scratch = Scratch()
        let path = scratch.path
        try #require(Shell.run("mount -t tmpfs -o size=12m tmpfs '\(path)'") == 0)
        defer { Shell.run("umount '\(path)'") }
        try fill(path) { Shell.run("rm '\(path)/ballast'") }
        try check("\(path)/log")
    }

    @Test("a lowered limit of the file size does the same")
    func limit() async throws {
        let scratch = Scratch()
        // In a process of its own, whose limit it is.
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            // Beyond the limit the kernel sends a signal, whose default is death.
            signal(SIGXFSZ, SIG_IGN)
            func allow(_ bytes: rlim_t) {
                var limit = rlimit(rlim_cur: bytes, rlim_max: rlim_t.max)
                _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            }
            allow(6_000_000)
            try fill(path) { allow(rlim_t.max) }
        }
        try check("\(scratch.path)/log")
    }

    private func check(_ path: String) throws {
        let report = try LogFixture(in: path).verify()
        #expect(report.opinion == "sound")
        #expect(report.records > 1000)
        #expect(report.checkpoint?.head == report.head)
        #expect(secondOpinions(of: [path]) == ["sound"])
    }
}

/// Writes until there is no room, ends what was granted, makes room, and goes on.
private func fill(_ path: String, makeRoom: () -> Void) throws {
    Shell.run("mkdir '\(path)/log' && dd if=/dev/zero of='\(path)/ballast' bs=1M count=4 status=none")
    let fixture = try LogFixture(in: path + "/log")
    let journal = try fixture.open()
    func text(_ length: Int) -> (inout JSONWriter) -> Void {
        { json in
            json.key("a")
            json.string(String(repeating: "x", count: length))
        }
    }
    var granted = 0
    var refusal: JournalError?
    while refusal == nil {
        do throws(JournalError) {
            var place: Promise? = try journal.promise(.callIntent, .written, text(1500))
            journal.flush()
            if try journal.redeems(&place) { granted += 1 }
        } catch {
            refusal = error
        }
    }
    try #require(refusal?.reason == "audit-full")
    try #require(granted > 500)
    for _ in 0..<granted {
        try #require(journal.outcome(.callOutcome, text(Journal.maxOutcomeDataBytes - 8)) != nil)
        journal.flush()
    }
    try #require(journal.status.failure == nil)
    makeRoom()
    let deadline = Instant.now.adding(milliseconds: 10_000)
    while true {
        do {
            try journal.grant(try journal.promise(.callIntent, .synced, text(1500)))
            break
        } catch {
            try #require((error as? JournalError)?.reason == "audit-full")
            try #require(Instant.now < deadline, "space came back, and the journal did not notice")
        }
    }
    journal.outcome(.callOutcome, text(10))
    try journal.close()
    let report = try fixture.verify()
    try #require(report.opinion == "sound")
    try #require(report.records >= UInt64(2 * granted + 3))
}
