// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Sandboxing

/// Where the programs of this installation lie: beside the launcher, and nowhere else.
struct Programs {
    let broker: String
    let gate: String
    let watch: String
    let egress: String

    static func beside() throws(SyscallError) -> Programs {
        let own = try ThisProcess.executablePath()
        let directory = own[...(own.lastIndex(of: "/") ?? own.startIndex)]
        return Programs(
            broker: directory + "doorwardd", gate: directory + "doorward-gate", watch: directory + "doorward-watch",
            egress: directory + "doorward-egress")
    }
}

extension LauncherRoom {
    /// Broker first, since everything else is handed to it; gates before the last word, so that it can wait for them.
    func startRooms() throws(LaunchFault) {
        let report = try startBroker()
        tell(
            .standUp(
                mode: invocation.mode, isFullDemanded: invocation.isFullDemanded,
                startsNewChain: invocation.startsNewChain, report: report.encoded))
        do throws(SealRefusal) { try tellSeal() } catch { throw LaunchFault(error.reason, hint: error.hint) }
        if invocation.mode == .serve {
            try startWatch()
            try startEgress()
            try handListeners()
            for listener in listeners where listener.kind == .tcp { startGate(listener.name) }
        }
        tell(.operatorSocket, passing: sockets.takeOperator())
        tell(.complete)
    }

    private func startBroker() throws(LaunchFault) -> ConfinementReport {
        guard let given = SystemString(Array(invocation.state.utf8)) else {
            throw LaunchFault("the state directory holds a NUL", hint: "--state DIR")
        }
        let place: SystemString
        // A tree is shown by a path without links, so that nobody can turn one between the look and the mount.
        do throws(SyscallError) { place = try Tree.canonical(given) } catch {
            throw LaunchFault("\(given): \(error)", hint: "--state DIR")
        }
        let state: SandboxPath = "/state"
        let shown = RootEntry.host(place, at: state, .readAndWrite, optional: false)
        // The room learns where its directory lies in its own tree; without a tree of its own that is the host's path.
        let report = try startRoom(
            .broker, programs.broker, doorOfBroker,
            full: (["doorwardd", state.absolute], [shown]), reduced: (["doorwardd", place], [place]))
        // Our copy of its end would keep the door open after its death.
        _ = doorOfBroker.take()
        return report
    }

    private func startWatch() throws(LaunchFault) {
        let ends = try DoorEnds()
        let report = try startRoom(
            .watch, programs.watch, ends.far, full: (["doorward-watch"], []), reduced: (["doorward-watch"], []))
        tell(.watch(report: report.encoded), passing: ends.near.take())
    }

    /// The way out. It is shown where names are resolved, and told what this machine is called: in its own namespace it
    /// could not find out, and a name of this machine is no way round the rule that nobody gets back to it.
    private func startEgress() throws(LaunchFault) {
        let ends = try DoorEnds()
        let arguments: [SystemString]
        do throws(SyscallError) { arguments = ["doorward-egress", try ThisMachine.name()] } catch {
            throw LaunchFault("the name of this machine cannot be read: \(error)", hint: "doorward doctor")
        }
        let resolver: SandboxPath = "/etc/resolv.conf"
        let report = try startRoom(
            .egress, programs.egress, ends.far, full: (arguments, [.system(resolver, .read)]),
            reduced: (arguments, [resolver.absolute]))
        tell(.egress(report: report.encoded), passing: ends.near.take())
    }

    /// Eyes and way out are replaced when they fail, not more than a few times a minute.
    func restart(_ role: ChildProcess.Role) {
        let word: String
        let loss: String
        switch role {
        case .watch: (word, loss) = ("watcher", "callers are served without a look at their process")
        case .egress: (word, loss) = ("egress room", "nothing in a sandbox reaches the network")
        case .broker, .gate, .server: return
        }
        let now = Instant.now
        var starts = roomStarts[word] ?? []
        starts.removeAll { $0.adding(milliseconds: 60_000) < now }
        guard starts.count < 5 else {
            Console.line("doorward: warning: the \(word) keeps ending; \(loss)")
            return
        }
        roomStarts[word] = starts + [now]
        do throws(LaunchFault) {
            if role == .watch { try startWatch() } else { try startEgress() }
        } catch { Console.say(error) }
    }

    /// One after the other at first, then no more than one a second.
    func scheduleGate(_ listener: ListenerName) {
        let now = Instant.now
        gateStarts.removeAll { $0.adding(milliseconds: 60_000) < now }
        gatesDue.append((listener, gateStarts.count < 8 ? now : now.adding(milliseconds: 1000)))
    }

    func startGate(_ listener: ListenerName) {
        gateStarts.append(.now)
        do throws(LaunchFault) {
            let ends = try DoorEnds()
            guard let name = SystemString(listener.bytes) else { return }
            let report = try startRoom(
                .gate(listener), programs.gate, ends.far, full: (["doorward-gate", name], []),
                reduced: (["doorward-gate", name], []))
            tell(.gate(listener, report: report.encoded), passing: ends.near.take())
        } catch {
            Console.say(error)
            if state == .preparing { takeDown(status: error.status) }
        }
    }

    /// Starts one program of ours. Its own filter comes when it is ready, and it reports that to the broker itself.
    ///
    /// - Parameters:
    ///   - full: arguments, and what it is shown in a tree of its own.
    ///   - reduced: arguments, and the host's paths that it may use where trees cannot be made.
    @discardableResult
    private func startRoom(
        _ role: ChildProcess.Role, _ path: String, _ door: Passing, full: ([SystemString], [RootEntry]),
        reduced: ([SystemString], [SystemString])
    ) throws(LaunchFault) -> ConfinementReport {
        if tier == .full {
            let failure: SandboxError
            do throws(RoomStart) {
                return try attempt(role, path, door, try RoomPlans.full(role, full.0, full.1))
            } catch {
                switch error {
                case .fault(let fault): throw fault
                case .sandbox(let error): failure = error
                }
            }
            guard !invocation.isFullDemanded else {
                throw LaunchFault(
                    "\(path) cannot be confined: \(failure)",
                    hint: "doorward doctor names what this host lacks; --require-confinement reduced starts without it",
                    status: LaunchFault.unconfined)
            }
            Console.line("doorward: warning: this host cannot confine fully (\(failure)); going on reduced, as allowed")
            tier = .reduced
        }
        do throws(RoomStart) {
            return try attempt(role, path, door, RoomPlans.reduced(role, reduced.0, reduced.1))
        } catch {
            switch error {
            case .fault(let fault): throw fault
            case .sandbox(let error):
                throw LaunchFault(
                    "\(path) could not be started: \(error)", hint: "doorward doctor", status: LaunchFault.unconfined)
            }
        }
    }

    private func attempt(_ role: ChildProcess.Role, _ path: String, _ door: Passing, _ plan: SandboxPlan)
        throws(RoomStart) -> ConfinementReport
    {
        let executable: RegularFile
        do throws(TrustError) { executable = try Trust.openFile(path) } catch {
            throw .fault(
                LaunchFault("\(path): \(error)", hint: "reinstall doorward: its programs must lie beside each other"))
        }
        let handover: Handover
        do throws(SyscallError) {
            handover = Handover(
                executable: try executable.descriptor.duplicate(), input: try .null(), output: try .null(),
                errors: try .copyOfStandardError(), inherited: try door.copies())
        } catch { throw .fault(LaunchFault("\(path): \(error)", hint: "doorward doctor")) }
        do throws(SandboxError) {
            let started = try Sandbox.start(plan, handover)
            let report = started.report
            adopt(ChildProcess(number: takeNumber(), role: role, started, cgroup: nil))
            return report
        } catch { throw .sandbox(error) }
    }
}

/// Why a room did not start: the host cannot confine it, or something that no lower tier would mend.
private enum RoomStart: Error {
    case fault(LaunchFault)
    case sandbox(SandboxError)
}

/// Plans of rooms in both tiers.
private enum RoomPlans {
    /// What a room of ours may use up: far more than it needs, far less than would hurt.
    private static let limits = ResourceLimits(processes: 64, memory: 4 << 30, openFiles: 65_536)

    static func full(_ role: ChildProcess.Role, _ arguments: [SystemString], _ shown: [RootEntry]) throws(RoomStart)
        -> SandboxPlan
    {
        do throws(RootError) {
            var plan = try SandboxPlan.room(
                name: arguments[0], arguments: arguments, additions: shown, limits: limits)
            widen(&plan, role)
            return plan
        } catch { throw .fault(LaunchFault("a room's tree makes no sense: \(error)", hint: "--state DIR")) }
    }

    /// Without namespaces: Landlock says which paths, and the room's own filter does the rest.
    static func reduced(_ role: ChildProcess.Role, _ arguments: [SystemString], _ shown: [SystemString]) -> SandboxPlan
    {
        let rights: FileRights = role == .broker ? .readAndWrite : .read
        let rules = LandlockRules(
            paths: shown.map { LandlockRules.Path($0, rights, mayBeAbsent: role != .broker) },
            ports: LandlockRules.Ports())
        var plan = SandboxPlan(
            name: arguments[0], kind: .room, namespaces: [], root: nil, loopback: false, arguments: arguments,
            environment: SandboxPlan.roomEnvironment, workingDirectory: "/", limits: limits, landlock: rules,
            seccomp: nil)
        widen(&plan, role)
        return plan
    }

    private static func widen(_ plan: inout SandboxPlan, _ role: ChildProcess.Role) {
        switch role {
        // It must see other processes, which no namespace and no Landlock rule lets it.
        case .watch:
            plan.namespaces = []
            plan.root = nil
            plan.landlock = nil
            plan.capabilities = Capabilities.inspection
        // It connects to whatever its policy allows, on any port: addresses are what it decides by.
        case .egress:
            plan.namespaces.remove(.network)
            plan.landlock?.ports = nil
            plan.limits = ResourceLimits(processes: 64, memory: 4 << 30, openFiles: 262_144)
        case .broker, .gate, .server: break
        }
    }
}
