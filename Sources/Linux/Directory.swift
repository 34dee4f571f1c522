// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// One open directory, and everything that is done to the entries in it.
///
/// Names are resolved by openat2(2) beneath the descriptor, following no link of any kind: whoever can change the
/// directory can make a call fail, but cannot lead it elsewhere.
package struct Directory: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    /// Takes over a descriptor after a look at what it is.
    package init(checking descriptor: consuming FileDescriptor) throws(SyscallError) {
        guard try status(of: descriptor, "").st_mode & S_IFMT == S_IFDIR else {
            throw SyscallError("open", code: ENOTDIR)
        }
        self.descriptor = descriptor
    }

    /// Opens a directory by its path. Whether the path deserves belief is ``Trust``'s question, not this one's.
    ///
    /// - Throws: the failing call; `ENOTDIR` or `ELOOP` where the last component is a link.
    package init(path: String) throws(SyscallError) {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let bytes = try pathBytes(path)
        let number = unsafe withTerminatedBytes(bytes) { unsafe dw_openat2(AT_FDCWD, $0, UInt64(flags), 0, 0) }
        guard number >= 0 else { throw .last("openat2", path) }
        descriptor = FileDescriptor(owning: number)
    }

    private init(owning number: Int32) { descriptor = FileDescriptor(owning: number) }

    /// Opens a file that exists.
    package borrowing func open(_ name: FileName, writing: Bool = false) throws(SyscallError) -> RegularFile {
        // Non-blocking only matters to what is not a regular file: opening a pipe must not hang before it is refused.
        let number = try openEntry(name, (writing ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY, 0)
        return try RegularFile(checking: FileDescriptor(owning: number), subject: name.description)
    }

    /// Makes a file that did not exist, open for reading and writing, with exactly these permission bits.
    ///
    /// - Throws: the failing call; `EEXIST` where anything has that name, a dangling link included.
    package borrowing func create(_ name: FileName, mode: UInt32 = 0o600) throws(SyscallError) -> RegularFile {
        // Created with no more than the owner's rights and widened afterwards: never too open, whatever the umask.
        let number = try openEntry(name, O_RDWR | O_CREAT | O_EXCL, mode & 0o600)
        let file = try RegularFile(checking: FileDescriptor(owning: number), subject: name.description)
        if mode & 0o077 != 0 { try file.setMode(mode) }
        return file
    }

    package borrowing func openSubdirectory(_ name: FileName) throws(SyscallError) -> Directory {
        Directory(owning: try openEntry(name, O_RDONLY | O_DIRECTORY, 0))
    }

    /// Makes a directory that only its owner can enter, and opens it.
    package borrowing func makeSubdirectory(_ name: FileName) throws(SyscallError) -> Directory {
        let made = unsafe name.withTerminated { unsafe mkdirat(descriptor.number, $0, 0o700) }
        guard made == 0 else { throw .last("mkdirat", name.description) }
        return try openSubdirectory(name)
    }

    /// Another descriptor of the same directory, with a position and a lock of its own.
    package borrowing func reopened() throws(SyscallError) -> FileDescriptor {
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let number = unsafe withTerminatedBytes([UInt8(ascii: ".")]) {
            unsafe dw_openat2(descriptor.number, $0, flags, 0, resolution)
        }
        guard number >= 0 else { throw .last("openat2", ".") }
        return FileDescriptor(owning: number)
    }

    /// Moves an entry onto `target`, replacing what was there, atomically.
    package borrowing func rename(_ name: FileName, to target: FileName) throws(SyscallError) {
        let moved = unsafe name.withTerminated { from in
            unsafe target.withTerminated { to in unsafe renameat(descriptor.number, from, descriptor.number, to) }
        }
        guard moved == 0 else { throw .last("renameat", "\(name) to \(target)") }
    }

    /// Lets two entries trade names, atomically; neither file is freed.
    ///
    /// - Throws: the failing call; `EINVAL` (``SyscallError/isUnsupported``) where the file system cannot do that.
    package borrowing func exchange(_ one: FileName, _ other: FileName) throws(SyscallError) {
        let exchanged = unsafe one.withTerminated { first in
            unsafe other.withTerminated { second in unsafe dw_exchange(descriptor.number, first, second) }
        }
        guard exchanged == 0 else { throw .last("renameat2", "\(one) with \(other)") }
    }

    /// Removes a file's name; false if there was none.
    @discardableResult
    package borrowing func remove(_ name: FileName) throws(SyscallError) -> Bool {
        guard unsafe name.withTerminated({ unsafe unlinkat(descriptor.number, $0, 0) }) != 0 else { return true }
        guard errno == ENOENT else { throw .last("unlinkat", name.description) }
        return false
    }

    /// Waits until names made, moved and removed so far are on the disk.
    package borrowing func synchronise() throws(SyscallError) {
        guard fsync(descriptor.number) == 0 else { throw .last("fsync") }
    }

    package borrowing func facts() throws(SyscallError) -> FileFacts { FileFacts(try status(of: descriptor, "")) }

    /// Free space for us on the file system that holds the directory, in bytes.
    package borrowing func freeSpace() throws(SyscallError) -> UInt64 {
        var info = statvfs()
        // The kernel fills a structure of ours.
        guard unsafe fstatvfs(descriptor.number, &info) == 0 else { throw .last("fstatvfs") }
        return UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize)).partialValue
    }

    private borrowing func openEntry(_ name: FileName, _ flags: Int32, _ mode: UInt32) throws(SyscallError) -> Int32 {
        let all = UInt64(flags | O_CLOEXEC | O_NOFOLLOW)
        let number = unsafe name.withTerminated {
            unsafe dw_openat2(descriptor.number, $0, all, UInt64(mode), resolution)
        }
        guard number >= 0 else { throw .last("openat2", name.description) }
        return number
    }
}

/// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS of linux/openat2.h.
private let resolution: UInt64 = 0x08 | 0x04 | 0x02

/// A path for the kernel, which would silently stop at a NUL.
func pathBytes(_ path: String) throws(SyscallError) -> [UInt8] {
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, !bytes.contains(0) else { throw SyscallError("open", path, code: EINVAL) }
    return bytes
}
