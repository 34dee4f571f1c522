// SPDX-License-Identifier: Apache-2.0
import Audit
import Linux
import Scratch
import StrictJSON
import Testing

@Suite("Whatever call fails, what was granted is in the log, and the log is sound")
struct FaultTests {
    /// What came of a run in which a call was made to fail.
    private struct Run {
        /// The numbers of the records for which there was a grant.
        var granted: [UInt64] = []
        /// What ended it, if anything did.
        var failure: JournalError?
        /// Promises that were refused for want of space.
        var refused = 0
    }

    private static let calls = 24

    /// A number of calls, each with its intent and outcome, in segments so small that several are needed.
    private func run(_ fixture: LogFixture) throws -> Run {
        fixture.options.segmentBytes = 2_000
        var run = Run()
        let journal: Journal
        do { journal = try fixture.open() } catch {
            run.failure = error as? JournalError
            return run
        }
        for index in 0..<Self.calls {
            do throws(JournalError) {
                var place: Promise? = try journal.promise(
                    .callIntent, index.isMultiple(of: 3) ? .synced : .written, number(index))
                let sequence = place?.sequence ?? 0
                journal.flush()
                while try !journal.redeems(&place) { wait(journal) }
                run.granted.append(sequence)
                journal.outcome(.callOutcome, number(index))
                journal.append(.refused, number(index))
                journal.flush()
            } catch {
                switch error {
                case .full: run.refused += 1
                case .failed:
                    run.failure = error
                    // Nothing is promised any more.
                    #expect(throws: error) { _ = try journal.promise(.callIntent, .written, number(0)) }
                    #expect(journal.append(.refused, number(0)) == nil)
                case .closed, .spent, .locked, .broken, .unusable: Issue.record("\(error)")
                }
            }
            if run.failure != nil { break }
        }
        do { try journal.close() } catch { run.failure = run.failure ?? error }
        return run
    }

    private func wait(_ journal: Journal) {
        do { try journal.waitAndCollect() } catch { Issue.record("\(error)") }
    }

    /// Opens the log again without faults, writes one more record, and asks both checkers.
    private func checkWhatIsLeft(_ fixture: LogFixture, _ run: Run, _ what: String) throws {
        fixture.faults.lift()
        let again = try fixture.open()
        again.append(.refused, number(1000))
        try again.close()
        let report = try fixture.verify()
        #expect(report.opinion == "sound", "\(what)")
        #expect(report.checkpoint?.head == report.head, "\(what)")
        let lines = try fixture.lines()
        for sequence in run.granted {
            #expect(lines.contains { $0.hasPrefix("{\"seq\":\(sequence),") && $0.contains("call.intent") }, "\(what)")
        }
    }

    @Test("the meter: without faults everything is granted, and every call is counted")
    func meter() throws {
        let fixture = try LogFixture()
        let run = try run(fixture)
        #expect(run.granted.count == Self.calls)
        #expect(run.failure == nil)
        for call in Faults.Call.allCases { #expect(fixture.faults.count(call) > 0, "\(call)") }
        try checkWhatIsLeft(fixture, run, "no fault")
    }

    @Test("each call of each kind fails once, for an I/O error and for want of space", arguments: Faults.Call.allCases)
    func once(_ call: Faults.Call) throws {
        let meter = try LogFixture()
        _ = try run(meter)
        let count = meter.faults.count(call)
        var paths: [LogFixture] = []
        for number in 1...count where count <= 30 || number <= 20 || number.isMultiple(of: 7) {
            for error in [SyscallError.inputOutput("fault"), .outOfSpace("fault")] {
                let fixture = try LogFixture()
                fixture.faults.fail(call, number...number, error)
                let run = try run(fixture)
                try checkWhatIsLeft(fixture, run, "\(call) \(number) \(error)")
                switch call {
                // A failing sync, write or rename ends the journal, wherever it happens.
                case .write, .synchronise, .rename, .synchroniseDirectory: #expect(run.failure != nil)
                // A segment that cannot be made yet and space that comes back end nothing but an opening.
                case .create, .reserve, .truncate, .checkpoint:
                    #expect(run.failure == nil || run.granted.isEmpty, "\(call) \(number) \(error)")
                }
                paths.append(fixture)
            }
        }
        let opinions = secondOpinions(of: paths.map(\.scratch.path))
        #expect(opinions == paths.map { _ in "sound" })
    }

    @Test("a write that stops half-way is taken back", arguments: [1, 7, 150, 290])
    func partial(_ bytes: Int) throws {
        for number in 2...12 {
            let fixture = try LogFixture()
            // The rest of the write fails too: the disk is full.
            fixture.faults.fail(.write, number...(number + 1), .outOfSpace("fault"), partial: bytes)
            let run = try run(fixture)
            #expect(run.failure?.reason == "audit-failed")
            #expect(try fixture.verify().unfinishedBytes == 0 || number == 2)
            try checkWhatIsLeft(fixture, run, "write \(number) after \(bytes) bytes")
        }
    }

    @Test("where even that fails, opening the log moves the half line aside and records it")
    func partialAndStuck() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        try journal.grant(try journal.promise(.callIntent, .synced, number(1)))
        let writes = fixture.faults.count(.write)
        fixture.faults.fail(.write, (writes + 1)...(writes + 2), .inputOutput("fault"), partial: 100)
        fixture.faults.failAll(.truncate, .inputOutput("fault"))
        var place: Promise? = try journal.promise(.callIntent, .written, number(2))
        journal.flush()
        #expect(throws: JournalError.failed(.inputOutput("fault"))) { _ = try journal.redeems(&place) }
        #expect(throws: JournalError.failed(.inputOutput("fault"))) { try journal.close() }
        #expect(try fixture.verify().unfinishedBytes == 100)

        fixture.faults.lift()
        let again = try fixture.open()
        try again.close()
        let report = try fixture.verify()
        #expect(report.opinion == "sound")
        #expect(report.unfinishedBytes == 0)
        #expect(fixture.scratch.contents("torn-3")?.count == 100)
        let last = try #require(try fixture.lines().last)
        #expect(last.contains(#""kind":"journal.recovered","data":{"bytes":100,"file":"torn-3"}"#))
    }

    @Test("a short write that goes on is no failure")
    func short() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        let writes = fixture.faults.count(.write)
        fixture.faults.fail(.write, (writes + 1)...(writes + 1), .inputOutput("fault"), partial: 10)
        try journal.grant(try journal.promise(.callIntent, .written, number(1)))
        try journal.close()
        #expect(try fixture.verify().opinion == "sound")
    }

    @Test("promises that waited for a sync that failed are told so, and no sync is tried again")
    func failedSync() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        fixture.faults.failAll(.synchronise, .inputOutput("fault"))
        let before = fixture.faults.count(.synchronise)
        var first: Promise? = try journal.promise(.callIntent, .synced, number(1))
        journal.flush()
        try journal.waitAndCollect()
        #expect(throws: JournalError.failed(.inputOutput("fault"))) { _ = try journal.redeems(&first) }
        #expect(throws: JournalError.failed(.inputOutput("fault"))) {
            _ = try journal.promise(.callIntent, .written, number(2))
        }
        #expect(throws: JournalError.failed(.inputOutput("fault"))) { try journal.close() }
        #expect(fixture.faults.count(.synchronise) == before + 1)
    }
}

@Suite("A full disk stops what is new, and keeps what was promised")
struct SpaceTests {
    private let full = SyscallError.outOfSpace("fallocate")

    @Test("promises are refused, outcomes of what was granted are kept, and it passes by itself")
    func shortage() throws {
        let fixture = try LogFixture()
        let clock = ManualClock("2026-11-21T15:29:31.000000Z")
        fixture.options.clock = clock.clock
        let journal = try fixture.open()
        for index in 0..<100 { try journal.grant(try journal.promise(.callIntent, .written, number(index))) }
        fixture.faults.failAll(.reserve, full)
        // What is reserved already is used up first.
        var promised = 100
        while true {
            do { try journal.grant(try journal.promise(.callIntent, .written, number(promised))) } catch {
                #expect(error as? JournalError == .full(full))
                break
            }
            promised += 1
        }
        #expect(journal.status.isFull)
        #expect(journal.append(.refused, number(1)) == nil)
        #expect(journal.append(.refused, number(2)) == nil)
        // There is space again, but it is not time to look yet.
        fixture.faults.lift()
        #expect(throws: JournalError.full(full)) { _ = try journal.promise(.callIntent, .written, number(1)) }
        fixture.faults.failAll(.reserve, full)
        // Every outcome as long as it may be, and not one call to reserve space.
        let reserves = fixture.faults.count(.reserve)
        for _ in 0..<promised {
            let sequence = journal.outcome(.callOutcome) { json in
                json.key("a")
                json.string(String(repeating: "x", count: Journal.maxOutcomeDataBytes - 8))
            }
            #expect(sequence != nil)
            journal.flush()
        }
        #expect(fixture.faults.count(.reserve) == reserves)
        let facts = try fixture.scratch.directory().open(Layout.segmentName(1)).facts()
        #expect(facts.size <= 4_194_304 + Journal.outcomeBytes)

        fixture.faults.lift()
        clock.advance(milliseconds: 100)
        try journal.grant(try journal.promise(.callIntent, .written, number(1)))
        #expect(!journal.status.isFull)
        let resumed = try fixture.lines().suffix(2).first
        #expect(resumed?.contains(#""kind":"journal.resumed","data":{"lost":2,"refused":2}"#) == true)
        try journal.close()
        #expect(try fixture.verify().opinion == "sound")
        #expect(fixture.secondOpinion() == "sound")
    }

    @Test("a log that cannot have its first space does not open")
    func opening() throws {
        let fixture = try LogFixture()
        fixture.faults.failAll(.reserve, full)
        #expect(throws: JournalError.full(full)) { _ = try fixture.open() }
        fixture.faults.lift()
        try fixture.open().close()
        #expect(try fixture.verify().opinion == "sound")
    }

    @Test("a file system that cannot reserve is said to be one, and the log goes on")
    func unsupported() throws {
        let fixture = try LogFixture()
        fixture.faults.failAll(.reserve, SyscallError("fallocate", code: 95))
        let journal = try fixture.open()
        try journal.grant(try journal.promise(.callIntent, .synced, number(1)))
        #expect(!journal.status.isSpaceGuaranteed)
        try journal.close()
        #expect(try fixture.verify().opinion == "sound")
    }

    @Test("a segment that cannot follow lets the old one grow on, and follows when it can")
    func rotation() throws {
        let fixture = try LogFixture()
        let clock = ManualClock("2026-11-21T15:29:31.000000Z")
        fixture.options.clock = clock.clock
        fixture.options.segmentBytes = 1_000
        let journal = try fixture.open()
        fixture.faults.failAll(.create, full)
        for index in 0..<20 { try journal.grant(try journal.promise(.callIntent, .written, number(index))) }
        #expect(journal.status.segment == 1)
        fixture.faults.lift()
        clock.advance(milliseconds: 1000)
        for index in 0..<3 { try journal.grant(try journal.promise(.callIntent, .written, number(index))) }
        #expect(journal.status.segment == 2)
        try journal.close()
        #expect(try fixture.verify().opinion == "sound")
    }

    @Test("a checkpoint that cannot be written is said so, and is written later")
    func checkpoint() throws {
        let fixture = try LogFixture()
        let clock = ManualClock("2026-11-21T15:29:31.000000Z")
        fixture.options.clock = clock.clock
        let journal = try fixture.open()
        fixture.faults.failAll(.checkpoint, full)
        try journal.grant(try journal.promise(.callIntent, .synced, number(1)))
        #expect(throws: Never.self) { try journal.close() }
        #expect(journal.status.checkpointFailure == full)
        #expect(try fixture.verify().checkpoint?.head.sequence == 1)
        #expect(try fixture.verify().opinion == "sound")
        fixture.faults.lift()
        let again = try fixture.open()
        again.append(.refused, number(2))
        try again.close()
        #expect(try fixture.verify().checkpoint?.head.sequence == 3)
    }
}
