// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Small files of the kernel's own file systems: no size, no type to check, read from the start to the end.
enum ProcFile {
    static func open(_ directory: Int32, _ path: SystemString, directory wanted: Bool = false)
        throws(SyscallError) -> FileDescriptor
    {
        // Not openat2: the Watcher's filter must be able to see the flags.
        let flags = O_RDONLY | O_NOFOLLOW | (wanted ? O_DIRECTORY : 0)
        let number = unsafe path.lend { unsafe dw_open_at(directory, $0, flags, 0) }
        guard number >= 0 else { throw .last("openat", path.description) }
        return FileDescriptor(owning: number)
    }

    /// The first `limit` bytes.
    static func read(_ directory: Int32, _ path: SystemString, limit: Int) throws(SyscallError) -> [UInt8] {
        let file = try open(directory, path)
        var queue = ByteQueue()
        while queue.count < limit {
            switch try file.read(into: &queue, limit: min(limit - queue.count, 65_536)) {
            case .moved: continue
            case .closed: return Array(queue.storage[queue.range])
            case .wouldBlock: throw SyscallError("read", path.description, code: EAGAIN)
            }
        }
        return Array(queue.storage[queue.range])
    }

    /// Writes `text` with one call, as these files want it.
    static func write(_ directory: Int32, _ path: SystemString, _ text: SystemString) throws(SyscallError) {
        let number = unsafe path.lend { unsafe dw_open_at(directory, $0, O_WRONLY | O_NOFOLLOW, 0) }
        guard number >= 0 else { throw .last("openat", path.description) }
        let file = FileDescriptor(owning: number)
        let written = unsafe text.lend { unsafe Glibc.write(file.number, $0, text.count) }
        guard written == text.count else { throw .last("write", path.description) }
    }

    /// Where a symbolic link points, at most 4,095 bytes.
    static func link(_ directory: Int32, _ path: SystemString) throws(SyscallError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe target.withUnsafeMutableBytes { room in
            unsafe path.lend { path in
                // The kernel writes at most `room.count` bytes and no terminator.
                unsafe readlinkat(
                    directory, path, room.assumingMemoryBound(to: CChar.self).baseAddress.unsafelyUnwrapped, room.count)
            }
        }
        guard count >= 0 else { throw .last("readlinkat", path.description) }
        target.removeLast(target.count - count)
        return target
    }
}
