// SPDX-License-Identifier: Apache-2.0
internal import Control

/// Which decisions have been told, and which of them are on the disk.
///
/// A place is taken before a decision is begun, so that what has been looked up and dialled can always be told; it
/// counts for its sandbox and for the room until the broker has said that the decision is recorded.
struct Reports {
    private var next: UInt64 = 1
    private var recorded: UInt64 = 0
    /// Whose the decisions behind ``recorded`` are, in their order.
    private var told: [Served] = []
    private var head = 0
    /// Places of decisions that are not told yet.
    private var reserved = 0

    /// Takes a place for one decision, if there is one.
    mutating func reserve(for sandbox: Served) -> Bool {
        guard told.count - head + reserved < Bounds.unrecorded, sandbox.unrecorded < Bounds.unrecordedOfOne else {
            return false
        }
        reserved += 1
        sandbox.unrecorded += 1
        return true
    }

    /// Gives a place back whose decision is not made any more.
    mutating func giveUp(for sandbox: Served) {
        reserved -= 1
        sandbox.unrecorded -= 1
    }

    /// The number of the decision that has this place.
    mutating func tell(for sandbox: Served) -> UInt64 {
        defer { next += 1 }
        reserved -= 1
        told.append(sandbox)
        return next
    }

    /// - Throws: if the broker confirms what it was never told, or takes back what it confirmed.
    mutating func acknowledge(upTo number: UInt64) throws(FrameError) {
        guard number >= recorded, number < next else { throw .invalid("recorded") }
        for _ in recorded..<number {
            told[head].unrecorded -= 1
            head += 1
        }
        recorded = number
        if head == told.count || head >= 4096 {
            told.removeFirst(head)
            head = 0
        }
    }
}
