// SPDX-License-Identifier: Apache-2.0

/// What a room of ours puts on itself when it has everything that it will ever need.
package enum SealedRoom {
    /// Gives up every path and what `program` does not name, for all threads; says what came of it.
    ///
    /// What failed stands in the report: whether it is enough is for whoever reads it. The filter comes last: what stands
    /// before it needs calls that it refuses.
    ///
    /// - Parameter mayConnect: leave TCP ports open, for the room that reaches out.
    package static func enter(_ program: SeccompProgram, mayConnect: Bool = false) -> ConfinementReport {
        var report = ConfinementReport()
        do throws(SyscallError) {
            try ThisProcess.refuseInspection()
            try ThisProcess.gainNothing()
            report[.noNewPrivileges] = .enforced
        } catch { report[.noNewPrivileges] = .missing(.notPermitted) }
        do throws(SyscallError) {
            if let outcome = try Landlock.enforceNothing(mayConnect: mayConnect) {
                report.landlockABI = UInt8(clamping: outcome.abi)
                report[.landlock] = .enforced
                report[.landlockPorts] = outcome.ports ? .enforced : .missing(.kernelLacksIt)
                report[.landlockScopes] = outcome.scopes ? .enforced : .missing(.kernelLacksIt)
            } else {
                report[.landlock] = .missing(.kernelLacksIt)
            }
        } catch { report[.landlock] = .missing(.notPermitted) }
        do throws(SyscallError) {
            try program.loadForAllThreads()
            report[.seccomp] = .enforced
        } catch { report[.seccomp] = .missing(.notPermitted) }
        return report
    }
}
