// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// A tree in the words of bubblewrap, and what stage two has to look at afterwards.
struct BubblewrapArguments {
    /// Something must lie at a place that was found before by a path without links.
    struct Check: Equatable {
        let place: SystemString
        let identity: Tree.Identity
    }

    private(set) var words: [SystemString] = []
    private(set) var checks: [Check] = []
    /// Contents of files, in the order in which descriptors of them are counted through.
    private(set) var files: [[UInt8]] = []
    /// What every mount forbids, for stage two to say again where it can.
    private(set) var restrictions: [(place: SystemString, MountRestrictions)] = []
    private(set) var covers: [(place: SystemString, RootEntry.Cover)] = []

    /// - Parameter firstFile: the number under which bubblewrap finds the first of ``files``.
    init(
        _ plan: SandboxPlan, _ root: SandboxRoot, _ backend: Bubblewrap, firstFile: Int,
        _ bound: borrowing PassedDescriptors
    )
        throws(SyscallError)
    {
        add("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
        add("--unshare-cgroup", "--die-with-parent", "--as-pid-1", "--hostname", "sandbox")
        if let shown = plan.shownIdentity { add("--uid", .decimal(UInt64(shown)), "--gid", .decimal(UInt64(shown))) }
        // One to finish the mounts, one to empty the bounding set behind it.
        if backend.finishesMounts { add("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP") }
        for step in root.steps {
            switch step {
            // Ones that it makes by itself are closed to everybody but their owner.
            case .directory(let path): add("--perms", "0755", "--dir", "/" + path)
            case .entry(let entry, path: _, makePlace: _): try add(entry, root.capacity, firstFile, bound)
            }
        }
        add("--remount-ro", "/", "--chdir", "/")
    }

    private mutating func add(_ words: SystemString...) { self.words += words }

    private mutating func add(
        _ entry: RootEntry, _ capacity: SandboxRoot.Capacity, _ firstFile: Int, _ bound: borrowing PassedDescriptors
    ) throws(SyscallError) {
        let path = entry.path.absolute
        switch entry {
        case .directory: add("--perms", "0755", "--dir", path)
        case .file(_, let contents):
            add("--perms", "0444", "--file", .decimal(UInt64(firstFile + files.count)), path)
            files.append(contents)
        case .link(_, let target): add("--symlink", target, path)
        case .host(let source, _, let access, let optional):
            let place: FileDescriptor
            do { place = try Tree.place(source, links: .refused) } catch  where optional && error.isNotFound { return }
            try bind(source, path, access, Tree.identity(of: place))
        case .system(let source, let access):
            add("--ro-bind-try", source.absolute, path)
            restrictions.append((path, access.restrictions))
        case .descriptor(let index, _, let access):
            let found = try Mounts.path(sameAs: index, of: bound)
            try bind(found, path, access, Tree.identity(of: Tree.place(found)))
        case .cover(_, let cover): covers.append((path, cover))
        case .memory(_, let mode):
            add("--perms", SystemString.octal(mode), "--size", .decimal(capacity.bytes), "--tmpfs", path)
            restrictions.append((path, [.noSetuid, .noDevices, .noExecute]))
        case .device:
            // Read-only speaks of the node, not of the device; bubblewrap's read-only would be for both.
            add("--dev-bind", path, path)
            restrictions.append((path, [.readOnly, .noSetuid, .noExecute]))
        case .processes(_, let masked, let use): try addProcesses(path, masked, use)
        }
    }

    private mutating func bind(
        _ source: SystemString, _ path: SystemString, _ access: RootEntry.Access, _ identity: Tree.Identity
    ) throws(SyscallError) {
        add(access == .readAndWrite ? "--bind" : "--ro-bind", source, path)
        checks.append(Check(place: path, identity: identity))
        restrictions.append((path, access.restrictions))
    }

    private mutating func addProcesses(_ path: SystemString, _ masked: [SystemString], _ use: RootEntry.ProcessUse)
        throws(SyscallError)
    {
        add("--proc", path)
        for name in masked {
            let place = path + "/" + name
            switch try Tree.kind("/proc/" + name) {
            case .directory: add("--perms", "0555", "--tmpfs", place, "--remount-ro", place)
            // A device on a mount that forbids devices cannot be opened.
            case .other: add("--ro-bind", "/dev/null", place)
            case .link, nil: continue
            }
        }
        // Whoever has the uid of the host's root could change the kernel's settings otherwise, whatever it is called here.
        switch use {
        case .looking:
            add("--remount-ro", path)
            restrictions.append((path, [.readOnly, .noSetuid, .noDevices, .noExecute]))
        case .nesting:
            for name in ChildTree.settings where try Tree.kind("/proc/" + name) != nil {
                add("--ro-bind", "/proc/" + name, path + "/" + name)
            }
        }
    }
}

extension SystemString {
    /// `0o1777` as `1777`.
    static func octal(_ number: UInt32) -> SystemString { SystemString(Array(String(number, radix: 8).utf8)) ?? "0" }
}
