// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux

/// Work on the end of a log that is being opened.
struct LogTail {
    let disk: Disk
    let installation: InstallationID

    /// The number and the time of a segment's first record, which is checked by itself.
    func opening(_ segment: UInt32) throws(WalkError) -> (sequence: UInt64, time: UInt64) {
        var reader = LineReader(Layout.segmentName(segment))
        var chain = Chain(after: nil, installation: installation, checkpoint: nil)
        guard case .line(let range) = try system(try reader.next(disk)) else {
            throw .fault(Fault(.openingMissing, segment: segment, line: 1, offset: 0))
        }
        if let flaw = chain.judge(reader.buffer, range, segment: segment, offset: 0, isFirst: true) {
            throw .fault(Fault(flaw, segment: segment, line: 1, offset: 0))
        }
        return (chain.head.sequence, chain.lastTime ?? 0)
    }

    /// The place behind the record that the checkpoint names, which must be there.
    func place(of checkpoint: Checkpoint) throws(WalkError) -> SegmentPlace {
        let first = try opening(checkpoint.segment).sequence
        guard checkpoint.head.sequence >= first else {
            throw .fault(Fault(.recordsRemoved, segment: checkpoint.segment))
        }
        let name = Layout.segmentName(checkpoint.segment)
        let line = checkpoint.head.sequence - first + 1
        let tailBytes = UInt64(Layout.hashTailBytes) + 1
        let mismatch = Fault(.checkpointMismatch, segment: checkpoint.segment, line: line)
        guard checkpoint.size >= tailBytes else { throw .fault(mismatch) }
        var tail = [UInt8](repeating: 0, count: Int(tailBytes))
        var count = 0
        while count < tail.count {
            let offset = checkpoint.size - tailBytes + UInt64(count)
            let more = try system(try disk.read(name, at: offset, into: &tail, from: count))
            guard more > 0 else { throw .fault(Fault(.recordsMissing, segment: checkpoint.segment)) }
            count += more
        }
        let digits = tail.span.extracting(9..<73)
        guard SHA256Digest(hexadecimal: digits) == checkpoint.head.hash, tail.last == newline else {
            throw .fault(mismatch)
        }
        return SegmentPlace(offset: checkpoint.size, line: line + 1)
    }

    /// Moves what lies behind the last whole record to a file of its own.
    func setAside(_ file: SegmentFile, from start: UInt64, as name: FileName) throws(SyscallError) {
        // In the way only where an earlier opening failed half-way: then it is the beginning of the same bytes.
        try disk.directory.remove(name)
        let torn = try disk.directory.create(name)
        var block = [UInt8](repeating: 0, count: 65_536)
        var done: UInt64 = 0
        while true {
            let count = try file.read(into: &block, at: start + done)
            if count == 0 { break }
            try torn.writeAll(block.span.extracting(first: count), at: done)
            done += UInt64(count)
        }
        try torn.synchroniseData()
        try disk.directory.synchronise()
        // Last: until here a crash leaves the segment as it was.
        try file.truncate(to: start)
    }

    /// Writes a part of a segment onto itself, and waits for the disk.
    ///
    /// After a failed sync the kernel may take pages for clean that never reached the disk. Written again they are
    /// dirty again, so that the sync at the end speaks for them.
    func writeAgain(_ file: SegmentFile, _ range: Range<UInt64>) throws(SyscallError) {
        var block = [UInt8](repeating: 0, count: 65_536)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(try file.read(into: &block, at: offset), Int(clamping: range.upperBound - offset))
            guard count > 0 else { throw .inputOutput("pread") }
            var done = 0
            while done < count {
                let taken = try file.write(block.span.extracting(done..<count), at: offset + UInt64(done))
                guard taken > 0 else { throw .outOfSpace("pwrite") }
                done += taken
            }
            offset += UInt64(count)
        }
        try file.synchronise()
    }
}
