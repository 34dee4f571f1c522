// SPDX-License-Identifier: Apache-2.0
internal import Crypto
package import Linux

/// What a verification found.
package struct VerifyReport: Equatable, Sendable {
    package enum Verdict: String, Sendable {
        case sound, broken, unreadable
    }

    /// Wrong things in the order of their weight: what breaks the chain first, then key and checkpoint. At most one
    /// breaks the chain, since nothing behind it can be judged.
    package internal(set) var faults: [Fault] = []
    /// The call that failed before the end was reached.
    package internal(set) var unreadable: SyscallError?

    /// Whole segments found in order, and the bytes of their records.
    package internal(set) var segments = 0
    package internal(set) var bytes: UInt64 = 0
    /// Records found in order.
    package private(set) var records: UInt64 = 0
    /// The first record that the log can vouch for: 1, or later where the front was archived. 0 without records.
    package private(set) var firstSequence: UInt64 = 0
    /// The last record found in order; note it somewhere else to notice a rollback later.
    package private(set) var head: Head?
    /// Of that record, in microseconds since 1970.
    package private(set) var lastTime: UInt64?
    package private(set) var installation: InstallationID?
    /// With a valid signature.
    package internal(set) var checkpoint: Checkpoint?
    /// False where the key came from beside the log: then the checkpoint vouches against accidents only.
    package internal(set) var keyIsGiven = true
    /// Behind the last record: one that is being written, or was when the machine stopped.
    package internal(set) var unfinishedBytes: UInt64 = 0

    package var verdict: Verdict {
        if !faults.isEmpty { return .broken }
        return unreadable == nil ? .sound : .unreadable
    }

    /// 0 the log is sound, 1 it is not, 2 it could not be read to its end.
    package var exitStatus: Int32 {
        switch verdict {
        case .sound: 0
        case .broken: 1
        case .unreadable: 2
        }
    }

    mutating func chainFault(_ fault: Fault) { faults.insert(fault, at: 0) }

    mutating func take(_ chain: borrowing Chain) {
        records = chain.records
        installation = chain.installation
        lastTime = chain.lastTime
        guard records > 0 else { return }
        head = chain.head
        firstSequence = chain.head.sequence - chain.records + 1
    }
}
