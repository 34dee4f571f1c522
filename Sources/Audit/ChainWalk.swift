// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Follows the chain through one segment after another, and stops at the first thing that is wrong.
struct ChainWalk: ~Copyable {
    private(set) var chain: Chain
    private var reader = LineReader(Layout.segmentName(1))

    init(_ chain: consuming Chain) { self.chain = chain }

    /// How one segment ended.
    struct Ended: Equatable {
        /// Bytes up to and including the last line feed.
        let size: UInt64
        /// Bytes behind it.
        let unfinished: UInt64
    }

    /// Follows one segment.
    ///
    /// - Parameters:
    ///   - place: where to begin: at the start of the segment, or inside it behind a record that is known to be in order.
    ///   - isLast: only the last segment may end inside a line.
    ///   - progress: told now and then how many bytes of the segment have been read.
    /// - Throws: the first fault, or the call that failed.
    mutating func follow<Source: LogSource & ~Copyable>(
        _ source: borrowing Source, segment: UInt32, from place: SegmentPlace = .start, isLast: Bool,
        progress: (UInt64) -> Void = { _ in }
    ) throws(WalkError) -> Ended {
        reader.move(to: Layout.segmentName(segment), at: place.offset)
        var line = place.line
        var reported = reader.offset
        while true {
            let offset = reader.offset
            let step: LineStep
            do { step = try reader.next(source) } catch { throw .unreadable(error) }
            switch step {
            case .line(let range):
                if let flaw = chain.judge(reader.buffer, range, segment: segment, offset: offset, isFirst: line == 1) {
                    throw .fault(Fault(flaw, segment: segment, line: line, offset: offset))
                }
                line += 1
            case .tooLong:
                throw .fault(Fault(.lineTooLong, segment: segment, line: line, offset: offset))
            case .unfinished(let bytes):
                // Not even an opening record: a segment has its name only once that is on the disk.
                guard line > 1 else { throw .fault(Fault(.openingMissing, segment: segment, line: 1, offset: 0)) }
                guard isLast else {
                    throw .fault(Fault(.incompleteLine, segment: segment, line: line, offset: offset))
                }
                return Ended(size: offset, unfinished: bytes)
            case .end:
                guard line > 1 else { throw .fault(Fault(.segmentEmpty, segment: segment)) }
                return Ended(size: offset, unfinished: 0)
            }
            if reader.offset - reported >= Self.progressBytes {
                reported = reader.offset
                progress(reported)
            }
        }
    }

    /// Between two reports of progress.
    private static let progressBytes: UInt64 = 8_388_608
}

/// A place between two lines of a segment.
struct SegmentPlace: Equatable {
    /// In bytes.
    let offset: UInt64
    /// The number of the line that begins here, counted from 1.
    let line: UInt64

    static let start = SegmentPlace(offset: 0, line: 1)
}
