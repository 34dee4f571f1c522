// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Files that only their owner may change: read only where that is so, written with no more than the owner's rights.
enum PrivateFiles {
    /// The whole file; nil where there is none.
    ///
    /// - Throws: ``Failure`` where others can have written it.
    static func read(_ path: AbsolutePath, limit: Int, status: ExitStatus = .failed) throws(Failure) -> [UInt8]? {
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(path.description) } catch {
            if error.reason == .missing { return nil }
            throw Failure(error, status: status)
        }
        do throws(SyscallError) { return try file.readWhole(limit: limit) } catch {
            throw Failure(
                path.description, error, hint: error.isTooBig ? "it may have \(Sizes.text(UInt64(limit))) at most" : "")
        }
    }

    /// Opens a directory of ours, and makes it and what is missing above it, for their owner alone.
    static func directory(_ path: AbsolutePath) throws(Failure) -> Directory {
        var missing: [FileName] = []
        var place = path
        while try kind(place) == nil {
            guard place != .root, let name = FileName(place.name) else { break }
            missing.append(name)
            place = place.parent
        }
        var directory: Directory
        do throws(TrustError) { directory = try Trust.openDirectory(place.description) } catch { throw Failure(error) }
        for name in missing.reversed() {
            do throws(SyscallError) { directory = try makeOrOpen(name, in: directory) } catch {
                throw Failure(path.description, error, hint: "check owner and space of the directory above it")
            }
        }
        return directory
    }

    /// Opens a directory that may be missing; nil then.
    static func existingDirectory(_ path: AbsolutePath) throws(Failure) -> Directory? {
        do throws(TrustError) { return try Trust.openDirectory(path.description) } catch {
            if error.reason == .missing { return nil }
            throw Failure(error)
        }
    }

    /// Replaces a file by another one, atomically.
    static func write(_ path: AbsolutePath, _ bytes: [UInt8]) throws(Failure) {
        guard let name = FileName(path.name) else { throw Failure("\(Visible.text(path.bytes)) is no file's name") }
        let directory = try directory(path.parent)
        do throws(SyscallError) { try directory.replace(name, with: bytes.span) } catch {
            throw Failure(path.description, error, hint: "check owner and space of the directory")
        }
    }

    static func remove(_ path: AbsolutePath) throws(Failure) {
        guard let name = FileName(path.name), let directory = try existingDirectory(path.parent) else { return }
        do throws(SyscallError) { try directory.remove(name) } catch { throw Failure(path.description, error) }
    }

    private static func makeOrOpen(_ name: FileName, in directory: borrowing Directory) throws(SyscallError)
        -> Directory
    {
        do throws(SyscallError) { return try directory.makeSubdirectory(name) } catch {
            // Somebody else, another doorward of this user most likely, was faster.
            guard error.isExisting else { throw error }
            return try directory.openSubdirectory(name)
        }
    }

    /// What lies at a path itself; nil if nothing does.
    static func kind(_ path: AbsolutePath) throws(Failure) -> Tree.Kind? {
        // An AbsolutePath holds no NUL.
        guard let text = SystemString(path.bytes) else { return nil }
        do throws(SyscallError) { return try Tree.kind(text) } catch { throw Failure(path.description, error) }
    }
}

/// Held by a command that changes configuration or registry, so that two of them cannot undo each other's work.
struct ChangeLock: ~Copyable {
    private let lock: FileLock

    init(_ directory: AbsolutePath) throws(Failure) {
        let open = try PrivateFiles.directory(directory)
        do throws(SyscallError) { lock = try FileLock(on: open) } catch {
            guard error.isWouldBlock else { throw Failure(directory.description, error) }
            throw Failure(
                "another doorward command is changing \(Visible.text(directory.bytes))", hint: "wait until it has ended"
            )
        }
    }
}
