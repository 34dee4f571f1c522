// SPDX-License-Identifier: Apache-2.0
package import Linux
internal import Synchronization

/// Makes the journal's system calls fail on demand, for the tests of what is left on the disk then.
///
/// Where the journal calls the system it asks here first, if anybody is here to ask; no configuration reaches this.
/// A hook and no interface to implement twice: the code that runs under test is the code that runs, up to the very
/// call, and a fault can stop a write half-way, which a full disk or a lowered limit does only by luck.
package final class Faults: Sendable {
    package enum Call: Int, Sendable, CaseIterable {
        case write, synchronise, reserve, create, rename, synchroniseDirectory, truncate, checkpoint
    }

    private struct Rule {
        let call: Call
        let numbers: ClosedRange<Int>
        let error: SyscallError
        let partial: Int?
    }

    private struct State {
        var counts = [Int](repeating: 0, count: Call.allCases.count)
        var rules: [Rule] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Lets calls of one kind fail whose number, counted from 1 since this object was made, lies in `numbers`.
    ///
    /// - Parameter partial: how many bytes the first of them, a write, still writes, which is not a failure yet.
    package func fail(_ call: Call, _ numbers: ClosedRange<Int>, _ error: SyscallError, partial: Int? = nil) {
        state.withLock { $0.rules.append(Rule(call: call, numbers: numbers, error: error, partial: partial)) }
    }

    /// Lets every call of one kind fail from now on.
    package func failAll(_ call: Call, _ error: SyscallError) { fail(call, 1...Int.max, error) }

    /// Lets all calls be made again.
    package func lift() { state.withLock { $0.rules = [] } }

    /// How many calls of this kind there have been, failed ones included.
    package func count(_ call: Call) -> Int { state.withLock { $0.counts[call.rawValue] } }

    /// To be asked before a call.
    func check(_ call: Call) throws(SyscallError) {
        if let (error, _) = failure(call) { throw error }
    }

    /// To be asked before a write: the error, and how many bytes to write before it.
    func failure(_ call: Call) -> (SyscallError, Int?)? {
        state.withLock { state in
            state.counts[call.rawValue] += 1
            let number = state.counts[call.rawValue]
            guard let rule = state.rules.first(where: { $0.call == call && $0.numbers.contains(number) }) else {
                return nil
            }
            return (rule.error, number == rule.numbers.lowerBound ? rule.partial : nil)
        }
    }
}
