// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Sandboxing

/// What this host can enforce, found out by starting a harmless program the way servers are started.
struct HostExamination {
    enum Tier: String {
        /// Everything that `serve` demands unless told otherwise.
        case full
        case reduced
        case none
    }

    let tier: Tier
    /// Of the program that ran; nil where none could be started.
    let report: ConfinementReport?
    let findings: [Finding]

    /// Starts the program fully confined, and reduced where that fails.
    static func make() -> HostExamination {
        switch attempt(reduced: false) {
        case .success(let report):
            let gap = report.firstGap(for: .server)
            let findings = Remedies.warnings(report) + (gap.map { [Remedies.gap($0, report)] } ?? [])
            return HostExamination(tier: gap == nil ? .full : .reduced, report: report, findings: findings)
        case .failure(let fault):
            let error = Remedies.error(fault, HostSettings())
            switch attempt(reduced: true) {
            case .success(let report):
                return HostExamination(tier: .reduced, report: report, findings: [error] + Remedies.warnings(report))
            case .failure(let second):
                let other = Finding(
                    .error, "reduced confinement fails too: \(second.text)", hint: "see the first error")
                return HostExamination(tier: .none, report: nil, findings: [error, other])
            }
        }
    }

    private static func attempt(reduced: Bool) -> Result<ConfinementReport, ExaminationFault> {
        Result { () throws(ExaminationFault) in try run(reduced: reduced) }
    }

    private static func run(reduced: Bool) throws(ExaminationFault) -> ConfinementReport {
        let plan = try plan(reduced: reduced)
        let handover = try handover()
        let child: StartedChild
        do throws(SandboxError) { child = try Sandbox.start(plan, handover) } catch { throw .sandbox(error) }
        let report = child.report
        let process = child.keepProcess()
        do throws(SyscallError) { _ = try process.pidfd.wait() } catch { throw .other("\(error)") }
        return report
    }

    private static func plan(reduced: Bool) throws(ExaminationFault) -> SandboxPlan {
        let host: SandboxHost
        do throws(SyscallError) { host = try SandboxHost.discover() } catch { throw .other("\(error)") }
        let full: SandboxPlan
        do throws(RootError) {
            full = try SandboxPlan.server(name: "doctor", host: host, arguments: ["true"], environment: [])
        } catch { throw .other("\(error)") }
        guard reduced else { return full }
        do throws(ReductionError) { return try full.reduced(scratch: "/tmp") } catch { throw .other("\(error)") }
    }

    private static func handover() throws(ExaminationFault) -> Handover {
        let executable: RegularFile
        do throws(TrustError) { executable = try Trust.openFile("/usr/bin/true") } catch { throw .other("\(error)") }
        do throws(SyscallError) {
            return Handover(
                executable: try executable.descriptor.duplicate(), input: try .null(), output: try .null(),
                errors: try .null())
        } catch { throw .other("\(error)") }
    }
}

/// Why a program could not be started confined.
enum ExaminationFault: Error {
    case sandbox(SandboxError)
    case other(String)

    var text: String {
        switch self {
        case .sandbox(let error): "\(error)"
        case .other(let text): text
        }
    }
}
