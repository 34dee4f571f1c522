// SPDX-License-Identifier: Apache-2.0
package import Linux

/// What this host gives for sandboxes: found out by doing where that is possible, because settings lie.
package struct SandboxFacts: Equatable, Sendable {
    /// A step on the way to a sandbox, in its order.
    package enum Step: UInt8, CaseIterable, Sendable {
        case clone = 1
        case identity
        case loopback
        case tree
        case processes

        package var word: String {
            switch self {
            case .clone: "starting a process in new namespaces"
            case .identity: "mapping a user"
            case .loopback: "raising the loopback interface"
            case .tree: "mounting memory"
            case .processes: "mounting /proc"
            }
        }
    }

    package enum Attempt: Equatable, Sendable {
        case worked
        case failed(Step, SyscallError)
    }

    package var attempt: Attempt
    /// user.max_user_namespaces; nil where the kernel does not know it.
    package var namespaceLimit: UInt64?
    /// kernel.unprivileged_userns_clone, which some distributions add.
    package var unprivilegedClone: UInt64?
    /// kernel.apparmor_restrict_unprivileged_userns, which some distributions add.
    package var apparmorRestricts: UInt64?
    /// The files below /etc/apparmor.d that have a profile for this program.
    package var apparmorProfiles: [String]
    /// This program's own path.
    package var program: String
    package var isContainer: Bool
    package var landlockABI: Int
    package var cgroupObstacle: Shortfall?
    /// How bubblewrap fared; nil where it is not installed.
    package var bubblewrap: BubblewrapTrial?

    package enum BubblewrapTrial: Equatable, Sendable {
        case worked
        /// All but what takes a capability that it does not give.
        case lacks(Layer)
        case failed(SandboxError)
    }

    package init(
        attempt: Attempt, namespaceLimit: UInt64? = nil, unprivilegedClone: UInt64? = nil,
        apparmorRestricts: UInt64? = nil, apparmorProfiles: [String] = [], program: String, isContainer: Bool = false,
        landlockABI: Int, cgroupObstacle: Shortfall? = nil, bubblewrap: BubblewrapTrial? = nil
    ) {
        self.bubblewrap = bubblewrap
        self.attempt = attempt
        self.namespaceLimit = namespaceLimit
        self.unprivilegedClone = unprivilegedClone
        self.apparmorRestricts = apparmorRestricts
        self.apparmorProfiles = apparmorProfiles
        self.program = program
        self.isContainer = isContainer
        self.landlockABI = landlockABI
        self.cgroupObstacle = cgroupObstacle
    }

    /// Looks and tries, in a process with one thread.
    ///
    /// - Parameter launcher: the program that starts sandboxes, if it is another one than this.
    package static func gather(for launcher: [UInt8]? = nil) throws(SyscallError) -> SandboxFacts {
        let own: [UInt8]
        if let launcher { own = launcher } else { own = try ProcessRecord.ofThisProcess().executable() ?? [] }
        let program = String(decoding: own, as: UTF8.self)
        return SandboxFacts(
            attempt: try tryNamespaces(),
            namespaceLimit: try HostSetting.number("user/max_user_namespaces"),
            unprivilegedClone: try HostSetting.number("kernel/unprivileged_userns_clone"),
            apparmorRestricts: try HostSetting.number("kernel/apparmor_restrict_unprivileged_userns"),
            apparmorProfiles: try AppArmorProfiles.naming(own), program: program,
            isContainer: try HostSetting.isContainer(), landlockABI: Landlock.abi,
            cgroupObstacle: try CgroupTree.obstacle())
    }

    /// Goes the way of a sandbox in a child, as far as the host lets it.
    private static func tryNamespaces() throws(SyscallError) -> Attempt {
        let pipe = try Pipe()
        let identity = UserMap.ofThisProcess()
        let child: Clone.Child
        do {
            child = try Clone.start(.all) {
                let answer = steps(identity)
                do {
                    try pipe.writing.writeAll(answer)
                } catch {
                    Clone.exit(1)
                }
                Clone.exit(0)
            }
        } catch {
            return .failed(.clone, error)
        }
        let reading = pipe.keepReading()
        var bytes = ByteQueue()
        while case .moved = try reading.read(into: &bytes, limit: 64) {}
        _ = try child.pidfd.wait()
        let answer = Array(bytes.storage[bytes.range])
        guard answer.count == 2, let step = Step(rawValue: answer[0]) else {
            // Killed before it could answer, which only a filter around this process does.
            return answer == [0, 0] ? .worked : .failed(.clone, SyscallError("clone3", code: 1))
        }
        return .failed(step, SyscallError("sandbox", step.word, code: Int32(answer[1])))
    }

    /// The step that failed and its errno, or two zeros.
    private static func steps(_ identity: UserMap) -> [UInt8] {
        var step = Step.identity
        do {
            try identity.apply()
            step = .loopback
            try NamespaceSettings.raiseLoopback()
            step = .tree
            try Mounts.part()
            let tree = try Mounts.memory(bytes: 65_536, inodes: 16)
            try Mounts.attachOverRoot(tree)
            step = .processes
            let processes = try Mounts.processes([.readOnly])
            try Tree.makeDirectory(tree, "proc", mode: 0o755)
            try Mounts.attach(processes, on: Tree.find(tree, "proc"))
            return [0, 0]
        } catch {
            return [step.rawValue, UInt8(truncatingIfNeeded: error.code)]
        }
    }
}
