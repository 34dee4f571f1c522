// SPDX-License-Identifier: Apache-2.0
import Audit
import Linux
import Scratch
import StrictJSON
import Testing

@Suite("No journal, no grant")
struct JournalTests {
    @Test("a promise of the written kind is redeemed after the write, not before, and once")
    func written() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        var promise: Promise? = try journal.promise(.callIntent, .written, number(1))
        #expect(try !journal.redeems(&promise))
        let isThere = promise != nil
        #expect(isThere)
        journal.flush()
        #expect(try fixture.lines().count == 2)
        #expect(try journal.redeems(&promise))
        let isGone = promise == nil
        #expect(isGone)
        #expect(throws: JournalError.spent) { try journal.redeems(&promise) }
        journal.outcome(.callOutcome, number(1))
        try journal.close()
        #expect(try fixture.verify().records == 3)
        #expect(try fixture.verify().verdict == .sound)
    }

    @Test("a promise of the synced kind waits for the disk")
    func synced() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        let before = fixture.faults.count(.synchronise)
        var promise: Promise? = try journal.promise(.callIntent, .synced, number(1))
        journal.flush()
        #expect(try !journal.redeems(&promise))
        try journal.waitAndCollect()
        #expect(fixture.faults.count(.synchronise) == before + 1)
        #expect(try journal.redeems(&promise))
    }

    @Test("with durability `each` every promise waits for the disk")
    func each() throws {
        let fixture = try LogFixture()
        fixture.options.durability = .each
        let journal = try fixture.open()
        var promise: Promise? = try journal.promise(.callIntent, .written, number(1))
        journal.flush()
        #expect(try !journal.redeems(&promise))
        try journal.waitAndCollect()
        #expect(try journal.redeems(&promise))
    }

    @Test("promises that wait together share one sync, and all are redeemed")
    func groupCommit() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        let before = fixture.faults.count(.synchronise)
        let writes = fixture.faults.count(.write)
        let waiting = (0..<200).map { _ in Waiting() }
        for (index, entry) in waiting.enumerated() {
            entry.promise = try journal.promise(.callIntent, .synced, number(index))
        }
        journal.flush()
        var granted = 0
        while granted < waiting.count {
            try journal.waitAndCollect()
            for entry in waiting where entry.promise != nil {
                if try journal.redeems(&entry.promise) { granted += 1 }
            }
        }
        #expect(fixture.faults.count(.synchronise) == before + 1)
        #expect(fixture.faults.count(.write) == writes + 1)
    }

    @Test("records that nobody waits for are synced within the window, without being asked")
    func window() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        let before = fixture.faults.count(.synchronise)
        journal.append(.refused, number(1))
        journal.flush()
        let deadline = Instant.now.adding(milliseconds: 10_000)
        while fixture.faults.count(.synchronise) == before, Instant.now < deadline {
            // Nobody is told about this sync: look again as the loop would.
            var poller = try Poller()
            var events: [Readiness] = []
            try poller.wait(&events, milliseconds: 5)
        }
        #expect(fixture.faults.count(.synchronise) == before + 1)
        try journal.close()
    }

    @Test("a batch is one write, and nothing is written before the flush")
    func batches() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        let before = fixture.faults.count(.write)
        for index in 0..<50 { journal.append(.refused, number(index)) }
        #expect(try fixture.lines().count == 1)
        journal.flush()
        journal.flush()
        #expect(try fixture.lines().count == 51)
        #expect(fixture.faults.count(.write) == before + 1)
    }

    @Test("sequence numbers go on when the log is opened again, and there is one writer at a time")
    func reopening() throws {
        let fixture = try LogFixture()
        for round in 0..<3 {
            let journal = try fixture.open()
            #expect(throws: JournalError.locked) { _ = try fixture.openNow() }
            let sequence = journal.append(.refused, number(round))
            #expect(sequence == UInt64(2 + round))
            try journal.close()
            #expect(throws: JournalError.closed) { _ = try journal.promise(.callIntent, .written, number(1)) }
            #expect(journal.append(.refused, number(1)) == nil)
            #expect(throws: JournalError.closed) { try journal.close() }
        }
        let report = try fixture.verify()
        #expect(report.verdict == .sound)
        #expect(report.records == 4)
        #expect(report.checkpoint?.head == report.head)
        #expect(fixture.secondOpinion() == "sound")
    }

    @Test("what is closed is checkpointed to its last record, and reserves no space")
    func closing() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        for index in 0..<100 { journal.append(.refused, number(index)) }
        journal.flush()
        let name = Layout.segmentName(1)
        #expect(try fixture.scratch.directory().open(name).facts().allocated >= 4_194_304)
        try journal.close()
        #expect(try fixture.scratch.directory().open(name).facts().allocated < 65_536)
        #expect(try fixture.verify().checkpoint?.head.sequence == 101)
    }

    @Test("segments follow one another at their size, chained, each with its opening record")
    func rotation() throws {
        let fixture = try LogFixture()
        fixture.options.segmentBytes = 10_000
        let journal = try fixture.open()
        for index in 0..<300 {
            try journal.grant(
                try journal.promise(.callIntent, index.isMultiple(of: 2) ? .synced : .written, number(index)))
            journal.outcome(.callOutcome, number(index))
        }
        try journal.close()
        let report = try fixture.verify()
        #expect(report.verdict == .sound)
        #expect(report.segments > 8)
        #expect(report.records == UInt64(600 + report.segments))
        #expect(report.checkpoint?.head == report.head)
        #expect(fixture.secondOpinion() == "sound")
        for name in try fixture.scratch.directory().names(limit: 100) where Layout.segmentNumber(name) != nil {
            #expect(try fixture.scratch.directory().open(name).facts().allocated < 65_536)
        }
    }

    @Test("a segment that is a day old is followed by another")
    func age() throws {
        let fixture = try LogFixture()
        let clock = ManualClock("2026-11-21T15:29:31.000000Z")
        fixture.options.clock = clock.clock
        let journal = try fixture.open()
        clock.set("2026-11-22T15:29:30.999999Z")
        journal.append(.refused, number(1))
        journal.flush()
        try journal.close()
        #expect(try fixture.verify().segments == 1)
        // The age is read from the log, not from the start of the program.
        let again = try fixture.open()
        clock.set("2026-11-22T15:29:31.000000Z")
        again.append(.refused, number(2))
        again.flush()
        try again.waitAndCollect()
        try again.close()
        #expect(try fixture.verify().segments == 2)
    }

    @Test("an outcome over its room is recorded by its length and digest")
    func outcomeLimit() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        for (length, isKept) in [(Journal.maxOutcomeDataBytes, true), (Journal.maxOutcomeDataBytes + 1, false)] {
            try journal.grant(try journal.promise(.callIntent, .written, number(1)))
            journal.outcome(.callOutcome) { json in
                json.key("a")
                json.string(String(repeating: "x", count: length - 8))
            }
            journal.flush()
            let last = try #require(try fixture.lines().last)
            #expect(last.contains("oversize") == !isKept)
            #expect(last.utf8.count <= Int(Journal.outcomeBytes))
        }
        try journal.close()
    }
}

/// A place for one promise: an array cannot hold what cannot be copied.
final class Waiting {
    var promise: Promise?
}
