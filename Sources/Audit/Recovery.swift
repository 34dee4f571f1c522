// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux

/// A log that is ready to be continued: its last segment is whole, and on the disk.
struct OpenedLog {
    var end: SegmentEnd
    let head: Head
    /// The last record that the checkpoint on the disk names.
    let checkpointed: UInt64
    /// What happened on the way, to be recorded first.
    var remarks: [(kind: EntryKind, data: [UInt8])] = []
}

/// Opens the log in a directory: begins it, continues it behind its last checkpoint, or refuses.
struct Recovery {
    let disk: Disk
    let key: SigningKey
    let installation: InstallationID
    let clock: JournalClock

    /// - Parameter newChain: where the log is damaged, begin a new chain behind it instead of refusing.
    func open(newChain: Bool) throws(JournalError) -> OpenedLog {
        do throws(WalkError) {
            do throws(WalkError) { return try beginOrResume() } catch {
                guard case .fault(let fault) = error, newChain else { throw error }
                return try LogBeginning(self).restart(behind: fault)
            }
        } catch {
            switch error {
            case .fault(let fault): throw .broken(fault)
            case .unreadable(let error): throw error.isOutOfSpace ? .full(error) : .unusable(error)
            }
        }
    }

    private func beginOrResume() throws(WalkError) -> OpenedLog {
        guard let file = try system(try disk.small(Layout.checkpointName, limit: Layout.maxCheckpointBytes)) else {
            guard try segments().isEmpty else { throw .fault(Fault(.checkpointMissing)) }
            return try LogBeginning(self).begin(1, after: .none)
        }
        let checkpoint: Checkpoint
        switch CheckpointForm.read(file, key: key.publicKey) {
        case .success(let read): checkpoint = read
        case .failure(let flaw): throw .fault(Fault(flaw))
        }
        guard checkpoint.installation == installation else { throw .fault(Fault(.installation)) }
        try completeBeginning(checkpoint)
        return try resume(try segments(), behind: checkpoint)
    }

    func segments() throws(WalkError) -> [UInt32] {
        try system(try disk.names()).compactMap(Layout.segmentNumber).sorted()
    }

    /// Gives the segment that the checkpoint names its name, where a crash came between the two: a checkpoint is there
    /// before the segment that begins a chain, so that no log is ever without one.
    private func completeBeginning(_ checkpoint: Checkpoint) throws(WalkError) {
        let names = try system(try disk.names())
        guard !names.contains(Layout.segmentName(checkpoint.segment)),
            names.contains(Layout.unfinishedSegmentName(checkpoint.segment))
        else { return }
        try system(try disk.nameSegment(checkpoint.segment))
    }

    /// Checks everything behind the checkpoint and puts the end in order.
    private func resume(_ segments: [UInt32], behind checkpoint: Checkpoint) throws(WalkError) -> OpenedLog {
        guard let last = segments.last else { throw .fault(Fault(.noSegments)) }
        guard last >= checkpoint.segment else { throw .fault(Fault(.recordsMissing, segment: last)) }
        for number in checkpoint.segment...last where !segments.contains(number) {
            throw .fault(Fault(.segmentMissing, segment: number))
        }
        let tail = LogTail(disk: disk, installation: installation)
        let start = try tail.place(of: checkpoint)
        var walk = ChainWalk(Chain(after: checkpoint.head, installation: installation, checkpoint: nil))
        var ended = try walk.follow(
            disk, segment: checkpoint.segment, from: start, isLast: checkpoint.segment == last)
        for number in checkpoint.segment..<last {
            ended = try walk.follow(disk, segment: number + 1, isLast: number + 1 == last)
        }
        let opened = try tail.opening(last).time
        let head = walk.chain.head
        let file = try system(try disk.openSegment(last))
        var remarks: [(kind: EntryKind, data: [UInt8])] = []
        if ended.unfinished > 0 {
            let name = Layout.tornName(head.sequence + 1)
            try system(try tail.setAside(file, from: ended.size, as: name))
            remarks.append((.journalRecovered, Array("{\"bytes\":\(ended.unfinished),\"file\":\"\(name)\"}".utf8)))
        }
        let unproven = last == checkpoint.segment ? checkpoint.size : 0
        try system(try tail.writeAgain(file, unproven..<ended.size))
        return OpenedLog(
            end: SegmentEnd(file, size: ended.size, opened: opened), head: head,
            checkpointed: checkpoint.head.sequence, remarks: remarks)
    }
}

/// Lets a failed call end a walk.
func system<Value>(_ body: @autoclosure () throws(SyscallError) -> Value) throws(WalkError) -> Value {
    do { return try body() } catch { throw .unreadable(error) }
}
