// SPDX-License-Identifier: Apache-2.0
import Spawn
import Testing

/// One attempt to reach out of a sandbox.
struct Probe: Sendable, CustomTestStringConvertible {
    /// Whether it must succeed where nothing holds it back; otherwise a refusal inside would prove nothing.
    enum Meter: Sendable {
        case reaches
        /// It takes root to reach it; an ordinary user is refused with or without a sandbox.
        case reachesAsRoot
        /// Root has nothing to win by it.
        case reachesAsUser
        /// Some kernels have nothing to reach: then the attempt proves nothing, and the refusal must hold all the same.
        case dependsOnKernel
        /// What it does must not be done to this host.
        case never
    }

    let row: String
    let words: [String]
    let refusals: Set<String>
    let meter: Meter

    init(_ row: String, _ words: String..., gives refusals: Set<String>, meter: Meter = .reaches) {
        self.row = row
        self.words = words
        self.refusals = refusals
        self.meter = meter
    }

    var testDescription: String { row + " " + words.joined(separator: " ") }
}

@Suite("What is not a server's is out of its reach")
struct ProbeTests {
    static let unreachable: Set<String> = ["EACCES", "ECONNREFUSED", "ENETUNREACH"]
    static let noFamily: Set<String> = ["EAFNOSUPPORT"]
    static let forbidden: Set<String> = ["EPERM"]
    static let absent: Set<String> = ["ENOENT", "ESRCH"]
    static let noWriting: Set<String> = ["EROFS", "ENOENT", "EACCES"]

    static let network: [Probe] =
        [
            Probe("64a", "tcp", "127.0.0.1", "{port}", gives: unreachable),
            Probe("64a", "tcp", "0.0.0.0", "{port}", gives: unreachable),
            Probe("64a", "tcp", "127.9.9.9", "{port}", gives: unreachable),
            Probe("64a", "tcp", "::1", "{port}", gives: unreachable),
            Probe("64a", "tcp", "::ffff:127.0.0.1", "{port}", gives: unreachable),
            Probe("64b", "udp", "127.0.0.1", "{port}", gives: ["ECONNREFUSED"]),
            Probe("64b", "udp", "::1", "{port}", gives: ["ECONNREFUSED"]),
            Probe("65a", "udp", "192.0.2.1", "53", gives: ["ENETUNREACH"], meter: .dependsOnKernel),
            Probe("65a", "udp", "192.0.2.1", "443", gives: ["ENETUNREACH"], meter: .dependsOnKernel),
            Probe("65a", "ping", gives: ["EPROTONOSUPPORT"], meter: .dependsOnKernel),
            Probe("65b", "raw-icmp", gives: forbidden, meter: .reachesAsRoot),
            Probe("65b", "raw-icmp6", gives: forbidden, meter: .reachesAsRoot),
            Probe("65b", "packet", gives: noFamily, meter: .dependsOnKernel),
            Probe("65b", "packet-alias", gives: forbidden, meter: .dependsOnKernel),
            Probe("65b", "mptcp", gives: ["EPROTONOSUPPORT"], meter: .dependsOnKernel),
            Probe("66b", "netlink", "12", gives: noFamily, meter: .dependsOnKernel),
            Probe("66b", "netlink", "4", gives: noFamily, meter: .dependsOnKernel),
            Probe("66b", "netlink", "9", gives: noFamily, meter: .dependsOnKernel),
            Probe("66b", "netlink", "15", gives: noFamily),
            Probe("67a", "abstract-socket", "{name}", gives: ["ECONNREFUSED", "EPERM"]),
            Probe("67b", "unix-table", "{name}", gives: ["refused"]),
            Probe("67b", "tcp-table", "{port}", gives: ["refused"], meter: .dependsOnKernel),
            Probe("68a", "path-socket", "{dir}/socket", gives: absent),
            Probe("68a", "pair-sends-elsewhere", "{dir}/datagrams", gives: absent),
            Probe("68b", "link-socket", "{dir}/socket", "/tmp", gives: absent),
            Probe("68b", "path-socket", "/proc/self/root{dir}/socket", gives: absent, meter: .dependsOnKernel),
        ]
        // 40 VSOCK, 38 ALG, 31 BLUETOOTH, 44 XDP, 29 CAN, 30 TIPC, and what does not exist yet.
        + [
            "/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
            "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/journal/stdout", "/run/snapd.socket",
            "/tmp/.X11-unix/X0", "/run/user/1000/wayland-0", "/run/user/1000/bus", "/run/user/1000/gnupg/S.gpg-agent",
            "/tmp/tmux-0/default", "/run/cups/cups.sock", "/run/nscd/socket",
        ].map { Probe("68a", "path-socket", $0, gives: absent, meter: .dependsOnKernel) }
        + ([40, 38, 31, 44, 29, 30, 17, 5, 45, 46, 50, 60, 255] as [Int]).map {
            Probe("66a", "family", "\($0)", gives: noFamily, meter: .dependsOnKernel)
        }

    static let processes: [Probe] = [
        Probe("71a", "proc-environment", "{pid}", gives: absent),
        Probe("71a", "proc-root", "{pid}", gives: absent),
        Probe("71a", "proc-memory", "{pid}", gives: absent),
        Probe("71a", "proc-maps", "{pid}", gives: absent),
        Probe("71a", "proc-descriptors", "{pid}", gives: absent),
        Probe("71a", "proc-directory", "{pid}", gives: absent),
        Probe("71b", "proc-entry", "{pid}", gives: absent),
        Probe("71b", "signal-zero", "{pid}", gives: absent),
        Probe("71b", "signal-thread", "{pid}", gives: absent),
        Probe("71b", "signal-queue", "{pid}", gives: absent),
        Probe("70a", "inherited-descriptor", gives: ["refused"], meter: .dependsOnKernel),
        Probe("71b", "signal-all", gives: ["ESRCH"], meter: .never),
        Probe("71b", "pidfd", "{pid}", gives: ["ESRCH"]),
        Probe("73a", "trace", "{pid}", gives: forbidden),
        Probe("73a", "trace-child", gives: forbidden),
        Probe("73b", "read-memory", gives: forbidden),
        Probe("73b", "take-descriptor", gives: forbidden),
        Probe("73b", "compare", gives: forbidden),
        Probe("74a", "type-ahead", gives: forbidden),
        Probe("74a", "type-ahead-wide", gives: forbidden),
        Probe("74a", "paste", gives: forbidden),
        Probe("74a", "own-terminal", gives: absent, meter: .dependsOnKernel),
        Probe("77a", "new-privileges", gives: ["refused"]),
        // The reaper is the one process of the Launcher's making that a server sees.
        Probe("71c", "proc-environment", "1", gives: ["EACCES", "EPERM"], meter: .dependsOnKernel),
        Probe("71c", "proc-memory", "1", gives: ["EACCES", "EPERM"], meter: .dependsOnKernel),
        Probe("71c", "proc-maps", "1", gives: ["EACCES", "EPERM"], meter: .dependsOnKernel),
        Probe("71c", "proc-descriptors", "1", gives: ["EACCES", "ENOENT"], meter: .dependsOnKernel),
        Probe("71c", "proc-root", "1", gives: ["EACCES", "EPERM"], meter: .dependsOnKernel),
        Probe("71c", "signal-zero", "1", gives: forbidden, meter: .reachesAsRoot),
    ]

    static let kernel: [Probe] = [
        Probe("75a", "add-key", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "request-key", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "keyctl", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "io-uring", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "userfault", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "bpf", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "perf", gives: forbidden, meter: .dependsOnKernel),
        Probe("75a", "watch-files", gives: forbidden, meter: .dependsOnKernel),
        Probe("75b", "file-by-handle", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "handle-of-file", gives: forbidden),
        Probe("75b", "other-namespace", gives: forbidden),
        Probe("75b", "mount-old", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "mount-new", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "mount-tree", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "mount-move", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "mount-attributes", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "mount-remove", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "change-root", gives: forbidden),
        Probe("75b", "pivot", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "load-module", gives: forbidden, meter: .dependsOnKernel),
        Probe("75b", "kernel-log", gives: forbidden, meter: .reachesAsRoot),
        Probe("75b", "set-clock", gives: forbidden),
        Probe("75c", "newer-call", gives: ["ENOSYS"], meter: .dependsOnKernel),
        Probe("76a", "unshare-user", gives: forbidden, meter: .dependsOnKernel),
        Probe("76a", "clone-user", gives: forbidden, meter: .dependsOnKernel),
        Probe("76a", "clone-network", gives: forbidden, meter: .dependsOnKernel),
        Probe("76a", "clone3-user", gives: ["ENOSYS"], meter: .dependsOnKernel),
        Probe("76b", "readable-is-executable", gives: forbidden),
        Probe("76b", "x32-call", gives: ["refused"]),
        Probe("76b", "i386-call", gives: ["refused"], meter: .dependsOnKernel),
    ]

    static let files: [Probe] = [
        Probe("79a", "create-in", "/usr/local/bin", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "create-in", "/usr/bin", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "create-in", "/etc", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "create-in", "/", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "create-in", "/dev", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "create-in", "/run", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "append", "/etc/passwd", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "append", "/etc/ld.so.cache", gives: noWriting, meter: .reachesAsRoot),
        Probe("79a", "change-mode", "/dev/null", gives: ["EROFS"], meter: .reachesAsRoot),
        Probe("79a", "change-mode", "/usr/bin/true", gives: ["EROFS"], meter: .reachesAsRoot),
        Probe("79a", "read", "{dir}/secret", gives: absent),
        Probe("79a", "exists", "{dir}", gives: absent),
        Probe("79a", "exists", "/etc/shadow", gives: absent),
        Probe("79a", "exists", "/etc/ssl/private", gives: absent, meter: .dependsOnKernel),
        Probe("79a", "exists", "/home/../tmp/../root", gives: absent, meter: .dependsOnKernel),
        Probe("79b", "append-through-link", "{dir}/secret", "/tmp", gives: absent),
        Probe("79b", "append-through-link", "/usr/bin/true", "/tmp", gives: noWriting, meter: .reachesAsRoot),
        Probe("79b", "hard-link", "{dir}/secret", "/tmp", gives: absent),
        Probe("79b", "hard-link", "/usr/bin/true", "/tmp", gives: ["EXDEV"], meter: .dependsOnKernel),
        Probe("80b", "shared-memory", "{/name}", gives: ["ENOENT"]),
        Probe("80b", "system-v-memory", "{pid}", gives: ["ENOENT"]),
        Probe("80b", "message-queue", "{/name}", gives: ["ENOENT"]),
        Probe("82a", "append", "/proc/sys/kernel/core_pattern", gives: noWriting, meter: .reachesAsRoot),
        Probe("82a", "append", "/proc/sys/kernel/hostname", gives: noWriting, meter: .reachesAsRoot),
        Probe("82a", "append", "/proc/sys/kernel/pid_max", gives: noWriting, meter: .reachesAsRoot),
        Probe("82a", "append", "/proc/self/uid_map", gives: noWriting, meter: .dependsOnKernel),
        Probe("82a", "append", "/proc/self/oom_score_adj", gives: noWriting),
        Probe("82a", "append", "/proc/sysrq-trigger", gives: noWriting, meter: .dependsOnKernel),
        Probe("82a", "read", "/proc/kcore", gives: noWriting, meter: .dependsOnKernel),
        Probe("82a", "read", "/proc/keys", gives: ["EACCES", "ENOENT"], meter: .dependsOnKernel),
        Probe("82a", "read", "/proc/kallsyms", gives: ["EACCES", "ENOENT"]),
        Probe("82a", "read", "/proc/slabinfo", gives: ["EACCES", "ENOENT"], meter: .reachesAsRoot),
        Probe("82a", "read", "/proc/cmdline", gives: ["EACCES", "ENOENT"]),
        Probe("82a", "exists", "/sys", gives: absent),
        Probe("82a", "exists", "/sys/fs/cgroup", gives: absent),
        Probe("82a", "exists", "/dev/mem", gives: absent, meter: .dependsOnKernel),
        Probe("82a", "exists", "/dev/kvm", gives: absent, meter: .dependsOnKernel),
        Probe("82a", "exists", "/dev/vda", gives: absent, meter: .dependsOnKernel),
        Probe("84a", "run-memory-file", gives: ["ENOSYS"]),
        Probe("84a", "run-sealed-memory-file", gives: ["EACCES"], meter: .dependsOnKernel),
        Probe("77a", "run-setuid", gives: ["refused"], meter: .reachesAsUser),
        Probe("79b", "race-link", "{dir}/secret", "/tmp", gives: ["refused", "ENOENT"]),
        Probe("79b", "rename-out", "/tmp", "/usr/local", gives: ["EXDEV", "EROFS"], meter: .dependsOnKernel),
        Probe("79b", "dots-out", "/tmp", "{dir}/secret", gives: absent),
        Probe("82a", "append", "/sys/fs/cgroup/cgroup.procs", gives: noWriting, meter: .dependsOnKernel),
        Probe("84a", "run-written", "/tmp", gives: ["EACCES"]),
        Probe("84a", "run-written", "/home/sandbox", gives: ["EACCES"], meter: .dependsOnKernel),
        Probe("84a", "run-written-by-loader", "/dev/shm", gives: ["refused"], meter: .dependsOnKernel),
        Probe("84a", "run-written-by-loader", "/home/sandbox", gives: ["refused"], meter: .dependsOnKernel),
        Probe("84a", "map-written", "/dev/shm", gives: ["EPERM", "EACCES"], meter: .dependsOnKernel),
        Probe("84a", "run-written", "/dev/shm", gives: ["EACCES"], meter: .dependsOnKernel),
        Probe("84a", "run-written-by-loader", "/tmp", gives: ["refused"]),
        Probe("84a", "map-written", "/tmp", gives: ["EPERM", "EACCES"]),
    ]

    /// Tries it without a sandbox, in ours, and in bubblewrap's with our second stage, which must give the same.
    private func attempt(_ probe: Probe, _ user: Operator) throws {
        let words = try HostFixture.of(user).fill(probe.words)
        let bare = probe.meter == .never ? nil : try Spawn.run(Tools.probe, words, user: user.user)
        switch probe.meter {
        case .never: break
        case .reaches: #expect(bare?.status == 0, "the meter: \(bare?.output ?? "")\(bare?.errors ?? "")")
        case .reachesAsRoot where user == .own && Spawn.isRoot:
            #expect(bare?.status == 0, "the meter: \(bare?.output ?? "")\(bare?.errors ?? "")")
        case .reachesAsUser where user == .ordinary || !Spawn.isRoot:
            #expect(bare?.status == 0, "the meter: \(bare?.output ?? "")\(bare?.errors ?? "")")
        case .reachesAsRoot, .reachesAsUser, .dependsOnKernel:
            #expect(bare?.status == 0 || bare?.status == 1, "\(bare?.errors ?? "")")
        }
        var answers: Set<String> = []
        for backend in Tools.backends {
            let inside = try Tools.sandboxed(backend, [Tools.probe] + words, as: user)
            let answer = inside.output.split(separator: "\n").last.map(String.init) ?? ""
            #expect(inside.status == 1, "\(backend): \(inside.output)\(inside.errors)")
            #expect(probe.refusals.contains(answer), "\(backend): \(answer)")
            answers.insert(answer)
        }
        // What shows of process 1 depends on whether it has closed its descriptors yet.
        if probe.row != "71c" { #expect(answers.count == 1, "\(answers)") }
    }

    @Test("the network", arguments: network, Operator.possible)
    func reachNetwork(probe: Probe, user: Operator) throws { try attempt(probe, user) }

    @Test("the host's own address", arguments: Operator.possible)
    func reachAddress(user: Operator) throws {
        let found = try Spawn.run("/usr/bin/env", ["hostname", "-I"])
        // A host that is nowhere connected has no address to try.
        guard let address = found.output.split(separator: " ").first(where: { $0.contains(".") }) else { return }
        try attempt(Probe("64a", "tcp", String(address), "{port}", gives: Self.unreachable), user)
    }

    @Test("other processes", arguments: processes, Operator.possible)
    func reachProcesses(probe: Probe, user: Operator) throws { try attempt(probe, user) }

    @Test("the kernel", arguments: kernel, Operator.possible)
    func reachKernel(probe: Probe, user: Operator) throws { try attempt(probe, user) }

    @Test("files", arguments: files, Operator.possible)
    func reachFiles(probe: Probe, user: Operator) throws { try attempt(probe, user) }
}
