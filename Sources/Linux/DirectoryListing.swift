// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

extension Directory {
    /// The names of all entries but `.` and `..`, in no particular order.
    ///
    /// - Throws: the failing call; `EFBIG` when there are more than `limit`.
    package borrowing func names(limit: Int) throws(SyscallError) -> [FileName] {
        // A descriptor of its own: the position of a shared one would make two listings disturb each other.
        let listing = try reopened()
        var names: [FileName] = []
        var buffer = [UInt8](repeating: 0, count: 32_768)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { all in
                // The kernel writes at most `all.count` bytes.
                unsafe dw_getdents(listing.number, all.baseAddress, all.count)
            }
            guard count >= 0 else { throw .last("getdents64") }
            if count == 0 { return names }
            var start = 0
            while start + Entry.nameOffset < count {
                let length = Int(buffer[start + Entry.lengthOffset]) | Int(buffer[start + Entry.lengthOffset + 1]) << 8
                guard length > Entry.nameOffset, start + length <= count else {
                    throw SyscallError("getdents64", code: EIO)
                }
                let name = buffer[(start + Entry.nameOffset)..<(start + length)].prefix { $0 != 0 }
                // Nil for the two entries that every directory has.
                if let name = FileName(Array(name)) {
                    guard names.count < limit else { throw SyscallError("getdents64", code: EFBIG) }
                    names.append(name)
                }
                start += length
            }
        }
    }
}

/// Where the fields of `struct linux_dirent64` lie, in bytes, on a little-endian machine.
private enum Entry {
    static let lengthOffset = 16
    static let nameOffset = 19
}
