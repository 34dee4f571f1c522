// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A directory in which names are held by placeholders, so that a sandbox that may write in it can make none of them.
///
/// A placeholder is a symbolic link that leads nowhere and says why it is there: programs of the host find no file behind
/// it and can make none through it. Where a program would stumble over such a link it is a file that means nothing to
/// that program. Everybody who holds names in a directory has a shared flock(2) on it; whoever is the
/// last one removes the placeholders, those of a holder among them that was killed.
package struct HeldNames: ~Copyable, Sendable {
    /// Where placeholders point to.
    package static let marker: SystemString = "/proc/doorward/held-while-a-sandbox-runs"

    private let directory: FileDescriptor

    /// Waits for the moment in which another holder is cleaning up.
    ///
    /// - Throws: also ELOOP, if the path leads through a link.
    package init(_ path: SystemString) throws(SyscallError) {
        let opened = try HeldNames.open(path)
        while dw_flock(opened.number, LOCK_SH) != 0 {
            guard errno == EINTR else { throw .last("flock", path.description) }
        }
        directory = opened
    }

    /// Only to look: nothing is held, and nobody waits.
    package init(looking path: SystemString) throws(SyscallError) { directory = try HeldNames.open(path) }

    private static func open(_ path: SystemString) throws(SyscallError) -> FileDescriptor {
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let number = unsafe path.lend { unsafe dw_openat2(AT_FDCWD, $0, flags, 0, noLinks) }
        guard number >= 0 else { throw .last("openat2", path.description) }
        return FileDescriptor(owning: number)
    }

    /// What bears a name below the directory, itself, not where it leads.
    package enum Bearer: Equatable, Sendable {
        case nobody
        case placeholder
        case directory
        case link
        case other
    }

    package borrowing func bearer(of path: SystemString) throws(SyscallError) -> Bearer {
        let flags = UInt64(DW_O_PATH | O_CLOEXEC | O_NOFOLLOW)
        let top = directory.number
        let number = unsafe path.lend { unsafe dw_openat2(top, $0, flags, 0, beneathNoLinks) }
        guard number >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .nobody }
            // A link on the way: what lies behind it is not below this name.
            if errno == ELOOP { return .link }
            throw .last("openat2", path.description)
        }
        switch try status(of: FileDescriptor(owning: number), path.description).st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFLNK: return try isPlaceholder(path) ? .placeholder : .link
        default: return .other
        }
    }

    /// What a name is held by.
    package enum Placeholder: Equatable, Sendable {
        case link
        /// A file with exactly these few bytes.
        case file([UInt8])
    }

    /// Puts a placeholder where nothing is. Its directory must exist.
    package borrowing func hold(_ path: SystemString, by placeholder: Placeholder) throws(SyscallError) {
        let parent = try parent(of: path)
        let name = try name(of: path)
        switch placeholder {
        case .link:
            let made = unsafe name.lend { name in
                unsafe Self.marker.lend { unsafe symlinkat($0, parent.number, name) }
            }
            guard made == 0 || errno == EEXIST else { throw .last("symlinkat", path.description) }
        case .file(let bytes):
            do { try Tree.makeFile(parent, name, bytes, mode: 0o644) } catch  where error.isExisting { return }
        }
    }

    /// Removes the placeholders at these paths, unless somebody else still holds names here; false then.
    ///
    /// What is no placeholder stays.
    package consuming func release(_ held: [(path: SystemString, by: Placeholder)]) throws(SyscallError) -> Bool {
        let top = directory.number
        guard dw_flock(top, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return false }
            throw .last("flock")
        }
        for (path, placeholder) in held where try isThere(path, placeholder) {
            let parent = try parent(of: path)
            let name = try name(of: path)
            guard unsafe name.lend({ unsafe unlinkat(parent.number, $0, 0) }) == 0 || errno == ENOENT else {
                throw .last("unlinkat", path.description)
            }
        }
        return true
    }

    private borrowing func isThere(_ path: SystemString, _ placeholder: Placeholder) throws(SyscallError) -> Bool {
        switch placeholder {
        case .link: return try isPlaceholder(path)
        case .file(let bytes):
            do {
                let file = try Tree.open(directory, path)
                var queue = ByteQueue()
                _ = try file.read(into: &queue, limit: bytes.count + 1)
                return Array(queue.storage[queue.range]) == bytes
            } catch  where error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP || error.code == EISDIR
            {
                return false
            }
        }
    }

    /// The directory that holds the last name, reached without links, so that nobody can lead us elsewhere.
    private borrowing func parent(of path: SystemString) throws(SyscallError) -> FileDescriptor {
        let above = Array(path.bytes.split(separator: slash).dropLast().joined(separator: [slash]))
        guard let parent = above.isEmpty ? "." : SystemString(above) else {
            throw SyscallError("openat2", path.description, code: EINVAL)
        }
        return try Tree.find(directory, parent)
    }

    private borrowing func name(of path: SystemString) throws(SyscallError) -> SystemString {
        guard let last = path.bytes.split(separator: slash).last, let name = SystemString(Array(last)) else {
            throw SyscallError("openat2", path.description, code: EINVAL)
        }
        return name
    }

    private borrowing func isPlaceholder(_ path: SystemString) throws(SyscallError) -> Bool {
        do {
            return try ProcFile.link(directory.number, path) == Self.marker.bytes
        } catch  where error.code == ENOENT || error.code == EINVAL || error.code == ENOTDIR {
            return false
        }
    }
}

// RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, and RESOLVE_BENEATH
private let noLinks: UInt64 = 0x04 | 0x02
private let slash = UInt8(ascii: "/")
private let beneathNoLinks = noLinks | 0x08
