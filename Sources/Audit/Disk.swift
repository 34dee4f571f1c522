// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The audit directory as the writer uses it, on both of its threads.
final class Disk: Sendable {
    let directory: Directory
    private let faults: Faults?
    /// Of the moment when the log was opened, for a room that may not ask again once it has closed itself in.
    private let fileSizeLimit = FileSizeLimit.ofProcess ?? FileSizeLimit(bytes: .max)

    init(_ directory: consuming Directory, faults: Faults?) {
        self.directory = directory
        self.faults = faults
    }

    /// Reserves space for a segment.
    func reserve(_ file: SegmentFile, from offset: UInt64, length: UInt64) throws(SyscallError) {
        try faults?.check(.reserve)
        try file.reserve(from: offset, length: length, limit: FileSizeLimit.ofProcess ?? fileSizeLimit)
    }

    /// Makes the file of segment `number`, under the name that means nothing yet.
    func createSegment(_ number: UInt32) throws(SyscallError) -> SegmentFile {
        try faults?.check(.create)
        // Left over from a crash before it got its name: nothing in it was ever promised.
        try directory.remove(Layout.unfinishedSegmentName(number))
        return SegmentFile(try directory.create(Layout.unfinishedSegmentName(number)), number, faults)
    }

    func openSegment(_ number: UInt32) throws(SyscallError) -> SegmentFile {
        SegmentFile(try directory.open(Layout.segmentName(number), writing: true), number, faults)
    }

    /// Gives a segment whose first record is on the disk its name, and waits until the disk has that too.
    func nameSegment(_ number: UInt32) throws(SyscallError) {
        try faults?.check(.rename)
        try directory.rename(Layout.unfinishedSegmentName(number), to: Layout.segmentName(number))
        try faults?.check(.synchroniseDirectory)
        try directory.synchronise()
    }

    /// Frees the space behind the end of a segment. Where that fails, space is lost for as long as the file lies there,
    /// and nothing else.
    func giveBackReserve(of file: SegmentFile, size: UInt64) {
        do throws(SyscallError) { try file.truncate(to: size) } catch { return }
    }

    /// Puts a new checkpoint in the place of the old one, which is kept as the file for the next.
    ///
    /// Two files trade places, so that a full disk has nothing to refuse: a log that can still be written can also
    /// still be signed.
    func replaceCheckpoint(_ contents: [UInt8]) throws(SyscallError) {
        try faults?.check(.checkpoint)
        let spare = Layout.spareCheckpointName
        try write(contents, toSpare: spare)
        do throws(SyscallError) {
            try directory.exchange(spare, Layout.checkpointName)
        } catch {
            // The first one has nothing to trade with, and some file systems cannot.
            guard error.isNotFound || error.isUnsupported else { throw error }
            try directory.rename(spare, to: Layout.checkpointName)
            // Where there is no room for the next one now, there may be when it is due.
            do throws(SyscallError) { try makeSpare(spare, contents) } catch { return try directory.synchronise() }
        }
        try directory.synchronise()
    }

    private func write(_ contents: [UInt8], toSpare name: FileName) throws(SyscallError) {
        do throws(SyscallError) {
            let file = try directory.open(name, writing: true)
            try file.writeAll(contents.span, at: 0)
            try file.truncate(to: UInt64(contents.count))
            try file.synchroniseData()
        } catch {
            // Not there, or not what we made (a link, a directory): anew, in whatever way is left.
            try makeSpare(name, contents)
        }
    }

    private func makeSpare(_ name: FileName, _ contents: [UInt8]) throws(SyscallError) {
        try directory.remove(name)
        let file = try directory.create(name)
        try file.writeAll(contents.span, at: 0)
        try file.synchroniseData()
    }

    func replacePublicKey(_ contents: [UInt8]) throws(SyscallError) {
        try directory.replace(Layout.publicKeyName, with: contents.span, mode: 0o644)
    }
}

extension Disk: LogSource {
    func names() throws(SyscallError) -> [FileName] { try directory.names(limit: Layout.maxEntries) }

    func read(_ name: FileName, at offset: UInt64, into buffer: inout [UInt8], from start: Int) throws(SyscallError)
        -> Int
    {
        try directory.open(name).read(into: &buffer, from: start, at: offset)
    }
}

/// One open segment. Both threads use it: one writes at its end, the other waits for the disk.
final class SegmentFile: Sendable {
    let number: UInt32
    private let file: RegularFile
    private let faults: Faults?

    init(_ file: consuming RegularFile, _ number: UInt32, _ faults: Faults?) {
        self.number = number
        self.file = file
        self.faults = faults
    }

    /// One write(2); says how many bytes it took.
    func write(_ bytes: borrowing Span<UInt8>, at offset: UInt64) throws(SyscallError) -> Int {
        if let (error, partial) = faults?.failure(.write) {
            guard let partial, partial > 0 else { throw error }
            return try file.write(bytes.extracting(first: partial), at: offset)
        }
        return try file.write(bytes, at: offset)
    }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(SyscallError) -> Int {
        try file.read(into: &buffer, from: 0, at: offset)
    }

    func synchronise() throws(SyscallError) {
        try faults?.check(.synchronise)
        try file.synchroniseData()
    }

    fileprivate func reserve(from offset: UInt64, length: UInt64, limit: FileSizeLimit) throws(SyscallError) {
        try file.reserve(from: offset, length: length, limit: limit)
    }

    func truncate(to size: UInt64) throws(SyscallError) {
        try faults?.check(.truncate)
        try file.truncate(to: size)
    }

    func facts() throws(SyscallError) -> FileFacts { try file.facts() }
}
