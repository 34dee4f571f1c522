// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import Linux
import Scratch
import Testing

@Suite("The verifier notices whatever was done to a log")
struct VerifyTests {
    private func golden() throws -> (MemoryLog, VerifyOptions) {
        let log = try Golden.log()
        let file = try #require(log.files[Layout.publicKeyName])
        let key = try #require(Hex.decode(Array(file.dropLast())))
        return (log, VerifyOptions(key: VerifyingKey(key)))
    }

    @Test("the meter: the untouched log is sound, and is read to its end")
    func untouched() throws {
        let (log, options) = try golden()
        let report = verify(log, options)
        #expect(report.faults == [])
        #expect(report.verdict == .sound)
        #expect(report.exitStatus == 0)
        #expect(report.records == 9)
        #expect(report.firstSequence == 1)
        #expect(report.head?.sequence == 9)
        #expect(report.segments == 3)
        #expect(report.bytes == UInt64(log[1].count + log[2].count + log[3].count))
        #expect(report.keyIsGiven)
        #expect(report.checkpoint?.head == report.head)
        #expect(report.lastTime == Timestamp.parse(Array("2028-03-02T00:00:00.000000Z".utf8)))
        #expect(verify(log).keyIsGiven == false)
        #expect(verify(log).verdict == .sound)
    }

    @Test("three bits of every byte of every file")
    func flips() throws {
        let (log, options) = try golden()
        for name in log.files.keys where name != Layout.publicKeyName {
            let file = try #require(log.files[name])
            for index in file.indices {
                for bit in [0, 5, 7] {
                    var damaged = log
                    damaged.files[name]?[index] ^= 1 << UInt8(bit)
                    let report = verify(damaged, options)
                    #expect(report.verdict == .broken, "\(name) byte \(index) bit \(bit)")
                    guard let number = Layout.segmentNumber(name), let fault = report.faults.first else { continue }
                    // Named where it is, or at the record that follows it, or as the end that is missing.
                    #expect(fault.segment == number || fault.segment == number + 1, "\(fault)")
                }
            }
        }
        // With the key from beside the log, a damaged key is noticed too.
        let key = try #require(log.files[Layout.publicKeyName])
        for index in key.indices {
            var damaged = log
            damaged.files[Layout.publicKeyName]?[index] ^= 1
            #expect(verify(damaged).verdict == .broken)
        }
    }

    @Test("every point of truncation, of every file")
    func truncations() throws {
        let (log, options) = try golden()
        for (name, file) in log.files where name != Layout.publicKeyName {
            for length in 0..<file.count {
                var damaged = log
                damaged.files[name] = Array(file[..<length])
                #expect(verify(damaged, options).verdict == .broken, "\(name) cut to \(length)")
            }
        }
    }

    @Test("every byte removed, and every byte doubled")
    func removedAndDoubled() throws {
        let (log, options) = try golden()
        for segment in 1...Golden.segments {
            for index in log[segment].indices {
                var removed = log
                removed[segment].remove(at: index)
                #expect(verify(removed, options).verdict == .broken)
                var doubled = log
                doubled[segment].insert(log[segment][index], at: index)
                #expect(verify(doubled, options).verdict == .broken)
            }
        }
    }

    @Test("every record removed, doubled, and exchanged with every other")
    func records() throws {
        let (log, options) = try golden()
        for segment in 1...Golden.segments {
            let lines = log.lines(segment)
            for index in lines.indices {
                var removed = log
                removed[segment] = lines.enumerated().filter { $0.offset != index }.flatMap(\.element)
                let fault = verify(removed, options).faults.first
                #expect(fault != nil)
                if index > 0, index < lines.count - 1 { #expect(fault?.flaw == .sequence) }
                var doubled = log
                doubled[segment] = lines.enumerated().flatMap {
                    $0.offset == index ? $0.element + $0.element : $0.element
                }
                #expect(verify(doubled, options).verdict == .broken)
                for other in lines.indices where other > index {
                    var exchanged = log
                    var order = lines
                    order.swapAt(index, other)
                    exchanged[segment] = Array(order.joined())
                    #expect(verify(exchanged, options).verdict == .broken)
                }
            }
        }
    }

    @Test("what was done to the segments has its own words")
    func segments() throws {
        let (log, options) = try golden()
        func first(_ change: (inout MemoryLog) -> Void) -> Flaw? {
            var damaged = log
            change(&damaged)
            return verify(damaged, options).faults.first?.flaw
        }
        #expect(first { $0.files[Layout.segmentName(2)] = nil } == .segmentMissing)
        #expect(first { $0.files[Layout.segmentName(3)] = nil } == .recordsMissing)
        #expect(first { $0[1] = [] } == .segmentEmpty)
        #expect(first { $0[3] = [] } == .segmentEmpty)
        #expect(first { $0[3] = Array($0[3].dropLast()) } == .openingMissing)
        #expect(first { $0[1] = Array($0[1].dropLast()) } == .incompleteLine)
        #expect(first { ($0[1], $0[2]) = ($0[2], $0[1]) } == .openingSegment)
        #expect(first { $0[2] = $0[1] } == .openingSegment)
        #expect(first { $0[1] += $0.lines(2)[0] } == .openingInside)
        #expect(first { $0[1] = Array($0.lines(1).dropFirst().joined()) } == .openingMissing)
        #expect(first { $0[1] = [UInt8](repeating: 65, count: 20_000) + [10] } == .lineTooLong)
        #expect(first { $0.files[Layout.checkpointName] = nil } == .checkpointMissing)
        #expect(first { $0.files[Layout.checkpointName] = [] } == .checkpointForm)
        #expect(first { for n: UInt32 in 1...3 { $0.files[Layout.segmentName(n)] = nil } } == .noSegments)
        #expect(first { for n: UInt32 in 1...3 { $0[n] = [] } } == .segmentEmpty)
        #expect(verify(MemoryLog(files: [:])).exitStatus == 1)
    }

    @Test("segments may be taken from the front, and the report says from where on it can vouch")
    func front() throws {
        let (log, options) = try golden()
        var shortened = log
        shortened.files[Layout.segmentName(1)] = nil
        let report = verify(shortened, options)
        #expect(report.verdict == .sound)
        #expect(report.firstSequence == 6)
        // But not so many that the checkpoint's own record is gone.
        for n: UInt32 in 1...3 { shortened.files[Layout.segmentName(n)] = nil }
        shortened[4] = log[1]
        #expect(verify(shortened, options).verdict == .broken)
    }

    @Test("a record that is being written behind the checkpoint is no failure, and is counted")
    func unfinished() throws {
        let (log, options) = try golden()
        for tail in [[123], Array(#"{"seq":10,"time":""#.utf8), [UInt8](repeating: 0, count: 300_000)] {
            var growing = log
            growing[3] += tail
            let report = verify(growing, options)
            #expect(report.verdict == .sound)
            #expect(report.unfinishedBytes == UInt64(tail.count))
        }
        var whole = log
        whole[3] += [0, 10]
        #expect(verify(whole, options).faults.first?.flaw == .lineForm)
    }

    @Test("a noted head must still be there")
    func noted() throws {
        let (log, options) = try golden()
        func first(_ sequence: UInt64, _ hash: SHA256Digest) -> Flaw? {
            var options = options
            options.noted = Head(sequence: sequence, hash: hash)
            return verify(log, options).faults.first?.flaw
        }
        let head = try #require(verify(log, options).head)
        #expect(first(9, head.hash) == nil)
        #expect(first(9, .zero) == .headMismatch)
        #expect(first(4, head.hash) == .headMismatch)
        #expect(first(10, head.hash) == .headMissing)
        #expect(first(0, head.hash) == .headMissing)
    }

    @Test("a key that did not sign is noticed, and so is a whole log made with another key")
    func keys() throws {
        let (log, _) = try golden()
        let other = VerifyOptions(key: SigningKey.generate().publicKey)
        #expect(verify(log, other).faults.map(\.flaw) == [.checkpointSignature])
        var withoutKey = log
        withoutKey.files[Layout.publicKeyName] = nil
        #expect(verify(withoutKey).faults.map(\.flaw) == [.keyMissing])
    }

    @Test("a file that cannot be read is neither sound nor broken")
    func unreadable() throws {
        var (log, options) = try golden()
        log.unreadable = Layout.segmentName(2)
        let report = verify(log, options)
        #expect(report.verdict == .unreadable)
        #expect(report.exitStatus == 2)
        #expect(report.unreadable == .inputOutput("read"))
        #expect(report.records == 5)
    }

    @Test("a log in a directory is the same as in memory")
    func directory() throws {
        let (log, options) = try golden()
        let report = verify(DirectorySource(try Directory(path: Golden.path)), options)
        #expect(report == verify(log, options))
    }

    @Test("every flaw has a word and a sentence of its own")
    func words() {
        #expect(Set(Flaw.allCases.map(\.rawValue)).count == Flaw.allCases.count)
        #expect(Set(Flaw.allCases.map(\.sentence)).count == Flaw.allCases.count)
    }
}
