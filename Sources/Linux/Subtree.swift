// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// One open directory and everything below it, reached by paths of several names, and nothing else.
///
/// Every path is resolved by one openat2(2) beneath the descriptor. A link is followed as long as it stays below; `..`
/// in one never climbs above the top (`EXDEV`), an absolute one is never followed (`EXDEV`), nor is one of the kernel's
/// magic links (`ELOOP`). Whoever can change the tree meanwhile can make a call fail, but cannot lead it outside. What
/// is mounted inside the tree belongs to it, unless the kernel makes up its files (``isKernelFileSystem(_:)``): reading
/// those can wait for ever, or change something.
package struct Subtree: ~Copyable, Sendable {
    private let top: FileDescriptor
    private let device: UInt64

    /// Opens the top. Links in `path` itself are followed: it comes from whoever starts the program.
    ///
    /// - Throws: the failing call; `EOPNOTSUPP` for a directory that the kernel makes up, such as /proc.
    package init(path: String) throws(SyscallError) {
        let bytes = try pathBytes(path)
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let number = unsafe withTerminatedBytes(bytes) { unsafe dw_openat2(AT_FDCWD, $0, flags, 0, 0) }
        guard number >= 0 else { throw .last("openat2", path) }
        let opened = FileDescriptor(owning: number)
        guard try !isKernelFileSystem(opened) else { throw SyscallError("openat2", path, code: EOPNOTSUPP) }
        device = UInt64(try status(of: opened, path).st_dev)
        top = opened
    }

    /// What is at `path`, without opening it: a pipe does not wait and a device does not notice.
    ///
    /// - Parameters:
    ///   - path: nil for the top.
    ///   - followingLast: whether a link at the end of the path is followed; otherwise it is described itself.
    package borrowing func facts(of path: RelativePath?, followingLast: Bool) throws(SyscallError) -> FileFacts {
        let place = try open(path, DW_O_PATH | (followingLast ? 0 : O_NOFOLLOW))
        return FileFacts(try status(of: place, path?.description ?? ""))
    }

    /// Opens a regular file for reading.
    ///
    /// - Throws: the failing call; `EISDIR` for a directory, `EINVAL` for a pipe, a device or a socket, none of which
    ///   is opened, `EOPNOTSUPP` for a file that the kernel makes up, `EAGAIN` if it was exchanged meanwhile.
    package borrowing func openFile(_ path: RelativePath) throws(SyscallError) -> RegularFile {
        let place = try open(path, DW_O_PATH)
        let seen = try status(of: place, path.description)
        switch FileKind(seen.st_mode) {
        case .regular: break
        case .directory: throw SyscallError("open", path.description, code: EISDIR)
        case .link, .special: throw SyscallError("open", path.description, code: EINVAL)
        }
        try refuseKernelFile(place, seen, path)
        // Non-blocking: should it have become a pipe, opening would wait.
        let file = try open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let opened = try status(of: file, path.description)
        guard opened.st_dev == seen.st_dev, opened.st_ino == seen.st_ino else {
            throw SyscallError("open", path.description, code: EAGAIN)
        }
        return try RegularFile(checking: file, subject: path.description)
    }

    /// Opens a directory, to read what is in it.
    ///
    /// - Parameter path: nil for the top.
    package borrowing func openDirectory(_ path: RelativePath?) throws(SyscallError) -> DirectoryReader {
        let directory = try open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
        try refuseKernelFile(directory, status(of: directory, path?.description ?? ""), path)
        return DirectoryReader(owning: directory)
    }

    private borrowing func refuseKernelFile(
        _ place: borrowing FileDescriptor, _ seen: stat, _ path: RelativePath?
    ) throws(SyscallError) {
        // The top is on a file system of another kind, so only what lies on another device can be the kernel's.
        guard UInt64(seen.st_dev) != device, try isKernelFileSystem(place) else { return }
        throw SyscallError("openat2", path?.description ?? "", code: EOPNOTSUPP)
    }

    private borrowing func open(_ path: RelativePath?, _ flags: Int32) throws(SyscallError) -> FileDescriptor {
        var attempts = 0
        while true {
            let number = unsafe withTerminatedBytes(path?.bytes ?? [UInt8(ascii: ".")]) {
                unsafe dw_openat2(top.number, $0, UInt64(flags | O_CLOEXEC), 0, beneath)
            }
            if number >= 0 { return FileDescriptor(owning: number) }
            attempts += 1
            // Somebody moved a directory while a `..` in a link was being resolved: the kernel gives up rather than be
            // led outside, and asks for another try.
            guard errno == EAGAIN || errno == EINTR, attempts < mostAttempts else {
                throw .last("openat2", path?.description ?? "")
            }
        }
    }
}

/// RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS of linux/openat2.h.
private let beneath: UInt64 = 0x08 | 0x02
/// A tree in which directories move all the time is not read, rather than for ever.
private let mostAttempts = 32
