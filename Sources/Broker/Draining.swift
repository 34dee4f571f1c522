// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// The orderly end: nothing new is let in, what runs is answered, servers are asked to leave, the log is closed last.
extension BrokerRoom {
    /// For calls and polite ends, and then for those that were killed.
    private static let drainMilliseconds: UInt64 = 10_000
    private static let burialMilliseconds: UInt64 = 2_000

    func drain() {
        guard phase == .serving || phase == .standingUp else { return }
        phase = .draining(until: now.adding(milliseconds: Self.drainMilliseconds))
        record(.daemonStopping) { json in
            json.key("calls")
            json.unsigned(UInt64(gates.values.reduce(0) { $0 + $1.calls.count }))
        }
        for listener in listeners { shut(listener) }
        endSubscriptions()
        for gate in gates.values { order(gate, .drain) }
    }

    func tickDrain() {
        guard case .draining(let until) = phase else { return }
        let isDue = until <= now
        let callsLeft = gates.values.contains { !$0.calls.isEmpty }
        if callsLeft && !isDue { return }
        for gate in gates.values {
            for call in Array(gate.calls.values) { refuse(call, .stopping) }
        }
        for upstream in Array(upstreams.values) {
            // Past its time: at once, so that its end can still be recorded.
            if isDue { end(upstream, .stopping, why: Denial.stopping.word) } else { dismiss(upstream) }
        }
        let isBuried = upstreams.isEmpty && departing.isEmpty
        guard isBuried || until.adding(milliseconds: Self.burialMilliseconds) <= now else { return }
        if !administration.isEmpty && !isDue { return }
        endSandboxes(cause: "doorward-stopping")
        for number in egressSandboxes.keys.sorted() { releaseEgress(sandbox: number) }
        // Refusals that were only counted would be told at the end of their minute, which does not come.
        recordFloods(refusals.closeAll())
        settle()
        // Whatever could still be recorded has been: the checkpoint signs it.
        if let journal {
            do throws(JournalError) { try journal.close() } catch {
                ask(.fatal(error: Array(error.sentence.utf8), hint: Array(error.hint.utf8)))
            }
        }
        journal = nil
        ask(.finished)
        phase = .ended
    }
}
