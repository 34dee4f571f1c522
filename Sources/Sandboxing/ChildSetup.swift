// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The way of a child from the copy of its parent to the program it was made for.
///
/// Read ``run(_:_:)`` from top to bottom: the order is the security argument, and each line says why it stands there.
struct ChildSetup {
    private let plan: SandboxPlan
    private let cover: CgroupCover
    private let isAdmitted: Bool
    private let identity: UserMap
    private let isRoot = ThisProcess.uid == 0
    private let kernel = KernelVersion.current
    private let image: ExecutableImage
    private var descriptors = DescriptorTable()
    private var report = ConfinementReport()
    private var hasCeiling = false

    /// Prepares in the parent what can be prepared there, so that the child does nothing but its own setup.
    init(
        _ plan: SandboxPlan, _ cover: CgroupCover, _ handover: borrowing Handover, _ channel: borrowing FileDescriptor,
        isAdmitted: Bool
    ) {
        self.plan = plan
        self.cover = cover
        self.isAdmitted = isAdmitted
        identity = UserMap.ofThisProcess(as: plan.shownIdentity)
        image = ExecutableImage(arguments: plan.arguments, environment: plan.environment)
        descriptors.add(handover.input)
        descriptors.add(handover.output)
        descriptors.add(handover.errors)
        descriptors.add(handover.inherited)
        descriptors.keep(handover.executable)
        descriptors.keep(channel)
    }

    /// In the child, from its first instruction on.
    mutating func run(_ handover: borrowing Handover, _ channel: borrowing UnixSocket.Pair) -> Never {
        var stage = SandboxStage.parent
        do {
            // First of all, so that no half-made sandbox survives. A parent that died before this line has left the
            // channel without another end, which is looked at only after the signal is armed, and without our own copy.
            try ThisProcess.dieWithParent(plan.parentDeathSignal)
            channel.closeNearForGood()
            if try channel.far.isAbandoned() { Clone.exit(1) }

            // Before any mount: what is made in a memory file system needs an owner that exists in this namespace.
            stage = .identity
            // A copy of a process that refuses inspection does: then its files in /proc belong to root, and nobody but
            // root could write its map, or its oom_score_adj below. What is copied from the launcher can be looked at
            // from here to the exec, or to the parting of the reaper, by an unconfined process of the same user alone.
            try ThisProcess.allowInspection()
            if plan.namespaces.contains(.user) { try identity.apply() }
            noteNamespaces()

            // While keyctl can still be called; the filter refuses it to everything behind.
            stage = .keyring
            try leaveKeyring()

            // After the identity, before Landlock: a thread under Landlock may not mount. The new /proc needs the
            // old one in sight, so it is made before the root changes; after that no path leads to the host.
            stage = .tree
            setProcessCeiling()
            offerForKilling()
            if let root = plan.root {
                try ChildTree.build(root, handover.bound)
                report[.root] = .enforced
                report[.writableOrExecutable] = .enforced
            }

            // While this process still has the capabilities of its own namespaces.
            stage = .loopback
            if plan.loopback && plan.namespaces.contains(.network) { try NamespaceSettings.raiseLoopback() }
            stage = .machineName
            if plan.namespaces.contains(.uts) { try NamespaceSettings.setHostName("sandbox") }
            finish(channel.far)
        } catch {
            ChildSetup.tell(stage, error, channel.far)
            Clone.exit(1)
        }
    }

    /// The same in what bubblewrap has started, behind the namespaces and the tree. Does not return.
    mutating func goOn(_ order: StageTwoOrder, _ channel: borrowing FileDescriptor) {
        var stage = SandboxStage.parent
        do {
            try ThisProcess.dieWithParent(Signal.kill)
            noteNamespaces()
            stage = .keyring
            try leaveKeyring()
            stage = .tree
            try noteOffer()
            let isSealed = try order.finishTree()
            report[.root] = .enforced
            report[.writableOrExecutable] = isSealed ? .enforced : .missing(.notPermitted)
            finish(channel)
        } catch {
            ChildSetup.tell(stage, error, channel)
            Clone.exit(1)
        }
    }

    /// From the finished tree on.
    private mutating func finish(_ channel: borrowing FileDescriptor) -> Never {
        var stage = SandboxStage.doors
        do {
            // As soon as there is an address to listen on, and while a socket may still be made. Whoever accepts on
            // these from outside is all that this network namespace is connected to.
            if !plan.doors.isEmpty { try passDoors(channel) }

            // Everything that needed a capability is done. Before the reaper parts, so that it has none either.
            stage = .privileges
            try ThisProcess.gainNothing()
            report[.noNewPrivileges] = .enforced
            try dropCapabilities()
            // Again: a change of credentials clears it in some kernels, and the first one has covered the way here.
            try ThisProcess.dieWithParent(plan.parentDeathSignal)

            switch plan.kind {
            case .room:
                becomeProgram(channel)
                Clone.exit(1)
            // As late as possible, so that the reaper shares all of the above and has nothing left that can fail.
            case .server:
                stage = .reaper
                try becomeReaper(channel)
            }
        } catch {
            ChildSetup.tell(stage, error, channel)
            Clone.exit(1)
        }
    }

    /// Splits off the process that becomes the program, and buries what dies.
    private mutating func becomeReaper(_ channel: borrowing FileDescriptor) throws(SyscallError) -> Never {
        // Before the server exists, or its death could be missed, and so could a look into this copy of the launcher.
        try Reaper.collectSignals()
        try ThisProcess.refuseInspection()
        var reach = Reaper.Reach.namespace
        if plan.needsOwnDomain {
            try ThisProcess.adoptOrphans()
            // A domain around the server's: the server cannot signal outwards, the reaper can signal inwards.
            reach = try Landlock.enforceScopes() ? .landlockDomain : .group
        }
        let server = try Clone.start([]) {
            becomeProgram(channel)
            Clone.exit(1)
        }

        if let seconds = plan.limits.seconds { Reaper.end(after: seconds) }

        // The server holds its own copies. An open end here would keep its streams from ever coming to an end.
        // From here on nobody is left to tell, and a reaper that is not locked up must not stay: so it ends.
        do {
            try DescriptorTable.closeAll(from: 0)
            try ThisProcess.setTitle("doorward-init")
            try SeccompProgram.reaper.load()
        } catch {
            Clone.exit(1)
        }
        Reaper.run(server: server.pid, reach: reach)
    }

    /// The last part of the way, in the process that executes the program. Returns only if that failed.
    private mutating func becomeProgram(_ channel: borrowing FileDescriptor) {
        var stage = SandboxStage.parent
        do {
            // Without a PID namespace nothing else ends the server when its reaper is killed.
            if plan.needsOwnDomain { try ThisProcess.dieWithParent(Signal.kill) }
            try ThisProcess.startSession()
            try ThisProcess.resetSignals()
            ThisProcess.setFileMask(plan.kind.fileMask)

            // Not before the reaper has parted: it needs no limits and must not be counted out by them.
            stage = .limits
            try plan.limits.apply()
            noteLimits()

            // Everything above may still have opened a descriptor; from here on exactly the planned ones exist.
            stage = .descriptors
            var kept = try descriptors.apply()
            guard let executable = kept.takeFirst(), let answer = kept.takeFirst() else { return }
            if plan.takesTerminal { try ThisProcess.takeTerminal() }
            // The channel has another number now, so what fails from here on is told there.
            let failure = execute(executable, answer)
            ChildSetup.tell(failure.stage, failure.error, answer)
        } catch {
            ChildSetup.tell(stage, error, channel)
        }
    }

    private mutating func execute(_ executable: borrowing FileDescriptor, _ answer: borrowing FileDescriptor)
        -> (stage: SandboxStage, error: SyscallError)
    {
        var stage = SandboxStage.workingDirectory
        do {
            try Tree.enter(plan.workingDirectory)

            // After the last mount and the last path outside the rules.
            stage = .landlock
            try enforceLandlock(executable)

            // Last, because it may refuse what the lines above need.
            stage = .seccomp
            if let program = plan.seccomp {
                try program.load()
                report[.seccomp] = .enforced
            } else {
                report[.seccomp] = .missing(.ownDuty)
            }

            // Before the exec, which closes the channel: its end is the message that the program runs.
            stage = .execute
            try answer.writeAll(ChildReport.readyBytes(report))
            // As late as possible: what is admitted is confined already, and has nothing left that can fail but exec.
            stage = .admission
            if isAdmitted { try awaitAdmission(answer) }
        } catch {
            return (stage, error)
        }
        return (.execute, image.execute(executable))
    }
}

extension ChildSetup {
    private func passDoors(_ channel: borrowing FileDescriptor) throws(SyscallError) {
        var doors = PassedDescriptors()
        for port in plan.doors {
            let endpoint = Endpoint(address: .loopback4, port: port)
            doors.append(try TCPSocket.listen(on: endpoint, backlog: SandboxDoors.backlog))
        }
        guard case .moved = try channel.sendPacket([ChildReport.doorsFollow].span, passing: doors) else {
            throw SyscallError("sendmsg", "doors", code: ChildSetup.brokenPipe)
        }
    }

    /// Waits for the parent's word, however long it takes to write down who asks. A parent that has gone says nothing.
    private func awaitAdmission(_ channel: borrowing FileDescriptor) throws(SyscallError) {
        while try !channel.waitUntilReadable(milliseconds: .max) { continue }
        var answer = ByteQueue()
        let received = try channel.read(into: &answer, limit: 1)
        guard received == .moved(1), answer.storage[answer.range] == [ChildReport.admitted] else {
            throw SyscallError("read", "admission", code: ChildSetup.brokenPipe)
        }
        try channel.writeAll([ChildReport.admitted])
    }

    /// EPIPE: the other end of the channel has gone.
    private static let brokenPipe: Int32 = 32

    private mutating func dropCapabilities() throws(SyscallError) {
        if plan.capabilities != 0, try Capabilities.drop(keeping: plan.capabilities) != 0 {
            report[.capabilities] = .reduced(.asPlanned)
            return
        }
        switch try Capabilities.dropAll() {
        case .none: report[.capabilities] = .enforced
        case .boundingKept: report[.capabilities] = .reduced(.boundingSetKept)
        }
    }

    private mutating func leaveKeyring() throws(SyscallError) {
        do {
            try Keyring.leaveSession()
            report[.keyring] = .enforced
        } catch {
            // No border hangs on it alone: the filter refuses every call that could use a keyring.
            report[.keyring] = .missing(
                error.isUnsupported ? .kernelLacksIt : error.isQuota ? .quotaExceeded : .notPermitted)
        }
    }

    private mutating func setProcessCeiling() {
        guard plan.namespaces.contains(.pid) else { return }
        let count = UInt32(clamping: plan.limits.processes)
        do {
            hasCeiling = try NamespaceSettings.setProcessCeiling(count, on: kernel)
        } catch {
            // Told in the report: the limit is then counted less strictly, or not at all for root.
            hasCeiling = false
        }
    }

    /// Half of the scale: before everything that runs as usual, behind what somebody has offered altogether.
    private static let killingScore = 500

    /// For what bubblewrap has started: it was offered before, if it could be.
    private mutating func noteOffer() throws(SyscallError) {
        let found = try HostSetting.text("/proc/self/oom_score_adj", limit: 16)
        let isOffered = found == Array("\(ChildSetup.killingScore)\n".utf8)
        report[.memoryPriority] = isOffered ? .enforced : .missing(.notPermitted)
    }

    /// A failure shows in the report of what is started.
    static func offerForKilling() {
        do { try ThisProcess.offerForKilling(score: killingScore) } catch { return }
    }

    private mutating func offerForKilling() {
        if plan.kind == .room { return }
        do {
            try ThisProcess.offerForKilling(score: ChildSetup.killingScore)
            report[.memoryPriority] = .enforced
        } catch {
            report[.memoryPriority] = .missing(.notPermitted)
        }
    }

    private mutating func enforceLandlock(_ executable: borrowing FileDescriptor) throws(SyscallError) {
        guard let rules = plan.landlock else {
            for layer in [Layer.landlock, .landlockPorts, .landlockScopes] { report[layer] = .missing(.notPlanned) }
            return
        }
        guard let outcome = try Landlock.enforce(rules, executable: executable) else {
            for layer in [Layer.landlock, .landlockPorts, .landlockScopes] { report[layer] = .missing(.kernelLacksIt) }
            return
        }
        report.landlockABI = UInt8(clamping: outcome.abi)
        report[.landlock] = .enforced
        report[.landlockScopes] = outcome.scopes ? .enforced : .missing(.kernelLacksIt)
        if rules.ports == nil {
            report[.landlockPorts] = .missing(.notPlanned)
        } else {
            report[.landlockPorts] = outcome.ports ? .enforced : .missing(.kernelLacksIt)
        }
    }

    private mutating func noteNamespaces() {
        let layers: [(Namespaces, Layer)] = [
            (.user, .user), (.mount, .mount), (.pid, .pid), (.network, .network), (.ipc, .ipc), (.uts, .uts),
            (.cgroup, .cgroupNamespace),
        ]
        for (namespace, layer) in layers where plan.namespaces.contains(namespace) { report[layer] = .enforced }
    }

    private mutating func noteLimits() {
        let own = plan.namespaces.contains(.user)
        if cover.processes {
            report[.processLimit] = .enforced
        } else if isRoot {
            report[.processLimit] = hasCeiling ? .reduced(.rootIsNotCounted) : .missing(.rootIsNotCounted)
        } else {
            // The kernel counts per user and user namespace: a namespace of its own is counted as one sandbox.
            report[.processLimit] = own ? .enforced : .reduced(.perUser)
        }
        report[.memoryLimit] = cover.memory ? .enforced : .reduced(.perProcess)
        report[.fileLimit] = .enforced
        if !cover.exists {
            report[.cgroup] = .missing(.noDelegatedCgroup)
        } else {
            report[.cgroup] = cover.processes && cover.memory ? .enforced : .reduced(.noControllers)
        }
    }

    /// Tells the parent what failed, if it is still there.
    static func tell(_ stage: SandboxStage, _ error: SyscallError, _ answer: borrowing FileDescriptor) {
        do {
            try answer.writeAll(ChildReport.failureBytes(stage, error))
        } catch {
            // Nobody listens: the caller ends this process either way.
            return
        }
    }
}

extension SandboxPlan.Kind {
    /// Nobody but the owner reads what a room writes; a server's files are made as its user's other programs make them.
    fileprivate var fileMask: UInt32 {
        switch self {
        case .room: 0o077
        case .server: 0o022
        }
    }
}

extension SandboxPlan {
    /// Without a PID namespace the reaper has to end what the server started, and needs the means for it.
    fileprivate var needsOwnDomain: Bool { kind == .server && !namespaces.contains(.pid) }

    /// What the first process asks the kernel for when its parent dies.
    fileprivate var parentDeathSignal: Int32 { needsOwnDomain ? Reaper.parentGone : Signal.kill }
}
