// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Fills a file system of our own, by paths relative to its root.
///
/// The making calls follow symbolic links as the kernel does, so they are for trees in which nobody else writes.
/// Looking up never follows one and never leaves the tree.
package enum Tree {
    /// A directory that exists already is no error.
    package static func makeDirectory(_ root: borrowing FileDescriptor, _ path: SystemString, mode: UInt32)
        throws(SyscallError)
    {
        let number = root.number
        guard unsafe path.lend({ unsafe mkdirat(number, $0, mode) }) == 0 || errno == EEXIST else {
            throw .last("mkdirat", path.description)
        }
    }

    package static func makeFile(
        _ root: borrowing FileDescriptor, _ path: SystemString, _ contents: [UInt8], mode: UInt32
    ) throws(SyscallError) {
        let number = root.number
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let created = unsafe path.lend { unsafe dw_open_at(number, $0, flags, mode) }
        guard created >= 0 else { throw .last("openat", path.description) }
        try FileDescriptor(owning: created).writeAll(contents)
    }

    package static func makeLink(_ root: borrowing FileDescriptor, _ path: SystemString, to target: SystemString)
        throws(SyscallError)
    {
        let number = root.number
        let result = unsafe path.lend { path in unsafe target.lend { unsafe symlinkat($0, number, path) } }
        guard result == 0 else { throw .last("symlinkat", path.description) }
    }

    package static func remove(_ root: borrowing FileDescriptor, _ path: SystemString, isDirectory: Bool)
        throws(SyscallError)
    {
        let number = root.number
        let removed = unsafe path.lend { unsafe unlinkat(number, $0, isDirectory ? AT_REMOVEDIR : 0) }
        guard removed == 0 else { throw .last("unlinkat", path.description) }
    }

    /// What a path means that ends at a link.
    package enum Last: Sendable {
        /// ELOOP.
        case noLink
        /// The link itself.
        case itself
    }

    /// What lies at `path` below `root`, as a place (O_PATH): nothing is opened, no link is followed.
    package static func find(_ root: borrowing FileDescriptor, _ path: SystemString, last: Last = .noLink)
        throws(SyscallError) -> FileDescriptor
    {
        let number = root.number
        let flags = UInt64(O_PATH | O_CLOEXEC | (last == .itself ? O_NOFOLLOW : 0))
        let found = unsafe path.lend { unsafe dw_openat2(number, $0, flags, 0, beneathWithoutLinks) }
        guard found >= 0 else { throw .last("openat2", path.description) }
        return FileDescriptor(owning: found)
    }

    /// Opens a file for reading, without following a link.
    static func open(_ root: borrowing FileDescriptor, _ path: SystemString) throws(SyscallError) -> FileDescriptor {
        let number = root.number
        // Non-blocking: should it be a pipe, opening would wait.
        let flags = UInt64(O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW)
        let opened = unsafe path.lend { unsafe dw_openat2(number, $0, flags, 0, beneathWithoutLinks) }
        guard opened >= 0 else { throw .last("openat2", path.description) }
        return FileDescriptor(owning: opened)
    }

    /// Whether a path may lead through symbolic links.
    package enum Links: Sendable {
        case followed
        /// ELOOP at the first one. Who may write anywhere on the way could otherwise choose where it leads.
        case refused

        var flags: UInt64 {
            switch self {
            case .followed: 0
            case .refused: withoutLinks
            }
        }
    }

    /// The place that an absolute path names in this process's own view.
    package static func place(_ path: SystemString, links: Links = .followed) throws(SyscallError) -> FileDescriptor {
        let flags = UInt64(O_PATH | O_CLOEXEC)
        let found = unsafe path.lend { unsafe dw_openat2(AT_FDCWD, $0, flags, 0, links.flags) }
        guard found >= 0 else { throw .last("openat2", path.description) }
        return FileDescriptor(owning: found)
    }

    /// The same place by a path without links, as it is now.
    package static func canonical(_ path: SystemString) throws(SyscallError) -> SystemString {
        let place = try place(path)
        let link = try ProcFile.link(AT_FDCWD, "/proc/self/fd/" + .decimal(UInt64(place.number)))
        guard let found = SystemString(link) else { throw SyscallError("readlinkat", path.description, code: EINVAL) }
        return found
    }

    /// What lies at an absolute path, itself, not where it leads.
    package enum Kind: Equatable, Sendable {
        case directory
        case link(SystemString)
        case other
    }

    /// Nil if there is nothing.
    package static func kind(_ path: SystemString) throws(SyscallError) -> Kind? {
        var status = Glibc.stat()
        // The kernel fills the whole struct or fails.
        guard unsafe path.lend({ unsafe lstat($0, &status) }) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .last("lstat", path.description)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFLNK:
            guard let target = SystemString(try ProcFile.link(AT_FDCWD, path)) else { return .other }
            return .link(target)
        default: return .other
        }
    }

    static func exists(_ directory: borrowing FileDescriptor, _ path: SystemString) -> Bool {
        let number = directory.number
        return unsafe path.lend { unsafe faccessat(number, $0, F_OK, 0) } == 0
    }

    static func mayWrite(_ directory: borrowing FileDescriptor, _ path: SystemString) -> Bool {
        let number = directory.number
        return unsafe path.lend { unsafe faccessat(number, $0, W_OK, 0) } == 0
    }

    package static func enter(_ path: SystemString) throws(SyscallError) {
        guard unsafe path.lend({ unsafe chdir($0) }) == 0 else { throw .last("chdir", path.description) }
    }

    /// Which file a descriptor means, among all files of this machine.
    package struct Identity: Equatable, Sendable {
        package let device: UInt64
        package let inode: UInt64
        package let isDirectory: Bool

        package init(device: UInt64, inode: UInt64, isDirectory: Bool) {
            self.device = device
            self.inode = inode
            self.isDirectory = isDirectory
        }
    }

    package static func identity(of descriptor: borrowing FileDescriptor) throws(SyscallError) -> Identity {
        try identity(of: descriptor.number)
    }

    /// The permission bits, set-user-id among them.
    package static func mode(of descriptor: borrowing FileDescriptor) throws(SyscallError) -> UInt32 {
        var status = Glibc.stat()
        // The kernel fills the whole struct or fails.
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw .last("fstat", "\(descriptor.number)") }
        return status.st_mode & 0o7777
    }

    static func identity(of number: Int32) throws(SyscallError) -> Identity {
        var status = Glibc.stat()
        // The kernel fills the whole struct or fails.
        guard unsafe fstat(number, &status) == 0 else { throw .last("fstat", "\(number)") }
        return Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), isDirectory: status.st_mode & S_IFMT == S_IFDIR
        )
    }
}

// RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, and RESOLVE_BENEATH
private let withoutLinks: UInt64 = 0x04 | 0x02
private let beneathWithoutLinks = withoutLinks | 0x08
private let O_PATH = DW_O_PATH
