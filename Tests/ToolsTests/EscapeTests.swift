// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import Spawn
import Synchronization
import Testing

@testable import Tools

@Suite("Nothing outside a granted directory is reached, whatever its contents are made of")
struct EscapeTests {
    /// `root` is granted, and beside it lies what nobody may see.
    private let scratch = Scratch()
    private let secret = "SECRET-outside"

    private func channel(_ commands: String = "true") throws -> ScriptedChannel {
        scratch.shell(
            "mkdir root out && printf '\(secret)' >out/secret && printf '\(secret)' >secret && printf inside >root/file && cd root && \(commands)"
        )
        return try ScriptedChannel([("notes", scratch.path + "/root")])
    }

    /// Everything that can be asked about a path; what comes back must not hold the secret or a path of the host.
    private func ask(_ channel: ScriptedChannel, _ path: String) throws -> [String] {
        var outcomes: [String] = []
        let uri = String(decoding: ResourceAddress.text(text(path)), as: UTF8.self)
        for (method, members) in [
            ("tools/call", #""name":"files_read","arguments":{"path":"\#(path)"}"#),
            ("tools/call", #""name":"files_read","arguments":{"path":"\#(path)","encoding":"base64"}"#),
            ("tools/call", #""name":"files_read","arguments":{"path":"\#(path)","start_line":1}"#),
            ("tools/call", #""name":"files_list","arguments":{"path":"\#(path)","depth":5,"hidden":true}"#),
            ("tools/call", #""name":"files_search","arguments":{"path":"\#(path)","query":"S","hidden":true}"#),
            ("resources/read", #""uri":"\#(uri)""#),
        ] {
            let reply = try channel.modern(method, members)
            #expect(!reply.text.contains(secret) && !reply.text.contains("U0VDUkVU"), "\(path)")
            #expect(!reply.text.contains(scratch.path), "\(path)")
            outcomes.append(
                reply.string("result._meta.dev.doorward/reason") ?? reply.string("error.data.reason") ?? "ok")
        }
        return outcomes
    }

    @Test("the meter: a program that opens paths as they come does see the secret")
    func meter() throws {
        _ = try channel("ln -s ../secret link")
        #expect(Shell.read("\(scratch.path)/root/link") == text(secret))
        #expect(Shell.read("\(scratch.path)/root/../secret") == text(secret))
    }

    @Test(
        "links that leave are refused, wherever they stand in the path",
        arguments: [
            ("ln -s ../secret l", "l"), ("ln -s ../out l", "l/secret"), ("ln -s ../out l", "l"),
            ("ln -s .. l", "l/secret"), ("ln -s / l", "l"),
            ("ln -s / l", "l/etc/passwd"), ("ln -s /etc/passwd l", "l"), ("mkdir d && ln -s ../../secret d/l", "d/l"),
            ("mkdir d && ln -s ../.. d/l", "d/l/secret"), ("ln -s ../root/../secret l", "l"),
            ("ln -s l2 l && ln -s ../secret l2", "l"),
            ("mkdir -p d/e && ln -s d/e/../../../secret l", "l"), ("ln -s /proc/self/cwd l", "l"),
            ("ln -s /proc/self/root l", "l/etc/passwd"),
            ("ln -s /proc/self/environ l", "l"), ("ln -s /dev/stdin l", "l"), ("ln -s /dev/fd/0 l", "l"),
            // An absolute link is refused even where it leads back: what lies above is nobody's business here.
            ("ln -s \"$PWD/file\" l", "l"),
        ])
    func leavingLinks(_ commands: String, _ path: String) throws {
        let outcomes = try ask(try channel(commands), "notes/" + path)
        #expect(outcomes == [String](repeating: "outside", count: 6))
    }

    @Test("links that stay inside are followed")
    func stayingLinks() throws {
        let channel = try channel(
            "mkdir -p d/e && ln -s ../file d/up && ln -s d/e/../../file round && ln -s . self && ln -s d dir")
        for path in ["d/up", "round", "self/self/file", "dir/up", "self/d/up"] {
            let reply = try channel.answer("files_read", #"{"path":"notes/\#(path)"}"#)
            #expect(reply.string(reply.structured("text")) == "inside")
        }
    }

    @Test("a listing and a search of everything name links and follow none")
    func walks() throws {
        let channel = try channel(
            "ln -s ../out dir && ln -s ../secret l && ln -s / slash && mkdir d && ln -s ../../out d/out && printf S >f")
        for (tool, arguments) in [
            ("files_list", #"{"depth":5,"hidden":true}"#), ("files_search", #"{"query":"S","hidden":true}"#),
        ] {
            let reply = try channel.answer(tool, arguments)
            #expect(
                !reply.text.contains(secret) && !reply.text.contains("passwd") && !reply.text.contains("notes/dir/"))
        }
        let list = try channel.modern("resources/list")
        #expect(list.strings("result.resources", "uri") == ["files:///notes/f", "files:///notes/file"])
    }

    @Test(
        "paths that climb, are absolute or hold a NUL are refused before anything is opened",
        arguments: [
            "notes/../secret", "notes/../out", "..", "../secret", "/etc/passwd", "//etc/passwd", "/proc/self/environ",
            "notes/./../secret",
            "notes/d/../../secret", "notes/..", "notes/../notes/file", "notes/file\\u0000", "notes/\\u0000/../secret",
            "notes/.../file",
            "notes/..\\\\secret", "NOTES/file", "notes/%2e%2e/secret", "notes/\\uff0e\\uff0e/secret", "~/file",
            "notes/~root", "file:///etc/passwd",
        ])
    func climbing(_ path: String) throws {
        let outcomes = try ask(try channel(), path)
        #expect(!outcomes.contains("ok"))
    }

    @Test("pipes, sockets and devices are refused at once and never opened")
    func special() throws {
        let channel = try channel("mkfifo pipe && mkdir d && mkfifo d/pipe")
        scratch.shell("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"root/sock\")'")
        var names = ["pipe", "d/pipe", "sock"]
        if Shell.run(
            "mknod '\(scratch.path)/root/null' c 1 3 && mknod '\(scratch.path)/root/zero' c 1 5 && mknod '\(scratch.path)/root/disk' b 7 99"
        ) == 0 {
            names += ["null", "zero", "disk"]
        }
        for name in names {
            let outcomes = try ask(channel, "notes/" + name)
            #expect(
                outcomes == [
                    "not-a-regular-file", "not-a-regular-file", "not-a-regular-file", "not-a-directory",
                    "not-a-regular-file", "not-a-regular-file",
                ], "\(name)")
        }
        // A writer that waits for a reader of the pipe would have been woken by an open.
        let all = try channel.answer("files_search", #"{"query":"inside"}"#)
        #expect(all.integer(all.structured("files")) == 1)
    }

    @Test(
        "what is mounted inside is read, unless the kernel makes it up",
        .enabled(if: Shell.isRoot, "mounting needs root"))
    func mounts() throws {
        _ = try channel("mkdir proc tmp")
        let requests = ["proc", "proc/self/environ", "proc/1/environ", "proc/cpuinfo", "tmp/file"].enumerated().map {
            id, path in
            #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"files_read","arguments":{"path":"notes/\#(path)"}}}"#
        }
        let listing =
            #"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":\#(modernMeta),"name":"files_search","arguments":{"query":"o"}}}"#
        scratch.put("requests", text((requests + [listing]).joined(separator: "\n") + "\n"))
        // In a mount namespace of its own, so that nobody else sees them.
        let commands = """
            cd '\(scratch.path)' && mount -t proc proc root/proc && mount -t tmpfs tmpfs root/tmp && printf mounted >root/tmp/file && exec \
            '\(Spawn.buildDirectory)/doorward-tools' --label notes=root <requests
            """
        let done = try Spawn.run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", commands])
        try #require(done.status == 0, "\(done.errors)")
        var outcomes: [Int: String] = [:]
        for line in done.output.split(separator: "\n") {
            let reply = try Reply(text(String(line)))
            outcomes[reply.integer("id") ?? -1] =
                reply.string("result._meta.dev.doorward/reason") ?? reply.string("result.content.0.text") ?? "nothing"
        }
        #expect((0..<4).map { outcomes[$0] } == ["is-a-directory", "kernel-file", "kernel-file", "kernel-file"])
        #expect(outcomes[4] == "mounted")
        // The walk meets what is mounted like anything else.
        #expect(
            outcomes[5]?.contains(#""path":"notes/tmp/file""#) == true && outcomes[5]?.contains("notes/proc/") == false)
    }

    /// What two threads do to each other: one exchanges names as fast as it can, the other reads through them.
    private func race(_ exchanges: [(String, String)], in directory: String, reading: (Int) throws -> Void) throws {
        let path = scratch.path + "/" + directory
        let shared = Shared()
        let names = exchanges.map { (text($0.0), text($0.1)) }
        let thread = try Thread(named: "swapper") {
            guard let directory = try? Directory(path: path) else { return }
            while !shared.stop.load(ordering: .relaxed) {
                for (one, other) in names {
                    guard let one = FileName(one), let other = FileName(other) else { return }
                    if (try? directory.exchange(one, other)) != nil { shared.changes.add(1, ordering: .relaxed) }
                }
            }
        }
        for round in 0..<2000 { try reading(round) }
        shared.stop.store(true, ordering: .relaxed)
        thread.join()
        #expect(shared.changes.load(ordering: .relaxed) > 100)
    }

    private final class Shared: Sendable {
        let stop = Atomic<Bool>(false)
        let changes = Atomic<Int>(0)
    }

    @Test("a directory that is exchanged for a link again and again never leads outside")
    func directoryRace() throws {
        let channel = try channel("mkdir d && printf inside >d/secret && ln -s ../out l")
        var inside = 0
        var refused = 0
        var outside = 0
        try race([("d", "l")], in: "root") { round in
            if Shell.read("\(scratch.path)/root/d/secret") == text(secret) { outside += 1 }
            let reply: Reply
            switch round % 4 {
            case 0: reply = try channel.call("files_read", #"{"path":"notes/d/secret"}"#)
            case 1: reply = try channel.call("files_list", #"{"path":"notes/d","depth":2}"#)
            case 2: reply = try channel.call("files_search", #"{"path":"notes","query":"i"}"#)
            default: reply = try channel.modern("resources/read", #""uri":"files:///notes/d/secret""#)
            }
            #expect(!reply.text.contains(secret))
            if reply.string("result._meta.dev.doorward/reason") == "outside" { refused += 1 }
            if reply.text.contains("inside") { inside += 1 }
        }
        // The meter: both sides of the race were seen, and a plain open was led outside.
        #expect(inside > 10 && refused > 10 && outside > 10)
    }

    @Test("a file that is exchanged for a link or a pipe never leads outside, and never waits")
    func fileRace() throws {
        let channel = try channel("ln -s ../secret l && mkfifo pipe")
        var inside = 0
        var refused = 0
        try race([("file", "l"), ("file", "pipe")], in: "root") { round in
            let reply =
                round % 2 == 0
                ? try channel.call("files_read", #"{"path":"notes/file"}"#)
                : try channel.call("files_search", #"{"query":"i"}"#)
            #expect(!reply.text.contains(secret))
            if reply.text.contains("inside") { inside += 1 }
            if ["outside", "not-a-regular-file"].contains(reply.string("result._meta.dev.doorward/reason")) {
                refused += 1
            }
        }
        #expect(inside > 10 && refused > 10)
    }

    @Test("a directory that is moved out and in again while links with '..' are followed never leads outside")
    func climbingRace() throws {
        // root/a/b/up leads to root/file by two steps up. With b moved to the top level the same steps would leave.
        let channel = try channel(
            "mkdir -p a/b && ln -s ../../file a/b/up && mkdir -p ../a0/b0 && printf '\(secret)' >../file")
        let path = scratch.path
        let shared = Shared()
        let thread = try Thread(named: "mover") {
            while !shared.stop.load(ordering: .relaxed) {
                if rename(path + "/root/a/b", path + "/root/b") == 0 { shared.changes.add(1, ordering: .relaxed) }
                _ = rename(path + "/root/b", path + "/root/a/b")
            }
        }
        var inside = 0
        for _ in 0..<2000 {
            for place in ["a/b/up", "b/up"] {
                let reply = try channel.call("files_read", #"{"path":"notes/\#(place)"}"#)
                #expect(!reply.text.contains(secret))
                if reply.text.contains("inside") { inside += 1 }
            }
        }
        shared.stop.store(true, ordering: .relaxed)
        thread.join()
        #expect(inside > 10 && shared.changes.load(ordering: .relaxed) > 100)
    }
}
