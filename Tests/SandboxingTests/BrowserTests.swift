// SPDX-License-Identifier: Apache-2.0
import Linux
import Spawn
import Testing

@testable import Sandboxing

/// The browser of this distribution, itself, not the script around it.
enum Browser {
    static let program: SystemString = "/usr/lib/chromium/chromium"
    static let isInstalled = (try? Tree.kind(program)) ?? nil == .other
}

/// Serialised, because a browser takes both processors, and the deepest process of the host is looked for.
@Suite(
    "A browser works inside, with its own sandbox and without", .serialized,
    .enabled(if: Browser.isInstalled, "no Chromium: nothing is known about browsers here"))
struct BrowserTests {
    private func run(_ options: [String], _ flags: [String], _ user: Operator) throws -> Spawn {
        let words =
            [
                Browser.program.description, "--headless", "--disable-gpu", "--user-data-dir=/home/sandbox/profile",
                "--proxy-server=http://127.0.0.1:3128", "--proxy-bypass-list=<-loopback>", "--dump-dom",
            ] + flags + ["http://page.test/"]
        let limits = ["processes=2048", "memory=17179869184", "files=8192", "capacity=1073741824"]
        return try Tools.sandboxed(
            "server", words, options: ["quiet", "doors", "admission=granted"] + limits + options, as: user)
    }

    @Test(
        "its renderers are in namespaces of their own, and a page comes through the door", arguments: Operator.possible)
    func own(user: Operator) throws {
        let run = try run(["nesting"], [], user)
        #expect(run.output.contains("<title>loaded</title>") && run.output.contains("script 42"), "\(run.errors)")
        #expect(run.errors.contains("door 0: GET http://page.test/ HTTP/1.1\n"))
        // Host, sandbox, zygote, renderer; our filter and the browser's.
        #expect(run.errors.contains("deepest: 4 levels, 2 filters\n"), "\(run.errors)")
    }

    @Test("it needs nothing of that when its own sandbox is off", arguments: Operator.possible)
    func off(user: Operator) throws {
        let run = try run([], ["--no-sandbox"], user)
        #expect(run.output.contains("script 42"), "\(run.errors)")
        #expect(!run.errors.contains("deepest: 3") && !run.errors.contains("deepest: 4"), "\(run.errors)")
    }

    @Test("where nothing may be nested it says that it has no sandbox")
    func refused() throws {
        let run = try run([], [], Operator.possible.last ?? .own)
        #expect(run.output.isEmpty && run.status != 0, "the meter")
    }

    /// What the browser's filter lets through beyond the server's, and what of that still leads nowhere.
    @Test("nesting opens no way out", arguments: Operator.possible)
    func nesting(user: Operator) throws {
        let probes: [(words: [String], reaches: Bool)] = [
            (["unshare-user"], true), (["clone-user"], true), (["clone-network"], true), (["clone3-user"], false),
            (["clone-mounts"], false), (["unshare-mounts"], false), (["unshare-then-mount"], false),
            (["mount-old"], false), (["mount-new"], false), (["pivot"], false), (["other-namespace"], false),
            (["append", "/proc/sys/kernel/core_pattern"], false), (["append", "/proc/sys/kernel/pid_max"], false),
            (["append", "/proc/sysrq-trigger"], false), (["read", "/proc/kcore"], false),
            (["packet"], false), (["packet-alias"], false), (["raw-icmp"], false), (["netlink", "12"], false),
            (["tcp", "127.0.0.1", "{port}"], false), (["trace", "{pid}"], false), (["read-memory"], false),
            (["io-uring"], false), (["keyctl"], false), (["run-memory-file"], false), (["run-written", "/tmp"], false),
        ]
        for (words, reaches) in probes {
            let filled = try HostFixture.of(user).fill(words)
            let run = try Tools.sandboxed("server", [Tools.probe] + filled, options: ["quiet", "nesting"], as: user)
            #expect(run.status == (reaches ? 0 : 1), "\(words) \(run.output)\(run.errors)")
        }
    }
}
