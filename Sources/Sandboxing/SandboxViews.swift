// SPDX-License-Identifier: Apache-2.0
package import Linux

/// The plans that Doorward makes: what each kind of program is shown.
extension SandboxPlan {
    /// A crash must end the room, not start a debugger in it. The path is never used, but where none is given the runtime
    /// looks for one in /proc and aborts the program when there is no /proc.
    package static let roomEnvironment: [SystemString] = ["SWIFT_BACKTRACE=enable=no,swift-backtrace=/nowhere"]

    /// Where a server's home is. It lies in memory and is gone with the sandbox.
    package static let home: SandboxPath = "/home/sandbox"

    /// A server, tool or agent without a network: its own namespaces, the host's programs, memory to write in.
    ///
    /// - Parameters:
    ///   - additions: what this server is shown beyond that.
    ///   - environment: `NAME=value`; a name given here replaces the usual value.
    ///   - ports: the TCP ports that Landlock leaves open inside; none unless named.
    ///   - showsProcesses: whether there is a /proc. Some containers do not let one be mounted.
    ///   - allowsNesting: whether it may make user, pid and network namespaces inside its own.
    package static func server(
        name: SystemString, host: SandboxHost, arguments: [SystemString], environment: [SystemString],
        additions: [RootEntry] = [], workingDirectory: SystemString? = nil, limits: ResourceLimits = .server,
        capacity: SandboxRoot.Capacity = .server, ports: LandlockRules.Ports = LandlockRules.Ports(),
        showsProcesses: Bool = true, allowsNesting: Bool = false
    ) throws(RootError) -> SandboxPlan {
        let use: RootEntry.ProcessUse = allowsNesting ? .nesting : .looking
        let processes: [RootEntry] = showsProcesses ? [.processes("/proc", masked: host.masked, use)] : []
        let shown = shownIdentity(allowsNesting)
        let entries = host.entries + synthetic(shown) + devices + additions + processes
        let root = try SandboxRoot(entries, capacity: capacity)
        var plan = SandboxPlan(
            name: name, kind: .server, root: root, loopback: true, arguments: arguments,
            environment: merged(environment, over: usualEnvironment(shown)),
            workingDirectory: workingDirectory ?? home.absolute, limits: limits,
            landlock: LandlockRules(for: root, ports: ports), seccomp: allowsNesting ? .browser : .server)
        plan.shownIdentity = shown
        return plan
    }

    /// Whoever is uid 0 in a namespace can map no user into a further one without a capability that nothing in a sandbox
    /// has (CAP_SETFCAP, kernel 5.12), and browsers refuse to run as root besides.
    private static func shownIdentity(_ allowsNesting: Bool) -> UInt32? {
        allowsNesting && ThisProcess.uid == 0 ? 1000 : nil
    }

    /// A room: a static program of ours in an empty tree, or one with nothing but `additions`.
    package static func room(
        name: SystemString, arguments: [SystemString], additions: [RootEntry] = [], limits: ResourceLimits
    ) throws(RootError) -> SandboxPlan {
        let root = try additions.isEmpty ? SandboxRoot.empty : SandboxRoot(additions, capacity: .empty)
        return SandboxPlan(
            name: name, kind: .room, root: root, loopback: false, arguments: arguments,
            environment: roomEnvironment, workingDirectory: "/", limits: limits,
            landlock: LandlockRules(for: root, ports: LandlockRules.Ports()), seccomp: nil)
    }

    /// What a host without user namespaces can give to a server instead. The caller must have been told to accept it.
    ///
    /// - Parameter scratch: a private directory of the host that stands in for all memory directories.
    /// - Throws: ``ReductionError`` if the plan shows something that cannot be shown without a tree of its own.
    package func reduced(scratch: SystemString) throws(ReductionError) -> SandboxPlan {
        guard let root else { throw .alreadyReduced }
        // A listener in the host's network is everybody's: it names nobody, and stops nothing.
        if !doors.isEmpty { throw .doors }
        var paths = SandboxPlan.processFiles
        paths.append(LandlockRules.Path(scratch, .readAndWrite))
        for entry in root.entries {
            switch entry {
            case .host(let source, let path, let access, let optional):
                guard source == path.absolute else { throw .moved(path) }
                paths.append(LandlockRules.Path(source, access.rights, mayBeAbsent: optional))
            case .system(let path, let access):
                paths.append(LandlockRules.Path(path.absolute, access.rights, mayBeAbsent: true))
            case .device(let path): paths.append(LandlockRules.Path(path.absolute, .device))
            case .descriptor(_, let path, _): throw .moved(path)
            case .cover(let path, _): throw .covered(path)
            // The host's own are seen instead, where a rule allows it; scratch stands in for what is written.
            case .directory, .file, .link, .memory, .processes: continue
            }
        }
        var plan = self
        plan.namespaces = []
        plan.root = nil
        plan.loopback = false
        plan.environment = SandboxPlan.merged(["HOME=" + scratch, "TMPDIR=" + scratch], over: environment)
        plan.workingDirectory = scratch
        plan.landlock = LandlockRules(paths: paths, ports: landlock?.ports)
        plan.seccomp = .reduced
        return plan
    }

    /// Of /proc, in the order in which programs ask for it: themselves, and how large the machine is. Not all of their own
    /// directory: below it lie the tables of the host's sockets too.
    private static let processFiles: [LandlockRules.Path] = [
        "/proc/self/fd", "/proc/self/fdinfo", "/proc/self/maps", "/proc/self/smaps", "/proc/self/status",
        "/proc/self/stat", "/proc/self/statm", "/proc/self/cmdline", "/proc/self/comm", "/proc/self/environ",
        "/proc/self/auxv", "/proc/self/limits", "/proc/self/cgroup", "/proc/self/mounts", "/proc/self/mountinfo",
        "/proc/self/oom_score_adj", "/proc/self/io", "/proc/self/schedstat",
        "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/loadavg", "/proc/uptime",
        "/proc/version", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease", "/etc/passwd", "/etc/group",
    ].map { LandlockRules.Path($0, .read, mayBeAbsent: true) }

    private static let devices: [RootEntry] = [
        .device("/dev/null"), .device("/dev/zero"), .device("/dev/full"), .device("/dev/random"),
        .device("/dev/urandom"),
        .link("/dev/fd", to: "/proc/self/fd"), .link("/dev/stdin", to: "/proc/self/fd/0"),
        .link("/dev/stdout", to: "/proc/self/fd/1"), .link("/dev/stderr", to: "/proc/self/fd/2"),
    ]

    /// What is made up for the sandbox, so that nothing of the host's users, names and resolvers shows.
    private static func synthetic(_ shown: UInt32?) -> [RootEntry] {
        let (uid, gid) = (shown ?? ThisProcess.uid, shown ?? ThisProcess.gid)
        let user = uid == 0 ? "root" : "sandbox"
        let passwd = "\(user):x:\(uid):\(gid):sandbox:\(home):/bin/sh\n"
        return [
            .memory("/tmp", mode: 0o1777), .memory("/dev/shm", mode: 0o1777), .memory(home, mode: 0o700),
            .link("/var/tmp", to: "/tmp"), .directory("/run"),
            .file("/etc/passwd", Array(passwd.utf8)),
            .file("/etc/group", Array("\(user):x:\(gid):\n".utf8)),
            .file("/etc/hosts", Array("127.0.0.1 localhost sandbox\n::1 localhost\n".utf8)),
            .file("/etc/hostname", Array("sandbox\n".utf8)),
            .file("/etc/resolv.conf", []),
        ]
    }

    private static func usualEnvironment(_ shown: UInt32?) -> [SystemString] {
        [
            "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home.absolute, "TMPDIR=/tmp", "LANG=C.UTF-8",
            (shown ?? ThisProcess.uid) == 0 ? "USER=root" : "USER=sandbox",
        ]
    }

    /// `wins`, and what of `base` has another name.
    static func merged(_ wins: [SystemString], over base: [SystemString]) -> [SystemString] {
        func name(_ entry: SystemString) -> ArraySlice<UInt8> { entry.bytes.prefix { $0 != UInt8(ascii: "=") } }
        let given = Set(wins.map(name))
        return base.filter { !given.contains(name($0)) } + wins
    }
}

/// Why a plan cannot do without namespaces.
package enum ReductionError: Error, Equatable, Sendable {
    case alreadyReduced
    /// A name is to be protected, which takes a mount.
    case covered(SandboxPath)
    /// It has a network, which takes one of its own.
    case doors
    /// Something is to appear at a place where the host has something else.
    case moved(SandboxPath)
}

extension ResourceLimits {
    /// A server that is not given limits of its own: 256 processes and threads, 4 GiB each, 1,024 open files.
    package static let server = ResourceLimits(processes: 256, memory: 4_294_967_296, openFiles: 1024)
}
