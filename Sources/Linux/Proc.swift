// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The processes of this PID namespace, as /proc shows them.
package enum Proc {
    /// The most processes that are listed. Past it the oldest are left out.
    package static let maxProcesses = 65_536

    /// All process ids, highest first: after the start of the machine that is newest first.
    package static func processes() throws(SyscallError) -> [Int32] {
        var found = try numbers(in: ProcFile.open(AT_FDCWD, "/proc", directory: true), limit: 4_194_304)
        found.sort(by: >)
        if found.count > maxProcesses { found.removeLast(found.count - maxProcesses) }
        return found
    }

    /// The newest process that holds the socket with this inode and belongs to `uid`, or nil.
    ///
    /// - Parameter descriptorLimit: how many descriptors of one process are looked at.
    /// - Throws: only if /proc itself cannot be read; a process that hides its descriptors is passed over.
    package static func holder(ofSocket inode: UInt32, uid: UInt32, descriptorLimit: Int)
        throws(SyscallError) -> Int32?
    {
        for pid in try processes() {
            do {
                guard let process = try ProcessRecord(pid: pid), try process.owner() == uid else { continue }
                if try process.holds(socket: inode, descriptorLimit: descriptorLimit) == true { return pid }
            } catch  where error.code == EACCES || error.code == EPERM {
                continue
            }
        }
        return nil
    }

    static func numbers(in directory: borrowing FileDescriptor, limit: Int) throws(SyscallError) -> [Int32] {
        var all: [Int32] = []
        var batch = [Int32](repeating: 0, count: 256)
        while all.count < limit {
            let number = directory.number
            let count = unsafe batch.withUnsafeMutableBufferPointer { room in
                // The shim writes at most `room.count` numbers.
                unsafe dw_next_numbers(number, room.baseAddress, Int32(room.count))
            }
            guard count >= 0 else { throw .last("getdents64") }
            if count == 0 { break }
            all.append(contentsOf: batch[0..<min(Int(count), limit - all.count)])
        }
        return all
    }
}

/// One process, held by its directory in /proc, so that all answers are about the same one.
///
/// Every question answers nil when the process has ended, and throws EACCES when the kernel will not say.
package struct ProcessRecord: ~Copyable {
    package let pid: Int32
    private let directory: FileDescriptor

    /// Nil if there is no such process.
    package init?(pid: Int32) throws(SyscallError) {
        self.pid = pid
        do {
            directory = try ProcFile.open(AT_FDCWD, "/proc/" + .decimal(UInt64(pid)), directory: true)
        } catch  where isGone(error) {
            return nil
        }
    }

    package static func ofThisProcess() throws(SyscallError) -> ProcessRecord {
        guard let record = try ProcessRecord(pid: ThisProcess.pid) else {
            throw SyscallError("openat", "/proc", code: ENOENT)
        }
        return record
    }

    /// The effective user; root if the process refuses inspection.
    package borrowing func owner() throws(SyscallError) -> UInt32? {
        var status = Glibc.stat()
        // The kernel fills the whole struct or fails.
        guard unsafe fstat(directory.number, &status) == 0 else {
            if isGone(.last("fstat")) { return nil }
            throw .last("fstat", "/proc/\(pid)")
        }
        return status.st_uid
    }

    package borrowing func status() throws(SyscallError) -> ProcessStatus? {
        guard let text = try contents("stat", limit: 4096) else { return nil }
        // The kernel wrote the line; one that does not parse is a process that is going away.
        return ProcessStatus(parsing: text)
    }

    /// Bytes of memory that the process holds and shares with no file: its own, however many copies share them still.
    package borrowing func privateMemory() throws(SyscallError) -> UInt64? {
        // Pages: all, resident, of those shared with files (proc(5)).
        guard let text = try contents("statm", limit: 256) else { return nil }
        let pages = text.split(separator: UInt8(ascii: " ")).prefix(3).compactMap {
            UInt64(String(decoding: $0, as: UTF8.self))
        }
        guard pages.count == 3, pages[1] >= pages[2] else { return nil }
        return (pages[1] - pages[2]) * UInt64(getpagesize())
    }

    /// The path of the executable as the kernel knows it, with ` (deleted)` behind it if that is so.
    /// Nil also for kernel threads.
    package borrowing func executable() throws(SyscallError) -> [UInt8]? {
        do {
            return try ProcFile.link(directory.number, "exe")
        } catch  where isGone(error) {
            return nil
        }
    }

    /// The arguments, each with NUL behind it, cut at `limit` bytes. The process can write there what it likes.
    package borrowing func commandLine(limit: Int) throws(SyscallError) -> [UInt8]? {
        try contents("cmdline", limit: limit)
    }

    /// The path in the cgroup v2 hierarchy, nil also where there is none.
    package borrowing func cgroup() throws(SyscallError) -> [UInt8]? {
        guard let text = try contents("cgroup", limit: 65_536) else { return nil }
        return text.split(separator: UInt8(ascii: "\n"))
            .first { $0.starts(with: Array("0::".utf8)) }
            .map { Array($0.dropFirst(3)) }
    }

    /// Whether one of the first `descriptorLimit` descriptors is the socket with this inode.
    package borrowing func holds(socket inode: UInt32, descriptorLimit: Int) throws(SyscallError) -> Bool? {
        let wanted = Array("socket:[\(inode)]".utf8)
        do {
            let table = try ProcFile.open(directory.number, "fd", directory: true)
            for descriptor in try Proc.numbers(in: table, limit: descriptorLimit) {
                do {
                    if try ProcFile.link(table.number, .decimal(UInt64(descriptor))) == wanted { return true }
                } catch  where isGone(error) {
                    continue
                }
            }
            return false
        } catch  where isGone(error) {
            return nil
        }
    }

    private borrowing func contents(_ name: SystemString, limit: Int) throws(SyscallError) -> [UInt8]? {
        do {
            return try ProcFile.read(directory.number, name, limit: limit)
        } catch  where isGone(error) {
            return nil
        }
    }
}

private func isGone(_ error: SyscallError) -> Bool { error.code == ENOENT || error.code == ESRCH }
