// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn
import Testing

@Suite("A process is held, waited for and named by its descriptor")
struct ProcessTests {
    private let probe = Spawn.buildDirectory + "/SandboxProbe"
    private let room = Spawn.buildDirectory + "/RoomProbe"

    @Test("waiting for one child leaves the others alone")
    func waitForOne() throws {
        let first = try Started(probe, ["hang"])
        let second = try Started(probe, ["hang"])
        let pidfd = try Pidfd(opening: first.pid)
        #expect(try pidfd.exit() == nil)
        second.kill(SIGKILL)
        #expect(try pidfd.signal(SIGTERM))
        #expect(try pidfd.descriptor.waitUntilReadable(milliseconds: 5000))
        #expect(try pidfd.wait() == .killed(signal: SIGTERM))
        #expect(second.wait() == 128 + SIGKILL, "the second one was not reaped by the first one's wait")
        #expect(try !pidfd.signal(SIGTERM), "who has ended is not signalled")
        #expect(throws: SyscallError("waitid", code: ECHILD)) { try pidfd.wait() }
    }

    @Test("an exit code comes back as it was")
    func exitCode() throws {
        let child = try Started("/bin/sh", ["-c", "exit 7"])
        #expect(try Pidfd(opening: child.pid).wait() == .exited(7))
    }

    @Test("no process, no descriptor")
    func none() {
        #expect(throws: SyscallError("pidfd_open", code: ESRCH)) { _ = try Pidfd(opening: 0x3fff_ffff) }
        #expect(throws: SyscallError("pidfd_open", code: EINVAL)) { _ = try Pidfd(opening: -1) }
    }

    @Test("blocked signals are read one after the other")
    func signals() throws {
        #expect(try Spawn.run(room, ["none", "signals"]).status == 0)
    }

    @Test("a process that refuses inspection cannot be read by its user")
    func inspection() throws {
        #expect(try Spawn.run(room, ["none", "inspection"], user: Spawn.isRoot ? 1001 : nil).status == 0)
    }

    @Test("random bytes fill every length, and differ")
    func random() {
        for count in [0, 1, 255, 256, 257, 100_000] { #expect(Random.bytes(count).count == count) }
        #expect(Random.bytes(32) != Random.bytes(32))
        #expect(Set((0..<100).map { _ in Random.number() }).count == 100)
        // Each of 4096 bytes stays zero with a chance of 1 in 256.
        #expect(Random.bytes(4096).count { $0 == 0 } < 64)
    }

    @Test("texts for the kernel hold no NUL")
    func systemString() {
        #expect(SystemString([]) != nil && SystemString([0x61, 0, 0x62]) == nil && SystemString([0]) == nil)
        let text: SystemString = "a"
        #expect((text + "bc" + .decimal(42)).bytes == Array("abc42".utf8))
        #expect(SystemString([0xff])?.count == 1)
    }

    @Test("a pipe knows when its reader has gone")
    func abandoned() throws {
        let pipe = try Pipe()
        #expect(try !pipe.writing.isAbandoned())
        let writing = try pipe.writing.duplicate()
        let reading = pipe.keepReading()
        #expect(try !writing.isAbandoned())
        try reading.close()
        #expect(try writing.isAbandoned())
    }
}

@Suite("A key is read whole, from the ring that was named, or not at all")
struct KeyringTests {
    private let probe = Spawn.buildDirectory + "/SandboxProbe"
    private let room = Spawn.buildDirectory + "/RoomProbe"

    private func read(_ value: String, _ act: String) throws -> Spawn {
        try Spawn.run(probe, ["with-key", "doorward-test", value, room, "none", act])
    }

    @Test("a key of the session is found; one that is too long is an error; none is nil")
    func read() throws {
        let probed = try Spawn.run(room, ["none", "key"])
        try #require(probed.status == 1)
        #expect(try read("sesame", "key").status == 0)
        #expect(try read("longer than 8", "key").output.hasPrefix("\(EFBIG)"))
        #expect(try read("closed", "key").status == 1)
    }

    @Test("who has left the session has left its keys")
    func leave() throws {
        #expect(try read("sesame", "no-key").status == 0)
    }
}
