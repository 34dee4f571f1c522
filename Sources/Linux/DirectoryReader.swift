// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// One entry of a directory.
package struct DirectoryEntry: Equatable, Sendable {
    package let name: FileName
    /// As the directory itself says; nil where its file system does not note it.
    package let kind: FileKind?

    package init(name: FileName, kind: FileKind?) {
        self.name = name
        self.kind = kind
    }
}

/// Reads a directory piece by piece, for those that are too large for one go.
package struct DirectoryReader: ~Copyable, Sendable {
    private let directory: FileDescriptor
    private var buffer = [UInt8](repeating: 0, count: 32_768)

    /// - Parameter directory: an open directory of its own: the position of a shared one would disturb others.
    init(owning directory: consuming FileDescriptor) { self.directory = directory }

    /// Replaces `entries` by the next ones, in no particular order, without `.` and `..`; false at the end.
    ///
    /// A piece is what one system call brings, about a thousand entries; it may be empty before the end.
    package mutating func next(_ entries: inout [DirectoryEntry]) throws(SyscallError) -> Bool {
        entries.removeAll(keepingCapacity: true)
        let number = directory.number
        let count = unsafe buffer.withUnsafeMutableBytes { all in
            // The kernel writes at most `all.count` bytes.
            unsafe dw_getdents(number, all.baseAddress, all.count)
        }
        guard count >= 0 else { throw .last("getdents64") }
        var start = 0
        while start + Layout.name < count {
            let length = Int(buffer[start + Layout.length]) | Int(buffer[start + Layout.length + 1]) << 8
            guard length > Layout.name, start + length <= count else { throw SyscallError("getdents64", code: EIO) }
            let name = buffer[(start + Layout.name)..<(start + length)].prefix { $0 != 0 }
            // Nil for the two entries that every directory has.
            if let name = FileName(Array(name)) {
                entries.append(DirectoryEntry(name: name, kind: kind(buffer[start + Layout.kind])))
            }
            start += length
        }
        return count > 0
    }

    /// DT_ constants of dirent.h.
    private func kind(_ type: UInt8) -> FileKind? {
        switch type {
        case 0: nil
        case 4: .directory
        case 8: .regular
        case 10: .link
        default: .special
        }
    }
}

/// Where the fields of `struct linux_dirent64` lie, in bytes, on a little-endian machine.
private enum Layout {
    static let length = 16
    static let kind = 18
    static let name = 19
}
