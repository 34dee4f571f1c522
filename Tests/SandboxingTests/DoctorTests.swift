// SPDX-License-Identifier: Apache-2.0
import Linux
import Spawn
import Testing

@testable import Sandboxing

@Suite("The doctor says what is wrong and what to do")
struct DoctorTests {
    private static let refused = SyscallError("x", code: 1)

    private static func facts(
        _ step: SandboxFacts.Step? = nil, _ error: SyscallError = refused,
        _ change: (inout SandboxFacts) -> Void = { _ in }
    ) -> SandboxFacts {
        var facts = SandboxFacts(
            attempt: step.map { .failed($0, error) } ?? .worked, namespaceLimit: 15_000,
            program: "/usr/bin/doorward-launch", landlockABI: 7)
        change(&facts)
        return facts
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let facts: SandboxFacts
        let text: String
        let hint: String?
        var testDescription: String { text }
    }

    static let rows: [Row] = [
        Row(
            facts: facts(.loopback) { $0.apparmorRestricts = 1 },
            text: "AppArmor lets this program make a user namespace but takes its rights away",
            hint: "sudo apparmor_parser -r /etc/apparmor.d/doorward-launch"),
        Row(
            facts: facts(.identity) { $0.apparmorRestricts = 1 },
            text: "AppArmor lets this program make a user namespace but takes its rights away",
            hint: "sudo apparmor_parser -r /etc/apparmor.d/doorward-launch"),
        Row(
            facts: facts(.clone) {
                $0.apparmorRestricts = 1
                $0.apparmorProfiles = ["/etc/apparmor.d/a", "/etc/apparmor.d/b"]
            },
            text: "two AppArmor profiles name /usr/bin/doorward-launch, so the kernel applies neither",
            hint: "remove one of: /etc/apparmor.d/a, /etc/apparmor.d/b"),
        Row(
            facts: facts(.clone, SyscallError("clone3", code: 28)) { $0.namespaceLimit = 0 },
            text: "this host forbids user namespaces",
            hint:
                "sudo sysctl -w user.max_user_namespaces=15000, or allow the reduced tier for this profile in doorward.json"
        ),
        Row(
            facts: facts(.clone) { $0.unprivilegedClone = 0 }, text: "this host forbids user namespaces",
            hint:
                "sudo sysctl -w kernel.unprivileged_userns_clone=1, or allow the reduced tier for this profile in doorward.json"
        ),
        Row(
            facts: facts(.clone) { $0.isContainer = true },
            text: "the container's seccomp profile forbids user namespaces",
            hint: "run the container with a profile that allows clone and unshare; --privileged is not needed"),
        Row(
            facts: facts(.processes) { $0.isContainer = true },
            text: "the container masks /proc, so a new one cannot be mounted",
            hint: "podman: --security-opt unmask=ALL, docker: --security-opt systempaths=unconfined"),
        Row(
            facts: facts(.tree), text: "no sandbox can be made here: mounting memory: Operation not permitted",
            hint: "allow the reduced tier for this profile in doorward.json"),
    ]

    @Test("each obstacle has its own words", arguments: rows)
    func obstacles(row: Row) throws {
        let doctor = SandboxDoctor(row.facts)
        #expect(doctor.tier == .reduced)
        let finding = try #require(doctor.findings.first)
        #expect(finding.level == .error && finding.text == row.text && finding.hint == row.hint)
        // Beside it only that bubblewrap, which nobody has tried here, might do.
        #expect(doctor.findings.dropFirst().map(\.text).allSatisfy { $0.hasPrefix("bubblewrap is not installed") })
    }

    @Test("bubblewrap is named where ours fails, and makes up for it where it works")
    func bubblewrap() {
        let loaded = Self.facts(.loopback) {
            $0.apparmorRestricts = 1
            $0.bubblewrap = .worked
        }
        let demands: [(profile: String, tier: Tier)] = [("agent", .bubblewrap), ("browser", .full)]
        let doctor = SandboxDoctor(loaded, demands: demands)
        #expect(doctor.tier == .bubblewrap && doctor.refused == ["browser"])
        var refused = loaded
        refused.bubblewrap = .failed(.failed(.start, code: 1, text: "bwrap: setting up uid map: Permission denied"))
        let finding = SandboxDoctor(refused).findings.last
        #expect(
            finding?.hint == "load bwrap-userns-restrict from apparmor's extra profiles; newer releases ship it enabled"
        )
        #expect(SandboxDoctor(refused).tier == .reduced)
        refused.bubblewrap = .lacks(.writableOrExecutable)
        #expect(SandboxDoctor(refused).tier == .reduced)
    }

    @Test("the AppArmor profile of this repository is one for each program that starts sandboxes")
    func ownProfile() throws {
        let path = try #require(
            SystemString(Array((Spawn.sourceDirectory + "/packaging/apparmor/doorward-launch").utf8)))
        let text = try #require(try HostSetting.text(path, limit: 65_536))
        for program in ["doorward", "doorward-launch"] {
            #expect(AppArmorProfiles.names(Array("/usr/libexec/doorward/\(program)".utf8), in: text))
        }
        let words = String(decoding: text, as: UTF8.self)
        #expect(words.contains("flags=(unconfined)") && words.contains("  userns,") && words.contains("abi <abi/4.0>"))
    }

    @Test("a host without obstacles gets no words")
    func healthy() {
        let doctor = SandboxDoctor(Self.facts(), demands: [(profile: "browser", tier: .full)])
        #expect(doctor.findings.isEmpty && doctor.tier == .full && doctor.exitCode == 0)
    }

    @Test(
        "old and missing Landlock are told apart", arguments: [(0, "error"), (1, "warning"), (5, "warning"), (6, nil)])
    func landlock(abi: Int, level: String?) {
        let doctor = SandboxDoctor(Self.facts(nil) { $0.landlockABI = abi })
        #expect(doctor.findings.first?.level.rawValue == level)
        #expect(doctor.tier == .full)
    }

    @Test("limits per process are said to be that")
    func cgroup() {
        let doctor = SandboxDoctor(Self.facts(nil) { $0.cgroupObstacle = .noDelegatedCgroup })
        #expect(doctor.findings.map(\.level) == [.warning])
    }

    @Test("the last line names the tier and who will not start under it")
    func demands() {
        let demands: [(profile: String, tier: Tier)] = [("browser", .full), ("tool", .reduced), ("agent", .full)]
        let doctor = SandboxDoctor(Self.facts(.clone), demands: demands)
        #expect(doctor.refused == ["browser", "agent"] && doctor.exitCode == 1)
        #expect(
            doctor.findings.last?.text
                == "the tier in force is reduced; these profiles will refuse to start: browser, agent")
    }

    @Test("words are lower case without a full stop, as far as names allow")
    func style() {
        for row in Self.rows {
            #expect(!row.text.hasSuffix(".") && !(row.hint ?? "").hasSuffix("."))
        }
    }

    @Test(
        "a profile is recognised by what it is attached to",
        arguments: [
            ("profile doorward /usr/bin/doorward-launch flags=(unconfined) {\n", true),
            ("/usr/bin/doorward-launch {\n", true), ("profile x \"/usr/bin/doorward-launch\" {", true),
            ("  profile x /usr/bin/doorward-launch {", true),
            ("profile x /usr/bin/doorward-launch-other {", false), ("# /usr/bin/doorward-launch {", false),
            ("  /usr/bin/doorward-launch rix,", false), ("profile x /usr/bin/** {", false), ("", false),
        ])
    func profiles(text: String, expected: Bool) {
        #expect(AppArmorProfiles.names(Array("/usr/bin/doorward-launch".utf8), in: Array(text.utf8)) == expected)
    }

    @Test("in a place that gives no namespaces, that is what is found")
    func nowhere() throws {
        let run = try Tools.sandboxed(
            "server", [Tools.harness, "facts", "--", "none"],
            options: [
                "quiet", "execute=" + Spawn.toolchainDirectory, "env=" + (Spawn.libraryPath(except: "").first ?? "A="),
            ])
        #expect(run.output.contains("attempt: failed(Sandboxing.SandboxFacts.Step.clone"), "\(run.output)\(run.errors)")
        #expect(run.output.contains("error: no sandbox can be made here: starting a process in new namespaces"))
    }

    @Test("the facts of this host are found", arguments: Operator.possible)
    func live(user: Operator) throws {
        let run = try Tools.facts(as: user)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("attempt: worked"), "\(run.output)")
        #expect(run.output.contains("landlock: \(Landlock.abi)"))
    }
}
