// SPDX-License-Identifier: Apache-2.0
internal import Crypto
package import Linux

/// How a journal is to behave.
package struct JournalOptions: Sendable {
    /// `audit.durability` of the configuration.
    package enum DurabilityRule: String, Sendable {
        /// Each promise waits for what it asked for.
        case asked
        /// Each promise waits for the disk.
        case each
    }

    package var durability = DurabilityRule.asked
    /// A segment of this size is followed by a new one, in bytes.
    package var segmentBytes: UInt64 = 67_108_864
    /// A segment of this age is followed by a new one.
    package var segmentSeconds: UInt64 = 86_400
    /// Where the log is damaged: begin a new chain behind it. Only ever by an operator's explicit word.
    package var startsNewChain = false
    package var clock = JournalClock()
    /// For tests only.
    package var faults: Faults?

    package init() {}
}

/// What status pages show.
package struct JournalStatus: Equatable, Sendable {
    /// The last record, written or not.
    package let head: Head
    /// The last record on the disk.
    package let synced: UInt64
    package let segment: UInt32
    package let failure: JournalError?
    /// There is only the room left that outcomes are owed.
    package let isFull: Bool
    /// False where the file system cannot reserve space, so that only its free space is known.
    package let isSpaceGuaranteed: Bool
    /// The last checkpoint could not be written.
    package let checkpointFailure: SyscallError?
}

/// What was lost while there was no room.
struct Shortage {
    var lost: UInt64 = 0
    var refused: UInt64 = 0

    /// Of the record that ends it.
    var data: [UInt8] { Array("{\"lost\":\(lost),\"refused\":\(refused)}".utf8) }
}
