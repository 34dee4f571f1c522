// SPDX-License-Identifier: Apache-2.0
import Linux
import Testing

@Suite("A report says what holds, and leaves nothing out")
struct ConfinementTests {
    private func full(for demand: ConfinementReport.Demand) -> ConfinementReport {
        var report = ConfinementReport()
        for layer in Layer.allCases { report[layer] = .enforced }
        report.landlockABI = 7
        if demand == .room { report[.seccomp] = .missing(.ownDuty) }
        return report
    }

    private func decode(_ bytes: [UInt8]) -> ConfinementReport? { ConfinementReport(encoded: bytes.span) }

    @Test("words are unique and stable in form")
    func words() {
        let words = Layer.allCases.map(\.word) + Shortfall.allCases.map(\.word)
        #expect(Set(words).count == words.count)
        #expect(words.allSatisfy { $0.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x61...0x7a).contains($0) } })
    }

    @Test("nothing is enforced until somebody says so")
    func initial() {
        let report = ConfinementReport()
        #expect(Layer.allCases.allSatisfy { report[$0] == .missing(.notPlanned) })
        #expect(report.firstGap(for: .server) == .user)
        #expect(report.lines.count == Layer.allCases.count)
    }

    @Test("one missing required layer is a gap, whatever else holds", arguments: Layer.allCases)
    func gaps(layer: Layer) {
        let required: Set<Layer> = [
            .user, .mount, .pid, .network, .ipc, .uts, .cgroupNamespace, .root, .noNewPrivileges, .capabilities,
            .seccomp, .writableOrExecutable, .landlock,
        ]
        #expect(full(for: .server).isFull(for: .server))
        for state in [Enforcement.missing(.notPermitted), .reduced(.boundingSetKept)] {
            var report = full(for: .server)
            report[layer] = state
            #expect(report.firstGap(for: .server) == (required.contains(layer) ? layer : nil))
        }
    }

    @Test("a room loads its own filter; Landlock may be missing only where the kernel has none")
    func exceptions() {
        #expect(full(for: .room).isFull(for: .room) && !full(for: .room).isFull(for: .server))
        var report = full(for: .server)
        report[.landlock] = .missing(.kernelLacksIt)
        #expect(report.isFull(for: .server))
        report[.landlock] = .missing(.notPermitted)
        #expect(report.firstGap(for: .server) == .landlock)
    }

    @Test("a report survives the way through a door")
    func encoding() throws {
        var report = full(for: .room)
        report[.cgroup] = .missing(.noDelegatedCgroup)
        report[.memoryLimit] = .reduced(.perProcess)
        let bytes = report.encoded
        #expect(decode(bytes) == report)
        #expect(decode(Array(bytes.dropLast())) == nil)
        #expect(decode((bytes + [0])) == nil)
        #expect(decode([]) == nil)
    }

    @Test("no other bytes are a report")
    func garbage() {
        let bytes = full(for: .server).encoded
        for index in 1..<bytes.count {
            for value in [UInt8](0...255) where value != bytes[index] {
                var changed = bytes
                changed[index] = value
                // A layer that is enforced has no reason; one that is not has a known one.
                let decoded = decode(changed)
                #expect(decoded == nil || decoded?.encoded == changed)
            }
        }
    }

    @Test("a line names the layer, what holds, and why not")
    func lines() {
        var report = full(for: .server)
        report[.cgroup] = .missing(.noDelegatedCgroup)
        #expect(report.lines.contains("landlock: enforced (abi 7)"))
        #expect(report.lines.contains("cgroup: missing (no-delegated-cgroup)"))
        #expect(report.lines.contains("user-namespace: enforced"))
    }
}
