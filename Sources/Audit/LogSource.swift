// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Where a log is read from: a directory, or what a test holds in memory.
package protocol LogSource: ~Copyable {
    /// All names that lie there.
    borrowing func names() throws(SyscallError) -> [FileName]

    /// Fills `buffer` from index `start` on with what lies at `offset` of a file; 0 at its end.
    borrowing func read(_ name: FileName, at offset: UInt64, into buffer: inout [UInt8], from start: Int)
        throws(SyscallError) -> Int
}

extension LogSource where Self: ~Copyable {
    /// A small file as a whole; nil where there is none.
    ///
    /// - Throws: the failing call; a file over `limit` bytes comes back cut to `limit` + 1, which no form accepts.
    func small(_ name: FileName, limit: Int) throws(SyscallError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        do throws(SyscallError) {
            // One read, which gives all that a file of this size has: between two, another file could take its place.
            let count = try read(name, at: 0, into: &bytes, from: 0)
            bytes.removeLast(bytes.count - count)
            return bytes
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}

/// The audit directory itself.
package struct DirectorySource: ~Copyable, LogSource {
    private let directory: Directory

    package init(_ directory: consuming Directory) { self.directory = directory }

    package borrowing func names() throws(SyscallError) -> [FileName] {
        try directory.names(limit: Layout.maxEntries)
    }

    package borrowing func read(_ name: FileName, at offset: UInt64, into buffer: inout [UInt8], from start: Int)
        throws(SyscallError) -> Int
    {
        // Opened anew for each block of 256 KiB: cheap beside reading it, and nothing stays open between two.
        try directory.open(name).read(into: &buffer, from: start, at: offset)
    }
}
