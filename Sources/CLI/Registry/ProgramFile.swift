// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Policy

/// A file that is to be pinned: opened once, judged, looked at and hashed through that one descriptor.
final class ProgramFile {
    let path: AbsolutePath
    /// Why others could exchange it; nil where nobody but root and the operator can.
    let distrust: TrustError?
    private let file: RegularFile
    private let facts: FileFacts

    /// - Parameter path: without links.
    /// - Throws: ``ResolutionFault`` if it is no regular file or cannot be read.
    init(_ path: AbsolutePath) throws(ResolutionFault) {
        self.path = path
        let shown = Visible.text(path.bytes)
        var distrust: TrustError?
        do {
            do throws(TrustError) { file = try Trust.openFile(path.description) } catch {
                guard Self.isAboutWriters(error.reason) else {
                    throw ResolutionFault(Failure(error).sentence, hint: Failure(error).hint)
                }
                distrust = error
                // Looked at all the same, so that everything that is wrong with the entry can be told at once.
                file = try Self.openUnjudged(path)
            }
            self.distrust = distrust
            do throws(SyscallError) { facts = try file.facts() } catch { throw ResolutionFault("\(shown): \(error)") }
        }
    }

    var isExecutable: Bool { facts.mode & 0o111 != 0 }

    /// A second owner of what was opened and judged.
    func descriptor() throws(SyscallError) -> FileDescriptor { try file.descriptor.duplicate() }

    /// The first bytes, at most `count`.
    func head(_ count: Int) throws(ResolutionFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        do throws(SyscallError) {
            let found = try file.read(into: &bytes, from: 0, at: 0)
            return Array(bytes[..<found])
        } catch { throw ResolutionFault("\(Visible.text(path.bytes)): \(error)") }
    }

    func contents(limit: Int) throws(ResolutionFault) -> [UInt8] {
        do throws(SyscallError) { return try file.readWhole(limit: limit) } catch {
            throw ResolutionFault("\(Visible.text(path.bytes)): \(error)")
        }
    }

    func pin() throws(ResolutionFault) -> PinnedFile {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var offset: UInt64 = 0
        do throws(SyscallError) {
            while true {
                let count = try file.read(into: &buffer, from: 0, at: offset)
                if count == 0 { break }
                hash.update(buffer.span.extracting(0..<count))
                offset += UInt64(count)
            }
        } catch { throw ResolutionFault("\(Visible.text(path.bytes)): \(error)") }
        return PinnedFile(path: path, digest: Digest(hash.finish()), size: offset)
    }

    private static func openUnjudged(_ path: AbsolutePath) throws(ResolutionFault) -> RegularFile {
        guard let name = FileName(path.name) else {
            throw ResolutionFault("\(Visible.text(path.bytes)) is no file's name")
        }
        do throws(SyscallError) { return try Directory(path: path.parent.description).open(name) } catch {
            throw ResolutionFault("\(Visible.text(path.bytes)): \(error)")
        }
    }

    /// Whether the path was refused because others could change what lies there.
    static func isAboutWriters(_ reason: Distrust) -> Bool {
        switch reason {
        case .foreignOwner, .groupWritable, .othersWritable, .parentForeignOwner, .parentWritable: true
        case .missing, .unreadable, .notAbsolute, .symbolicLink, .notRegularFile, .notDirectory, .tooManyLinks: false
        }
    }
}
