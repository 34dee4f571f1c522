// SPDX-License-Identifier: Apache-2.0

/// One thing that keeps a process apart from the rest of the machine.
package enum Layer: UInt8, CaseIterable, Sendable {
    case user
    case mount
    case pid
    case network
    case ipc
    case uts
    case cgroupNamespace
    /// The process sees a tree of its own, whose root cannot be written.
    case root
    case landlock
    case landlockPorts
    case landlockScopes
    case seccomp
    case noNewPrivileges
    case capabilities
    case keyring
    case processLimit
    case memoryLimit
    case fileLimit
    case cgroup
    /// When the machine runs out of memory, this process is killed before others.
    case memoryPriority
    /// What may be written can neither be executed nor be mapped as code.
    case writableOrExecutable

    /// The word in records, status and on the dashboard; never changes.
    package var word: String {
        switch self {
        case .user: "user-namespace"
        case .mount: "mount-namespace"
        case .pid: "pid-namespace"
        case .network: "network-namespace"
        case .ipc: "ipc-namespace"
        case .uts: "uts-namespace"
        case .cgroupNamespace: "cgroup-namespace"
        case .root: "private-root"
        case .landlock: "landlock"
        case .landlockPorts: "landlock-tcp"
        case .landlockScopes: "landlock-scopes"
        case .seccomp: "seccomp"
        case .noNewPrivileges: "no-new-privileges"
        case .capabilities: "capabilities"
        case .keyring: "keyring"
        case .processLimit: "process-limit"
        case .memoryLimit: "memory-limit"
        case .fileLimit: "file-limit"
        case .cgroup: "cgroup"
        case .memoryPriority: "memory-priority"
        case .writableOrExecutable: "no-execution-of-writable"
        }
    }
}

/// Why a layer is missing or weaker than it could be.
package enum Shortfall: UInt8, CaseIterable, Sendable {
    /// The plan does without it.
    case notPlanned = 1
    /// The process puts it on itself, when it is ready.
    case ownDuty
    /// The kernel is older than the feature, or was built without it.
    case kernelLacksIt
    case notPermitted
    /// Counted for each process, not for the sandbox as a whole.
    case perProcess
    /// Counted together with the user's other processes.
    case perUser
    /// The kernel counts no processes of uid 0; the ceiling of process ids holds instead.
    case rootIsNotCounted
    case noDelegatedCgroup
    /// The cgroup is ours, but the controllers that limit are not.
    case noControllers
    case boundingSetKept
    case quotaExceeded
    /// Some were left on purpose.
    case asPlanned

    /// The word in records, status and on the dashboard; never changes.
    package var word: String {
        switch self {
        case .notPlanned: "not-planned"
        case .ownDuty: "own-duty"
        case .kernelLacksIt: "kernel-lacks-it"
        case .notPermitted: "not-permitted"
        case .perProcess: "per-process"
        case .perUser: "per-user"
        case .rootIsNotCounted: "root-is-not-counted"
        case .noDelegatedCgroup: "no-delegated-cgroup"
        case .noControllers: "no-controllers"
        case .boundingSetKept: "bounding-set-kept"
        case .quotaExceeded: "quota-exceeded"
        case .asPlanned: "as-planned"
        }
    }
}

/// Whether a layer holds.
package enum Enforcement: Equatable, Sendable {
    case enforced
    case reduced(Shortfall)
    case missing(Shortfall)
}

/// What was really enforced on a process: one entry per layer, none left out.
package struct ConfinementReport: Equatable, Sendable {
    private var entries = [Enforcement](repeating: .missing(.notPlanned), count: Layer.allCases.count)
    /// The Landlock ABI that was used, 0 for none.
    package var landlockABI: UInt8 = 0

    /// A report in which nothing is planned yet.
    package init() {}

    package subscript(layer: Layer) -> Enforcement {
        get { entries[Int(layer.rawValue)] }
        set { entries[Int(layer.rawValue)] = newValue }
    }

    /// What a room or a server must have before it counts as confined.
    package enum Demand: Sendable {
        /// A room of ours: no filter yet, it loads its own when it is ready.
        case room
        /// The same for the one room that has the host's network, because it is the way out.
        case egress
        /// Anything else.
        case server

        var layers: [Layer] {
            let all: [Layer] = [
                .user, .mount, .pid, .ipc, .uts, .cgroupNamespace, .root, .noNewPrivileges, .capabilities,
            ]
            switch self {
            case .room: return all + [.network]
            case .egress: return all
            case .server: return all + [.network, .seccomp, .writableOrExecutable]
            }
        }
    }

    /// The first layer that keeps this from being full confinement, or nil.
    ///
    /// Landlock is demanded where the kernel has it; its ports and scopes repeat what the namespaces do.
    package func firstGap(for demand: Demand) -> Layer? {
        for layer in demand.layers where self[layer] != .enforced { return layer }
        switch self[.landlock] {
        case .enforced, .missing(.kernelLacksIt): return nil
        case .reduced, .missing: return .landlock
        }
    }

    package func isFull(for demand: Demand) -> Bool { firstGap(for: demand) == nil }

    /// One line per layer: `landlock: enforced (abi 7)`, `cgroup: missing (no-delegated-cgroup)`.
    package var lines: [String] {
        Layer.allCases.map { layer in
            switch self[layer] {
            case .enforced: "\(layer.word): enforced" + (layer == .landlock ? " (abi \(landlockABI))" : "")
            case .reduced(let why): "\(layer.word): reduced (\(why.word))"
            case .missing(let why): "\(layer.word): missing (\(why.word))"
            }
        }
    }
}

extension ConfinementReport {
    /// The length of ``encoded``: the ABI, then kind and reason of each layer.
    package static let encodedSize = 1 + 2 * Layer.allCases.count

    /// For the way from the child, and through doors.
    package var encoded: [UInt8] {
        var bytes = [landlockABI]
        for entry in entries {
            switch entry {
            case .enforced: bytes += [0, 0]
            case .reduced(let why): bytes += [1, why.rawValue]
            case .missing(let why): bytes += [2, why.rawValue]
            }
        }
        return bytes
    }

    /// Nil unless `bytes` is what ``encoded`` writes.
    package init?(encoded bytes: borrowing Span<UInt8>) {
        guard bytes.count == ConfinementReport.encodedSize else { return nil }
        landlockABI = bytes[0]
        for layer in Layer.allCases {
            let place = 1 + 2 * Int(layer.rawValue)
            let why = Shortfall(rawValue: bytes[place + 1])
            switch (bytes[place], why) {
            case (0, nil) where bytes[place + 1] == 0: self[layer] = .enforced
            case (1, let why?): self[layer] = .reduced(why)
            case (2, let why?): self[layer] = .missing(why)
            case (_, _): return nil
            }
        }
    }
}
