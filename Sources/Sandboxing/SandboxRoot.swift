// SPDX-License-Identifier: Apache-2.0
package import Linux

/// One thing in the tree that a sandboxed process sees. What is not named does not exist in there.
package enum RootEntry: Equatable, Sendable {
    /// How a part of the host's tree may be used.
    package enum Access: Equatable, Sendable {
        case read
        case readAndExecute
        /// Never executable: neither by exec nor by a loader's mapping.
        case readAndWrite

        var restrictions: MountRestrictions {
            switch self {
            case .read: [.readOnly, .noSetuid, .noDevices, .noExecute]
            case .readAndExecute: [.readOnly, .noSetuid, .noDevices]
            case .readAndWrite: [.noSetuid, .noDevices, .noExecute]
            }
        }
    }

    /// What may be done with /proc.
    package enum ProcessUse: Equatable, Sendable {
        /// Nothing in it can be written.
        case looking
        /// A process may write its own entries, as it must to map users into a namespace that it has made. What is the
        /// kernel's and not a process's stays read-only.
        case nesting
    }

    /// What is seen instead.
    package enum Cover: Equatable, Sendable {
        /// An empty file.
        case empty
        /// A file that cannot be opened, or an empty directory.
        case hidden
        /// A file with these contents.
        case contents([UInt8])
    }

    /// An empty directory that cannot be written.
    case directory(SandboxPath)
    /// A file with these contents that cannot be written.
    case file(SandboxPath, [UInt8])
    case link(SandboxPath, to: SystemString)
    /// A file or directory of the host, by a path without symbolic links: whoever may write on the way there, a server
    /// in its own directory for one, could otherwise point it elsewhere. `optional` ones may be absent at the start.
    case host(SystemString, at: SandboxPath, Access, optional: Bool)
    /// A part of the operating system at its own path, links followed: only root can have made them. May be absent.
    case system(SandboxPath, Access)
    /// The file behind the nth of ``Handover/bound``, and no other that takes its place.
    case descriptor(Int, at: SandboxPath, Access)
    /// Something of the host's tree, a link among it, as something else that cannot be written, replaced or removed.
    case cover(SandboxPath, Cover)
    /// An empty directory in memory that may be written, with these permission bits.
    case memory(SandboxPath, mode: UInt32)
    /// A device node of the host, for reading and writing.
    case device(SandboxPath)
    /// The processes of the sandbox; `masked` names below it show nothing.
    case processes(SandboxPath, masked: [SystemString], ProcessUse = .looking)

    package var path: SandboxPath {
        switch self {
        case .directory(let path), .file(let path, _), .link(let path, to: _), .host(_, at: let path, _, optional: _),
            .system(let path, _),
            .descriptor(_, at: let path, _), .cover(let path, _), .memory(let path, mode: _), .device(let path),
            .processes(let path, masked: _, _):
            path
        }
    }
}

/// Why a list of entries makes no tree.
package enum RootError: Error, Equatable, Sendable {
    /// Two entries for one path.
    case twice(SandboxPath)
    /// The entry lies below a link, a file or another kind that holds no entries.
    case below(SandboxPath)
}

/// The tree of a sandbox, checked when it is made, so that building it in the child can only fail for the host's sake.
package struct SandboxRoot: Equatable, Sendable {
    /// What all memory directories and the tree itself may hold together.
    package struct Capacity: Equatable, Sendable {
        package let bytes: UInt64
        package let inodes: UInt64

        package init(bytes: UInt64, inodes: UInt64) {
            self.bytes = bytes
            self.inodes = inodes
        }

        /// Nothing is ever written: the directory itself and the kernel's own needs.
        package static let empty = Capacity(bytes: 65_536, inodes: 64)
        /// 256 MiB and 65,536 files: enough for caches and builds of scripts, small against any host.
        package static let server = Capacity(bytes: 268_435_456, inodes: 65_536)
    }

    /// What the child does for one entry, outermost paths first.
    enum Step: Equatable, Sendable {
        case directory(SystemString)
        case entry(RootEntry, path: SystemString, makePlace: Bool)
    }

    package let capacity: Capacity
    /// Outermost paths first, otherwise as they were given.
    package let entries: [RootEntry]
    let steps: [Step]

    package static let empty = SandboxRoot()

    private init() {
        capacity = .empty
        entries = []
        steps = []
    }

    package init(_ entries: [RootEntry], capacity: Capacity) throws(RootError) {
        var byPath: [SandboxPath: RootEntry] = [:]
        for entry in entries where byPath.updateValue(entry, forKey: entry.path) != nil { throw .twice(entry.path) }
        // A mount hides what was below its place, so what lies above comes first. Sorting is stable by the index.
        let sorted = entries.enumerated().sorted { left, right in
            (left.element.path.names.count, left.offset) < (right.element.path.names.count, right.offset)
        }
        var steps: [Step] = []
        var implied: Set<SandboxPath> = []
        for (_, entry) in sorted {
            var inHostTree = false
            for parent in entry.path.parents {
                switch byPath[parent] {
                case .file?, .link?, .cover?, .device?, .processes?, .descriptor?: throw .below(entry.path)
                // In a part of the host's tree the place must exist already: nothing is ever made there.
                case .host?, .system?: inHostTree = true
                case .directory?, .memory?: break
                case nil:
                    if !inHostTree, implied.insert(parent).inserted { steps.append(.directory(parent.relative)) }
                }
            }
            steps.append(.entry(entry, path: entry.path.relative, makePlace: !inHostTree))
        }
        self.capacity = capacity
        self.entries = sorted.map(\.element)
        self.steps = steps
    }
}
