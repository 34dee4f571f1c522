// SPDX-License-Identifier: Apache-2.0
import Linux
import Testing

@testable import Sandboxing

@Suite("A path inside a sandbox cannot lead out of it")
struct SandboxPathTests {
    @Test("plain absolute paths are taken", arguments: ["/a", "/usr/lib", "/a/b/c", "/..a", "/a..", "/\u{e9}"])
    func good(text: String) throws {
        let bytes = try #require(SystemString(Array(text.utf8)))
        let path = try #require(SandboxPath(bytes))
        #expect(path.description == text)
        #expect("/" + path.relative.description == text)
    }

    @Test(
        "anything else is not",
        arguments: ["", "/", "a", "a/b", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/.", "./a", "/a/./b"])
    func bad(text: String) throws {
        let bytes = try #require(SystemString(Array(text.utf8)))
        #expect(SandboxPath(bytes) == nil)
    }

    @Test("parents come outermost first, without the root and the path itself")
    func parents() {
        let path: SandboxPath = "/a/b/c"
        #expect(path.parents == ["/a", "/a/b"])
        #expect(("/a" as SandboxPath).parents.isEmpty)
    }
}

@Suite("A tree is checked before it is built")
struct SandboxRootTests {
    private func steps(_ entries: [RootEntry]) throws -> [SandboxRoot.Step] {
        try SandboxRoot(entries, capacity: .empty).steps
    }

    @Test("directories that lead to an entry are made once, and before it")
    func implied() throws {
        let one = RootEntry.file("/etc/a", [])
        let two = RootEntry.file("/etc/b/c", [])
        #expect(
            try steps([two, one]) == [
                .directory("etc"), .entry(one, path: "etc/a", makePlace: true), .directory("etc/b"),
                .entry(two, path: "etc/b/c", makePlace: true),
            ])
    }

    @Test("what lies further out is mounted first, so that it hides nothing")
    func order() throws {
        let inner = RootEntry.host("/srv/data", at: "/home/x/data", .readAndWrite, optional: false)
        let outer = RootEntry.memory("/home", mode: 0o755)
        #expect(
            try steps([inner, outer]) == [
                .entry(outer, path: "home", makePlace: true), .directory("home/x"),
                .entry(inner, path: "home/x/data", makePlace: true),
            ])
    }

    @Test("in a part of the host's tree nothing is made, only found")
    func nested() throws {
        let outer = RootEntry.host("/srv", at: "/srv", .read, optional: false)
        let inner = RootEntry.host("/srv/own/data", at: "/srv/own/data", .readAndWrite, optional: false)
        #expect(
            try steps([outer, inner]) == [
                .entry(outer, path: "srv", makePlace: true), .entry(inner, path: "srv/own/data", makePlace: false),
            ])
    }

    @Test(
        "nothing lies below a link, a file, a device, a descriptor or /proc",
        arguments: [
            .link("/x", to: "/usr"), .file("/x", []), .device("/x"), .descriptor(0, at: "/x", .read),
            .processes("/x", masked: []),
        ] as [RootEntry])
    func below(parent: RootEntry) {
        #expect(throws: RootError.below("/x/y/z")) { try steps([parent, .directory("/x/y/z")]) }
        #expect(throws: RootError.below("/x/y")) { try steps([.memory("/x/y", mode: 0o700), parent]) }
    }

    @Test("no path stands twice")
    func twice() {
        #expect(throws: RootError.twice("/a")) { try steps([.directory("/a"), .memory("/a", mode: 0o700)]) }
    }

    @Test("nothing that may be written may be executed, in either layer")
    func writableIsNotExecutable() {
        for access in [RootEntry.Access.read, .readAndExecute, .readAndWrite] {
            let writable = !access.restrictions.contains(.readOnly) || access.rights.contains(.writeFile)
            let executable = !access.restrictions.contains(.noExecute) || access.rights.contains(.execute)
            #expect(!(writable && executable))
            #expect(access.restrictions.isSuperset(of: [.noSetuid, .noDevices]))
        }
        #expect(FileRights.readAndWrite.isDisjoint(with: [.execute, .makeBlockDevice, .makeCharacterDevice]))
    }
}

@Suite("A view shows what it names")
struct ViewTests {
    private let limits = ResourceLimits(processes: 10, memory: 1 << 30, openFiles: 64)

    private func discover(_ tree: [String: Tree.Kind]) throws -> SandboxHost {
        try SandboxHost.discover { path throws(SyscallError) in tree[path.description] }
    }

    @Test("merged and separate system directories are shown as the host has them")
    func systemDirectories() throws {
        let merged = try discover(["/usr": .directory, "/bin": .link("usr/bin"), "/lib64": .link("usr/lib64")])
        #expect(
            merged.entries == [
                .host("/usr", at: "/usr", .readAndExecute, optional: false), .link("/bin", to: "usr/bin"),
                .link("/lib64", to: "usr/lib64"),
            ])
        let separate = try discover(["/usr": .directory, "/bin": .directory, "/lib": .other])
        #expect(
            separate.entries == [
                .host("/usr", at: "/usr", .readAndExecute, optional: false),
                .host("/bin", at: "/bin", .readAndExecute, optional: false),
            ])
    }

    @Test("of /etc only the harmless part is shown, and of /proc the rest is masked")
    func configuration() throws {
        let host = try discover([
            "/etc/ssl": .directory, "/etc/shadow": .other, "/etc/hosts": .other, "/etc/machine-id": .other,
            "/proc/kcore": .other, "/proc/keys": .other, "/proc/cpuinfo": .other,
        ])
        #expect(host.entries == [.host("/etc/ssl", at: "/etc/ssl", .read, optional: true)])
        #expect(host.masked == ["kcore", "keys"])
    }

    @Test("a server's environment is built, and what is given replaces the usual value")
    func environment() throws {
        let plan = try SandboxPlan.server(
            name: "x", host: discover([:]), arguments: ["x"], environment: ["HOME=/tmp", "TOKEN=a=b"])
        let text = plan.environment.map(\.description)
        #expect(text.filter { $0.hasPrefix("HOME=") } == ["HOME=/tmp"])
        #expect(text.contains("TOKEN=a=b") && text.contains("TMPDIR=/tmp"))
        #expect(plan.namespaces == .all && plan.seccomp == .server && plan.landlock?.ports == LandlockRules.Ports())
    }

    @Test("every entry of a server's tree has its Landlock rule")
    func rules() throws {
        let plan = try SandboxPlan.server(
            name: "x", host: discover(["/usr": .directory]), arguments: [], environment: [],
            additions: [.host("/srv/w", at: "/work", .readAndWrite, optional: false)])
        let rules = try #require(plan.landlock?.paths)
        #expect(rules.contains(.init("/", .list)))
        #expect(rules.contains(.init("/usr", .readAndExecute)))
        #expect(rules.contains(.init("/work", .readAndWrite)))
        #expect(rules.contains(.init("/tmp", .readAndWrite)))
        #expect(rules.contains(.init("/dev/null", .device)))
        #expect(rules.contains(.init("/proc", .read)))
        // Where anything may be executed, nothing may be written.
        #expect(rules.filter { $0.rights.contains(.execute) }.map(\.path) == ["/usr"])
    }

    @Test("a room sees nothing at all")
    func room() throws {
        let plan = try SandboxPlan.room(name: "gate", arguments: ["gate"], limits: limits)
        #expect(plan.root == .empty && plan.namespaces == .all && !plan.loopback && plan.seccomp == nil)
        #expect(plan.landlock == LandlockRules(paths: [.init("/", .list)], ports: LandlockRules.Ports()))
    }

    @Test("without namespaces the host's tree is what the rules say, and nothing more")
    func reduced() throws {
        let host = try discover(["/usr": .directory])
        let plan = try SandboxPlan.server(
            name: "x", host: host, arguments: [], environment: [],
            additions: [.host("/srv/w", at: "/srv/w", .readAndWrite, optional: false)])
        let reduced = try plan.reduced(scratch: "/run/scratch")
        #expect(reduced.namespaces.isEmpty && reduced.root == nil && reduced.seccomp == .reduced)
        #expect(reduced.environment.contains("HOME=/run/scratch"))
        let writable = try #require(reduced.landlock?.paths).filter { $0.rights.contains(.writeFile) && $0.rights != .device }
        #expect(Set(writable.map(\.path)) == ["/run/scratch", "/srv/w"])
        #expect(throws: ReductionError.alreadyReduced) { try reduced.reduced(scratch: "/x") }

        let moved = try SandboxPlan.server(
            name: "x", host: host, arguments: [], environment: [],
            additions: [.host("/srv/w", at: "/work", .read, optional: false)])
        #expect(throws: ReductionError.moved("/work")) { try moved.reduced(scratch: "/x") }
    }
}

@Suite("What a child reports is read strictly")
struct ChildReportTests {
    private let report: ConfinementReport = {
        var report = ConfinementReport()
        report[.user] = .enforced
        return report
    }()

    private func parse(_ bytes: [UInt8]) -> ChildReport? { ChildReport.parse(bytes.span) }

    @Test("a report that all is in place")
    func ready() {
        #expect(parse(ChildReport.readyBytes(report)) == .ready(report))
    }

    @Test("a failure names its stage, its errno and its text", arguments: SandboxStage.allCases)
    func failure(stage: SandboxStage) {
        let error = SyscallError("mount", "/x", code: 13)
        let parsed = parse(ChildReport.failureBytes(stage, error))
        #expect(parsed == .failed(.failed(stage, code: 13, text: "")))
        guard case .failed(.failed(_, _, let text)) = parsed else { return }
        #expect(text == "mount(/x): Permission denied")
    }

    @Test("an exec that failed comes after the report")
    func failedExec() {
        let bytes =
            ChildReport.readyBytes(report) + ChildReport.failureBytes(.execute, SyscallError("execveat", code: 2))
        #expect(parse(bytes) == .failed(.failed(.execute, code: 2, text: "")))
    }

    @Test("a long text is cut, and the rest still parses")
    func longText() {
        let error = SyscallError("x", String(repeating: "y", count: 5000), code: 1)
        let bytes = ChildReport.failureBytes(.tree, error)
        #expect(bytes.count == 6 + ChildReport.maxTextBytes)
        #expect(parse(bytes) == .failed(.failed(.tree, code: 1, text: "")))
    }

    @Test("nothing else is a report")
    func garbage() {
        let ready = ChildReport.readyBytes(report)
        for count in 0..<ready.count { #expect(parse(Array(ready[0..<count])) == nil) }
        #expect(parse((ready + [0])) == nil)
        #expect(parse((ready + [1, 0, 0, 0, 0])) == nil)
        #expect(parse([2]) == nil)
        #expect(parse([1, 99, 0, 0, 0, 1]) == nil)
    }

    @Test("stages have unique words in the order of the way")
    func stages() {
        let words = SandboxStage.allCases.map(\.word)
        #expect(Set(words).count == words.count)
        #expect(SandboxStage.allCases.map(\.rawValue) == SandboxStage.allCases.map(\.rawValue).sorted())
    }
}
