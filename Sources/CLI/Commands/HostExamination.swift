// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing

/// What this host can enforce, found out by starting a harmless program the way servers are started.
struct HostExamination {
    enum Tier: String {
        /// Everything that `serve` demands unless told otherwise.
        case full
        /// The same, with namespaces and tree made by bubblewrap.
        case bubblewrap
        case reduced
        case none
    }

    /// How one way to make a sandbox fared.
    struct Trial {
        /// `own`, `bwrap`, `reduced`.
        let backend: String
        /// `full`, what is missing, or why it failed.
        let outcome: String
    }

    let tier: Tier
    /// Of the program that ran; nil where none could be started.
    let report: ConfinementReport?
    let trials: [Trial]
    let findings: [Finding]

    /// Tries our own sandbox and bubblewrap's, and what goes without either.
    static func make() -> HostExamination {
        let tools: Tools
        do throws(ExaminationFault) { tools = try Tools.find() } catch {
            return HostExamination(
                tier: .none, report: nil, trials: [],
                findings: [
                    Finding(.error, "a confined program cannot be started: \(error.text)", hint: "please report it")
                ])
        }
        let own = attempt { () throws(SandboxError) in
            try BackendTrial.attempt(.own, tools.host, program: tools.program)
        }
        let bubblewrap = tools.bubblewrap.map { backend in
            attempt { () throws(SandboxError) in
                try BackendTrial.attempt(.bubblewrap(backend), tools.host, program: tools.program)
            }
        }
        let reduced = attempt { () throws(SandboxError) in try tools.reduced() }
        let trials = [
            Trial(backend: "own", outcome: word(own)),
            Trial(backend: "bwrap", outcome: bubblewrap.map(word) ?? "not installed"),
            Trial(backend: "reduced", outcome: reducedWord(reduced)),
        ]
        let best: (Tier, ConfinementReport?) =
            if let report = full(own) {
                (.full, report)
            } else if let bubblewrap, let report = full(bubblewrap) {
                (.bubblewrap, report)
            } else if case .success(let report) = own {
                (.reduced, report)
            } else if case .success(let report) = reduced {
                (.reduced, report)
            } else {
                (.none, nil)
            }
        return HostExamination(
            tier: best.0, report: best.1, trials: trials, findings: findings(own, bubblewrap, tools.launcher))
    }

    private static func attempt(_ body: () throws(SandboxError) -> ConfinementReport)
        -> Result<ConfinementReport, SandboxError>
    {
        Result { () throws(SandboxError) in try body() }
    }

    private static func full(_ result: Result<ConfinementReport, SandboxError>) -> ConfinementReport? {
        guard case .success(let report) = result, report.isFull(for: .server) else { return nil }
        return report
    }

    private static func word(_ result: Result<ConfinementReport, SandboxError>) -> String {
        switch result {
        case .success(let report): report.firstGap(for: .server).map { "without \($0.word)" } ?? "full"
        case .failure(let error): "failed: \(error)"
        }
    }

    private static func reducedWord(_ result: Result<ConfinementReport, SandboxError>) -> String {
        switch result {
        case .success: "works, only where it is accepted"
        case .failure(let error): "failed: \(error)"
        }
    }

    private static func findings(
        _ own: Result<ConfinementReport, SandboxError>, _ bubblewrap: Result<ConfinementReport, SandboxError>?,
        _ launcher: [UInt8]?
    ) -> [Finding] {
        let facts: SandboxFacts
        do throws(SyscallError) {
            var found = try SandboxFacts.gather(for: launcher)
            found.bubblewrap =
                switch bubblewrap {
                case .success(let report): report.firstGap(for: .server).map { .lacks($0) } ?? .worked
                case .failure(let error): .failed(error)
                case nil: nil
                }
            facts = found
        } catch { return [Finding(.error, "this host cannot be looked at: \(error)", hint: "please report it")] }
        var findings = SandboxDoctor(facts).findings.map {
            Finding($0.level == .error ? .error : .warning, $0.text, hint: $0.hint ?? "nothing has to be done")
        }
        // What only the whole way shows: the table knows the steps that hosts are known to refuse.
        if case .failure(let error) = own, facts.attempt == .worked {
            findings.append(
                Finding(
                    .error, "a confined program cannot be started: \(error)",
                    hint: "serve with --require-confinement reduced, or use a host that allows it"))
        }
        if case .success(let report) = own, let gap = report.firstGap(for: .server), gap != .landlock {
            findings.append(
                Finding(
                    .error, "\(gap.word) is not enforced",
                    hint: "serve with --require-confinement reduced, or use another host"))
        }
        return findings
    }
}

/// What the trials take.
private final class Tools {
    let host: SandboxHost
    let program: FileDescriptor
    let bubblewrap: Bubblewrap?
    /// Starts sandboxes; nil where it is not installed, which the doctor says by itself.
    let launcher: [UInt8]?

    static func find() throws(ExaminationFault) -> Tools {
        var launcher: [UInt8]?
        do throws(Failure) { launcher = try Programs.find("doorward-launch").bytes } catch { launcher = nil }
        let program: RegularFile
        do throws(TrustError) { program = try Trust.openFile("/usr/bin/true") } catch {
            throw ExaminationFault("\(error)")
        }
        do throws(SyscallError) {
            let stageTwo = launcher.flatMap { SystemString($0) }
            return Tools(
                try SandboxHost.discover(), try program.descriptor.duplicate(),
                stageTwo == nil ? nil : try Bubblewrap.discover(stageTwo: stageTwo ?? ""), launcher)
        } catch { throw ExaminationFault("\(error)") }
    }

    private init(
        _ host: SandboxHost, _ program: consuming FileDescriptor, _ bubblewrap: Bubblewrap?, _ launcher: [UInt8]?
    ) {
        self.host = host
        self.program = program
        self.bubblewrap = bubblewrap
        self.launcher = launcher
    }

    func reduced() throws(SandboxError) -> ConfinementReport {
        let plan: SandboxPlan
        do throws(RootError) {
            plan = try SandboxPlan.server(name: "doctor", host: host, arguments: ["true"], environment: [])
        } catch { throw .garbled }
        let reduced: SandboxPlan
        do throws(ReductionError) { reduced = try plan.reduced(scratch: "/tmp") } catch { throw .garbled }
        let handover: Handover
        do throws(SyscallError) {
            handover = Handover(
                executable: try program.duplicate(), input: try .null(), output: try .null(), errors: try .null())
        } catch { throw .failed(.start, code: error.code, text: error.description) }
        let child = try Sandbox.start(reduced, handover)
        do throws(SyscallError) { _ = try child.process.pidfd.wait() } catch {
            throw .failed(.start, code: error.code, text: error.description)
        }
        return child.report
    }
}

/// Why nothing could be tried.
private struct ExaminationFault: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
