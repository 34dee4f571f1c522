// SPDX-License-Identifier: Apache-2.0
import Audit
import Glibc
import Linux
import Scratch
import Testing

@Suite("A journal that is killed keeps what it granted")
struct KillTests {
    private static let rounds = 16

    @Test("killed at any moment: what was redeemed is in the log, and the log can be continued")
    func kill() async throws {
        let scratch = Scratch()
        let path = scratch.path
        Shell.run("mkdir '\(path)/log'")
        let fixture = try LogFixture(in: path + "/log")
        var granted = 0
        for round in 0..<Self.rounds {
            // From long before the first record to some thousand records later.
            let microseconds = UInt32(1_000 + round * 3_500)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                try Victim.write(in: path, killedAfter: microseconds)
            }
            // Every grant was noted by its number in a file beside the log, after it was redeemed.
            let noted = Victim.grants(in: path)
            let before = try fixture.verify()
            // Killed before the log had begun: then nothing was granted either.
            let isUnborn = before.records == 0 && noted.isEmpty
            #expect(before.faults.isEmpty || isUnborn, "round \(round): \(before.faults)")
            let head = before.head?.sequence ?? 0
            #expect(noted.allSatisfy { $0 <= head }, "round \(round): granted \(noted.max() ?? 0), log ends at \(head)")
            granted = noted.count
            // The number alone could stand on another record.
            let lines = try fixture.lines()
            for sequence in noted.suffix(200) {
                let line = lines[Int(sequence) - 1]
                #expect(line.hasPrefix("{\"seq\":\(sequence),") && line.contains("call.intent"))
            }
            try fixture.open().close()
            #expect(try fixture.verify().opinion == "sound")
        }
        #expect(granted > 100, "the meter: some rounds must get as far as granting")
        #expect(fixture.secondOpinion() == "sound")
    }
}

/// What the killed process does.
enum Victim {
    static func write(in path: String, killedAfter microseconds: UInt32) throws {
        let fixture = try LogFixture(in: path + "/log")
        fixture.options.segmentBytes = 100_000
        let killer = try Thread(named: "killer") {
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
        let journal = try fixture.open()
        let notes = unsafe open("\(path)/granted", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        var index = 0
        while true {
            let batch = (0..<8).map { _ in Waiting() }
            for entry in batch {
                let durability: Durability = index.isMultiple(of: 16) ? .synced : .written
                entry.promise = try journal.promise(.callIntent, durability, number(index))
                index += 1
            }
            journal.flush()
            var open = batch.count
            while open > 0 {
                for entry in batch {
                    let sequence = entry.promise?.sequence ?? 0
                    guard sequence > 0, try journal.redeems(&entry.promise) else { continue }
                    open -= 1
                    let line = Array("\(sequence)\n".utf8)
                    precondition(unsafe Glibc.write(notes, line, line.count) == line.count)
                    journal.outcome(.callOutcome, number(index))
                }
                if open > 0 { try journal.waitAndCollect() }
            }
        }
        killer.join()
    }

    static func grants(in path: String) -> [UInt64] {
        let text = Shell.read("\(path)/granted") ?? []
        return text.split(separator: 10).compactMap { UInt64(String(decoding: $0, as: UTF8.self)) }
    }
}
