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

    private struct State {
        var counts = [Int](repeating: 0, count: Call.allCases.count)
        var call: Call?
        var from = 0
        var through = 0
        var error = SyscallError.inputOutput("fault")
        var partial: Int?
    }

    private let state = Mutex(State())

    package init() {}

    /// Lets calls number `from` to `through` of one kind fail, counted from 1 since this object was made.
    ///
    /// - Parameter partial: how many bytes a failing write still writes.
    package func fail(_ call: Call, from: Int, through: Int, _ error: SyscallError, partial: Int? = nil) {
        state.withLock { state in
            state.call = call
            state.from = from
            state.through = through
            state.error = error
            state.partial = partial
        }
    }

    package func lift() { state.withLock { $0.call = nil } }

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
            guard state.call == call, number >= state.from, number <= state.through else { return nil }
            return (state.error, state.partial)
        }
    }
}
