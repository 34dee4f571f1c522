// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Finds out which backend this host lets work, by starting a harmless program through each.
package enum BackendTrial {
    /// Starts `program`, which ends by itself, the way servers are started.
    package static func attempt(_ backend: Backend, _ host: SandboxHost, program: borrowing FileDescriptor)
        throws(SandboxError) -> ConfinementReport
    {
        var plan: SandboxPlan
        do throws(RootError) {
            plan = try SandboxPlan.server(name: "trial", host: host, arguments: ["true"], environment: [])
        } catch { throw .failed(.tree, code: 22, text: "\(error)") }
        plan.backend = backend
        let handover: Handover
        do throws(SyscallError) {
            handover = Handover(
                executable: try program.duplicate(), input: try .null(), output: try .null(), errors: try .null())
        } catch { throw SandboxError(.start, error) }
        let started = try Sandbox.start(plan, handover)
        do throws(SyscallError) { _ = try started.process.pidfd.wait() } catch { throw SandboxError(.start, error) }
        return started.report
    }

    /// The first backend that gives full confinement, in the order own, bubblewrap; nil if none does. Never a lower one.
    package static func choose(_ host: SandboxHost, stageTwo: SystemString, program: borrowing FileDescriptor)
        throws(SyscallError) -> Backend?
    {
        if isFull(.own, host, program) { return .own }
        guard let found = try Bubblewrap.discover(stageTwo: stageTwo) else { return nil }
        return isFull(.bubblewrap(found), host, program) ? .bubblewrap(found) : nil
    }

    /// How bubblewrap fares here, for ``SandboxFacts/bubblewrap``; nil where it is not installed.
    package static func bubblewrap(_ host: SandboxHost, stageTwo: SystemString, program: borrowing FileDescriptor)
        throws(SyscallError) -> SandboxFacts.BubblewrapTrial?
    {
        guard let found = try Bubblewrap.discover(stageTwo: stageTwo) else { return nil }
        do throws(SandboxError) {
            let report = try attempt(.bubblewrap(found), host, program: program)
            return report.firstGap(for: .server).map { .lacks($0) } ?? .worked
        } catch { return .failed(error) }
    }

    private static func isFull(_ backend: Backend, _ host: SandboxHost, _ program: borrowing FileDescriptor) -> Bool {
        do throws(SandboxError) {
            return try attempt(backend, host, program: program).isFull(for: .server)
        } catch { return false }
    }
}
