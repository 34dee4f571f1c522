// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The growing end of the segment that is being written, and the disk space that is reserved behind it.
struct SegmentEnd {
    let file: SegmentFile
    /// When the segment was opened, in microseconds since 1970.
    let opened: UInt64
    /// Bytes that the operating system has taken.
    var size: UInt64
    /// Up to where space is reserved, in bytes from the start.
    private(set) var reserved: UInt64
    /// False where the file system cannot reserve: then the free space is asked for instead, which others may use up.
    private(set) var isGuaranteed = true
    /// No reservation is tried before this moment: asking a full disk once for every refused call would be work for it.
    private var nextTry = Instant(nanoseconds: 0)

    /// Space that is reserved at a time, in bytes: some 15,000 records, so that reserving costs nothing for each.
    static let chunkBytes: UInt64 = 4_194_304
    /// Between two tries on a full disk, in milliseconds.
    static let retryMilliseconds: UInt64 = 100

    init(_ file: SegmentFile, size: UInt64, opened: UInt64) {
        self.file = file
        self.opened = opened
        self.size = size
        reserved = size
    }

    /// Makes sure that the segment can grow to `needed` bytes.
    ///
    /// - Throws: the failing call, or the last failure again while no new try is due.
    mutating func ensure(_ needed: UInt64, _ disk: Disk, _ clock: JournalClock) throws(SyscallError) {
        if needed <= reserved { return }
        let now = clock.monotonic()
        guard now >= nextTry else { throw .outOfSpace("fallocate") }
        let exact = needed - reserved
        do throws(SyscallError) {
            try reserve(max(exact, Self.chunkBytes), disk)
        } catch {
            // A disk that has no whole chunk left may still have what is needed now.
            guard error.isOutOfSpace, exact < Self.chunkBytes else {
                nextTry = now.adding(milliseconds: Self.retryMilliseconds)
                throw error
            }
            do { try reserve(exact, disk) } catch {
                nextTry = now.adding(milliseconds: Self.retryMilliseconds)
                throw error
            }
        }
    }

    private mutating func reserve(_ length: UInt64, _ disk: Disk) throws(SyscallError) {
        do throws(SyscallError) {
            try disk.reserve(file, from: reserved, length: length)
        } catch {
            guard error.isUnsupported else { throw error }
            isGuaranteed = false
            // Twice as much as is asked for, since nothing holds it for us.
            guard try disk.directory.freeSpace() >= length * 2 else { throw .outOfSpace("fstatvfs") }
        }
        reserved += length
    }
}
