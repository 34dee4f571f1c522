// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing

/// What this host gives to a run.
struct RunHost {
    /// In words.
    let confinement: String
    private let works: Bool

    /// Finds out by doing.
    static func examine() throws(SyscallError) -> RunHost {
        let facts = try SandboxFacts.gather()
        switch facts.attempt {
        case .worked:
            return RunHost(
                confinement:
                    "own: namespaces for users, files, processes, network and more; Landlock ABI \(facts.landlockABI); a filter of system calls; no capabilities",
                works: true)
        case .failed(let step, let error):
            return RunHost(confinement: "not possible here: \(step.word): \(error)", works: false)
        }
    }

    init(confinement: String, works: Bool) {
        self.confinement = confinement
        self.works = works
    }

    func isEnough(for profile: Profile) -> Bool { works }

    /// The names that nothing inside can write, in words.
    static var protectedNames: String {
        ProtectedNames.sealed.map { $0.names.map(\.description).joined(separator: "/") }.joined(separator: ", ")
    }

    /// Of a run whose profile leaves it to its memory: a home that fills the host's memory helps nobody.
    private static let usualDiskBytes: UInt64 = 1 << 30

    static func diskBytes(_ limits: RunLimits) -> UInt64 {
        limits.diskBytes ?? min(limits.ceilings.memoryBytes, usualDiskBytes)
    }
}
