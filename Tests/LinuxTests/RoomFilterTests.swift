// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn
import Testing

@Suite("A room can do its work, and dies of anything that only an intruder would ask")
struct RoomFilterTests {
    private static let killed = 128 + SIGSYS

    struct Row: Sendable, CustomTestStringConvertible {
        let act: String
        let gate: Int32
        let broker: Int32
        let watch: Int32
        let egress: Int32
        var testDescription: String { act }

        init(_ act: String, _ gate: Int32, _ broker: Int32, _ watch: Int32, _ egress: Int32) {
            self.act = act
            self.gate = gate
            self.broker = broker
            self.watch = watch
            self.egress = egress
        }
    }

    // 0: done. 1: refused with ENOSYS.
    static let rows = [
        Row("work", 0, 0, 0, 0),
        Row("memory", 0, 0, 0, 0),
        Row("accept", killed, 0, killed, 0),
        Row("no-delay", 0, 0, 1, 0),
        Row("write-file", killed, 0, killed, killed),
        Row("read-proc", killed, 1, 0, killed),
        Row("ask-kernel", 1, 1, 0, 0),
        Row("execute", killed, killed, killed, killed),
        Row("fork", killed, killed, killed, killed),
        Row("thread", killed, killed, killed, killed),
        Row("socket", killed, killed, killed, 0),
        Row("connect", killed, killed, killed, 0),
        Row("open", killed, 0, 0, killed),
        Row("open-writing", killed, 0, killed, killed),
        Row("create", killed, 0, 1, killed),
        Row("map-executable", killed, killed, killed, killed),
        Row("make-executable", killed, killed, killed, killed),
        Row("kill", 1, 1, killed, 1),
        Row("unforeseen", 1, 1, 1, 1),
        Row("unix-socket", killed, killed, killed, killed),
        Row("netlink-socket", killed, killed, killed, killed),
        Row("listen", killed, killed, killed, killed),
        Row("splice", 1, 1, 1, 0),
    ]

    @Test("without a filter each act succeeds, and with it the room's line holds", arguments: rows)
    func acts(row: Row) throws {
        let room = Spawn.buildDirectory + "/RoomProbe"
        #expect(try Spawn.run(room, ["none", row.act]).status == 0, "the meter works")
        for (name, expected) in [
            ("gate", row.gate), ("broker", row.broker), ("watch", row.watch), ("egress", row.egress),
        ] {
            let run = try Spawn.run(room, [name, row.act])
            #expect(run.status == expected, "\(name)")
            if expected == 1 { #expect(run.output == "\(ENOSYS)\n", "\(name)") }
        }
    }

    @Test("the reaper's filter leaves nothing but waiting, signalling and ending", arguments: rows)
    func reaper(row: Row) throws {
        #expect(try Spawn.run(Spawn.buildDirectory + "/RoomProbe", ["reaper", row.act]).status == Self.killed)
    }

    @Test("the committed programs are what the rule files say")
    func generated() throws {
        let generator = Spawn.sourceDirectory + "/seccomp/check"
        let run = try Spawn.run("/usr/bin/env", ["sh", generator])
        // Without Python or libseccomp there is nothing to compare with: continuous integration has both.
        if run.status == 127 || run.errors.contains("libseccomp is not installed") { return }
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }
}
