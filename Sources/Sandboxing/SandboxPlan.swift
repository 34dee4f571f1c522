// SPDX-License-Identifier: Apache-2.0
package import Linux

/// All that a child is to be given, and nothing that it is not: a value, decided before anything is started.
package struct SandboxPlan: Equatable, Sendable {
    /// Who runs inside.
    package enum Kind: Equatable, Sendable {
        /// A program of ours: it is process 1 itself and loads its own filter when it is ready.
        case room
        /// Anything else: a reaper is process 1, and the filter is loaded before the program starts.
        case server
    }

    /// For error messages.
    package let name: SystemString
    package let kind: Kind
    package var namespaces: Namespaces
    /// Nil leaves the host's tree: only without a mount namespace.
    package var root: SandboxRoot?
    package var loopback: Bool
    package var arguments: [SystemString]
    /// `NAME=value`; nothing is inherited.
    package var environment: [SystemString]
    /// As the sandbox sees it.
    package var workingDirectory: SystemString
    package var limits: ResourceLimits
    /// Nil for a room that must see other processes: under any rule it could not.
    package var landlock: LandlockRules?
    /// Nil for rooms.
    package var seccomp: SeccompProgram?
    /// Capabilities that are left to it, if the parent has them; only without a user namespace of its own.
    package var capabilities: UInt64 = 0
    /// Who makes the namespaces and the tree.
    package var backend = Backend.own
    /// What uid and gid are called inside; nil as outside.
    package var shownIdentity: UInt32?
    /// TCP ports on which the child listens on 127.0.0.1 of its own network namespace, before its program exists. The
    /// listeners are passed out in this order, and whoever accepts on them is the only way out of the sandbox.
    package var doors: [UInt16] = []
    /// Whether a terminal among its standard streams becomes its own: keys then mean signals to what runs inside.
    package var takesTerminal = false
    /// Whether the program may make namespaces inside its own, as a browser does for its renderers.
    package var allowsNesting: Bool { seccomp == .browser }

    package init(
        name: SystemString, kind: Kind, namespaces: Namespaces = .all, root: SandboxRoot?, loopback: Bool,
        arguments: [SystemString], environment: [SystemString], workingDirectory: SystemString,
        limits: ResourceLimits, landlock: LandlockRules?, seccomp: SeccompProgram?
    ) {
        self.name = name
        self.kind = kind
        self.namespaces = namespaces
        self.root = root
        self.loopback = loopback
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.limits = limits
        self.landlock = landlock
        self.seccomp = seccomp
    }

    /// What the report of this plan is measured against.
    package var demand: ConfinementReport.Demand {
        switch kind {
        case .room: .room
        case .server: .server
        }
    }
}

extension LandlockRules {
    /// The rules that say again, in a second way, what `root` already says.
    package init(for root: SandboxRoot, ports: Ports?) {
        // Every name in the tree was put there to be seen.
        var paths = [Path("/", .list)]
        for entry in root.entries {
            let path = entry.path.absolute
            switch entry {
            // A cover lies where another entry's rule holds, and its mount says what may be done with it.
            case .directory, .link, .cover: continue
            case .file: paths.append(Path(path, .readFile))
            case .host(_, _, let access, let optional):
                paths.append(Path(path, access.rights, mayBeAbsent: optional))
            case .system(_, let access): paths.append(Path(path, access.rights, mayBeAbsent: true))
            case .descriptor(_, _, let access): paths.append(Path(path, access.rights))
            case .memory: paths.append(Path(path, .readAndWrite))
            // What a terminal is asked for its size by; it can only be the sandbox's own.
            case .device: paths.append(Path(path, path == "/dev/tty" ? [.device, .controlDevice] : .device))
            case .processes(_, masked: _, let use):
                paths.append(Path(path, use == .nesting ? [.read, .writeFile] : .read))
            }
        }
        self.init(paths: paths, ports: ports)
    }
}

extension RootEntry.Access {
    var rights: FileRights {
        switch self {
        case .read: .read
        case .readAndExecute: .readAndExecute
        case .readAndWrite: .readAndWrite
        }
    }
}
