// SPDX-License-Identifier: Apache-2.0
import Audit
import Linux
import Scratch
import Spawn
import Testing

@Suite("The journal works behind the broker's own filter of system calls")
struct ConfinedTests {
    @Test("promises, rotations, checkpoints and a file system that cannot reserve, and its thread sleeps when idle")
    func filtered() throws {
        let scratch = Scratch()
        let probe = try Spawn.run(Spawn.buildDirectory + "/JournalProbe", [scratch.path])
        #expect(probe.status == 0, "\(probe.output)\(probe.errors)")
        let report = verify(DirectorySource(try scratch.directory()))
        #expect(report.opinion == "sound")
        #expect(report.records > 30_600)
        #expect(report.segments > 5)
        #expect(report.checkpoint?.head == report.head)
        #expect(secondOpinions(of: [scratch.path]) == ["sound"])
    }
}
