// SPDX-License-Identifier: Apache-2.0
import Audit
import Linux
import Scratch
import Testing

/// A log in memory, so that thousands of damaged ones can be looked at in no time.
struct MemoryLog: LogSource {
    var files: [FileName: [UInt8]]
    /// Reads of this file fail.
    var unreadable: FileName?

    init(files: [FileName: [UInt8]]) { self.files = files }

    /// A copy of what lies in a directory.
    init(_ path: String) throws {
        files = [:]
        for name in try Directory(path: path).names(limit: 1000) {
            files[name] = Shell.read("\(path)/\(name)")
        }
    }

    func names() -> [FileName] { Array(files.keys) }

    func read(_ name: FileName, at offset: UInt64, into buffer: inout [UInt8], from start: Int) throws(SyscallError)
        -> Int
    {
        if name == unreadable { throw .inputOutput("read") }
        guard let file = files[name] else { throw SyscallError("openat2", name.description, code: 2) }
        guard offset < file.count else { return 0 }
        // Short reads on purpose: blocks of a size that fits nothing.
        let count = min(buffer.count - start, file.count - Int(offset), 4099)
        for index in 0..<count { buffer[start + index] = file[Int(offset) + index] }
        return count
    }

    /// The file of one segment.
    subscript(segment: UInt32) -> [UInt8] {
        get { files[Layout.segmentName(segment)] ?? [] }
        set { files[Layout.segmentName(segment)] = newValue }
    }

    /// The lines of one segment, each with its line feed.
    func lines(_ segment: UInt32) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for byte in self[segment] {
            line.append(byte)
            if byte == 10 {
                lines.append(line)
                line = []
            }
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }

    /// Writes all files below a scratch directory.
    func put(_ scratch: Scratch, _ directory: String) throws {
        let name = try #require(FileName(Array(directory.utf8)))
        _ = try scratch.directory().makeSubdirectory(name)
        for (name, bytes) in files { scratch.put("\(directory)/\(name)", bytes) }
    }
}

/// The golden log and what stands beside this file.
enum Golden {
    static let repository: String = {
        let components = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return components.dropLast(3).joined(separator: "/")
    }()
    static let path = repository + "/Tests/AuditTests/golden/log"

    static func log() throws -> MemoryLog { try MemoryLog(path) }

    /// The golden log with its last segment, which holds an opening record only, and the checkpoint as they are.
    static let segments: UInt32 = 3
}
