// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What a mount forbids to whoever goes through it, whatever the files say.
package struct MountRestrictions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let readOnly = MountRestrictions(rawValue: 0x1)
    package static let noSetuid = MountRestrictions(rawValue: 0x2)
    package static let noDevices = MountRestrictions(rawValue: 0x4)
    package static let noExecute = MountRestrictions(rawValue: 0x8)
}

/// Mounts of the calling process's own mount namespace, by descriptor (kernel 5.12).
///
/// A mount is made detached, restricted, and only then attached, so that nobody ever sees it without restrictions.
package enum Mounts {
    /// Parts this namespace's mounts from every other's, in both directions.
    package static func part() throws(SyscallError) {
        // Not just "slave": what the host mounts later must not appear inside either.
        guard unsafe mount(nil, "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0 else {
            throw .last("mount(MS_PRIVATE)", "/")
        }
    }

    /// A new, empty file system in memory.
    package static func memory(bytes: UInt64, inodes: UInt64) throws(SyscallError) -> FileDescriptor {
        let context = try openContext("tmpfs")
        try set(context, "size", .decimal(bytes))
        try set(context, "nr_inodes", .decimal(inodes))
        try set(context, "mode", "0755")
        return try finish(context, "tmpfs", [.noSetuid, .noDevices])
    }

    /// The processes of this PID namespace.
    package static func processes(_ restrictions: MountRestrictions) throws(SyscallError) -> FileDescriptor {
        try finish(openContext("proc"), "proc", restrictions)
    }

    /// A second mount of what lies at `path`, with everything that is mounted below it.
    package static func copy(_ path: SystemString) throws(SyscallError) -> FileDescriptor {
        let number = unsafe path.lend { text in
            // Borrowed for the length of the call.
            unsafe open_tree(AT_FDCWD, text, treeFlags | AT_NO_AUTOMOUNT)
        }
        guard number >= 0 else { throw .last("open_tree", path.description) }
        return FileDescriptor(owning: number)
    }

    /// A second mount of what `descriptor` means; it must have been opened in this mount namespace.
    package static func copy(of descriptor: borrowing FileDescriptor, recursive: Bool = true)
        throws(SyscallError) -> FileDescriptor
    {
        let flags = treeFlags & (recursive ? .max : ~AT_RECURSIVE) | AT_EMPTY_PATH
        // An empty, terminated path: the descriptor says it all.
        let number = unsafe open_tree(descriptor.number, "", flags)
        guard number >= 0 else { throw .last("open_tree", "\(descriptor.number)") }
        return FileDescriptor(owning: number)
    }

    /// A second mount of the file that the descriptor at `index` means, found again by its path.
    ///
    /// A descriptor from another mount namespace cannot be mounted itself, so the path is looked up in this one and
    /// must lead to the same file, which the open descriptor keeps from being replaced meanwhile.
    /// - Throws: also ESTALE, if it leads to another one.
    package static func copy(sameAs index: Int, of descriptors: borrowing PassedDescriptors)
        throws(SyscallError) -> FileDescriptor
    {
        try copy(of: Tree.place(path(sameAs: index, of: descriptors)))
    }

    /// The path that leads to the file that the descriptor at `index` means.
    ///
    /// - Throws: also ESTALE, if it leads to another one.
    package static func path(sameAs index: Int, of descriptors: borrowing PassedDescriptors)
        throws(SyscallError) -> SystemString
    {
        guard index < descriptors.count else { throw SyscallError("open_tree", "\(index)", code: EBADF) }
        let number = descriptors.numbers[index]
        let link = try ProcFile.link(AT_FDCWD, "/proc/self/fd/" + .decimal(UInt64(number)))
        guard let path = SystemString(link) else { throw SyscallError("readlinkat", "fd", code: EINVAL) }
        let place = try Tree.place(path)
        guard try Tree.identity(of: place) == Tree.identity(of: number) else {
            throw SyscallError("open_tree", path.description, code: ESTALE)
        }
        return path
    }

    /// Adds restrictions to `mount`, and to everything mounted below it if `recursive`.
    package static func restrict(
        _ mount: borrowing FileDescriptor, _ restrictions: MountRestrictions, recursive: Bool
    ) throws(SyscallError) {
        var attributes = mount_attr()
        attributes.attr_set = restrictions.rawValue
        let flags = UInt32(AT_EMPTY_PATH) | (recursive ? UInt32(AT_RECURSIVE) : 0)
        // The struct is ours and its size is told.
        let result = unsafe mount_setattr(
            mount.number, "", flags, &attributes, MemoryLayout<mount_attr>.size)
        guard result == 0 else { throw .last("mount_setattr", "\(mount.number)") }
    }

    /// Puts a detached mount on top of `target`.
    package static func attach(_ mount: borrowing FileDescriptor, on target: borrowing FileDescriptor)
        throws(SyscallError)
    {
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH) | UInt32(MOVE_MOUNT_T_EMPTY_PATH)
        guard unsafe move_mount(mount.number, "", target.number, "", flags) == 0 else {
            throw .last("move_mount", "\(target.number)")
        }
    }

    /// Puts a detached mount over the root of this namespace, where only its descriptor reaches it.
    package static func attachOverRoot(_ mount: borrowing FileDescriptor) throws(SyscallError) {
        guard unsafe move_mount(mount.number, "", AT_FDCWD, "/", UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else {
            throw .last("move_mount", "/")
        }
    }

    /// Makes `mount`, which must be attached, the root of this process and lets go of the old root for ever.
    package static func becomeRoot(_ mount: borrowing FileDescriptor) throws(SyscallError) {
        guard fchdir(mount.number) == 0 else { throw .last("fchdir", "root") }
        // The old root lands on top of the new one, at the same place, so no directory has to exist for it.
        guard unsafe dw_pivot_root(".", ".") == 0 else { throw .last("pivot_root") }
        guard unsafe umount2(".", Int32(MNT_DETACH)) == 0 else { throw .last("umount2", "old root") }
        guard unsafe chdir("/") == 0 else { throw .last("chdir", "/") }
    }

    private static func openContext(_ type: SystemString) throws(SyscallError) -> FileDescriptor {
        let number = unsafe type.lend { unsafe fsopen($0, UInt32(FSOPEN_CLOEXEC)) }
        guard number >= 0 else { throw .last("fsopen", type.description) }
        return FileDescriptor(owning: number)
    }

    private static func set(_ context: borrowing FileDescriptor, _ key: SystemString, _ value: SystemString)
        throws(SyscallError)
    {
        let number = context.number
        let result = unsafe key.lend { key in
            unsafe value.lend { unsafe fsconfig(number, UInt32(FSCONFIG_SET_STRING.rawValue), key, $0, 0) }
        }
        guard result == 0 else { throw .last("fsconfig", key.description) }
    }

    private static func finish(
        _ context: borrowing FileDescriptor, _ type: SystemString, _ restrictions: MountRestrictions
    ) throws(SyscallError) -> FileDescriptor {
        guard fsconfig(context.number, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) == 0 else {
            throw .last("fsconfig(FSCONFIG_CMD_CREATE)", type.description)
        }
        let number = fsmount(context.number, UInt32(FSMOUNT_CLOEXEC), UInt32(restrictions.rawValue))
        guard number >= 0 else { throw .last("fsmount", type.description) }
        return FileDescriptor(owning: number)
    }
}

private let treeFlags = UInt32(OPEN_TREE_CLONE) | UInt32(OPEN_TREE_CLOEXEC) | UInt32(AT_RECURSIVE)
private let AT_RECURSIVE: UInt32 = 0x8000
private let AT_EMPTY_PATH: UInt32 = 0x1000
private let AT_NO_AUTOMOUNT: UInt32 = 0x800
