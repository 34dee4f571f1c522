import Linux
import Testing

// SPDX-License-Identifier: Apache-2.0
@testable import Audit

@Suite("The journal's thread syncs at once for whoever waits, and in time for the rest")
struct SyncScheduleTests {
    private var view = SyncSchedule.View(written: 10, wanted: 0, opening: false, stopping: false)
    private var schedule = SyncSchedule(synced: 10, checkpointed: 10)

    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test("with nothing to do it waits until it is woken")
    mutating func idle() {
        #expect(schedule.next(view, now: at(0)) == .wait(milliseconds: nil))
    }

    @Test("a record that nobody waits for is synced 20 ms after it was noticed")
    mutating func window() {
        view.written = 11
        #expect(schedule.next(view, now: at(100)) == .wait(milliseconds: 20))
        view.written = 12
        #expect(schedule.next(view, now: at(115)) == .wait(milliseconds: 5))
        #expect(schedule.next(view, now: at(120)) == .synchronise)
        schedule.didSynchronise(through: 12)
        #expect(schedule.next(view, now: at(121)) == .checkpoint)
        schedule.didCheckpoint(through: 12, now: at(121))
        #expect(schedule.next(view, now: at(122)) == .wait(milliseconds: nil))
    }

    @Test("what was written during a sync waits from the sync's beginning")
    mutating func overlap() {
        view.written = 11
        view.wanted = 11
        #expect(schedule.next(view, now: at(100)) == .synchronise)
        schedule.didSynchronise(through: 11)
        schedule.didCheckpoint(through: 11, now: at(100))
        view.written = 12
        #expect(schedule.next(view, now: at(108)) == .wait(milliseconds: 12))
    }

    @Test("a record that somebody waits for is synced at once, and again only for a later one")
    mutating func urgent() {
        view.written = 12
        view.wanted = 11
        #expect(schedule.next(view, now: at(100)) == .synchronise)
        schedule.didSynchronise(through: 12)
        schedule.didCheckpoint(through: 12, now: at(100))
        view.written = 13
        #expect(schedule.next(view, now: at(101)) == .wait(milliseconds: 19))
        view.wanted = 13
        #expect(schedule.next(view, now: at(102)) == .synchronise)
    }

    @Test("checkpoints come once a second while records do, and never ahead of the disk")
    mutating func checkpoints() {
        view.written = 11
        view.wanted = 11
        #expect(schedule.next(view, now: at(0)) == .synchronise)
        schedule.didSynchronise(through: 11)
        #expect(schedule.next(view, now: at(1)) == .checkpoint)
        schedule.didCheckpoint(through: 11, now: at(1))
        view.written = 12
        view.wanted = 12
        #expect(schedule.next(view, now: at(500)) == .synchronise)
        schedule.didSynchronise(through: 12)
        #expect(schedule.next(view, now: at(501)) == .wait(milliseconds: 500))
        #expect(schedule.next(view, now: at(1001)) == .checkpoint)
        schedule.didCheckpoint(through: 12, now: at(1001))
        #expect(schedule.next(view, now: at(5000)) == .wait(milliseconds: nil))
    }

    @Test("a checkpoint that failed is tried again after its second")
    mutating func failedCheckpoint() {
        view.written = 11
        view.wanted = 11
        _ = schedule.next(view, now: at(0))
        schedule.didSynchronise(through: 11)
        #expect(schedule.next(view, now: at(0)) == .checkpoint)
        schedule.didCheckpoint(through: nil, now: at(0))
        #expect(schedule.next(view, now: at(1)) == .wait(milliseconds: 999))
        #expect(schedule.next(view, now: at(1000)) == .checkpoint)
    }

    @Test("a segment is opened once the old one is on the disk, and signed at once")
    mutating func opening() {
        view.written = 11
        view.opening = true
        #expect(schedule.next(view, now: at(0)) == .synchronise)
        schedule.didSynchronise(through: 11)
        #expect(schedule.next(view, now: at(0)) == .open)
        schedule.didOpen(through: 12)
        view.opening = false
        #expect(schedule.next(view, now: at(0)) == .checkpoint)
    }

    @Test("at the end everything is synced and signed, or given up once")
    mutating func stopping() {
        schedule.didCheckpoint(through: 10, now: at(0))
        view.written = 11
        view.stopping = true
        #expect(schedule.next(view, now: at(1)) == .synchronise)
        schedule.didSynchronise(through: 11)
        #expect(schedule.next(view, now: at(1)) == .checkpoint)
        var failing = schedule
        schedule.didCheckpoint(through: 11, now: at(1))
        #expect(schedule.next(view, now: at(1)) == .stop)
        failing.didCheckpoint(through: nil, now: at(1))
        #expect(failing.next(view, now: at(1)) == .stop)
    }
}
