// SPDX-License-Identifier: Apache-2.0
import Linux
import Spawn
import Testing

@Suite("What programs need works inside")
struct UseTests {
    @Test(
        "threads, programs, sockets among themselves, memory, devices",
        arguments: [
            ["use-thread"], ["use-program"], ["use-unix-socket", "/tmp"], ["use-unix-socket", "/home/sandbox"],
            ["use-loopback"], ["use-shared-memory"], ["use-sealed-memory-file"], ["use-devices"],
            ["use-executable-memory"], ["create-in", "/tmp"], ["create-in", "/dev/shm"],
            ["create-in", "/home/sandbox"], ["read", "/etc/ssl/certs"], ["read", "/etc/hosts"],
            ["read", "/proc/self/status"], ["read", "/proc/cpuinfo"], ["netlink", "0"], ["is-process-two"],
            ["environment", "PATH"], ["environment", "HOME"], ["exists", "/usr/bin/env"],
        ], Operator.possible)
    func use(words: [String], user: Operator) throws {
        for backend in Tools.backends {
            let run = try Tools.sandboxed(backend, [Tools.probe] + words, as: user)
            #expect(run.status == 0, "\(backend): \(run.output)\(run.errors)")
        }
    }

    @Test(
        "interpreters run", arguments: ["/usr/bin/python3", "/bin/sh", "/usr/bin/perl", "/usr/bin/node"],
        Operator.possible)
    func interpreter(path: String, user: Operator) throws {
        let bare = try Spawn.run(path, ["-e", ""])
        if bare.status == 127 { return }
        let script =
            path.hasSuffix("python3")
            ? ["-c", "import os, ssl, json, socket, subprocess; print(2*21)"]
            : path.hasSuffix("sh")
                ? ["-c", "echo $((2*21))"]
                : path.hasSuffix("perl") ? ["-e", "print 2*21"] : ["-e", "console.log(2*21)"]
        let run = try Tools.sandboxed("server", [path] + script, as: user)
        #expect(run.status == 0 && run.output.hasPrefix("42"), "\(run.errors)")
    }

    @Test("a TCP port is open inside only if it was named")
    func ports() throws {
        let words = [Tools.probe, "listen-tcp", "8123"]
        #expect(try Tools.sandboxed("server", words).output == "EACCES\n")
        #expect(try Tools.sandboxed("server", words, options: ["quiet", "bind=8123"]).status == 0)
        #expect(try Tools.sandboxed("server", words, options: ["quiet", "bind=8124"]).output == "EACCES\n")
    }

    @Test(
        "a writable directory of the host may be written and never executed from", arguments: Operator.possible,
        Tools.backends)
    func writable(user: Operator, backend: String) throws {
        try withScratch(for: user) { (directory: String) throws in
            let options = ["quiet", "write=" + directory]
            for words in [["create-in", directory], ["fill", directory, "100000"]] {
                #expect(try Tools.sandboxed(backend, [Tools.probe] + words, options: options, as: user).status == 0)
            }
            for words in [
                ["run-written", directory], ["run-written-by-loader", directory], ["map-written", directory],
            ] {
                #expect(try Spawn.run(Tools.probe, words, user: user.user).status == 0, "the meter")
                #expect(try Tools.sandboxed(backend, [Tools.probe] + words, options: options, as: user).status == 1)
            }
        }
    }

    @Test("a directory shown for reading cannot be written", arguments: Operator.possible)
    func readable(user: Operator) throws {
        try withScratch(for: user) { (directory: String) throws in
            for option in ["read=", "execute="] {
                let run = try Tools.sandboxed(
                    "server", [Tools.probe, "create-in", directory], options: ["quiet", option + directory], as: user)
                #expect(run.output == "EROFS\n" || run.output == "EACCES\n")
            }
        }
    }
}

@Suite("Nothing is inherited")
struct InheritanceTests {
    @Test("descriptors that were open in the launcher are closed", arguments: Operator.possible, Tools.backends)
    func descriptors(user: Operator, backend: String) throws {
        let words = ["inherited-descriptor"]
        let secret = try Pipe()
        let number = secret.reading.number
        #expect(try Spawn.run(Tools.probe, words, user: user.user, keptDescriptor: number).status == 0, "the meter")
        let run = try Spawn.run(
            Tools.harness, [backend, "quiet", "--", Tools.probe] + words, user: user.user, keptDescriptor: number)
        #expect(run.output == "refused\n")
    }

    @Test(
        "environment variables of the launcher are not seen",
        arguments: ["SECRET", "LD_PRELOAD", "NODE_OPTIONS", "PYTHONPATH", "BASH_ENV", "LD_LIBRARY_PATH"], Tools.backends
    )
    func environment(name: String, backend: String) throws {
        let environment = [name + "=/nowhere"]
        let words = ["environment", name]
        #expect(try Spawn.run(Tools.probe, words, environment: environment).status == 0, "the meter")
        // The harness needs its libraries, so it gets that one beside the secret.
        let run = try Tools.sandboxed(
            backend, [Tools.probe] + words, environment: environment + Spawn.libraryPath(except: name))
        #expect(run.output.hasSuffix("refused\n"), "\(run.errors)")
    }

    @Test("handed descriptors are 3 and following, and there is no other", arguments: Operator.possible, Tools.backends)
    func handed(user: Operator, backend: String) throws {
        let run = try Tools.sandboxed(
            backend, ["/bin/sh", "-c", "head -c 4 <&4; ls /proc/self/fd | tr '\\n' ' '"],
            options: ["quiet", "inherit=/etc/hostname", "inherit=" + Tools.probe], as: user)
        // The last one is the listing's own.
        #expect(run.output == "\u{7f}ELF0 1 2 3 4 5 ", "\(run.output)\(run.errors)")
    }

    @Test(
        "a handed file is shown at its place, and no other that has taken it", arguments: Operator.possible,
        Tools.backends)
    func bound(user: Operator, backend: String) throws {
        try withScratch(for: user) { (scratch: String) throws in
            let path = scratch + "/sealed"
            try #require(Spawn.run("/bin/sh", ["-c", "echo sealed > \(path)"], user: user.user).status == 0)
            let good = try Tools.sandboxed(
                backend, ["/bin/cat", path], options: ["quiet", "bound=" + path], as: user)
            #expect(good.output == "sealed\n", "\(good.errors)")
            let stale = try Tools.sandboxed(
                backend, ["/bin/cat", path], options: ["quiet", "bound=" + path, "replace=" + path], as: user)
            #expect(
                stale.status == 125 && stale.errors.hasPrefix("harness: \(backend == "server" ? "tree" : "start"): "),
                "\(stale.errors)")
        }
    }

    @Test("what the plan names is there")
    func planned() throws {
        let run = try Tools.sandboxed(
            "server", [Tools.probe, "environment", "PLANNED"], options: ["quiet", "env=PLANNED=yes"])
        #expect(run.status == 0)
    }
}
