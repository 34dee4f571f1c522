// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Where one run works: fresh, with the files that came with the call.
///
/// Filled before anything of the call runs, and looked through after all of it is dead: so nobody else is in there.
final class WorkDirectory {
    /// Names that are looked at afterwards, and how far down.
    static let mostEntries = 10_000
    static let maxDepth = 16
    /// Of result files: named in the answer, and returned with their contents.
    static let mostNamed = 200
    static let mostReturned = 32

    let path: String
    /// What was put in, as the kernel described it.
    private var given: [RelativePath: FileFacts] = [:]

    /// - Parameter parent: holds it, such as /tmp.
    init(in parent: String, _ request: CodeRequest) throws(SyscallError) {
        let name = Self.freshName()
        path = parent + "/" + name.description
        let directory = try Directory(path: parent).makeSubdirectory(name)
        try put(CodeFile(path: Self.path(request.language.file), contents: request.code), in: directory)
        for file in request.files { try put(file, in: directory) }
    }

    static func freshName() -> FileName {
        let letters = Random.bytes(6).map { UInt8(ascii: "a") + $0 % 26 }
        return FileName(Array("run-".utf8) + letters) ?? FileName("run")
    }

    /// - Precondition: one of our own names.
    private static func path(_ name: String) -> RelativePath {
        guard let path = RelativePath(Array(name.utf8)) else { preconditionFailure("a name of our own") }
        return path
    }

    private func put(_ file: CodeFile, in top: borrowing Directory) throws(SyscallError) {
        let names = file.path.names.compactMap(FileName.init)
        guard let last = names.last else {
            throw SyscallError("open", file.path.description, code: SyscallError.forbidden)
        }
        var directory = try Directory(path: path)
        for name in names.dropLast() { directory = try Self.subdirectory(name, of: directory) }
        let made = try directory.create(last, mode: 0o644)
        try made.descriptor.writeAll(file.contents)
        given[file.path] = try made.facts()
    }

    private static func subdirectory(_ name: FileName, of directory: borrowing Directory) throws(SyscallError)
        -> Directory
    {
        do throws(SyscallError) {
            return try directory.makeSubdirectory(name)
        } catch  where error.isExisting {
            return try directory.openSubdirectory(name)
        }
    }

    /// What is new or has changed.
    ///
    /// - Parameter budget: bytes of contents to return.
    func results(budget: Int) throws(SyscallError) -> CodeResults {
        var results = CodeResults()
        var left = budget
        var seen = 0
        let tree = try Subtree(path: path)
        var waiting: [(path: RelativePath?, depth: Int)] = [(nil, 0)]
        while let next = waiting.popLast() {
            for entry in try Self.entries(tree, next.path) {
                seen += 1
                guard seen <= Self.mostEntries,
                    let path = next.path.map({ $0.appending(entry.name) }) ?? RelativePath(entry.name)
                else {
                    results.isIncomplete = true
                    return results
                }
                let facts = try tree.facts(of: path, followingLast: false)
                switch facts.kind {
                case .directory where next.depth + 1 < Self.maxDepth: waiting.append((path, next.depth + 1))
                case .directory: results.isIncomplete = true
                // Neither is a file's contents, and a link leads anywhere.
                case .link, .special: continue
                case .regular:
                    guard given[path] != facts else { continue }
                    guard results.files.count < Self.mostNamed else {
                        results.isIncomplete = true
                        return results
                    }
                    let hasRoom = results.returned < Self.mostReturned && facts.size <= UInt64(left)
                    let contents = hasRoom ? try Self.contents(tree, path, left) : nil
                    left -= contents?.count ?? 0
                    results.add(path, facts.size, contents)
                }
            }
        }
        return results
    }

    /// In byte order, so that the same run gives the same answer.
    private static func entries(_ tree: borrowing Subtree, _ path: RelativePath?) throws(SyscallError)
        -> [DirectoryEntry]
    {
        var reader: DirectoryReader
        do throws(SyscallError) {
            reader = try tree.openDirectory(path)
        } catch  where error.isNotPermitted {
            // The code has closed it to its own user.
            return []
        }
        var all: [DirectoryEntry] = []
        var batch: [DirectoryEntry] = []
        while all.count <= mostEntries, try reader.next(&batch) { all += batch }
        return all.sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private static func contents(
        _ tree: borrowing Subtree, _ path: RelativePath, _ limit: Int
    ) throws(SyscallError) -> [UInt8]? {
        do throws(SyscallError) {
            return try tree.openFile(path).readWhole(limit: max(limit, 1))
        } catch  where error.isNotPermitted {
            return nil
        }
    }
}

/// The files that a run has made.
struct CodeResults: Sendable {
    struct File: Sendable {
        let path: RelativePath
        let size: UInt64
        /// Nil where there was no room for them, or they could not be read.
        let contents: [UInt8]?
    }

    private(set) var files: [File] = []
    private(set) var returned = 0
    /// There are more than were looked at.
    var isIncomplete = false

    mutating func add(_ path: RelativePath, _ size: UInt64, _ contents: [UInt8]?) {
        if contents != nil { returned += 1 }
        files.append(File(path: path, size: size, contents: contents))
    }
}
