// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Why a path does not deserve belief. The raw value is the stable word for records and tests.
package enum Distrust: String, Sendable, CaseIterable {
    case missing = "missing"
    case unreadable = "unreadable"
    case notAbsolute = "not-absolute"
    case symbolicLink = "symbolic-link"
    case notRegularFile = "not-a-regular-file"
    case notDirectory = "not-a-directory"
    case foreignOwner = "foreign-owner"
    case groupWritable = "group-writable"
    case othersWritable = "others-writable"
    case parentForeignOwner = "parent-foreign-owner"
    case parentWritable = "parent-writable"
    case tooManyLinks = "too-many-links"

    /// What the owner of the machine can do about it.
    package var hint: String {
        switch self {
        case .missing: "create it, or correct the path"
        case .unreadable: "let this user read it"
        case .notAbsolute: "give a path that starts with a slash"
        case .symbolicLink: "give the path that the link leads to"
        case .notRegularFile: "give the path of a regular file"
        case .notDirectory: "give the path of a directory"
        case .foreignOwner: "chown it to root or to the user that runs doorward"
        case .groupWritable: "chmod g-w it"
        case .othersWritable: "chmod o-w it"
        case .parentForeignOwner: "move it below directories that belong to root or to the user that runs doorward"
        case .parentWritable: "chmod go-w the directory, or move the file below one that nobody else can write"
        case .tooManyLinks: "untangle the symbolic links in the path"
        }
    }
}

/// A path that was not believed: why, and which part of it is at fault.
package struct TrustError: Error, Equatable, Sendable, CustomStringConvertible {
    package let reason: Distrust
    /// The path, or the parent directory at fault. For people.
    package let place: String
    /// The failing call behind ``Distrust/missing`` and ``Distrust/unreadable``.
    package let cause: SyscallError?

    package var description: String {
        "\(place): \(reason.rawValue)" + (cause.map { " (\($0))" } ?? "")
    }

    package static func == (left: TrustError, right: TrustError) -> Bool { left.reason == right.reason }
}

/// Whether what a path leads to can have been put there by anybody but root and ourselves.
///
/// Each directory on the way is opened and judged in turn, links between them included, and the last component is
/// judged through the very descriptor that is handed out: nothing is asked of a name twice. Bits that an access list
/// grants show up as the group's, so such a list counts as group-writable.
package enum Trust {
    /// As many links as the kernel itself follows in one path.
    static let maxLinks = 40

    /// Opens a regular file for reading that nobody but root and `user` can change or exchange.
    package static func openFile(_ path: String, user: UInt32 = effectiveUser) throws(TrustError) -> RegularFile {
        let leaf = try walk(path, user).openLeaf(O_RDONLY, S_IFREG, orElse: .notRegularFile)
        do { return try RegularFile(checking: leaf, subject: path) } catch { throw unreadable(path, error) }
    }

    /// Opens a directory whose entries nobody but root and `user` can change or exchange.
    package static func openDirectory(_ path: String, user: UInt32 = effectiveUser) throws(TrustError) -> Directory {
        let leaf = try walk(path, user).openLeaf(O_RDONLY | O_DIRECTORY, S_IFDIR, orElse: .notDirectory)
        do { return try Directory(checking: leaf) } catch { throw unreadable(path, error) }
    }

    package static var effectiveUser: UInt32 { geteuid() }
}

/// The directory that holds a path's last component, once every step to it has been judged.
private struct Walk: ~Copyable {
    let path: String
    let user: UInt32
    let directory: FileDescriptor
    let leaf: [UInt8]

    consuming func openLeaf(_ flags: Int32, _ kind: mode_t, orElse wrongKind: Distrust) throws(TrustError)
        -> FileDescriptor
    {
        let path = self.path
        // Only for the message: the judgement below is about the descriptor.
        var seen = stat()
        let looked = unsafe withTerminatedBytes(leaf) {
            unsafe fstatat(directory.number, $0, &seen, AT_SYMLINK_NOFOLLOW)
        }
        guard looked == 0 else { throw unreadable(path, .last("fstatat", path)) }
        if seen.st_mode & S_IFMT == S_IFLNK { throw distrust(.symbolicLink, path) }
        guard seen.st_mode & S_IFMT == kind else { throw distrust(wrongKind, path) }

        let extra = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let file = try openAt(directory, leaf, flags | extra, path)
        let info = try facts(of: file, path)
        guard info.st_mode & S_IFMT == kind else { throw distrust(wrongKind, path) }
        guard info.st_uid == 0 || info.st_uid == user else { throw distrust(.foreignOwner, path) }
        guard info.st_mode & S_IWGRP == 0 else { throw distrust(.groupWritable, path) }
        guard info.st_mode & S_IWOTH == 0 else { throw distrust(.othersWritable, path) }
        return file
    }
}

/// Opens each directory of the path in turn, follows the links between them, and believes none unjudged.
private func walk(_ path: String, _ user: UInt32) throws(TrustError) -> Walk {
    let bytes = Array(path.utf8)
    guard bytes.first == slash, !bytes.contains(0) else { throw distrust(.notAbsolute, path) }
    // Last component first: what a link leads to is put on top.
    var pending = components(bytes)
    let leaf = pending.isEmpty ? [UInt8(ascii: ".")] : pending.removeFirst()
    var directory = try openRoot()
    var place = ""
    var links = 0
    try judgeParent(directory, "/", user)
    while let name = pending.popLast() {
        let here = place + "/" + String(decoding: name, as: UTF8.self)
        let next = try openAt(directory, name, DW_O_PATH | O_NOFOLLOW | O_CLOEXEC, here)
        let info = try facts(of: next, here)
        if info.st_mode & S_IFMT == S_IFLNK {
            links += 1
            guard links <= Trust.maxLinks else { throw distrust(.tooManyLinks, path) }
            // In a sticky directory anybody may put a link, and only its owner can exchange it.
            guard info.st_uid == 0 || info.st_uid == user else { throw distrust(.parentForeignOwner, here) }
            let target = try readLink(next, here)
            pending.append(contentsOf: components(target))
            if target.first == slash {
                directory = try openRoot()
                place = ""
            }
        } else {
            guard info.st_mode & S_IFMT == S_IFDIR else { throw distrust(.notDirectory, here) }
            try judgeParent(next, here, user)
            directory = next
            place = here
        }
    }
    return Walk(path: path, user: user, directory: directory, leaf: leaf)
}

private let slash = UInt8(ascii: "/")

/// The components of a path, last one first.
private func components(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: slash).filter { $0 != [UInt8(ascii: ".")] }.map(Array.init).reversed()
}

private func openRoot() throws(TrustError) -> FileDescriptor {
    let number = unsafe withTerminatedBytes([slash]) {
        unsafe dw_openat2(AT_FDCWD, $0, UInt64(DW_O_PATH | O_DIRECTORY | O_CLOEXEC), 0, 0)
    }
    guard number >= 0 else { throw unreadable("/", .last("open", "/")) }
    return FileDescriptor(owning: number)
}

/// A directory between the root and the file: whoever can write it can exchange what lies below, unless the sticky
/// bit leaves that to each entry's owner, who is judged in turn.
private func judgeParent(_ directory: borrowing FileDescriptor, _ place: String, _ user: UInt32) throws(TrustError) {
    let info = try facts(of: directory, place)
    guard info.st_uid == 0 || info.st_uid == user else { throw distrust(.parentForeignOwner, place) }
    let writableByOthers = info.st_mode & (S_IWGRP | S_IWOTH) != 0
    guard !writableByOthers || info.st_mode & S_ISVTX != 0 else { throw distrust(.parentWritable, place) }
}

private func openAt(_ directory: borrowing FileDescriptor, _ name: [UInt8], _ flags: Int32, _ place: String)
    throws(TrustError) -> FileDescriptor
{
    let number = unsafe withTerminatedBytes(name) { unsafe dw_openat2(directory.number, $0, UInt64(flags), 0, 0) }
    guard number >= 0 else { throw unreadable(place, .last("openat2", place)) }
    return FileDescriptor(owning: number)
}

private func readLink(_ link: borrowing FileDescriptor, _ place: String) throws(TrustError) -> [UInt8] {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe target.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        // An empty name means the link that the descriptor stands for; the kernel writes at most `buffer.count` bytes.
        return unsafe withTerminatedBytes([]) { unsafe readlinkat(link.number, $0, base, buffer.count) }
    }
    guard count > 0 else { throw unreadable(place, .last("readlinkat", place)) }
    return target[..<count].map { UInt8(bitPattern: $0) }
}

private func facts(of descriptor: borrowing FileDescriptor, _ place: String) throws(TrustError) -> stat {
    do { return try status(of: descriptor, place) } catch { throw unreadable(place, error) }
}

private func distrust(_ reason: Distrust, _ place: String) -> TrustError {
    TrustError(reason: reason, place: place, cause: nil)
}

private func unreadable(_ place: String, _ error: SyscallError) -> TrustError {
    TrustError(reason: error.isNotFound ? .missing : .unreadable, place: place, cause: error)
}
