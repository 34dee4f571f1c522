// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What is wrong with a log. The raw value is the stable word for records, JSON and tests.
package enum Flaw: String, Error, Sendable, CaseIterable {
    // A line by itself.
    case lineTooLong = "line-too-long"
    case lineForm = "line-form"
    case incompleteLine = "incomplete-line"
    // A line and the one before it.
    case sequence = "sequence"
    case hash = "hash"
    // A segment.
    case noSegments = "no-segments"
    case segmentMissing = "segment-missing"
    case segmentEmpty = "segment-empty"
    case openingMissing = "opening-missing"
    case openingForm = "opening-form"
    case openingInside = "opening-inside"
    case openingSegment = "opening-segment"
    case openingPrevious = "opening-previous"
    case formatVersion = "format-version"
    case installation = "installation"
    // The checkpoint and the key.
    case keyMissing = "key-missing"
    case keyForm = "key-form"
    case checkpointMissing = "checkpoint-missing"
    case checkpointForm = "checkpoint-form"
    case checkpointSignature = "checkpoint-signature"
    case checkpointMismatch = "checkpoint-mismatch"
    case recordsMissing = "records-missing"
    case recordsRemoved = "records-removed"
    // What the caller knew about the log.
    case headMismatch = "head-mismatch"
    case headMissing = "head-missing"

    /// One sentence for people: lower case, no full stop.
    package var sentence: String {
        switch self {
        case .lineTooLong: "a line is longer than any record"
        case .lineForm: "a line has not the form of a record"
        case .incompleteLine: "a segment that is not the last ends inside a record"
        case .sequence: "a record's number does not follow from the one before: records were removed, added or moved"
        case .hash: "a record's hash does not fit: it, or the record before it, was changed"
        case .noSegments: "there are no segments"
        case .segmentMissing: "a segment between two others is missing"
        case .segmentEmpty: "a segment holds no record"
        case .openingMissing: "a segment does not begin with its opening record"
        case .openingForm: "an opening record's data has not the form that it must have"
        case .openingInside: "an opening record stands inside a segment"
        case .openingSegment: "a segment's opening record names another segment"
        case .openingPrevious: "a segment does not continue from the end of the one before"
        case .formatVersion: "the log has a format that this version does not know"
        case .installation: "a part of the log belongs to another installation"
        case .keyMissing: "there is no public key to check the checkpoint with"
        case .keyForm: "the public key is not 64 hexadecimal digits and a line feed"
        case .checkpointMissing: "there is no checkpoint"
        case .checkpointForm: "the checkpoint has not the form that it must have"
        case .checkpointSignature: "the checkpoint was not signed with this key"
        case .checkpointMismatch: "the record that the checkpoint names is another one now"
        case .recordsMissing: "the log ends before the record that the checkpoint names: its end was cut off"
        case .recordsRemoved: "the log begins after the record that the checkpoint names"
        case .headMismatch: "the record that was noted as head is another one now"
        case .headMissing: "the log ends before the record that was noted as head"
        }
    }
}

/// One flaw and its place: as much of the place as the flaw has.
package struct Fault: Error, Equatable, Sendable {
    package let flaw: Flaw
    /// The segment's number.
    package let segment: UInt32?
    /// Counted from 1.
    package let line: UInt64?
    /// In bytes, from the segment's start to the start of the line.
    package let offset: UInt64?

    init(_ flaw: Flaw, segment: UInt32? = nil, line: UInt64? = nil, offset: UInt64? = nil) {
        self.flaw = flaw
        self.segment = segment
        self.line = line
        self.offset = offset
    }
}

extension Fault: CustomStringConvertible {
    package var description: String {
        var place = segment.map { "\(Layout.segmentName($0))" } ?? ""
        if let line { place += " line \(line)" }
        if let offset { place += " byte \(offset)" }
        return (place.isEmpty ? "" : place + ": ") + flaw.sentence + " (\(flaw.rawValue))"
    }
}

/// Why a log could not be followed to its end.
enum WalkError: Error {
    case fault(Fault)
    case unreadable(SyscallError)
}
