// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Sandboxing

extension LauncherRoom {
    /// Starts the sealed server of that name, if the broker decided by the same seal that is in force here.
    func start(_ launch: UInt32, _ name: ServerName, _ digest: Digest, _ choices: [UInt8]) {
        guard digest == seal.digest, let server = seal.registry.server(name) else {
            return refuse(launch, .launchFailed, "the sealed registry has changed in this moment")
        }
        do throws(PlanFault) {
            let prepared = try Plans.server(server, choices: choices, host: host)
            try start(launch, server, prepared)
        } catch { refuse(launch, error.denial, error.detail) }
    }

    private func refuse(_ launch: UInt32, _ denial: Denial, _ detail: String) {
        tell(.refused(launch: launch, denial: denial, detail: Array(detail.utf8)))
    }

    private func start(_ launch: UInt32, _ server: SealedServer, _ prepared: consuming Plans.Prepared) throws(PlanFault)
    {
        var plan = prepared.plan
        let protection = prepared.protection
        if tier == .reduced { plan = try reduced(plan) }
        let pipes = try ServerEnds()
        let group = cgroup(launch, server.traits.ceilings)
        let doors = ServerDoors()
        let started: StartedChild
        do throws(AdmissionError<Never>) {
            let handover: Handover
            do throws(SandboxError) { handover = try pipes.handover(prepared.executable, prepared.bound) } catch {
                throw .sandbox(error)
            }
            if let group {
                started = try Sandbox.start(plan, handover, in: group.group) { doors.keep($0) }
            } else {
                started = try Sandbox.start(plan, handover) { doors.keep($0) }
            }
        } catch {
            group?.remove()
            switch error {
            case .sandbox(let error): throw PlanFault(.confinementIncomplete, error.description)
            }
        }
        let report = started.report
        let child = ChildProcess(
            number: takeNumber(), role: .server(launch: launch), started, cgroup: group, protection: protection)
        adopt(child)
        if invocation.isFullDemanded, let gap = report.firstGap(for: .server) {
            child.kill()
            throw PlanFault(.confinementIncomplete, "\(gap.word) is not enforced")
        }
        tell(
            .started(
                launch: launch, pid: UInt32(bitPattern: child.pid), hasNetwork: !plan.doors.isEmpty,
                report: report.encoded), passing: pipes.own(and: doors))
    }

    private func cgroup(_ launch: UInt32, _ ceilings: Ceilings) -> CgroupBox? {
        guard let cgroups, let name = SystemString(Array("server-\(launch)".utf8)) else { return nil }
        // Where it cannot be made the per-process limits hold, and the report says so.
        do throws(SyscallError) {
            return CgroupBox(
                try cgroups.tree.make(name, processes: UInt64(ceilings.processes), memory: ceilings.memoryBytes))
        } catch { return nil }
    }

    /// Where servers write that have no tree of their own.
    private var scratch: SystemString { SystemString(Array((invocation.state + "/scratch").utf8)) ?? "/tmp" }

    /// What this host can give without namespaces, where the operator has accepted that.
    private func reduced(_ plan: SandboxPlan) throws(PlanFault) -> SandboxPlan {
        do throws(ReductionError) { return try plan.reduced(scratch: scratch) } catch {
            throw PlanFault(
                .confinementIncomplete, "its pinned files cannot be shown without a tree of its own (\(error))")
        }
    }
}

/// The listening sockets of a server that is about to run, on their way to the broker.
private final class ServerDoors {
    private var doors = PassedDescriptors()

    /// Lets it run: that its start may happen was decided and recorded before.
    func keep(_ applicant: consuming Applicant) { doors = applicant.takeDoors() }

    func takeFirst() -> FileDescriptor? { doors.takeFirst() }
}

/// The pipes of one server, both ends of each.
private final class ServerEnds {
    private let input: Pipe
    private let output: Pipe
    private let errors: Pipe

    init() throws(PlanFault) {
        do throws(SyscallError) {
            input = try Pipe()
            output = try Pipe()
            errors = try Pipe()
            for end in 0..<3 { try setNonBlocking(end) }
        } catch { throw PlanFault(.launchFailed, "its pipes cannot be made: \(error)") }
    }

    private func setNonBlocking(_ end: Int) throws(SyscallError) {
        switch end {
        case 0: try input.writing.setNonBlocking(true)
        case 1: try output.reading.setNonBlocking(true)
        default: try errors.reading.setNonBlocking(true)
        }
    }

    /// The server's ends, with what it executes.
    func handover(_ executable: consuming FileDescriptor, _ bound: consuming PassedDescriptors) throws(SandboxError)
        -> Handover
    {
        do throws(SyscallError) {
            return Handover(
                executable: executable, input: try input.reading.duplicate(), output: try output.writing.duplicate(),
                errors: try errors.writing.duplicate(), bound: bound)
        } catch { throw .failed(.start, code: error.code, text: error.description) }
    }

    /// Our ends, for the broker, in the order of the frame, and behind them the doors of the sandbox.
    func own(and doors: ServerDoors) -> PassedDescriptors {
        var passed = PassedDescriptors()
        do throws(SyscallError) {
            passed.append(try input.writing.duplicate())
            passed.append(try output.reading.duplicate())
            passed.append(try errors.reading.duplicate())
        } catch { Console.line("doorward: error: pipes cannot be handed on: \(error)") }
        while let door = doors.takeFirst() { passed.append(door) }
        return passed
    }
}
