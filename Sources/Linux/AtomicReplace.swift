// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Directory {
    /// Puts `contents` under `name`: after a crash either the old file is there or the new one, whole.
    ///
    /// The new file is written as `name` + `.new`; two writers of one name must exclude each other (``FileLock``).
    /// - Throws: the failing call; the old file then still stands, except that a failing directory sync leaves open
    ///   which of the two a crash would bring back.
    package borrowing func replace(_ name: FileName, with contents: borrowing Span<UInt8>, mode: UInt32 = 0o600)
        throws(SyscallError)
    {
        guard let temporary = name.appending(".new") else {
            throw SyscallError("openat2", name.description, code: ENAMETOOLONG)
        }
        // What a crash left behind may be a link or have other rights: never written into, always made anew.
        try remove(temporary)
        let file = try create(temporary, mode: mode)
        try file.writeAll(contents, at: 0)
        // Before the rename: otherwise the name could reach the disk ahead of what it names.
        try file.synchroniseData()
        try rename(temporary, to: name)
        try synchronise()
    }
}
