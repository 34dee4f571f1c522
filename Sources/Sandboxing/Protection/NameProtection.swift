// SPDX-License-Identifier: Apache-2.0
package import Linux

/// A part of the host's tree that a sandbox is shown.
package struct Grant: Equatable, Sendable {
    /// A path of the host without symbolic links.
    package let source: SystemString
    package let place: SandboxPath
    package let access: RootEntry.Access
    /// Somebody's home: there more names count.
    package let isHome: Bool

    package init(_ source: SystemString, at place: SandboxPath, _ access: RootEntry.Access, isHome: Bool = false) {
        self.source = source
        self.place = place
        self.access = access
        self.isHome = isHome
    }
}

/// The protected names inside what a sandbox is shown: found and held before it starts, let go when it has ended.
///
/// A mount covers each of them, so that it can neither be written, nor replaced, nor removed, nor renamed, and each
/// directory on the way to one is a mount of its own, so that it cannot be moved aside. A mount takes something to lie on:
/// where nothing is, a placeholder holds the name (``HeldNames``).
package final class NameProtection {
    /// For ``SandboxRoot``, behind the entries of the grants themselves.
    package private(set) var entries: [RootEntry] = []
    /// What may still happen, in words for people; never empty where something may be written.
    package private(set) var remains: [String] = []
    private var holders: [HolderBox] = []
    private var taken: Set<SandboxPath> = []

    /// Looks through the grants, and holds names in those that may be written.
    ///
    /// - Throws: the failing call. Names that were held by then are let go.
    package init(_ grants: [Grant]) throws(SyscallError) {
        for grant in grants { taken.insert(grant.place) }
        do {
            for grant in grants where try Tree.kind(grant.source) == .directory { try protect(grant) }
        } catch {
            _ = release()
            throw error
        }
    }

    deinit { _ = release() }

    /// Removes the placeholders, once nothing runs any more that they were made against.
    ///
    /// - Returns: in words, what could not be removed. Names that another sandbox still needs are not among it.
    @discardableResult
    package func release() -> [String] {
        var failures: [String] = []
        for holder in holders {
            do { try holder.release() } catch { failures.append("\(holder.source): \(error)") }
        }
        holders = []
        return failures
    }

    private func protect(_ grant: Grant) throws(SyscallError) {
        let holder = HolderBox(try HeldNames(looking: grant.source), grant.source)
        holders.append(holder)
        let isWritable = grant.access == .readAndWrite
        var search = NameSearch(grant, isWritable: isWritable)
        try search.run(holder)
        for entry in search.entries where taken.insert(entry.path).inserted { entries.append(entry) }
        if isWritable {
            remains.append(
                "\(grant.source): protected names that do not exist yet are held in this directory and in git directories, "
                    + "not in other directories below it")
            remains.append(
                "\(grant.source): a program outside that replaces a protected file lifts its protection for this run")
        }
        if search.isCut {
            remains.append(
                "\(grant.source): only the first \(NameSearch.maxEntries) names were looked at, down to "
                    + "\(NameSearch.maxDepth) directories; protected names elsewhere below may be written")
        }
    }
}

/// All names that are held for one grant. Each directory in which there are any has a lock of its own: another sandbox may
/// have been shown that directory alone.
final class HolderBox {
    let source: SystemString
    private let top: HeldNames
    private var directories: [HeldDirectory] = []

    init(_ top: consuming HeldNames, _ source: SystemString) {
        self.top = top
        self.source = source
    }

    func bearer(of path: SystemString) throws(SyscallError) -> HeldNames.Bearer { try top.bearer(of: path) }

    func hold(_ path: SystemString, by placeholder: HeldNames.Placeholder) throws(SyscallError) {
        try directory(of: path).hold(HolderBox.name(of: path), by: placeholder)
    }

    /// What was there already is somebody's placeholder, and is removed by whoever goes last.
    func note(_ path: SystemString, _ placeholder: HeldNames.Placeholder) throws(SyscallError) {
        try directory(of: path).note(HolderBox.name(of: path), placeholder)
    }

    func release() throws(SyscallError) {
        for directory in directories { try directory.release() }
        directories = []
    }

    private func directory(of path: SystemString) throws(SyscallError) -> HeldDirectory {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
        let above = slash.flatMap { SystemString(Array(path.bytes[..<$0])) }
        let place = above.map { source + "/" + $0 } ?? source
        if let known = directories.first(where: { $0.place == place }) { return known }
        let new = HeldDirectory(try HeldNames(place), place)
        directories.append(new)
        return new
    }

    private static func name(of path: SystemString) -> SystemString {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1
        return SystemString(Array(path.bytes[(slash + 1)...])) ?? path
    }
}

/// One directory with held names, locked as long as they are.
private final class HeldDirectory {
    let place: SystemString
    private var holder: HeldNames?
    private var held: [(path: SystemString, by: HeldNames.Placeholder)] = []

    init(_ holder: consuming HeldNames, _ place: SystemString) {
        self.holder = consume holder
        self.place = place
    }

    func hold(_ name: SystemString, by placeholder: HeldNames.Placeholder) throws(SyscallError) {
        note(name, placeholder)
        switch holder {
        case .some(let holder): try holder.hold(name, by: placeholder)
        case nil: return
        }
    }

    func note(_ name: SystemString, _ placeholder: HeldNames.Placeholder) { held.append((name, placeholder)) }

    func release() throws(SyscallError) {
        guard let holder = holder.take() else { return }
        _ = try holder.release(held)
    }
}
