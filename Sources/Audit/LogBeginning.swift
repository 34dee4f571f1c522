// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux

/// Makes the first segment of a log, or of a new chain behind a damaged one.
struct LogBeginning {
    private let disk: Disk
    private let key: SigningKey
    private let installation: InstallationID
    private let clock: JournalClock
    private let segments: [UInt32]

    init(_ recovery: Recovery) throws(WalkError) {
        disk = recovery.disk
        key = recovery.key
        installation = recovery.installation
        clock = recovery.clock
        segments = try recovery.segments()
    }

    func begin(_ number: UInt32, after previous: Head) throws(WalkError) -> OpenedLog {
        let time = clock.wall()
        var composer = Composer(after: previous)
        _ = composer.add(.segmentOpened, openingData(installation, number, after: previous), time: time)
        let head = composer.head
        let line = composer.take()
        let size = UInt64(line.count)
        let file = try system(try disk.createSegment(number))
        try system(try write(line, to: file))
        try system(try disk.replacePublicKey(CheckpointWriter.keyFile(key.publicKey)))
        // The checkpoint before the name: a log that is there always has one, so a missing one is never a crash's work.
        let checkpoint = Checkpoint(installation: installation, segment: number, head: head, size: size, time: time)
        try system(try disk.replaceCheckpoint(CheckpointWriter.file(checkpoint, key: key)))
        try system(try disk.nameSegment(number))
        return OpenedLog(
            end: SegmentEnd(file, size: size, opened: time), head: head, checkpointed: head.sequence)
    }

    private func write(_ line: [UInt8], to file: SegmentFile) throws(SyscallError) {
        guard try file.write(line.span, at: 0) == line.count else { throw .outOfSpace("pwrite") }
        try file.synchronise()
    }

    /// Begins a new chain that continues from the newest head known, and remarks why.
    func restart(behind fault: Fault) throws(WalkError) -> OpenedLog {
        let checkpoint = try validCheckpoint()
        let number = max(segments.last ?? 0, checkpoint?.segment ?? 0) + 1
        let found = try lastGoodHead()
        // The signed one where it is further on: the numbers of records that were cut off are not given out twice.
        let previous = checkpoint.map { $0.head.sequence > found.sequence ? $0.head : found } ?? found
        let names = try system(try disk.names())
        if names.contains(Layout.checkpointName) {
            try system(try disk.directory.rename(Layout.checkpointName, to: Layout.formerCheckpointName(number)))
        }
        var log = try begin(number, after: previous)
        var data = "{\"flaw\":\"\(fault.flaw.rawValue)\""
        if let line = fault.line { data += ",\"line\":\(line)" }
        if let offset = fault.offset { data += ",\"offset\":\(offset)" }
        data += ",\"previous_seq\":\(previous.sequence)"
        if let segment = fault.segment { data += ",\"segment\":\(segment)" }
        log.remarks.append((.chainRestarted, Array("\(data)}".utf8)))
        return log
    }

    private func validCheckpoint() throws(WalkError) -> Checkpoint? {
        guard let file = try system(try disk.small(Layout.checkpointName, limit: Layout.maxCheckpointBytes)),
            case .success(let checkpoint) = CheckpointForm.read(file, key: key.publicKey),
            checkpoint.installation == installation
        else { return nil }
        return checkpoint
    }

    /// The last record in order of what lies there, as far as it can be followed from the front.
    private func lastGoodHead() throws(WalkError) -> Head {
        guard let first = segments.first, let last = segments.last else { return .none }
        var walk = ChainWalk(Chain(after: nil, installation: installation, checkpoint: nil))
        do throws(WalkError) {
            for number in first...last { _ = try walk.follow(disk, segment: number, isLast: number == last) }
        } catch {
            switch error {
            case .fault: break
            case .unreadable(let error): guard error.isNotFound else { throw .unreadable(error) }
            }
        }
        return walk.chain.head
    }
}
