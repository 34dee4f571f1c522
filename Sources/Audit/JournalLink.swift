// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Synchronization

/// How far a segment has been written.
struct Written: Sendable {
    let file: SegmentFile
    /// In bytes.
    let size: UInt64
    let head: Head
}

/// A segment that is to follow: its file, and its first record.
struct NextSegment: Sendable {
    let file: SegmentFile
    let opening: [UInt8]
    /// After the opening record.
    let head: Head
}

/// What the loop and the journal's thread tell each other. Each holds the lock for a few copies only.
final class JournalLink: Sendable {
    /// The thread waits on this one.
    let wake: EventDescriptor
    /// The loop polls this one.
    let done: EventDescriptor
    private let exchange: Mutex<Exchange>

    private struct Exchange: Sendable {
        // From the loop.
        var written: Written
        var wanted: UInt64 = 0
        var next: NextSegment?
        var isStopping = false
        // From the thread.
        var news: News
        var state = ThreadState.busy

        var look: Look {
            let view = SyncSchedule.View(
                written: written.head.sequence, wanted: wanted, opening: next != nil, stopping: isStopping)
            return Look(view: view, written: written, next: next)
        }
    }

    /// Whether the thread has to be woken.
    private enum ThreadState {
        case busy
        /// Will look again by itself, within the window.
        case timed
        case idle
    }

    /// What the thread has done so far.
    struct News: Sendable {
        var synced: UInt64
        /// The segment whose opening has been completed last.
        var opened: UInt32
        /// Ends all promises.
        var failure: SyscallError?
        /// The last checkpoint could not be written; tried again by itself.
        var checkpointFailure: SyscallError?
    }

    init(_ written: Written) throws(SyscallError) {
        wake = try EventDescriptor()
        done = try EventDescriptor()
        let news = News(synced: written.head.sequence, opened: written.file.number)
        exchange = Mutex(Exchange(written: written, news: news))
    }

    // For the loop.

    /// Tells how far the log has been written, and up to where somebody waits for the disk.
    func publish(_ written: Written, wanted: UInt64) {
        tell { exchange in
            exchange.written = written
            let isUrgent = wanted > exchange.wanted
            exchange.wanted = max(exchange.wanted, wanted)
            return isUrgent
        }
    }

    func open(_ next: NextSegment, wanted: UInt64) {
        tell { exchange in
            exchange.next = next
            exchange.wanted = max(exchange.wanted, wanted)
            return true
        }
    }

    func stop() {
        tell { exchange in
            exchange.isStopping = true
            return true
        }
    }

    func news() -> News { exchange.withLock { $0.news } }

    private func tell(_ change: (inout Exchange) -> Bool) {
        let mustWake = exchange.withLock { exchange in
            let isUrgent = change(&exchange)
            switch exchange.state {
            case .busy: return false
            case .timed where !isUrgent: return false
            case .timed, .idle:
                exchange.state = .busy
                return true
            }
        }
        if mustWake { wake.signal() }
    }

    // For the thread.

    struct Look: Sendable {
        let view: SyncSchedule.View
        let written: Written
        let next: NextSegment?
    }

    func look() -> Look {
        exchange.withLock { exchange in
            exchange.state = .busy
            return exchange.look
        }
    }

    /// Says that the thread is about to wait, unless something changed since it looked.
    ///
    /// - Parameter isTimed: it will look again within the window.
    func mayWait(after view: SyncSchedule.View, isTimed: Bool) -> Bool {
        exchange.withLock { exchange in
            guard exchange.look.view == view else { return false }
            exchange.state = isTimed ? .timed : .idle
            return true
        }
    }

    /// Tells what was done; the loop hears of it at once where it waits for that.
    func report(_ change: (inout News) -> Void) {
        let mustTell = exchange.withLock { exchange in
            let before = exchange.news
            change(&exchange.news)
            let news = exchange.news
            if news.opened != before.opened { exchange.next = nil }
            let isWaitedFor = exchange.wanted > before.synced && news.synced > before.synced
            return isWaitedFor || news.opened != before.opened || (news.failure != nil && before.failure == nil)
        }
        if mustTell { done.signal() }
    }
}
