// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import Spawn
import Testing

@Suite("A sandbox ends as a whole")
struct LifeTests {
    @Test("the status of the server is the status of the sandbox", arguments: [0, 1, 7, 255], Tools.backends)
    func status(code: Int32, backend: String) throws {
        #expect(try Tools.sandboxed(backend, ["/bin/sh", "-c", "exit \(code)"]).status == code)
    }

    @Test("a server that is killed shows its signal", arguments: [SIGKILL, SIGSEGV, SIGTERM], Tools.backends)
    func signal(number: Int32, backend: String) throws {
        #expect(try Tools.sandboxed(backend, ["/bin/sh", "-c", "kill -\(number) $$"]).status == 128 + number)
    }

    @Test("what a server leaves running dies with it", arguments: Operator.possible, Tools.backends)
    func daemon(user: Operator, backend: String) throws {
        let bare = try Started(Tools.probe, ["daemon-stays"], user: user.user)
        #expect(bare.wait() == 0)
        #expect(!bare.outputEnds(within: 300), "the meter: the daemon holds standard output open")

        let run = try Started(Tools.harness, [backend, "quiet", "--", Tools.probe, "daemon-stays"], user: user.user)
        #expect(run.outputEnds(within: 10_000))
        #expect(run.wait() == 0)
    }

    @Test(
        "when the launcher is killed, everything inside dies", arguments: Tools.backends + ["room"], Operator.possible)
    func orphan(mode: String, user: Operator) throws {
        let run = try Started(Tools.harness, [mode, "quiet", "--", Tools.probe, "hang"], user: user.user)
        #expect(run.readLine() == "ready")
        run.kill(SIGKILL)
        #expect(run.wait() == 128 + SIGKILL)
        #expect(run.outputEnds(within: 10_000), "nobody holds the server's output open any more")
    }

    @Test("a request to end reaches the server, not only its reaper")
    func forward() throws {
        let run = try Started(Tools.harness, ["server", "quiet", "--", Tools.probe, "hang"])
        #expect(run.readLine() == "ready")
        let reaper = try #require(try child(of: run.pid))
        #expect(try Pidfd(opening: reaper).signal(SIGTERM))
        #expect(run.wait() == 128 + SIGTERM)
    }

    @Test("the reaper buries orphans and shows nothing of the launcher")
    func reaper() throws {
        let script = """
            (sleep 0.01 & ) ; (sleep 0.01 & ) ; sleep 0.3; \
            grep -l '^State:.*Z' /proc/[0-9]*/status; cat /proc/1/cmdline; ls /proc/1/fd
            """
        let run = try Tools.sandboxed("server", ["/bin/sh", "-c", script], as: Operator.possible[0])
        #expect(run.output.filter { $0 != "\0" } == "doorward-init", "\(run.output)\(run.errors)")
    }

    @Test("a room is process 1 of an empty tree, and does its work there", arguments: Operator.possible)
    func room(user: Operator) throws {
        #expect(try Tools.sandboxed("room", [Tools.probe, "is-process-one"], as: user).status == 0)
        for path in ["/usr", "/proc", "/dev", "/etc", "/tmp"] {
            #expect(try Tools.sandboxed("room", [Tools.probe, "exists", path], as: user).output == "ENOENT\n")
        }
        #expect(try Tools.sandboxed("room", [Tools.probe, "create-in", "/"], as: user).status == 1)
        #expect(try Tools.sandboxed("room", [Tools.room, "gate", "memory"], as: user).status == 0)
        #expect(try Tools.sandboxed("room", [Tools.room, "gate", "fork"], as: user).status == 128 + SIGSYS)
    }

    private func child(of parent: Int32) throws -> Int32? {
        for pid in try Proc.processes() {
            guard let process = try ProcessRecord(pid: pid) else { continue }
            if try process.status()?.parent == parent { return pid }
        }
        return nil
    }
}

@Suite("Limits hold for the sandbox, and the host does not notice")
struct LimitTests {
    @Test("processes", arguments: Operator.possible)
    func processes(user: Operator) throws {
        let words = ["many-processes", "600"]
        #expect(try Spawn.run(Tools.probe, words, user: user.user).status == 0, "the meter")
        let run = try Tools.sandboxed("server", [Tools.probe] + words, options: ["quiet", "processes=64"], as: user)
        #expect(run.output == "EAGAIN\n", "\(run.output)\(run.errors)")
        let made = run.errors.split(separator: "\n").first { $0.hasPrefix("processes: ") }
        let count = try #require(made.flatMap { Int($0.dropFirst(11)) })
        // The host's root is not counted; the ceiling of process numbers stops it, which cannot be below 301.
        let isRoot = user == .own && Spawn.isRoot
        #expect(count < (isRoot ? 302 : 64) && count > (isRoot ? 250 : 50))
    }

    @Test("memory", arguments: Operator.possible)
    func memory(user: Operator) throws {
        let words = ["much-memory", "268435456"]
        #expect(try Spawn.run(Tools.probe, words, user: user.user).status == 0, "the meter")
        #expect(try Tools.sandboxed("server", [Tools.probe] + words, as: user).status == 0, "the meter")
        let run = try Tools.sandboxed(
            "server", [Tools.probe] + words, options: ["quiet", "memory=134217728"], as: user)
        #expect(run.output == "ENOMEM\n")
    }

    @Test("time, of everything inside, and the status says that it was that", arguments: Tools.backends + ["reduced"])
    func time(backend: String) throws {
        let words = ["/bin/sh", "-c", "trap '' ALRM TERM; (sleep 60 & ) ; sleep 60"]
        try withScratch(for: .own) { (scratch: String) throws in
            let options = ["quiet", "seconds=1", "scratch=" + scratch]
            let run = try Started(Tools.harness, [backend] + options + ["--"] + words)
            #expect(run.outputEnds(within: 20_000), "nobody holds the output open any more")
            #expect(run.wait() == Reaper.timeIsUp)
            #expect(try Tools.sandboxed(backend, ["/bin/true"], options: options).status == 0)
        }
    }

    @Test("the longest file")
    func fileSize() throws {
        let words = [Tools.probe, "fill", "/tmp", "4000000"]
        #expect(try Tools.sandboxed("server", words, options: ["quiet", "file-size=1000000"]).status == 128 + SIGXFSZ)
    }

    @Test("open files")
    func descriptors() throws {
        let words = [Tools.probe, "many-descriptors", "100"]
        #expect(try Tools.sandboxed("server", words).status == 0, "the meter")
        #expect(try Tools.sandboxed("server", words, options: ["quiet", "files=64"]).output == "EMFILE\n")
    }

    @Test("what is written to memory directories, taken together", arguments: ["/tmp", "/dev/shm", "/home/sandbox"])
    func capacity(directory: String) throws {
        let words = [Tools.probe, "fill", directory, "4000000"]
        #expect(try Tools.sandboxed("server", words).status == 0, "the meter")
        #expect(try Tools.sandboxed("server", words, options: ["quiet", "capacity=2097152"]).output == "ENOSPC\n")
    }
}

@Suite("A sandbox that cannot be made says at which step, and leaves nothing")
struct FailureTests {
    private func failure(_ mode: String, _ words: [String], _ options: [String] = []) throws -> String {
        let run = try Tools.sandboxed(mode, words, options: options)
        #expect(run.status == 125)
        return run.errors
    }

    @Test("a part of the host that is not there")
    func missing() throws {
        #expect(
            try failure("server", ["/bin/true"], ["read=/no/such/place"])
                == "harness: tree: openat2(/no/such/place): No such file or directory\n")
    }

    @Test("a part of the host that turned out to be a link, or to lie behind one")
    func link() throws {
        try withScratch(for: .own) { (scratch: String) throws in
            try #require(Shell.run("ln -s /etc '\(scratch)/data'") == 0)
            try #require(Shell.run("mkdir '\(scratch)/own'") == 0)
            for path in ["data", "data/ssl", "own/../data"] {
                let options = ["read=\(scratch)/own", "write=\(scratch)/\(path)"]
                let text = try failure("server", ["/bin/true"], options)
                #expect(text.hasPrefix("harness: ") && !text.contains("pid"), "\(text)")
                if !path.contains("..") {
                    #expect(
                        text.hasSuffix("openat2(\(scratch)/\(path)): Too many levels of symbolic links\n"), "\(text)")
                }
            }
        }
    }

    @Test("a program that is none")
    func noProgram() throws {
        #expect(try failure("server", ["/etc/hostname"]).hasPrefix("harness: execute: execveat: "))
    }

    @Test("a script, whose interpreter could not open it again")
    func script() throws {
        try withScratch(for: .own) { (scratch: String) throws in
            let path = scratch + "/script"
            try #require(
                Spawn.run("/bin/sh", ["-c", "printf '#!/bin/sh\\n' > \(path); chmod 700 \(path)"]).status == 0)
            #expect(try failure("server", [path]) == "harness: execute: execveat: No such file or directory\n")
        }
    }

    @Test("a limit too small to start with")
    func limits() throws {
        #expect(try failure("server", ["/bin/true"], ["files=2"]).hasPrefix("harness: descriptors: "))
    }
}

@Suite("Without namespaces less holds, and the report says so")
struct ReducedTests {
    private func run(_ words: [String], _ user: Operator) throws -> Spawn {
        try withScratch(for: user) { (scratch: String) throws in
            return try Tools.sandboxed(
                "reduced", [Tools.probe] + words, options: ["quiet", "scratch=" + scratch], as: user)
        }
    }

    @Test("the report names what is missing", arguments: Operator.possible)
    func report(user: Operator) throws {
        try withScratch(for: user) { (scratch: String) throws in
            let run = try Tools.sandboxed("reduced", ["/bin/true"], options: ["scratch=" + scratch], as: user)
            #expect(run.status == 0)
            for line in [
                "report: user-namespace: missing (not-planned)", "report: network-namespace: missing (not-planned)",
                "report: private-root: missing (not-planned)", "report: seccomp: enforced",
                "report: no-new-privileges: enforced", "report: full: false",
            ] {
                #expect(run.errors.contains(line + "\n"), "\(run.errors)")
            }
        }
    }

    @Test(
        "what stage two alone still refuses",
        arguments: [
            ["tcp", "127.0.0.1", "{port}"], ["udp", "127.0.0.1", "{port}"], ["abstract-socket", "{name}"],
            ["path-socket", "{dir}/socket"], ["pair-sends-elsewhere", "{dir}/datagrams"], ["read", "{dir}/secret"],
            ["append", "{dir}/secret"], ["system-v-memory", "{pid}"], ["message-queue", "{/name}"],
            ["shared-memory", "{/name}"], ["trace", "{pid}"], ["proc-environment", "{pid}"], ["proc-memory", "{pid}"],
            ["signal-zero", "{pid}"], ["run-memory-file"], ["unshare-user"], ["clone3-user"],
            ["io-uring"], ["keyctl"], ["create-in", "/tmp"], ["create-in", "/usr/local/bin"],
        ], Operator.possible)
    func refused(words: [String], user: Operator) throws {
        let filled = try HostFixture.of(user).fill(words)
        #expect(try run(filled, user).status == 1)
    }

    @Test("what works all the same", arguments: [["use-thread"], ["use-program"], ["use-devices"]], Operator.possible)
    func works(words: [String], user: Operator) throws {
        let run = try run(words, user)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test("what a server leaves running dies with it where signals can be kept inside", arguments: Operator.possible)
    func daemon(user: Operator) throws {
        try #require(Landlock.abi >= 6)
        try withScratch(for: user) { (scratch: String) throws in
            let run = try Started(
                Tools.harness, ["reduced", "quiet", "scratch=" + scratch, "--", Tools.probe, "daemon-stays"],
                user: user.user)
            #expect(run.outputEnds(within: 10_000))
            #expect(run.wait() == 0)
        }
    }

    @Test("when the launcher is killed, everything inside dies", arguments: Operator.possible)
    func orphan(user: Operator) throws {
        try #require(Landlock.abi >= 6)
        try withScratch(for: user) { (scratch: String) throws in
            let run = try Started(
                Tools.harness, ["reduced", "quiet", "scratch=" + scratch, "--", Tools.probe, "hang"], user: user.user)
            #expect(run.readLine() == "ready")
            run.kill(SIGKILL)
            run.wait()
            #expect(run.outputEnds(within: 10_000))
        }
    }
}

@Suite("A sandbox in a cgroup is counted, killed and removed as one")
struct CgroupTests {
    /// Where cgroup v2 is mounted, if this test may make a group there.
    private static var place: String? {
        let mounts = (try? HostSetting.text("/proc/self/mountinfo", limit: 1_048_576)) ?? nil
        for line in String(decoding: mounts ?? [], as: UTF8.self).split(separator: "\n")
        where line.contains(" - cgroup2 ") {
            return String(line.split(separator: " ")[4])
        }
        return nil
    }

    @Test(
        "it starts inside, and is killed with everything in it",
        .enabled(if: Spawn.isRoot && place != nil, "there is no cgroup to make a group in"))
    func live() throws {
        let base = try #require(Self.place) + "/doorward-test-" + String(Random.number(), radix: 16)
        let script =
            "mkdir \(base) && echo $$ > \(base)/cgroup.procs && exec \(Tools.harness) server cgroup -- \(Tools.probe) hang"
        let run = try Spawn.run("/bin/sh", ["-c", script])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("/sandbox-1\n"))
        #expect(run.errors.contains("busy: true\n") && run.errors.contains("removed: true\n"))
        #expect(run.errors.contains("exit: killed(signal: 9)"))
        // What it limits depends on the controllers that this host has left for version 2.
        #expect(
            run.errors.contains("report: cgroup: enforced")
                || run.errors.contains("report: cgroup: reduced (no-controllers)"))
        let clean = try Spawn.run("/bin/sh", ["-c", "rmdir \(base)/doorward-launch \(base)"])
        #expect(clean.status == 0, "\(clean.errors)")
    }
}
