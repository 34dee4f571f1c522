// SPDX-License-Identifier: Apache-2.0
package import Crypto
package import Linux
package import StrictJSON

/// What a record must have survived before its promise can be redeemed.
package enum Durability: Sendable {
    /// The operating system has it: it survives the death of this process, and is on the disk within 20 ms.
    case written
    /// The disk has it.
    case synced
}

/// The claim to a ``Grant`` for one record. Worth nothing until the journal has redeemed it.
package struct Promise: ~Copyable, Sendable {
    package let sequence: UInt64
    package let durability: Durability
    fileprivate let journal: ObjectIdentifier

    fileprivate init(_ sequence: UInt64, _ durability: Durability, _ journal: ObjectIdentifier) {
        self.sequence = sequence
        self.durability = durability
        self.journal = journal
    }
}

/// Proof that an intent is in the log. Made in this file only, once for each promise, and spent by what it allows.
package struct Grant: ~Copyable, Sendable {
    /// The number of the record.
    package let sequence: UInt64

    fileprivate init(sequence: UInt64) { self.sequence = sequence }
}

/// The audit log as the Broker's loop uses it: composes records, writes them in batches, and turns promises into grants.
///
/// Used by one thread. Whoever uses it calls ``flush()`` before waiting for anything, watches ``completion``, calls
/// ``collect()`` when that is readable, and tries to redeem after both.
package final class Journal {
    private let disk: Disk
    private let installation: InstallationID
    private let options: JournalOptions
    private let clock: JournalClock
    private let link: JournalLink
    private var lock: FileLock?
    private var thread: Thread?
    private var composer: Composer
    /// Reused for the data of each record that is made here.
    private var writer = JSONWriter()
    /// The segment that is being written.
    private var end: SegmentEnd
    /// The segment that the thread is opening: until it is open, records wait in the composer.
    private var nextEnd: SegmentEnd?
    /// Not before this moment is a segment opened that could not be.
    private var nextRotation = Instant(nanoseconds: 0)
    /// The last record that the operating system has, and the last that the disk has.
    private var written: UInt64
    private var synced: UInt64
    /// The last record that somebody waits for to be on the disk.
    private var wanted: UInt64 = 0
    /// Promises whose outcome is owed: room is kept for each.
    private var owed: UInt64 = 0
    /// Since when there has been no room: how many records were lost and how many promises refused.
    private var shortage: Shortage?
    private var failure: JournalError?
    private var checkpointFailure: SyscallError?

    /// Bytes kept for the outcome of one promise: its line, whose data ``outcome(_:_:)`` keeps short.
    package static let outcomeBytes: UInt64 = 2_304
    /// Of an outcome's data.
    package static let maxOutcomeDataBytes = 2_048
    /// Bytes kept for what the journal itself has to say.
    private static let ownBytes: UInt64 = 4_096
    /// Records may wait up to this many bytes while a segment is being opened; a disk that stands still refuses then.
    private static let maxWaitingBytes = 16_777_216
    /// Between two tries to open a segment, in milliseconds.
    private static let rotationRetryMilliseconds: UInt64 = 1000

    /// Opens the log in `directory`, which must deserve belief (``Trust``), and starts its thread.
    ///
    /// - Throws: what stands in the way; ``JournalError/broken(_:)`` where the log is damaged.
    package init(
        in directory: consuming Directory, key: SigningKey, installation: InstallationID,
        _ options: JournalOptions = JournalOptions()
    ) throws(JournalError) {
        do { lock = try FileLock(on: directory) } catch { throw error.isWouldBlock ? .locked : .unusable(error) }
        let disk = Disk(directory, faults: options.faults)
        let recovery = Recovery(disk: disk, key: key, installation: installation, clock: options.clock)
        let log = try recovery.open(newChain: options.startsNewChain)
        let start = Written(file: log.end.file, size: log.end.size, head: log.head)
        let link: JournalLink
        do { link = try JournalLink(start) } catch { throw .unusable(error) }
        self.disk = disk
        self.installation = installation
        self.options = options
        self.link = link
        clock = options.clock
        composer = Composer(after: log.head)
        end = log.end
        written = log.head.sequence
        synced = log.head.sequence
        for remark in log.remarks {
            do { try makeRoom(remark.data.count) } catch { throw .full(error) }
            _ = composer.add(remark.kind, remark.data, time: clock.wall())
        }
        // Room for the first promises, or no start at all: better now than at the first call.
        do { try makeRoom(Layout.maxDataBytes) } catch { throw .full(error) }
        let body = JournalThread(
            link: link, disk: disk, key: key, installation: installation, clock: clock, synced: start,
            checkpointed: log.checkpointed)
        do { thread = try Thread(named: "journal") { body.run() } } catch { throw .unusable(error) }
        flush()
    }

    /// Without ``close()`` what was not flushed is lost. What was is synced and signed here too, so this can block.
    deinit {
        link.stop()
        if let thread = thread.take() { thread.join() }
    }

    /// Readable when ``collect()`` has something to find. For a ``Poller``.
    package var completion: FileDescriptor { _read { yield link.done.descriptor } }

    // MARK: Recording

    /// Records something that nobody waits for.
    ///
    /// - Parameter data: an object.
    /// - Returns: its number, or nil where it is lost: the journal has failed, or there is only the room left that
    ///   outcomes are owed. How many were lost is recorded when there is room again.
    @discardableResult
    package func append(_ kind: EntryKind, _ data: CanonicalJSON) -> UInt64? { append(kind, data.bytes) }

    /// As the variant above, for data that is made here: `members` writes keys and values in canonical order.
    @discardableResult
    package func append(_ kind: EntryKind, _ members: (inout JSONWriter) -> Void) -> UInt64? {
        write(members)
        return append(kind, writer.bytes)
    }

    /// Records an intent, and promises a grant once the record has become as durable as asked.
    ///
    /// - Throws: ``JournalError/full(_:)``, ``JournalError/failed(_:)`` or ``JournalError/closed``.
    package func promise(_ kind: EntryKind, _ data: CanonicalJSON, _ durability: Durability) throws(JournalError)
        -> Promise
    {
        try promise(kind, data.bytes, durability)
    }

    /// As the variant above, for data that is made here: `members` writes keys and values in canonical order.
    package func promise(_ kind: EntryKind, _ durability: Durability, _ members: (inout JSONWriter) -> Void)
        throws(JournalError) -> Promise
    {
        write(members)
        return try promise(kind, writer.bytes, durability)
    }

    /// Records how something promised ended, however it ended: granted and done, granted and cancelled, or given up
    /// before the promise was redeemed. Exactly once for each promise; room for it has been kept.
    ///
    /// - Returns: its number, or nil where the journal has failed.
    @discardableResult
    package func outcome(_ kind: EntryKind, _ data: CanonicalJSON) -> UInt64? { outcome(kind, data.bytes) }

    /// As the variant above, for data that is made here: `members` writes keys and values in canonical order.
    @discardableResult
    package func outcome(_ kind: EntryKind, _ members: (inout JSONWriter) -> Void) -> UInt64? {
        write(members)
        return outcome(kind, writer.bytes)
    }

    private func append(_ kind: EntryKind, _ data: [UInt8]) -> UInt64? {
        guard failure == nil else { return nil }
        // A shortage is over for all or for nobody: else each small record that still fits would announce its end.
        do { try makeRoom(data.count, promising: shortage == nil ? 0 : 1) } catch {
            shortage = shortage ?? Shortage()
            shortage?.lost += 1
            return nil
        }
        return compose(kind, data)
    }

    private func promise(_ kind: EntryKind, _ data: [UInt8], _ durability: Durability) throws(JournalError) -> Promise {
        if let failure { throw failure }
        do { try makeRoom(data.count, promising: 1) } catch {
            shortage = shortage ?? Shortage()
            shortage?.refused += 1
            throw .full(error)
        }
        owed += 1
        let sequence = compose(kind, data)
        let effective = options.durability == .each ? .synced : durability
        if effective == .synced { wanted = sequence }
        return Promise(sequence, effective, ObjectIdentifier(self))
    }

    private func outcome(_ kind: EntryKind, _ data: [UInt8]) -> UInt64? {
        precondition(owed > 0, "an outcome without a promise")
        guard failure == nil else { return nil }
        owed -= 1
        return composer.add(kind, data, time: clock.wall(), limit: Self.maxOutcomeDataBytes)
    }

    private func write(_ members: (inout JSONWriter) -> Void) {
        writer.reset()
        writer.beginObject()
        members(&writer)
        writer.endObject()
        precondition(writer.isComplete, "what was begun must be ended")
    }

    private func compose(_ kind: EntryKind, _ data: [UInt8]) -> UInt64 {
        let time = clock.wall()
        if let shortage {
            self.shortage = nil
            _ = composer.add(.journalResumed, shortage.data, time: time)
        }
        return composer.add(kind, data, time: time)
    }

    /// Makes sure of the space for one more record beside everything that is owed.
    private func makeRoom(_ dataBytes: Int, promising: UInt64 = 0) throws(SyscallError) {
        let line = Composer.bound(dataBytes)
        guard composer.byteCount + line <= Self.maxWaitingBytes else { throw .outOfSpace("write") }
        let extra = UInt64(composer.byteCount + line) + (owed + promising) * Self.outcomeBytes + Self.ownBytes
        if let size = nextEnd?.size {
            try nextEnd?.ensure(size + extra, disk, clock)
        } else {
            try end.ensure(end.size + extra, disk, clock)
        }
    }

    // MARK: Writing

    /// Writes everything recorded so far with one system call.
    ///
    /// A failure ends the journal; what had been written before stays, and half a line is taken back.
    package func flush() {
        guard failure == nil, nextEnd == nil, composer.byteCount > 0 else { return }
        let total = composer.byteCount
        do throws(SyscallError) {
            var done = try composer.write(to: end.file, at: end.size)
            while done < total {
                // Interrupted half-way, or out of space: the next call tells which.
                let more = try composer.write(to: end.file, at: end.size + UInt64(done), from: done)
                guard more > 0 else { throw .outOfSpace("pwrite") }
                done += more
            }
        } catch {
            // Where this fails too, the half line stands behind the last whole one, and opening the log takes it away.
            disk.giveBackReserve(of: end.file, size: end.size)
            failure = .failed(error)
            return
        }
        end.size += UInt64(total)
        composer.clear()
        written = composer.head.sequence
        link.publish(Written(file: end.file, size: end.size, head: composer.head), wanted: wanted)
        if isRotationDue { beginRotation() }
    }

    /// Takes over what the thread has done since the last call.
    package func collect() {
        link.done.drain()
        let news = link.news()
        checkpointFailure = news.checkpointFailure
        synced = news.synced
        if let error = news.failure, failure == nil { failure = .failed(error) }
        guard failure == nil, let opened = nextEnd, news.opened == opened.file.number else { return }
        end = opened
        nextEnd = nil
        written = max(written, synced)
        flush()
    }

    /// Turns a promise into its grant, if its record has become as durable as promised; nil if not yet.
    ///
    /// The promise is taken out of its place when it is redeemed, and when it never can be.
    /// - Throws: why there will be no grant.
    package func redeem(_ place: inout Promise?) throws(JournalError) -> Grant? {
        guard let promise = place.take() else { throw .spent }
        precondition(promise.journal == ObjectIdentifier(self), "a promise of another journal")
        if let failure { throw failure }
        let sequence = promise.sequence
        let reached =
            switch promise.durability {
            case .written: written
            case .synced: synced
            }
        guard sequence <= reached else {
            place = consume promise
            return nil
        }
        return Grant(sequence: sequence)
    }

    // MARK: Rotation

    private var isRotationDue: Bool {
        if end.size >= options.segmentBytes { return true }
        let now = clock.wall()
        return now > end.opened && now - end.opened >= options.segmentSeconds * 1_000_000
    }

    /// Makes the next segment and hands it to the thread. Where there is no room for one, the old one grows on.
    private func beginRotation() {
        let now = clock.monotonic()
        guard now >= nextRotation else { return }
        let time = clock.wall()
        let number = end.file.number + 1
        var next: SegmentEnd
        do throws(SyscallError) {
            next = SegmentEnd(try disk.createSegment(number), size: 0, opened: time)
            try next.ensure(UInt64(Layout.maxLineBytes) + owed * Self.outcomeBytes + Self.ownBytes, disk, clock)
        } catch {
            nextRotation = now.adding(milliseconds: Self.rotationRetryMilliseconds)
            return
        }
        let data = openingData(installation, number, after: composer.head)
        _ = composer.add(.segmentOpened, data, time: time)
        let opening = composer.take()
        next.size = UInt64(opening.count)
        nextEnd = next
        link.open(NextSegment(file: next.file, opening: opening, head: composer.head), wanted: wanted)
    }

    // MARK: End

    /// Writes, syncs and signs everything, and ends the thread. Blocks until the disk has answered.
    ///
    /// - Throws: the failure that had ended the journal before, or ends it now.
    package func close() throws(JournalError) {
        guard let thread = thread.take() else { throw .closed }
        flush()
        while nextEnd != nil && failure == nil {
            link.done.wait(milliseconds: nil)
            collect()
        }
        link.stop()
        thread.join()
        collect()
        let ended = failure
        failure = .closed
        if ended == nil { disk.giveBackReserve(of: end.file, size: end.size) }
        // Last: from here on another process may open the log.
        if let lock = lock.take() { _ = consume lock }
        if let ended { throw ended }
    }

    package var status: JournalStatus {
        JournalStatus(
            head: composer.head, synced: synced, segment: end.file.number, failure: failure,
            isFull: shortage != nil, isSpaceGuaranteed: end.isGuaranteed, checkpointFailure: checkpointFailure)
    }
}
