// SPDX-License-Identifier: Apache-2.0
import Sandboxing
import Spawn
import Testing

@Suite("What is given up without namespaces is known, and can only become less")
struct ReducedMatrixTests {
    /// What stage two alone does not refuse, and the sentence of ours that says so. What is refused one day is taken out.
    static let given: [String: ReducedGap] = [
        "71b proc-entry {pid}": .processes, "71b pidfd {pid}": .processes,
        "79a exists {dir}": .paths, "79a exists /etc/shadow": .paths, "79a exists /etc/ssl/private": .paths,
        "79a exists /home/../tmp/../root": .paths, "82a exists /sys": .paths, "82a exists /sys/fs/cgroup": .paths,
        "82a exists /dev/mem": .paths, "82a exists /dev/kvm": .paths, "82a exists /dev/vda": .paths,
        "79a change-mode /dev/null": .modes, "79a change-mode /usr/bin/true": .modes,
    ]

    @Test("probes that the full sandbox refuses", arguments: Operator.possible)
    func matrix(user: Operator) throws {
        let all = ProbeTests.network + ProbeTests.processes + ProbeTests.kernel + ProbeTests.files
        var reached: Set<String> = []
        try withScratch(for: user) { (scratch: String) throws in
            for probe in all where probe.meter != .never {
                let words = try HostFixture.of(user).fill(probe.words)
                // What nothing refuses says nothing about the sandbox where it cannot be reached without one.
                guard try Spawn.run(Tools.probe, words, user: user.user).status == 0 else { continue }
                let run = try Tools.sandboxed(
                    "reduced", [Tools.probe] + words, options: ["quiet", "scratch=" + scratch], as: user)
                #expect(run.status == 0 || run.status == 1, "\(probe.testDescription) \(run.errors)")
                if run.status == 0 { reached.insert(probe.testDescription) }
            }
        }
        let unknown = reached.subtracting(Self.given.keys)
        #expect(unknown.isEmpty, "reached under reduced, and not known to be: \(unknown.sorted())")
        #expect(Set(Self.given.values) == Set(ReducedGap.allCases), "each gap has a probe that shows it")
        print("reduced, as \(user): \(reached.count) of \(all.count) reached: \(reached.sorted())")
    }

    /// Bubblewrap where stage two gets no capability: what it cannot finish is told, and is all that is missing.
    @Test(
        "bubblewrap without a capability for stage two", .enabled(if: Tools.backends.count > 1),
        arguments: Operator.possible)
    func bare(user: Operator) throws {
        let told = try Tools.sandboxed("bwrap", ["/bin/true"], options: ["bare"], as: user)
        #expect(told.errors.contains("no-execution-of-writable: missing (not-permitted)\n"), "\(told.errors)")
        #expect(told.errors.contains("full: false\n"))
        var reached: Set<String> = []
        for probe in ProbeTests.files {
            let words = try HostFixture.of(user).fill(probe.words)
            let run = try Tools.sandboxed("bwrap", [Tools.probe] + words, options: ["quiet", "bare"], as: user)
            if run.status == 0 { reached.insert(probe.words[0]) }
        }
        #expect(reached.isSubset(of: ["run-written-by-loader", "map-written", "change-mode"]), "\(reached)")
        print("bwrap without capabilities, as \(user): \(reached.sorted())")
    }
}
