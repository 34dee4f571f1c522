// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Sandboxing

/// Stands in for the Launcher: one thread, starts one sandbox, tells its report, ends with its status.
///
///     sandbox-harness server|room|reduced|bare [option…] -- PROGRAM [ARGUMENT…]
enum Harness {
    struct Options {
        var additions: [RootEntry] = []
        var environment: [SystemString] = []
        var limits = ResourceLimits.server
        var capacity = SandboxRoot.Capacity.server
        var ports = LandlockRules.Ports()
        var scratch: SystemString = "/tmp"
        var repeats = 0
        var grants: [Grant] {
            additions.compactMap { entry in
                guard case .host(let source, at: let place, let access, optional: _) = entry else { return nil }
                return Grant(source, at: place, access, isHome: isHome)
            }
        }
        /// Opened and handed over as 3 and following.
        var inherited: [SystemString] = []
        /// Opened, and mounted at the same path.
        var bound: [SystemString] = []
        /// Replaced by another file after all have been opened.
        var replaced: [SystemString] = []
        var cgroup = false
        /// Has to be admitted, and is or is not.
        var admission: Admission?
        var quiet = false
        var doors = false
        /// Hold and cover protected names in what is shown; the directories are homes.
        var protects = false
        /// bubblewrap gives stage two no capability.
        var bare = false
        var isHome = false
        var nesting = false
    }

    enum Admission: String {
        case granted
        case refused
        /// Granted to a child that has been killed meanwhile.
        case late
        /// Never.
        case forever
    }

    struct Refusal: Error {}

    static func run(_ arguments: [String]) -> Int32 {
        do {
            guard arguments.count > 1, let split = arguments.firstIndex(of: "--"), split + 1 < arguments.count else {
                return usage()
            }
            let command = arguments[(split + 1)...].map(text)
            return try start(arguments[1], Array(arguments[2..<split]), command)
        } catch {
            complain("harness: \(error)")
            return 125
        }
    }

    private static func start(_ mode: String, _ words: [String], _ command: [SystemString]) throws -> Int32 {
        var plan: SandboxPlan
        if mode == "facts" { return try tellFacts() }
        let host = try SandboxHost.discover()
        var options = try parse(words)
        var protection: NameProtection?
        if options.protects {
            let found = try NameProtection(options.grants)
            options.additions += found.entries
            if !options.quiet { for text in found.remains { complain("remains: \(text)") } }
            protection = found
        }
        defer { for text in protection?.release() ?? [] { complain("harness: \(text)") } }
        switch mode {
        case "server", "reduced", "bwrap":
            let server = try SandboxPlan.server(
                name: "harness", host: host, arguments: command, environment: options.environment,
                additions: options.additions, limits: options.limits, capacity: options.capacity, ports: options.ports,
                allowsNesting: options.nesting)
            let shaped = options.doors ? server.withDoors() : server
            if mode == "reduced", !options.quiet { for gap in ReducedGap.allCases { complain("gap: \(gap.sentence)") } }
            plan = mode == "reduced" ? try shaped.reduced(scratch: options.scratch) : shaped
        case "room":
            plan = try SandboxPlan.room(
                name: "harness", arguments: command, additions: options.additions, limits: options.limits)
        default: return usage()
        }
        if mode == "bwrap" {
            guard let found = try Bubblewrap.discover(stageTwo: stageTwo) else {
                complain("harness: no bubblewrap")
                return 125
            }
            plan.backend = .bubblewrap(
                Bubblewrap(
                    program: found.program, stageTwo: found.stageTwo,
                    finishesMounts: found.finishesMounts && !options.bare))
        }
        if options.repeats > 0 {
            return try Bench.run(plan, command[0], options.repeats, Bubblewrap.discover(stageTwo: stageTwo))
        }
        let handover = try handover(command[0], options)
        for path in options.replaced {
            unlink(path.description)
            _ = try open(path, O_WRONLY | O_CREAT).number
        }
        if options.cgroup { return try startInCgroup(plan, handover) }
        if let admission = options.admission { return try startAdmitted(plan, handover, admission, options) }
        let child = try Sandbox.start(plan, handover)
        return try wait(for: child, plan, options)
    }

    /// A static program, because a sandbox's tree need not have a loader; it lies beside this one.
    private static var stageTwo: SystemString {
        let own = ((try? ProcessRecord.ofThisProcess().executable()) ?? nil) ?? []
        let directory = own.reversed().drop { $0 != UInt8(ascii: "/") }.reversed()
        return SystemString(Array(directory) + Array("SandboxStageTwo".utf8)) ?? ""
    }

    private static func startAdmitted(
        _ plan: SandboxPlan, _ handover: consuming Handover, _ admission: Admission, _ options: Options
    ) throws -> Int32 {
        var doors = PassedDescriptors()
        let child: StartedChild
        do throws(AdmissionError<Refusal>) {
            child = try Sandbox.start(plan, handover) { applicant throws(Refusal) in
                complain("applicant: \(applicant.pid), full: \(applicant.report.isFull(for: plan.demand))")
                switch admission {
                case .granted: break
                case .refused: throw Refusal()
                case .late: killAndWatch(applicant.pid)
                case .forever:
                    _ = write(1, "waiting\n", 8)
                    while true { pause() }
                }
                var taken = applicant.takeDoors()
                while let door = taken.takeFirst() { doors.append(door) }
            }
        } catch {
            // Whether anything of it is left shows in its output, which nobody else holds open.
            switch error {
            case .refused: complain("harness: refused")
            case .sandbox(let error): complain("harness: \(error)")
            }
            return 125
        }
        if plan.doors.isEmpty { return try wait(for: child, plan, options) }
        return code(try DoorServer.serve(doors, until: child.keepProcess()))
    }

    private static func killAndWatch(_ pid: Int32) {
        do {
            let process = try Pidfd(opening: pid)
            try process.signal(SIGKILL)
            _ = try process.descriptor.waitUntilReadable(milliseconds: 10_000)
        } catch { complain("harness: \(error)") }
    }

    private static func startInCgroup(_ plan: SandboxPlan, _ handover: consuming Handover) throws -> Int32 {
        guard let tree = try CgroupTree.adopt() else {
            complain("cgroup: none")
            return 125
        }
        let cgroup = try tree.make("sandbox-1", processes: 64, memory: 1 << 28)
        let child = try Sandbox.start(plan, handover, in: cgroup)
        let record = try ProcessRecord(pid: child.process.pid)
        if let record = consume record {
            complain("cgroup: " + String(decoding: try record.cgroup() ?? [], as: UTF8.self))
        }
        for line in child.report.lines { complain("report: \(line)") }
        complain("busy: \(try !cgroup.remove())")
        try cgroup.kill()
        complain("exit: \(try child.process.pidfd.wait())")
        complain("removed: \(try cgroup.remove())")
        return 0
    }

    private static func wait(for child: borrowing StartedChild, _ plan: SandboxPlan, _ options: Options) throws -> Int32
    {
        if !options.quiet {
            for line in child.report.lines { complain("report: \(line)") }
            complain("report: full: \(child.report.isFull(for: plan.demand))")
        }
        complain("pid: \(child.process.pid)")
        return code(try child.process.pidfd.wait())
    }

    private static func code(_ exit: ProcessExit) -> Int32 {
        switch exit {
        case .exited(let code): return code
        case .killed(let signal):
            complain("killed: \(signal)")
            return 128 + signal
        }
    }

    private static func tellFacts() throws -> Int32 {
        let facts = try SandboxFacts.gather()
        print("attempt: \(facts.attempt)")
        print("landlock: \(facts.landlockABI)")
        print("container: \(facts.isContainer)")
        print("cgroup: \(facts.cgroupObstacle?.word ?? "delegated")")
        for finding in SandboxDoctor(facts).findings { print("\(finding.level): \(finding.text)") }
        return 0
    }

    static func handover(_ program: SystemString, _ options: Options = Options()) throws -> Handover {
        var inherited = PassedDescriptors()
        for path in options.inherited { inherited.append(try open(path, O_RDONLY)) }
        var bound = PassedDescriptors()
        for path in options.bound { bound.append(try open(path, O_RDONLY)) }
        return Handover(
            executable: try open(program, O_RDONLY), input: try duplicate(0), output: try duplicate(1),
            errors: try duplicate(2), inherited: inherited, bound: bound)
    }

    static func open(_ path: SystemString, _ flags: Int32) throws -> FileDescriptor {
        let number = Glibc.open(path.description, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SyscallError.last("open", path.description) }
        return FileDescriptor(owning: number)
    }

    private static func duplicate(_ number: Int32) throws -> FileDescriptor {
        let copy = dup(number)
        guard copy >= 0 else { throw SyscallError.last("dup", "\(number)") }
        return FileDescriptor(owning: copy)
    }

    private static func parse(_ words: [String]) throws -> Options {
        var options = Options()
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count == 2 ? parts[1] : ""
            switch parts[0] {
            case "read", "execute", "write":
                let access: RootEntry.Access =
                    parts[0] == "read" ? .read : parts[0] == "execute" ? .readAndExecute : .readAndWrite
                guard let path = SandboxPath(text(value)) else { throw SyscallError("path", value, code: EINVAL) }
                options.additions.append(.host(text(value), at: path, access, optional: false))
            case "inherit": options.inherited.append(text(value))
            case "bound":
                guard let path = SandboxPath(text(value)) else { throw SyscallError("path", value, code: EINVAL) }
                options.additions.append(.descriptor(options.bound.count, at: path, .read))
                options.bound.append(text(value))
            case "replace": options.replaced.append(text(value))
            case "cgroup": options.cgroup = true
            case "admission": options.admission = Admission(rawValue: value)
            case "doors": options.doors = true
            case "bare": options.bare = true
            case "protect": options.protects = true
            case "home": options.isHome = true
            case "nesting": options.nesting = true
            case "bind-freely": options.ports.bindsFreely = true
            case "env": options.environment.append(text(value))
            case "processes": options.limits.processes = UInt64(value) ?? 0
            case "memory": options.limits.memory = UInt64(value) ?? 0
            case "seconds": options.limits.seconds = UInt32(value)
            case "file-size": options.limits.fileSize = UInt64(value)
            case "files": options.limits.openFiles = UInt64(value) ?? 0
            case "capacity": options.capacity = .init(bytes: UInt64(value) ?? 0, inodes: 1024)
            case "connect": options.ports.connect.append(UInt16(value) ?? 0)
            case "bind": options.ports.bind.append(UInt16(value) ?? 0)
            case "scratch": options.scratch = text(value)
            case "repeats": options.repeats = Int(value) ?? 0
            case "quiet": options.quiet = true
            default: throw SyscallError("option", word, code: EINVAL)
            }
        }
        return options
    }

    private static func text(_ string: String) -> SystemString { SystemString(Array(string.utf8)) ?? "" }

    static func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }

    private static func usage() -> Int32 {
        complain("usage: sandbox-harness server|room|reduced [option…] -- program [argument…]")
        return 125
    }
}
