// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Why the journal does not promise, or does not open.
package enum JournalError: Error, Equatable, Sendable {
    /// There is no room for the record and for the outcomes that are owed. Passes by itself when there is space again.
    case full(SyscallError)
    /// A write or a sync failed: nothing is granted until the log has been opened again.
    case failed(SyscallError)
    /// The journal has been closed.
    case closed
    /// There is no promise here: it has been redeemed.
    case spent
    /// Another process writes this log.
    case locked
    /// The log is not what the last checkpoint says, or a part of it is not what was written.
    case broken(Fault)
    /// The directory cannot be used.
    case unusable(SyscallError)

    /// The stable word.
    package var reason: String {
        switch self {
        case .full: "audit-full"
        case .failed: "audit-failed"
        case .closed: "audit-closed"
        case .spent: "promise-spent"
        case .locked: "audit-locked"
        case .broken: "audit-broken"
        case .unusable: "audit-unusable"
        }
    }

    /// For people: lower case, no full stop.
    package var sentence: String {
        switch self {
        case .full(let error): "there is no space for the audit log: \(error)"
        case .failed(let error): "the audit log could not be written: \(error)"
        case .closed: "the audit log is closed"
        case .spent: "this promise of the audit log has been redeemed"
        case .locked: "another process writes the audit log"
        case .broken(let fault): "the audit log is damaged: \(fault)"
        case .unusable(let error): "the audit log cannot be opened: \(error)"
        }
    }

    /// What the operator can do.
    package var hint: String {
        switch self {
        case .full: "free some space on its disk, or archive segments from the front; calls go on by themselves then"
        case .failed: "look at the disk and the system's log, then restart doorward"
        case .closed, .spent: "this is a fault of doorward, please report it"
        case .locked: "stop the other doorwardd, or give this one a state directory of its own"
        case .broken:
            "doorward audit verify says where; keep a copy of the directory, then go on behind the damage: "
                + "doorward serve --new-audit-chain"
        case .unusable: "check that the directory exists, belongs to doorward's user and has space left"
        }
    }
}
