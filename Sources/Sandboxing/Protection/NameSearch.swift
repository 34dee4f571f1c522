// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Finds the protected names inside one grant.
struct NameSearch {
    /// Names looked at below one grant: a large project without its dependencies, and some tens of milliseconds.
    static let maxEntries = 20_000
    /// Directories below each other.
    static let maxDepth = 8
    /// Entries for one grant. More mounts than this would make starting slow, and no tree of projects has them.
    static let maxFound = 1024

    /// Of .git/info/exclude: people write it by hand.
    private static let maxExcludeBytes = 65_536

    private let grant: Grant
    private let isWritable: Bool
    private(set) var entries: [RootEntry] = []
    private(set) var isCut = false
    private var seen = 0
    /// Directories that are mounts of their own, so that they stay where they are.
    private var pinned: Set<SystemString> = []

    init(_ grant: Grant, isWritable: Bool) {
        self.grant = grant
        self.isWritable = isWritable
    }

    mutating func run(_ holder: HolderBox) throws(SyscallError) {
        if isWritable {
            for rule in ProtectedNames.sealed { try apply(rule, in: nil, holder, holds: true) }
            for rule in ProtectedNames.sealedAtHome { try apply(rule, in: nil, holder, holds: grant.isHome) }
        }
        for rule in ProtectedNames.masked { try apply(rule, in: nil, holder, holds: isWritable && grant.isHome) }
        try look(holder)
        if isWritable { try hideFromGit(holder) }
    }

    /// Tells git inside that what is covered is not the project's: it would be committed otherwise, or be a reason to
    /// fail because it cannot be read.
    private mutating func hideFromGit(_ holder: HolderBox) throws(SyscallError) {
        let exclude: SystemString = ".git/info/exclude"
        guard try holder.bearer(of: exclude) == .other else { return }
        let source = grant.source + "/" + exclude
        guard var text = try HostSetting.text(source, limit: NameSearch.maxExcludeBytes) else { return }
        text.append(UInt8(ascii: "\n"))
        for entry in entries {
            guard case .cover(let path, _) = entry else { continue }
            text += path.absolute.bytes.dropFirst(grant.place.absolute.count) + [UInt8(ascii: "\n")]
        }
        add(.cover(try place(exclude), .contents(text)))
    }

    /// Goes through what exists further down, breadth first, so that what is near is found before the limit.
    private mutating func look(_ holder: HolderBox) throws(SyscallError) {
        let tree: Subtree
        do { tree = try Subtree(path: grant.source.description) } catch  where error.code == unsupported { return }
        var level: [RelativePath?] = [nil]
        var found: [DirectoryEntry] = []
        for depth in 0..<NameSearch.maxDepth {
            var next: [RelativePath?] = []
            for directory in level {
                var reader: DirectoryReader
                // Gone meanwhile, or not ours to read: nothing below it can be reached either, or it is no directory now.
                do { reader = try tree.openDirectory(directory) } catch { continue }
                while try reader.next(&found) {
                    for entry in found {
                        seen += 1
                        if seen > NameSearch.maxEntries || entries.count > NameSearch.maxFound {
                            isCut = true
                            return
                        }
                        let path = directory?.appending(entry.name) ?? RelativePath(entry.name)
                        try judge(entry, path, in: directory, holder, depth: depth)
                        if entry.kind == .directory, !isClosed(entry.name) { next.append(path) }
                    }
                }
            }
            if next.isEmpty { return }
            level = next
        }
        isCut = true
    }

    /// Whether nothing below needs a look: git's own directory has rules of its own.
    private func isClosed(_ name: FileName) -> Bool { name.bytes.elementsEqual(".git".utf8) }

    private mutating func judge(
        _ entry: DirectoryEntry, _ path: RelativePath, in directory: RelativePath?, _ holder: HolderBox, depth: Int
    ) throws(SyscallError) {
        if ProtectedNames.isSecretEnvironment(entry.name.bytes), entry.kind != .directory {
            return add(.cover(try place(path.system), .hidden))
        }
        // In the granted directory itself all rules have been applied already.
        if depth == 0 { return }
        let rules = (isWritable ? ProtectedNames.sealed : []) + ProtectedNames.masked
        for rule in rules where entry.name.bytes.elementsEqual(rule.names[0].description.utf8) {
            try apply(rule, in: directory, holder, holds: rule.names.count > 1)
        }
    }

    /// Protects one name; what is missing on the way to it is held if `holds`.
    private mutating func apply(
        _ rule: ProtectedNames.Rule, in directory: RelativePath?, _ holder: HolderBox, holds: Bool
    ) throws(SyscallError) {
        var path = directory?.system
        for (index, name) in rule.names.enumerated() {
            let isLast = index == rule.names.count - 1
            let name = SystemString(stringLiteral: name)
            let here = path.map { $0 + "/" + name } ?? name
            switch try holder.bearer(of: here) {
            case .nobody:
                guard holds else { return }
                try holder.hold(here, by: isLast ? rule.placeholder : .link)
                return isLast && rule.placeholder != .link
                    ? seal(here, try place(here)) : add(.cover(try place(here), .empty))
            case .placeholder:
                try holder.note(here, .link)
                return add(.cover(try place(here), .empty))
            case .directory where !isLast:
                if isWritable { pin(here, try place(here)) }
            case .directory, .other:
                if isLast, rule.placeholder != .link { try holder.note(here, rule.placeholder) }
                let place = try place(here)
                return rule.effect == .masked ? add(.cover(place, .hidden)) : seal(here, place)
            case .link:
                return try coverLink(here, rule.effect)
            }
            path = here
        }
    }

    /// A link is covered itself, so that it cannot be turned; where it leads to inside the grant is sealed as well.
    private mutating func coverLink(_ path: SystemString, _ effect: ProtectedNames.Rule.Effect) throws(SyscallError) {
        add(.cover(try place(path), effect == .masked ? .hidden : .empty))
        let target: SystemString
        do { target = try Tree.canonical(grant.source + "/" + path) } catch  where error.isNotFound { return }
        let inside = grant.source.bytes + [UInt8(ascii: "/")]
        guard target.bytes.starts(with: inside), let rest = SystemString(Array(target.bytes.dropFirst(inside.count)))
        else { return }
        let place = try place(rest)
        add(effect == .masked ? .cover(place, .hidden) : .host(target, at: place, .read, optional: false))
    }

    private mutating func seal(_ path: SystemString, _ place: SandboxPath) {
        add(.host(grant.source + "/" + path, at: place, .read, optional: false))
    }

    private mutating func pin(_ path: SystemString, _ place: SandboxPath) {
        guard pinned.insert(path).inserted else { return }
        add(.host(grant.source + "/" + path, at: place, .readAndWrite, optional: false))
    }

    private mutating func add(_ entry: RootEntry) {
        if !entries.contains(where: { $0.path == entry.path }) { entries.append(entry) }
    }

    private func place(_ path: SystemString) throws(SyscallError) -> SandboxPath {
        guard let place = grant.place + path else { throw SyscallError("path", path.description, code: invalid) }
        return place
    }

    // EINVAL, EOPNOTSUPP
    private let invalid: Int32 = 22
    private let unsupported: Int32 = 95
}

extension RelativePath {
    fileprivate var system: SystemString { SystemString(bytes) ?? "" }
}
