// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// A file that is being read for a client: whatever fails is told in terms of the client's path.
struct OpenFile: ~Copyable {
    private let file: RegularFile
    /// When it was opened.
    let facts: FileFacts
    private let path: [UInt8]

    /// - Parameter path: as the client wrote it.
    init(_ root: Root, _ inner: RelativePath, path: [UInt8]) throws(ToolFault) {
        let opened = try Self.open(root, inner, path)
        facts = try Self.facts(of: opened, path)
        file = opened
        self.path = path
    }

    private static func open(_ root: Root, _ inner: RelativePath, _ path: [UInt8]) throws(ToolFault) -> RegularFile {
        do throws(SyscallError) { return try root.tree.openFile(inner) } catch { throw ToolFault(error, path) }
    }

    private static func facts(of file: borrowing RegularFile, _ path: [UInt8]) throws(ToolFault) -> FileFacts {
        do throws(SyscallError) { return try file.facts() } catch { throw ToolFault(error, path) }
    }

    /// Fills `buffer` from index `start` on with what lies at `offset`; 0 at the end of the file.
    borrowing func read(into buffer: inout [UInt8], from start: Int, at offset: Int) throws(ToolFault) -> Int {
        do throws(SyscallError) {
            return try file.read(into: &buffer, from: start, at: UInt64(offset))
        } catch {
            throw ToolFault(error, path)
        }
    }

    /// At most `count` bytes at `offset`: fewer only at the end of the file.
    borrowing func bytes(at offset: Int, count: Int) throws(ToolFault) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = try read(into: &bytes, from: filled, at: offset + filled)
            if more == 0 { break }
            filled += more
        }
        bytes.removeLast(count - filled)
        return bytes
    }
}
