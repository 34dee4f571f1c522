// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Directory {
    /// The names of all entries but `.` and `..`, in no particular order.
    ///
    /// - Throws: the failing call; `EFBIG` when there are more than `limit`.
    package borrowing func names(limit: Int) throws(SyscallError) -> [FileName] {
        var reader = DirectoryReader(owning: try reopened())
        var names: [FileName] = []
        var entries: [DirectoryEntry] = []
        while try reader.next(&entries) {
            guard names.count + entries.count <= limit else { throw SyscallError("getdents64", code: EFBIG) }
            for entry in entries { names.append(entry.name) }
        }
        return names
    }
}
