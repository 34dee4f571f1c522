// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import Linux
import Scratch
import Testing

@Suite("A damaged log is not written on, unless an operator says so")
struct RecoveryTests {
    /// A closed log of several segments.
    private func closedLog(segmentBytes: UInt64 = 2_000, records: Int = 30) throws -> LogFixture {
        let fixture = try LogFixture()
        fixture.options.segmentBytes = segmentBytes
        let journal = try fixture.open()
        for index in 0..<records { try journal.grant(try journal.promise(.callIntent, .synced, number(index))) }
        try journal.close()
        #expect(try fixture.verify().opinion == "sound")
        return fixture
    }

    private func refusal(_ fixture: LogFixture) throws -> Flaw? {
        do { _ = try fixture.open() } catch {
            guard case .broken(let fault) = error as? JournalError else { throw error }
            return fault.flaw
        }
        return nil
    }

    /// The file of the last segment, and the number of the last record.
    private func last(_ fixture: LogFixture) throws -> (name: String, sequence: UInt64) {
        let segments = try fixture.scratch.directory().names(limit: 100).compactMap(Layout.segmentNumber)
        let report = try fixture.verify()
        return (Layout.segmentName(try #require(segments.max())).description, try #require(report.head).sequence)
    }

    @Test(
        "a torn last line is moved aside, whatever is in it",
        arguments: [[0x7b], Array(#"{"seq":31,"time":"2026-"#.utf8), [UInt8](repeating: 0, count: 100_000)])
    func torn(_ tail: [UInt8]) throws {
        let fixture = try closedLog()
        let (name, sequence) = try last(fixture)
        fixture.scratch.put(name, try #require(fixture.scratch.contents(name)) + tail)
        try fixture.open().close()
        #expect(fixture.scratch.contents("torn-\(sequence + 1)") == tail)
        let report = try fixture.verify()
        #expect(report.opinion == "sound")
        #expect(report.records == sequence + 1)
        #expect(try fixture.lines().last?.contains("journal.recovered") == true)
        #expect(fixture.secondOpinion() == "sound")
    }

    @Test("records behind the checkpoint are taken over, and synced and signed anew")
    func behindCheckpoint() throws {
        let fixture = try closedLog(segmentBytes: 1_000_000)
        let checkpoint = try #require(fixture.scratch.contents("checkpoint.json"))
        let journal = try fixture.open()
        for index in 0..<50 { journal.append(.refused, number(index)) }
        try journal.close()
        // As if the machine had stopped before the next checkpoint.
        fixture.scratch.put("checkpoint.json", checkpoint)
        #expect(try fixture.verify().checkpoint?.head.sequence == 31)
        let writes = fixture.faults.count(.write)
        try fixture.open().close()
        #expect(fixture.faults.count(.write) == writes + 1, "the unproven end is written once more")
        #expect(try fixture.verify().records == 81)
        #expect(try fixture.verify().opinion == "sound")
    }

    @Test("a checkpoint that is segments behind is followed through all of them")
    func segmentsBehind() throws {
        let fixture = try closedLog()
        let first = try #require(fixture.scratch.contents("checkpoint.json"))
        let journal = try fixture.open()
        for index in 0..<40 { try journal.grant(try journal.promise(.callIntent, .synced, number(index))) }
        try journal.close()
        let sound = try MemoryLog(fixture.scratch.path)
        fixture.scratch.put("checkpoint.json", first)
        try fixture.open().close()
        #expect(try fixture.verify().opinion == "sound")
        // And a segment that is missing or damaged on the way is found.
        let checkpoint = try #require(try fixture.verify().checkpoint)
        #expect(checkpoint.head.sequence == UInt64(sound.files.keys.compactMap(Layout.segmentNumber).count + 70))
        let numbers = sound.files.keys.compactMap(Layout.segmentNumber).sorted()
        let middle = Layout.segmentName(numbers[numbers.count - 2])
        fixture.scratch.put("checkpoint.json", first)
        Shell.run("rm '\(fixture.scratch.path)/\(middle)'")
        #expect(try refusal(fixture) == .segmentMissing)
        var bytes = try #require(sound.files[middle])
        bytes[bytes.count / 2] ^= 1
        fixture.scratch.put("\(middle)", bytes)
        #expect(try refusal(fixture) != nil)
    }

    @Test("what was done to the end of the log has its own word")
    func refusals() throws {
        func flaw(_ change: (LogFixture, String) throws -> Void) throws -> Flaw? {
            let fixture = try closedLog()
            try change(fixture, try last(fixture).name)
            return try refusal(fixture)
        }
        #expect(try flaw { _, _ in } == nil)
        #expect(try flaw { Shell.run("rm '\($0.scratch.path)/\($1)'") } == .recordsMissing)
        #expect(try flaw { Shell.run(": >'\($0.scratch.path)/\($1)'") } == .openingMissing)
        #expect(try flaw { Shell.run("truncate -s -1 '\($0.scratch.path)/\($1)'") } == .recordsMissing)
        #expect(try flaw { Shell.run("echo '{}' >>'\($0.scratch.path)/\($1)'") } == .lineForm)
        #expect(try flaw { Shell.run("tail -n1 '\($0.scratch.path)/\($1)' >>'\($0.scratch.path)/\($1)'") } == .sequence)
        #expect(
            try flaw { fixture, _ in Shell.run("rm '\(fixture.scratch.path)/checkpoint.json'") } == .checkpointMissing)
        #expect(
            try flaw { fixture, _ in Shell.run("echo >>'\(fixture.scratch.path)/checkpoint.json'") } == .checkpointForm)
        #expect(try flaw { fixture, _ in Shell.run("rm '\(fixture.scratch.path)'/0*") } == .noSegments)
        // Another digit, ten bytes from the end: in the signature, and in a record's hash.
        func change(_ fixture: LogFixture, _ name: String) throws {
            var bytes = try #require(fixture.scratch.contents(name))
            bytes[bytes.count - 10] = bytes[bytes.count - 10] == 48 ? 49 : 48
            fixture.scratch.put(name, bytes)
        }
        #expect(try flaw { fixture, _ in try change(fixture, "checkpoint.json") } == .checkpointSignature)
        #expect(try flaw { fixture, name in try change(fixture, name) } == .checkpointMismatch)
    }

    @Test("another installation's log and another key's are refused")
    func foreign() throws {
        let fixture = try closedLog()
        let other = try #require(InstallationID(Array(repeating: 0x61, count: 32)))
        #expect {
            _ = try Journal(in: try fixture.scratch.directory(), key: fixture.key, installation: other, fixture.options)
        } throws: {
            guard case .broken(let fault) = $0 as? JournalError else { return false }
            return fault.flaw == .installation
        }
        #expect {
            _ = try Journal(
                in: try fixture.scratch.directory(), key: .generate(), installation: fixture.installation,
                fixture.options)
        } throws: {
            guard case .broken(let fault) = $0 as? JournalError else { return false }
            return fault.flaw == .checkpointSignature
        }
    }

    @Test("a new chain continues from the newest head known, says why, and checks once the old one is put away")
    func newChain() throws {
        let fixture = try closedLog()
        let (name, sequence) = try last(fixture)
        // The last two records are cut off: the checkpoint still knows their numbers.
        Shell.run("cd '\(fixture.scratch.path)' && head -n -2 \(name) >x && mv x \(name)")
        #expect(try refusal(fixture) == .recordsMissing)
        fixture.options.startsNewChain = true
        let journal = try fixture.open()
        try journal.grant(try journal.promise(.callIntent, .synced, number(1)))
        try journal.close()
        let lines = try fixture.lines()
        let remark = try #require(lines.first { $0.contains("chain.restarted") })
        #expect(remark.contains(#""flaw":"records-missing","previous_seq":\#(sequence)"#))
        #expect(remark.hasPrefix("{\"seq\":\(sequence + 2),"))
        // The old segments still fail, and opening does not.
        #expect(try fixture.verify().exitStatus == 1)
        fixture.options.startsNewChain = false
        try fixture.open().close()
        let report = try fixture.verify()
        let restart = try #require(report.faults.first?.segment)
        Shell.run(
            "cd '\(fixture.scratch.path)' && mkdir old && ls | grep jsonl | head -n \(restart - 1) | xargs -I{} mv {} old/"
        )
        let after = try fixture.verify()
        #expect(after.opinion == "sound")
        #expect(after.firstSequence == sequence + 1)
        #expect(fixture.secondOpinion() == "sound")
        #expect(
            fixture.scratch.contents("checkpoint-before-\(Layout.segmentName(restart).description.dropLast(6)).json")
                != nil)
    }

    @Test("a new chain where the log is sound is no new chain")
    func needlessNewChain() throws {
        let fixture = try closedLog()
        fixture.options.startsNewChain = true
        try fixture.open().close()
        #expect(try fixture.verify().opinion == "sound")
        #expect(try fixture.lines().contains { $0.contains("chain.restarted") } == false)
    }

    @Test("a new chain begins behind a log of which nothing can be believed")
    func newChainFromNothing() throws {
        let fixture = try closedLog()
        for segment in try fixture.scratch.directory().names(limit: 100) where Layout.segmentNumber(segment) != nil {
            fixture.scratch.put("\(segment)", Array("garbage\n".utf8))
        }
        fixture.scratch.put("checkpoint.json", [])
        #expect(try refusal(fixture) == .checkpointForm)
        fixture.options.startsNewChain = true
        try fixture.open().close()
        fixture.options.startsNewChain = false
        try fixture.open().close()
        #expect(try fixture.lines().contains { $0.contains("chain.restarted") })
    }

    @Test("a beginning that a crash interrupted anywhere is completed or begun again")
    func interruptedBeginning() throws {
        let meter = try LogFixture()
        try meter.open().close()
        for call in Faults.Call.allCases {
            for number in 1...max(1, meter.faults.count(call)) {
                let fixture = try LogFixture()
                fixture.faults.fail(call, number...number, .inputOutput("fault"))
                do { try fixture.open().close() } catch {
                    #expect(error is JournalError, "\(call) \(number)")
                }
                fixture.faults.lift()
                try fixture.open().close()
                let report = try fixture.verify()
                #expect(report.opinion == "sound", "\(call) \(number)")
                #expect(report.firstSequence == 1)
            }
        }
    }
}
