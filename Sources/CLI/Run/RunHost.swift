// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing

/// How this host confines a run.
struct RunHost {
    /// In words.
    let confinement: String
    /// Who makes its namespaces; nil where nobody can, or nobody whom the profile accepts.
    let backend: Backend?

    /// Tries the own way, and bubblewrap where that fails and the profile accepts it. A run without namespaces does not
    /// exist: it would have the host's network.
    static func examine(_ profile: Profile) throws(Failure) -> RunHost {
        let facts: SandboxFacts
        do throws(SyscallError) { facts = try SandboxFacts.gather() } catch { throw Failure("this host", error) }
        let layers = """
            namespaces for users, files, processes, network and more; Landlock ABI \(facts.landlockABI); a filter of \
            system calls; no capabilities
            """
        guard case .failed(let step, let error) = facts.attempt else {
            return RunHost(confinement: "own: \(layers)", backend: .own)
        }
        guard profile.confinement != .full else {
            return RunHost(
                confinement: "not possible here: \(step.word): \(error); the profile demands full confinement",
                backend: nil)
        }
        guard let bubblewrap = try findBubblewrap() else {
            return RunHost(
                confinement: "not possible here: \(step.word): \(error); nor is bubblewrap installed", backend: nil)
        }
        return RunHost(confinement: "by bubblewrap: \(layers)", backend: .bubblewrap(bubblewrap))
    }

    /// Who makes the namespaces of a run that is to be started.
    static func backend(for profile: Profile) throws(Failure) -> Backend {
        // What accepts nothing else need not be tried twice.
        if profile.confinement == .full { return .own }
        let host = try examine(profile)
        guard let backend = host.backend else {
            throw Failure("the sandbox is \(host.confinement)", hint: "doorward doctor")
        }
        return backend
    }

    private static func findBubblewrap() throws(Failure) -> Bubblewrap? {
        guard let stage = SystemString(try Programs.find(Programs.launcher).bytes) else { return nil }
        do throws(SyscallError) { return try Bubblewrap.discover(stageTwo: stage) } catch {
            throw Failure("bubblewrap", error)
        }
    }

    init(confinement: String, backend: Backend?) {
        self.confinement = confinement
        self.backend = backend
    }

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
