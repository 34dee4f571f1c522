// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Builds the tree of a sandbox in the child's own mount namespace and makes it the root.
enum ChildTree {
    static func build(_ root: SandboxRoot, _ bound: borrowing PassedDescriptors) throws(SyscallError) {
        // First, so that nothing that follows can be seen from outside, or be changed from there.
        try Mounts.part()
        // Attached before it is filled: before kernel 6.15 nothing can be mounted on a detached mount.
        let tree = try Mounts.memory(bytes: root.capacity.bytes, inodes: root.capacity.inodes)
        try Mounts.attachOverRoot(tree)
        for step in root.steps {
            switch step {
            case .directory(let path): try Tree.makeDirectory(tree, path, mode: 0o755)
            case .entry(let entry, let path, let makePlace):
                try make(entry, path, makePlace ? .make : .find, tree, bound)
            }
        }
        // After the memory directories were copied from it, which stay writable; before anything of the program's.
        try Mounts.restrict(tree, sealed, recursive: false)
        try Mounts.becomeRoot(tree)
    }

    /// Whether the place of a mount is made or must exist already.
    private enum Place {
        case make
        case find
    }

    private static func make(
        _ entry: RootEntry, _ path: SystemString, _ place: Place, _ tree: borrowing FileDescriptor,
        _ bound: borrowing PassedDescriptors
    ) throws(SyscallError) {
        switch entry {
        case .directory: try Tree.makeDirectory(tree, path, mode: 0o755)
        case .file(_, let contents): try Tree.makeFile(tree, path, contents, mode: 0o444)
        case .link(_, let target): try Tree.makeLink(tree, path, to: target)
        case .host(let source, _, let access, let optional):
            try show(optional, access, tree, path, place) { () throws(SyscallError) in
                try Mounts.copy(of: Tree.place(source, links: .refused))
            }
        case .system(let source, let access):
            // A package upgrade may be replacing it just now.
            try show(true, access, tree, path, place) { () throws(SyscallError) in try Mounts.copy(source.absolute) }
        case .descriptor(let index, _, let access):
            try attach(Mounts.copy(sameAs: index, of: bound), access.restrictions, tree, path, place)
        case .cover(_, let cover): try put(cover, over: path, tree)
        case .memory(_, let mode):
            // A second mount of a directory of the tree itself, so that one capacity covers all of them.
            try Tree.makeDirectory(tree, path, mode: mode)
            let mount = try Mounts.copy(of: Tree.find(tree, path))
            try attach(mount, [.noSetuid, .noDevices, .noExecute], tree, path, .find)
        case .device(let device):
            // Read-only speaks of the node, not of the device: writing to it works, changing its mode does not.
            try attach(Mounts.copy(device.absolute), [.readOnly, .noSetuid, .noExecute], tree, path, place)
        case .processes(_, let masked, let use):
            try Tree.makeDirectory(tree, path, mode: 0o755)
            let place = try Tree.find(tree, path)
            let mount = try Mounts.processes(use == .looking ? sealed : sealed.subtracting(.readOnly))
            try Mounts.attach(mount, on: place)
            if use == .nesting { for name in settings { try seal(mount, name) } }
            for name in masked { try mask(mount, name, behind: place) }
        }
    }

    /// Puts a file of our own over whatever is at `path`, where it ends a walk before a link would be followed.
    ///
    /// - Parameter workshop: where nothing is and something can be made for a moment.
    static func put(
        _ cover: RootEntry.Cover, over path: SystemString, _ tree: borrowing FileDescriptor,
        workshop: SystemString = temporary
    ) throws(SyscallError) {
        let place = try Tree.find(tree, path, last: .itself)
        switch cover {
        case .hidden where try Tree.identity(of: place).isDirectory:
            try Tree.makeDirectory(tree, workshop, mode: 0o555)
            try attach(workshop, on: place, tree)
            try Tree.remove(tree, workshop, isDirectory: true)
        case .hidden:
            let mount = try Mounts.copy("/dev/null")
            try Mounts.restrict(mount, sealed, recursive: false)
            try Mounts.attach(mount, on: place)
        case .empty: try attach(file: [], on: place, tree, workshop)
        case .contents(let bytes): try attach(file: bytes, on: place, tree, workshop)
        }
    }

    private static func attach(
        file contents: [UInt8], on place: borrowing FileDescriptor, _ tree: borrowing FileDescriptor,
        _ workshop: SystemString
    ) throws(SyscallError) {
        try Tree.makeFile(tree, workshop, contents, mode: 0o444)
        try attach(workshop, on: place, tree)
        // What is mounted needs no name any more; before, it could not be attached without one.
        try Tree.remove(tree, workshop, isDirectory: false)
    }

    private static func attach(
        _ path: SystemString, on place: borrowing FileDescriptor, _ tree: borrowing FileDescriptor
    ) throws(SyscallError) {
        let mount = try Mounts.copy(of: Tree.find(tree, path), recursive: false)
        try Mounts.restrict(mount, sealed, recursive: false)
        try Mounts.attach(mount, on: place)
    }

    static let temporary: SystemString = ".cover"

    private static func show(
        _ optional: Bool, _ access: RootEntry.Access, _ tree: borrowing FileDescriptor, _ path: SystemString,
        _ place: Place, _ copy: () throws(SyscallError) -> FileDescriptor
    ) throws(SyscallError) {
        let mount: FileDescriptor
        do {
            mount = try copy()
        } catch  where optional && error.isNotFound {
            return
        }
        try attach(mount, access.restrictions, tree, path, place)
    }

    private static func attach(
        _ mount: borrowing FileDescriptor, _ restrictions: MountRestrictions, _ tree: borrowing FileDescriptor,
        _ path: SystemString, _ place: Place
    ) throws(SyscallError) {
        try Mounts.restrict(mount, restrictions, recursive: true)
        switch place {
        case .find: break
        case .make:
            if try Tree.identity(of: mount).isDirectory {
                try Tree.makeDirectory(tree, path, mode: 0o755)
            } else {
                try Tree.makeFile(tree, path, [], mode: 0o444)
            }
        }
        try Mounts.attach(mount, on: Tree.find(tree, path))
    }

    private static let sealed: MountRestrictions = [.readOnly, .noSetuid, .noDevices, .noExecute]

    /// Of /proc, what speaks of the kernel and may be written: by whoever has the uid of the host's root, whatever else
    /// that is allowed.
    static let settings: [SystemString] = ["sys", "pressure"]

    private static func seal(_ processes: borrowing FileDescriptor, _ name: SystemString) throws(SyscallError) {
        let place: FileDescriptor
        do {
            place = try Tree.find(processes, name)
        } catch  where error.isNotFound {
            return
        }
        let cover = try Mounts.copy(of: place)
        try Mounts.restrict(cover, sealed, recursive: true)
        try Mounts.attach(cover, on: place)
    }

    /// Hides a directory of /proc behind an empty one, a file behind a device that its own mount forbids to open.
    private static func mask(
        _ processes: borrowing FileDescriptor, _ name: SystemString, behind empty: borrowing FileDescriptor
    ) throws(SyscallError) {
        let place: FileDescriptor
        do {
            place = try Tree.find(processes, name)
        } catch  where error.isNotFound {
            return
        }
        let cover =
            try Tree.identity(of: place).isDirectory
            // Not recursive: on top of this directory lies the new /proc itself.
            ? Mounts.copy(of: empty, recursive: false) : Mounts.copy("/dev/null")
        try Mounts.restrict(cover, sealed, recursive: false)
        try Mounts.attach(cover, on: place)
    }
}
