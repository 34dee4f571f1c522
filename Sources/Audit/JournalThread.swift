// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux

/// The journal's thread: waits for the disk, opens segments, signs checkpoints.
struct JournalThread: Sendable {
    let link: JournalLink
    let disk: Disk
    let key: SigningKey
    let installation: InstallationID
    let clock: JournalClock
    /// What is on the disk when the thread starts, and what the checkpoint there names.
    let synced: Written
    let checkpointed: UInt64

    func run() {
        var schedule = SyncSchedule(synced: synced.head.sequence, checkpointed: checkpointed)
        var onDisk = synced
        while true {
            let look = link.look()
            do throws(SyscallError) {
                switch schedule.next(look.view, now: clock.monotonic()) {
                case .synchronise:
                    try look.written.file.synchronise()
                    onDisk = look.written
                    schedule.didSynchronise(through: onDisk.head.sequence)
                    link.report { $0.synced = onDisk.head.sequence }
                case .open:
                    guard let next = look.next else { continue }
                    onDisk = try open(next)
                    schedule.didOpen(through: onDisk.head.sequence)
                    link.report {
                        $0.opened = onDisk.file.number
                        $0.synced = onDisk.head.sequence
                    }
                    // Nothing will be written there any more: what was reserved behind its end is for others.
                    disk.giveBackReserve(of: look.written.file, size: look.written.size)
                case .checkpoint:
                    let failure = checkpoint(onDisk)
                    let reached = failure == nil ? onDisk.head.sequence : nil
                    schedule.didCheckpoint(through: reached, now: clock.monotonic())
                    link.report { $0.checkpointFailure = failure }
                case .wait(let milliseconds):
                    // Timed only where records wait for the window: a deadline of a checkpoint is no promise to look.
                    let isTimed = look.view.written > schedule.synced
                    guard link.mayWait(after: look.view, isTimed: isTimed) else { continue }
                    link.wake.wait(milliseconds: milliseconds.map { Int32(clamping: $0) })
                    link.wake.drain()
                case .stop:
                    return
                }
            } catch {
                // Not tried again: what the kernel could not write it may drop and call clean, and the next sync would
                // then succeed without it. Whoever waits is told no, and only opening the log anew goes on.
                link.report { $0.failure = error }
                waitForStop()
                return
            }
        }
    }

    /// Writes the first record of a segment and gives the segment its name.
    private func open(_ next: NextSegment) throws(SyscallError) -> Written {
        let count = try next.file.write(next.opening.span, at: 0)
        guard count == next.opening.count else { throw .outOfSpace("pwrite") }
        try next.file.synchronise()
        // After the sync: a named segment always holds its first record, so an empty one is never the work of a crash.
        try disk.nameSegment(next.file.number)
        return Written(file: next.file, size: UInt64(next.opening.count), head: next.head)
    }

    private func checkpoint(_ written: Written) -> SyscallError? {
        let checkpoint = Checkpoint(
            installation: installation, segment: written.file.number, head: written.head, size: written.size,
            time: clock.wall())
        do throws(SyscallError) {
            try disk.replaceCheckpoint(CheckpointWriter.file(checkpoint, key: key))
            return nil
        } catch {
            return error
        }
    }

    private func waitForStop() {
        while true {
            let look = link.look()
            if look.view.stopping { return }
            guard link.mayWait(after: look.view, isTimed: false) else { continue }
            link.wake.wait(milliseconds: nil)
            link.wake.drain()
        }
    }
}
