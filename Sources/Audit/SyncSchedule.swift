// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What the journal's thread does next. Pure: told what there is and what time it is, answers with one step.
struct SyncSchedule {
    /// What both threads know, at one moment.
    struct View: Equatable {
        /// The last record that the operating system has.
        var written: UInt64
        /// The last record that somebody waits for to be on the disk.
        var wanted: UInt64
        /// A new segment is to be opened.
        var opening: Bool
        var stopping: Bool
    }

    enum Step: Equatable {
        case synchronise
        case open
        case checkpoint
        /// Nil waits until woken.
        case wait(milliseconds: UInt64?)
        case stop
    }

    /// From the first record that is not on the disk to its sync, in milliseconds.
    static let windowMilliseconds: UInt64 = 20
    /// From one checkpoint to the next, in milliseconds.
    static let checkpointMilliseconds: UInt64 = 1000

    /// The last record on the disk.
    private(set) var synced: UInt64
    /// The last record that a checkpoint names.
    private(set) var checkpointed: UInt64
    /// When the oldest record that is not on the disk was noticed, or could first have been written.
    private var dirtySince: Instant?
    /// When the sync began that has just ended: whatever is dirty behind it was written later.
    private var syncBegan: Instant?
    private var lastCheckpoint: Instant?
    private var isCheckpointDue = false
    private var hasCheckpointFailed = false

    init(synced: UInt64, checkpointed: UInt64) {
        self.synced = synced
        self.checkpointed = checkpointed
    }

    mutating func next(_ view: View, now: Instant) -> Step {
        if view.written > synced {
            let since = dirtySince ?? syncBegan ?? now
            dirtySince = since
            let isUrgent = view.wanted > synced || view.opening || view.stopping
            if isUrgent || now >= since.adding(milliseconds: Self.windowMilliseconds) {
                syncBegan = now
                return .synchronise
            }
        }
        syncBegan = nil
        // The old segment is on the disk: the new one may refer to its end.
        if view.opening { return .open }
        let isLastChance = view.stopping && !hasCheckpointFailed
        if synced > checkpointed, isLastChance || isCheckpointDue || now >= nextCheckpoint { return .checkpoint }
        if view.stopping { return .stop }
        return .wait(milliseconds: deadline(now)?.milliseconds(after: now))
    }

    /// Everything up to record `sequence` is on the disk.
    mutating func didSynchronise(through sequence: UInt64) {
        synced = max(synced, sequence)
        dirtySince = nil
    }

    /// A new segment begins with record `sequence`, which is on the disk.
    mutating func didOpen(through sequence: UInt64) {
        didSynchronise(through: sequence)
        // At once: until then the checkpoint names a segment that is not the last.
        isCheckpointDue = true
    }

    /// A checkpoint was written, or could not be written: either way the next one is not due before its time.
    mutating func didCheckpoint(through sequence: UInt64?, now: Instant) {
        if let sequence { checkpointed = max(checkpointed, sequence) }
        hasCheckpointFailed = sequence == nil
        lastCheckpoint = now
        isCheckpointDue = false
    }

    private var nextCheckpoint: Instant {
        lastCheckpoint?.adding(milliseconds: Self.checkpointMilliseconds) ?? Instant(nanoseconds: 0)
    }

    private func deadline(_ now: Instant) -> Instant? {
        let sync = dirtySince?.adding(milliseconds: Self.windowMilliseconds)
        let checkpoint = synced > checkpointed ? nextCheckpoint : nil
        guard let sync else { return checkpoint }
        return checkpoint.map { min($0, sync) } ?? sync
    }
}
