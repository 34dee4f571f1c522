// SPDX-License-Identifier: Apache-2.0
internal import Control

/// Which decisions have been told, and which of them are on the disk.
///
/// Each counts for its sandbox and for the room until the broker has said that it is recorded.
struct Reports {
    private var next: UInt64 = 1
    private var recorded: UInt64 = 0
    /// Whose the decisions behind ``recorded`` are, in their order.
    private var waiting: [Served] = []
    private var head = 0

    var unrecorded: Int { waiting.count - head }

    /// Whether another decision may be made now.
    func hasRoom(for sandbox: Served) -> Bool {
        unrecorded < Bounds.unrecorded && sandbox.unrecorded < Bounds.unrecordedOfOne
    }

    /// The number of the next decision.
    mutating func take(for sandbox: Served) -> UInt64 {
        defer { next += 1 }
        sandbox.unrecorded += 1
        waiting.append(sandbox)
        return next
    }

    /// - Throws: if the broker confirms what it was never told, or takes back what it confirmed.
    mutating func acknowledge(upTo number: UInt64) throws(FrameError) {
        guard number >= recorded, number < next else { throw .invalid("recorded") }
        for _ in recorded..<number {
            waiting[head].unrecorded -= 1
            head += 1
        }
        recorded = number
        if head == waiting.count || head >= 4096 {
            waiting.removeFirst(head)
            head = 0
        }
    }
}
