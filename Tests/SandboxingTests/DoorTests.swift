// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn
import Testing

@testable import Sandboxing

@Suite("A sandbox with a network has two doors and nothing else")
struct DoorTests {
    private func run(_ words: [String], _ user: Operator, admission: String = "granted", backend: String = "server")
        throws
        -> Spawn
    {
        try Tools.sandboxed(backend, words, options: ["quiet", "doors", "admission=" + admission], as: user)
    }

    @Test("a listener accepts from inside in another network namespace", arguments: Operator.possible, Tools.backends)
    func accepts(user: Operator, backend: String) throws {
        let script = """
            exec 3<>/dev/tcp/127.0.0.1/3128; echo one >&3; read answer <&3; echo "$answer"; \
            exec 3<>/dev/tcp/127.0.0.1/1080; echo two >&3; read answer <&3; echo "$answer"
            """
        let run = try run(["/bin/bash", "-c", script], user, backend: backend)
        #expect(run.status == 0 && run.output == "door 0\ndoor 1\n", "\(run.output)\(run.errors)")
        #expect(run.errors.contains("door 0: one\n") && run.errors.contains("door 1: two\n"))
        #expect(run.errors.contains("full: true\n"))
    }

    @Test("programs find the doors in their environment")
    func environment() throws {
        let run = try run(["/usr/bin/env"], .own)
        for line in SandboxDoors.environment { #expect(run.output.contains(line.description + "\n"), "\(run.output)") }
    }

    @Test("behind doors the host is as far away as without", arguments: Operator.possible)
    func reachesNothing(user: Operator) throws {
        let probes: [[String]] = [
            ["tcp", "127.0.0.1", "{port}"], ["tcp", "::1", "{port}"], ["tcp", "0.0.0.0", "{port}"],
            ["udp", "127.0.0.1", "{port}"], ["tcp", "192.0.2.1", "80"], ["tcp", "169.254.169.254", "80"],
            ["abstract-socket", "{name}"], ["path-socket", "{dir}/socket"], ["read", "{dir}/secret"],
            ["listen-tcp", "3128"], ["listen-tcp", "8123"], ["inherited-descriptor"],
        ]
        for words in probes {
            let filled = try HostFixture.of(user).fill(words)
            let run = try run([Tools.probe] + filled, user)
            #expect(run.status == 1, "\(words) \(run.output)\(run.errors)")
        }
        #expect(try run([Tools.probe, "tcp", "127.0.0.1", "3128"], user).status == 0, "the meter")
    }

    @Test("who is not admitted never runs, and nothing of it is left", arguments: Operator.possible, Tools.backends)
    func refused(user: Operator, backend: String) throws {
        let options = [backend, "quiet", "doors", "admission=refused", "--", "/bin/echo", "ran"]
        let started = try Started(Tools.harness, options, user: user.user)
        let run = try started.finish(timeout: 10)
        #expect(run.status == 125 && run.output.isEmpty, "\(run.output)\(run.errors)")
        #expect(run.errors.hasSuffix("harness: refused\n"))
    }

    @Test("who dies while it waits is not taken for running", arguments: Operator.possible)
    func late(user: Operator) throws {
        let run = try run(["/bin/echo", "ran"], user, admission: "late")
        #expect(run.status == 125 && run.output.isEmpty)
        #expect(
            run.errors.hasSuffix("harness: the child was killed by signal 9 before it was ready\n"), "\(run.errors)")
    }

    @Test("a child that fails on its way says so, with doors as without", arguments: Operator.possible)
    func fails(user: Operator) throws {
        let options = ["quiet", "doors", "admission=granted", "files=2"]
        let run = try Tools.sandboxed("server", ["/bin/true"], options: options, as: user)
        #expect(run.errors.contains("harness: descriptors: "), "\(run.errors)")
        #expect(!run.errors.contains("applicant"))
    }

    @Test("admission works without doors, and doors do not work without admission")
    func either() throws {
        let plain = try Tools.sandboxed("server", ["/bin/true"], options: ["quiet", "admission=granted"])
        #expect(plain.status == 0, "\(plain.errors)")
        let alone = try Tools.sandboxed("server", ["/bin/true"], options: ["quiet", "doors"])
        #expect(alone.status == 125 && alone.errors.contains("somebody who serves its doors"), "\(alone.errors)")
        let host = try Tools.sandboxed("reduced", ["/bin/true"], options: ["quiet", "doors", "admission=granted"])
        #expect(host.status == 125 && host.errors.contains("doors"), "\(host.errors)")
    }

    @Test("when the launcher is killed while a child waits, the child is gone")
    func orphan() throws {
        let run = try Started(
            Tools.harness, ["server", "quiet", "doors", "admission=forever", "--", Tools.probe, "hang"])
        #expect(run.readLine() == "waiting")
        run.kill(SIGKILL)
        run.wait()
        #expect(run.outputEnds(within: 10_000))
    }
}
