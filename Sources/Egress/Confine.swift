// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

extension EgressRoom {
    /// Gives up everything but reaching out, and says so: the broker hands sandboxes to nobody else.
    ///
    /// The filter comes last: what stands before it needs calls that it refuses.
    func confine() {
        var report = ConfinementReport()
        do throws(SyscallError) {
            try ThisProcess.refuseInspection()
            try ThisProcess.gainNothing()
            report[.noNewPrivileges] = .enforced
        } catch { report[.noNewPrivileges] = .missing(.notPermitted) }
        do throws(SyscallError) {
            if let outcome = try Landlock.enforceNothing(mayConnect: true) {
                report.landlockABI = UInt8(clamping: outcome.abi)
                report[.landlock] = .enforced
                report[.landlockPorts] = outcome.ports ? .enforced : .missing(.kernelLacksIt)
                report[.landlockScopes] = outcome.scopes ? .enforced : .missing(.kernelLacksIt)
            } else {
                report[.landlock] = .missing(.kernelLacksIt)
            }
        } catch { report[.landlock] = .missing(.notPermitted) }
        do throws(SyscallError) {
            try SeccompProgram.egress.loadForAllThreads()
            report[.seccomp] = .enforced
        } catch { report[.seccomp] = .missing(.notPermitted) }
        send(.ready(report: report.encoded))
    }
}
