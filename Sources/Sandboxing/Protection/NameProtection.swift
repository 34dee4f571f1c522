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
        let holder = HolderBox(try HeldNames(grant.source), grant.source)
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

/// One holder, which goes when its names are released.
final class HolderBox {
    let source: SystemString
    private var holder: HeldNames?
    private var held: [(path: SystemString, by: HeldNames.Placeholder)] = []

    init(_ holder: consuming HeldNames, _ source: SystemString) {
        self.holder = consume holder
        self.source = source
    }

    func bearer(of path: SystemString) throws(SyscallError) -> HeldNames.Bearer {
        switch holder {
        case .some(let holder): try holder.bearer(of: path)
        case nil: .nobody
        }
    }

    func hold(_ path: SystemString, by placeholder: HeldNames.Placeholder) throws(SyscallError) {
        note(path, placeholder)
        switch holder {
        case .some(let holder): try holder.hold(path, by: placeholder)
        case nil: return
        }
    }

    /// What was there already is somebody's placeholder, and is removed by whoever goes last.
    func note(_ path: SystemString, _ placeholder: HeldNames.Placeholder) { held.append((path, placeholder)) }

    func release() throws(SyscallError) {
        guard let holder = holder.take() else { return }
        _ = try holder.release(held)
    }
}
