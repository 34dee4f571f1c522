// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What the kernel says about an open file.
package struct FileFacts: Equatable, Sendable {
    /// In bytes.
    package let size: UInt64
    /// On disk, in bytes: more than ``size`` where space was reserved ahead.
    package let allocated: UInt64
    package let owner: UInt32
    package let group: UInt32
    /// Permission bits, sticky, set-user and set-group included: `0o7777` at most.
    package let mode: UInt32
    package let device: UInt64
    package let inode: UInt64
    /// Of the last change of contents, in nanoseconds since 1970.
    package let modified: Int64

    init(_ info: stat) {
        size = UInt64(max(info.st_size, 0))
        allocated = UInt64(max(info.st_blocks, 0)) * 512
        owner = info.st_uid
        group = info.st_gid
        mode = info.st_mode & 0o7777
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        modified = Int64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_mtim.tv_nsec)
    }
}

/// One open regular file. Offsets are always given: two threads may use it, and nobody moves a shared position.
package struct RegularFile: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    /// Takes over a descriptor after a look at what it is.
    ///
    /// - Throws: the failing call; `EINVAL` where it is a directory, a pipe, a device or a socket.
    package init(checking descriptor: consuming FileDescriptor, subject: String = "") throws(SyscallError) {
        let info = try status(of: descriptor, subject)
        guard info.st_mode & S_IFMT == S_IFREG else { throw SyscallError("open", subject, code: EINVAL) }
        self.descriptor = descriptor
    }

    package borrowing func facts() throws(SyscallError) -> FileFacts { FileFacts(try status(of: descriptor, "")) }

    /// The whole file.
    ///
    /// - Throws: the failing call; `EFBIG` when there are more than `limit` bytes, whatever the size said before.
    package borrowing func readWhole(limit: Int) throws(SyscallError) -> [UInt8] {
        var bytes: [UInt8] = []
        // One byte more than the file claims, so that its end shows in the first read; a file of the kernel's claims 0.
        let expected = max(Int(clamping: try facts().size), 4095)
        var room = [UInt8](repeating: 0, count: min(expected, limit) + 1)
        while true {
            let count = try read(into: &room, from: 0, at: UInt64(bytes.count))
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw SyscallError("read", code: EFBIG) }
            if bytes.isEmpty && count == room.count - 1 {
                bytes = room
                bytes.removeLast()
            } else {
                bytes.append(contentsOf: room[..<count])
            }
        }
    }

    /// Fills `buffer` from index `start` on with what lies at `offset`; 0 at the end of the file. One system call.
    package borrowing func read(into buffer: inout [UInt8], from start: Int, at offset: UInt64) throws(SyscallError)
        -> Int
    {
        precondition(start >= 0 && start < buffer.count)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { all in
                // In bounds by the precondition; the kernel writes no more than `all.count - start` bytes.
                unsafe pread(
                    descriptor.number, all.baseAddress.map { unsafe $0 + start }, all.count - start, off_t(offset))
            }
            if count >= 0 { return count }
            guard errno == EINTR else { throw .last("pread") }
        }
    }

    /// Writes the front of `bytes` at `offset` and says how many the kernel took. One system call.
    package borrowing func write(_ bytes: borrowing Span<UInt8>, at offset: UInt64) throws(SyscallError) -> Int {
        while true {
            let count = unsafe bytes.withUnsafeBytes { all in
                // Borrowed for the length of the call.
                unsafe pwrite(descriptor.number, all.baseAddress, all.count, off_t(offset))
            }
            if count >= 0 { return count }
            guard errno == EINTR else { throw .last("pwrite") }
        }
    }

    /// Writes all of `bytes` at `offset`; after a throw any part of them may be there.
    package borrowing func writeAll(_ bytes: borrowing Span<UInt8>, at offset: UInt64) throws(SyscallError) {
        var done = 0
        while done < bytes.count {
            done += try write(bytes.extracting(done...), at: offset + UInt64(done))
        }
    }

    /// Waits until the contents, and the size that leads to them, are on the disk.
    package borrowing func synchroniseData() throws(SyscallError) {
        // Never repeated here: after a failure the kernel may call lost pages clean, so a second call proves nothing.
        guard fdatasync(descriptor.number) == 0 else { throw .last("fdatasync") }
    }

    /// Reserves disk space for `length` bytes from `offset` on; the size stays as it is.
    ///
    /// - Parameter limit: ``FileSizeLimit/ofProcess``: the kernel applies it to the writes that follow, but not to space
    ///   behind the end.
    /// - Throws: the failing call; `EFBIG` where the limit would not let this process write that far.
    package borrowing func reserve(from offset: UInt64, length: UInt64, limit: FileSizeLimit) throws(SyscallError) {
        guard offset + length <= limit.bytes else { throw SyscallError("fallocate", code: EFBIG) }
        while dw_allocate_keeping_size(descriptor.number, off_t(offset), off_t(length)) != 0 {
            guard errno == EINTR else { throw .last("fallocate") }
        }
    }

    /// Cuts (or extends by zeros) to `size`, and gives back what was reserved behind it.
    package borrowing func truncate(to size: UInt64) throws(SyscallError) {
        while ftruncate(descriptor.number, off_t(size)) != 0 {
            guard errno == EINTR else { throw .last("ftruncate") }
        }
    }

    package borrowing func setMode(_ mode: UInt32) throws(SyscallError) {
        guard fchmod(descriptor.number, mode) == 0 else { throw .last("fchmod") }
    }
}

/// fstat(2).
func status(of descriptor: borrowing FileDescriptor, _ subject: String) throws(SyscallError) -> stat {
    var info = stat()
    // The kernel fills a structure of ours.
    guard unsafe fstat(descriptor.number, &info) == 0 else { throw .last("fstat", subject) }
    return info
}

/// How far this process may write into a file (RLIMIT_FSIZE).
package struct FileSizeLimit: Equatable, Sendable {
    package let bytes: UInt64

    package init(bytes: UInt64) { self.bytes = bytes }

    /// The limit as it is now; nil where the room's filter refuses to tell.
    package static var ofProcess: FileSizeLimit? {
        var limit = rlimit()
        // The kernel fills a structure of ours.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return nil }
        return FileSizeLimit(bytes: UInt64(limit.rlim_cur))
    }
}
