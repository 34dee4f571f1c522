// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// Judges records one after another, each against the one before it.
struct Chain: ~Copyable {
    /// The last record that was found in order.
    private(set) var head: Head
    /// Of that record, in microseconds since 1970; nil before the first.
    private(set) var lastTime: UInt64?
    /// Told by the first opening record, or known beforehand.
    private(set) var installation: InstallationID?
    /// Records found in order.
    private(set) var records: UInt64 = 0
    /// False until an opening record has told what came before it.
    private var headIsKnown: Bool
    /// What the log must agree with where it reaches that far.
    private let checkpoint: Checkpoint?
    private let noted: Head?
    private var hash = SHA256()

    /// - Parameters:
    ///   - head: the record before the first that will be met; nil to take it as the first segment tells it.
    ///   - installation: nil to take it as the first segment tells it.
    ///   - checkpoint: must agree with the record that it names.
    ///   - noted: a head that the caller knows; must agree with the record of that number.
    init(after head: Head?, installation: InstallationID?, checkpoint: Checkpoint?, noted: Head? = nil) {
        self.head = head ?? .none
        headIsKnown = head != nil
        self.installation = installation
        self.checkpoint = checkpoint
        self.noted = noted
    }

    /// Nil where the line, that is `bytes` in `range`, is the record that must stand here.
    mutating func judge(
        _ bytes: borrowing [UInt8], _ range: Range<Int>, segment: UInt32, offset: UInt64, isFirst: Bool
    ) -> Flaw? {
        let line = bytes.span.extracting(range)
        guard let record = LineForm.record(line) else { return .lineForm }
        let isOpening = LineForm.isOpening(line, record)
        if isFirst {
            guard isOpening else { return .openingMissing }
            guard let opening = LineForm.opening(line.extracting(record.data)) else { return .openingForm }
            if let flaw = judge(opening, segment) { return flaw }
        } else if isOpening {
            return .openingInside
        }
        guard record.sequence == head.sequence + 1 else { return .sequence }
        hash.update(head.hash)
        hash.update(line.extracting(first: line.count - Layout.hashTailBytes))
        guard hash.finish() == record.hash else { return .hash }
        head = Head(sequence: record.sequence, hash: record.hash)
        lastTime = record.time
        records += 1
        if let checkpoint, checkpoint.head.sequence == record.sequence {
            let size = offset + UInt64(line.count) + 1
            guard checkpoint.head == head, checkpoint.segment == segment, checkpoint.size == size else {
                return .checkpointMismatch
            }
        }
        if let noted, noted.sequence == record.sequence, noted != head { return .headMismatch }
        return nil
    }

    private mutating func judge(_ opening: Opening, _ segment: UInt32) -> Flaw? {
        guard opening.format == Layout.formatVersion else { return .formatVersion }
        guard opening.segment == UInt64(segment) else { return .openingSegment }
        if let installation, installation != opening.installation { return .installation }
        installation = opening.installation
        if headIsKnown {
            guard opening.previous == head else { return .openingPrevious }
        } else {
            // The front of the log may have been archived: what came before is taken as told, but not before segment 1.
            guard segment > 1 || opening.previous == .none else { return .openingPrevious }
            headIsKnown = true
            head = opening.previous
        }
        return nil
    }
}
