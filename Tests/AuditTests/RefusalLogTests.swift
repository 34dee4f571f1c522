import Linux
import Testing

// SPDX-License-Identifier: Apache-2.0
@testable import Audit

@Suite("A flood of refusals does not fill the log")
struct RefusalLogTests {
    private var log = RefusalLog()
    private let peer = Array("uid 1000 pid 7".utf8)
    private let reason = Array("host-foreign".utf8)

    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private mutating func refuse(_ count: Int, _ peer: [UInt8], _ reason: [UInt8], at moment: UInt64) -> Int {
        var singles = 0
        for _ in 0..<count where log.admits(peer: peer, reason: reason, now: at(moment)) { singles += 1 }
        return singles
    }

    @Test("twenty in a minute are recorded singly, the rest in one closing record with their count")
    mutating func coalescing() {
        #expect(log.deadline == nil)
        let singles = refuse(1000, peer, reason, at: 5)
        #expect(singles == 20)
        #expect(log.deadline == at(60_005))
        var closings = log.close(at(60_004))
        #expect(closings == [])
        closings = log.close(at(60_005))
        #expect(closings == [.init(peer: peer, reason: reason, count: 980)])
        #expect(log.deadline == nil)
        let again = refuse(21, peer, reason, at: 60_006)
        #expect(again == 20)
    }

    @Test("twenty and fewer leave no closing record")
    mutating func limit() {
        let singles = refuse(20, peer, reason, at: 0)
        #expect(singles == 20)
        let closings = log.close(at(60_000))
        #expect(closings == [])
    }

    @Test("peers and reasons are counted apart")
    mutating func apart() {
        let other = Array("sandbox browser".utf8)
        let singles = [
            refuse(30, peer, reason, at: 0), refuse(30, other, reason, at: 1), refuse(30, peer, [1], at: 2),
        ]
        #expect(singles == [20, 20, 20])
        let closings = log.closeAll()
        #expect(closings.map(\.count) == [10, 10, 10])
        #expect(Set(closings.map(\.peer)) == [peer, other])
    }

    @Test("peers beyond the table share a row, and all together have a ceiling")
    mutating func manyPeers() {
        var singles = 0
        for peer in 0..<2_000 { singles += refuse(30, Array("pid \(peer)".utf8), reason, at: 0) }
        #expect(singles == RefusalLog.allSinglesPerMinute)
        let closings = log.close(at(60_000))
        #expect(closings.count == RefusalLog.maxRows + 1)
        #expect(closings.contains { $0.peer == RefusalLog.otherPeers })
        #expect(closings.reduce(0) { $0 + $1.count } == UInt64(60_000 - singles))
        // The next minute has its own ceiling.
        let next = refuse(30, peer, reason, at: 60_001)
        #expect(next == 20)
    }

    @Test("the last peer that has a row of its own, and the first that has none")
    mutating func tableLimit() {
        for peer in 0..<(RefusalLog.maxRows - 1) { _ = refuse(1, Array("pid \(peer)".utf8), reason, at: 0) }
        let singles = [refuse(21, [1], reason, at: 0), refuse(21, [2], reason, at: 0), refuse(21, [3], reason, at: 0)]
        #expect(singles == [20, 20, 0])
        let closings = log.closeAll()
        #expect(closings.map(\.count).sorted() == [1, 22])
    }
}
