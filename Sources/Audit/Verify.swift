// SPDX-License-Identifier: Apache-2.0
package import Crypto
internal import Linux

/// What a caller of ``verify(_:_:progress:)`` knows beforehand.
package struct VerifyOptions: Sendable {
    /// The key that signs the checkpoints. Without it the copy beside the log is taken, which proves less.
    package var key: VerifyingKey?
    /// A head that was noted earlier: the log must still hold it.
    package var noted: Head?

    package init(key: VerifyingKey? = nil, noted: Head? = nil) {
        self.key = key
        self.noted = noted
    }
}

/// How far a verification has come.
package struct VerifyProgress: Equatable, Sendable {
    package let segment: UInt32
    /// Counted from 1.
    package let segmentNumber: Int
    package let segments: Int
    /// Of this segment that have been read.
    package let bytes: UInt64
}

/// Checks a whole log as docs/audit-format.md, section 5, says; in memory of constant size.
///
/// Shares nothing with the writer but ``Layout``, ``Timestamp`` and ``InstallationID``.
package func verify<Source: LogSource & ~Copyable>(
    _ source: borrowing Source, _ options: VerifyOptions = VerifyOptions(),
    progress: (VerifyProgress) -> Void = { _ in }
) -> VerifyReport {
    var report = VerifyReport()
    do throws(SyscallError) {
        // Before the segments are listed: on a running system the log only grows beyond it.
        let checkpoint = try readCheckpoint(source, options, &report)
        let segments = try source.names().compactMap(Layout.segmentNumber).sorted()
        try follow(source, segments, checkpoint, options.noted, &report, progress)
    } catch {
        report.unreadable = error
    }
    return report
}

/// The checkpoint, where its form and its signature are in order.
private func readCheckpoint<Source: LogSource & ~Copyable>(
    _ source: borrowing Source, _ options: VerifyOptions, _ report: inout VerifyReport
) throws(SyscallError) -> Checkpoint? {
    var key = options.key
    if key == nil {
        report.keyIsGiven = false
        if let file = try source.small(Layout.publicKeyName, limit: Layout.publicKeyFileBytes) {
            key = CheckpointForm.readKey(file)
            if key == nil { report.faults.append(Fault(.keyForm)) }
        } else {
            report.faults.append(Fault(.keyMissing))
        }
    }
    guard let key else {
        if try source.small(Layout.checkpointName, limit: Layout.maxCheckpointBytes) == nil {
            report.faults.append(Fault(.checkpointMissing))
        }
        return nil
    }
    // On a running system the file may have been written while it was read: a flaw is believed the second time.
    let first = try readCheckpoint(source, key)
    let found = if case .failure = first { try readCheckpoint(source, key) } else { first }
    switch found {
    case .success(let checkpoint):
        report.checkpoint = checkpoint
        return checkpoint
    case .failure(let flaw):
        report.faults.append(Fault(flaw))
        return nil
    }
}

private func readCheckpoint<Source: LogSource & ~Copyable>(
    _ source: borrowing Source, _ key: VerifyingKey
) throws(SyscallError) -> Result<Checkpoint, Flaw> {
    guard let file = try source.small(Layout.checkpointName, limit: Layout.maxCheckpointBytes) else {
        return .failure(.checkpointMissing)
    }
    return CheckpointForm.read(file, key: key)
}

private func follow<Source: LogSource & ~Copyable>(
    _ source: borrowing Source, _ segments: [UInt32], _ checkpoint: Checkpoint?, _ noted: Head?,
    _ report: inout VerifyReport, _ progress: (VerifyProgress) -> Void
) throws(SyscallError) {
    guard let first = segments.first, let last = segments.last else {
        report.chainFault(Fault(.noSegments))
        return
    }
    var walk = ChainWalk(
        Chain(after: nil, installation: checkpoint?.installation, checkpoint: checkpoint, noted: noted))
    var expected = first
    do throws(WalkError) {
        for (index, segment) in segments.enumerated() {
            guard segment == expected else { throw .fault(Fault(.segmentMissing, segment: expected)) }
            expected += 1
            let ended = try walk.follow(source, segment: segment, isLast: segment == last) { bytes in
                progress(
                    VerifyProgress(segment: segment, segmentNumber: index + 1, segments: segments.count, bytes: bytes))
            }
            report.segments += 1
            report.bytes += ended.size
            report.unfinishedBytes = ended.unfinished
        }
    } catch {
        report.take(walk.chain)
        switch error {
        case .fault(let fault): report.chainFault(fault)
        case .unreadable(let error): throw error
        }
        return
    }
    report.take(walk.chain)
    if let checkpoint {
        if checkpoint.head.sequence > walk.chain.head.sequence {
            report.chainFault(Fault(.recordsMissing, segment: last))
        } else if checkpoint.head.sequence < report.firstSequence {
            report.chainFault(Fault(.recordsRemoved, segment: first))
        }
    }
    if let noted, noted.sequence > walk.chain.head.sequence || noted.sequence < report.firstSequence {
        report.chainFault(Fault(.headMissing, segment: last))
    }
}
