// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// The pipes of a started server, as the launcher hands them over.
struct ServerPipes: ~Copyable {
    var input: FileDescriptor?
    var output: FileDescriptor?
    var errors: FileDescriptor?
}

extension BrokerRoom {
    /// Asks the launcher; the frame leaves at the end of the turn.
    func ask(_ request: LaunchRequest) { launcher.send { request.write(to: &$0) } }

    func serveLauncher() throws(BrokerFault) {
        while let report = try nextReport() { try take(report) }
    }

    private func nextReport() throws(BrokerFault) -> LaunchReport? {
        do throws(ChannelError) {
            while true {
                if var frame = try launcher.next() {
                    let report: LaunchReport
                    do throws(FrameError) { report = try LaunchReport.read(frame.kind, &frame.fields) } catch {
                        throw .frame(error)
                    }
                    guard launcher.descriptorCount == report.descriptors else {
                        throw .frame(.descriptors(kind: frame.kind, count: launcher.descriptorCount))
                    }
                    return report
                }
                switch try launcher.receive() {
                case .moved: break
                case .wouldBlock: return nil
                case .closed:
                    // Without the launcher nobody would end what runs: the kernel has ended this room's siblings already.
                    phase = .ended
                    return nil
                }
            }
        } catch { throw .door("launch", error) }
    }

    private func take(_ report: LaunchReport) throws(BrokerFault) {
        switch report {
        case .standUp(let mode, let isFullDemanded, let startsNewChain, let report):
            self.mode = mode
            self.isFullDemanded = isFullDemanded
            self.startsNewChain = startsNewChain
            launchReport = report
            do throws(SyscallError) { state = StateDirectory(try Directory(path: statePath)) } catch {
                throw BrokerFault("the state directory cannot be used: \(error)", hint: "check --state")
            }
        case .seal(let digest): try adopt(digest)
        case .sealRefused(let reason): refuseSeal(reason)
        case .listener(let name, let kind, let authority):
            guard let socket = launcher.takeDescriptor() else { return }
            listeners.append(Listener(name: name, kind: kind, authority: authority, socket: socket))
        case .operatorSocket:
            guard let socket = launcher.takeDescriptor() else { return }
            operatorSocket = OperatorListener(socket)
        case .watch(let report):
            guard let door = launcher.takeDescriptor() else { return }
            watcherLaunchReport = report
            try meetWatcher(door)
        case .egress(let report):
            guard let door = launcher.takeDescriptor() else { return }
            try meetEgress(door, report: report)
        case .gate(let name, let report):
            guard let door = launcher.takeDescriptor() else { return }
            try meetGate(name, report, door)
        case .complete: try standUp()
        case .started(let launch, let pid, _, let report):
            guard let input = launcher.takeDescriptor(), let output = launcher.takeDescriptor(),
                let errors = launcher.takeDescriptor()
            else { return }
            var doors = PassedDescriptors()
            while let door = launcher.takeDescriptor() { doors.append(door) }
            started(
                launch, pid: pid, report: report, ServerPipes(input: input, output: output, errors: errors), doors)
        case .refused(let launch, let denial, let detail): launchRefused(launch, denial, detail: detail)
        case .exited(let launch, let status): exited(launch, status: status)
        case .roomEnded(let word, let status): roomEnded(word, status)
        case .terminate: drain()
        }
    }

    private func meetGate(_ name: ListenerName, _ report: [UInt8], _ door: consuming FileDescriptor) throws(BrokerFault)
    {
        guard let listener = listeners.first(where: { $0.name == name }) else { return }
        let gate = GateRoom(number: takeNumber(), listener: name, kind: listener.kind, door: door)
        gates[gate.number] = gate
        gate.launchReport = report
        do throws(SyscallError) {
            try poller.add(gate.channel.socket, .readable, token: Token(.gate, gate.number).value)
        } catch { throw BrokerFault("a gate's door cannot be watched: \(error)", hint: "restart doorward") }
    }

    // MARK: Standing up

    /// Everything has been handed over: open the log, take in the tokens, close the room, say so.
    private func standUp() throws(BrokerFault) {
        try openJournal()
        guard let state else { throw BrokerFault("no state directory was handed over", hint: "restart doorward") }
        try tokens.load(state.directory)
        // Last: from here on no file beyond the state directory, no socket, no program. Threads exist already.
        let report = confine()
        noteRoom("broker", report)
        ask(.ready(report: report))
        if let operatorSocket { try watchOperators(operatorSocket.socket) }
        if mode == .administer {
            phase = .serving
            ask(.serving)
            return
        }
        isStandingUpDone = true
        openEgress()
        roomsAreReady()
    }

    /// Adds the room's own filter to what the launcher has enforced.
    private func confine() -> [UInt8] {
        var report = launchedReport() ?? ConfinementReport()
        guard confinesItself else { return report.encoded }
        do throws(SyscallError) {
            try ThisProcess.gainNothing()
            report[.noNewPrivileges] = .enforced
            try SeccompProgram.broker.loadForAllThreads()
            report[.seccomp] = .enforced
        } catch { report[.seccomp] = .missing(.notPermitted) }
        return report.encoded
    }

    private func launchedReport() -> ConfinementReport? {
        let encoded = launchReport
        return ConfinementReport(encoded: encoded.span)
    }

    private func openJournal() throws(BrokerFault) {
        guard let state else { return }
        do throws(JournalError) {
            let opened = try JournalOpening.open(
                state.directory, audit: seal.registry.audit, startsNewChain: startsNewChain)
            journal = opened
            try addJournal(opened)
        } catch { throw BrokerFault(error.sentence, hint: error.hint) }
        record(.daemonStarted) { json in
            json.key("mode")
            json.string(mode == .serve ? "serve" : "administer")
            json.key("seal")
            json.string(seal.digest.hex)
            json.key("version")
            json.string(Product.version)
        }
        if let sealRefusal { recordSealRefusal(sealRefusal) }
    }

    private func addJournal(_ journal: Journal) throws(JournalError) {
        do throws(SyscallError) {
            try poller.add(journal.completion, .readable, token: Token.journal.value)
        } catch { throw .unusable(error) }
    }

    /// Opens the listeners once every room that must be ready is. Called with each room's news.
    func roomsAreReady() {
        guard isStandingUpDone, phase == .standingUp, isWatcherReady || watcher == nil, isEgressReady || egress == nil
        else {
            return
        }
        for listener in listeners where listener.kind == .tcp {
            guard gates.values.contains(where: { $0.listener == listener.name && $0.isReady }) else { return }
        }
        if let gap = confinementGap() {
            ask(.fatal(error: Array(gap.sentence.utf8), hint: Array(gap.hint.utf8), isUnconfined: true))
            return
        }
        phase = .serving
        for gate in gates.values where gate.isReady { openListener(of: gate) }
        for index in listeners.indices where listeners[index].kind == .local { open(index) }
        // The promise to the operator comes after the log knows about it.
        journal?.flush()
        ask(.serving)
    }

    // MARK: Registry

    private func adopt(_ digest: Digest) throws(BrokerFault) {
        guard let descriptor = launcher.takeDescriptor() else { return }
        do throws(SealFault) {
            adopt(
                Seal(digest: digest, registry: try SealReading.read(try Self.sealBytes(descriptor), expecting: digest)))
            // Reading took several times what the registry does.
            ThisProcess.trimMemory()
        } catch {
            // The last good one stays in force. The launcher, which holds the new one, then starts nothing for the old.
            if phase == .serving { return refuseSeal(Array(error.sentence.utf8)) }
            throw BrokerFault("the sealed registry is not believed: \(error.sentence)", hint: "doorward registry seal")
        }
    }

    private static func sealBytes(_ descriptor: consuming FileDescriptor) throws(SealFault) -> [UInt8] {
        do throws(SyscallError) {
            return try RegularFile(checking: descriptor).readWhole(limit: mostSealBytes)
        } catch { throw SealFault(sentence: "it cannot be read: \(error)") }
    }

    static let mostSealBytes = 64 << 20

    private func adopt(_ new: Seal) {
        let old = seal
        seal = new
        sealNumber &+= 1
        listGeneration += 1
        sealRefusal = nil
        for principal in principals.values { principal.demand = new.demand(of: principal.client) }
        lastErrors = lastErrors.filter { new.server($0.key) != nil }
        // What a person has just repaired may be tried at once.
        backoff = backoff.filter { key, _ in new.server(key.server)?.identity == old.server(key.server)?.identity }
        record(.registryAdopted) { json in
            let changes = SealChanges(from: old, to: new)
            changes.write(&json, digest: new.digest)
        }
        for view in new.servers {
            if let before = old.server(view.name), view.isSame(as: before) { view.inherit(from: before) }
        }
        // Processes of servers that are no longer what they were, or were reviewed anew, finish their calls and leave:
        // the next call gets one that is compared with what is sealed now.
        for upstream in Array(upstreams.values) {
            if let now = new.server(upstream.view.name), now.isSame(as: upstream.view) {
                upstream.rebind(to: now, seal: new.digest)
            } else {
                dismiss(upstream)
            }
        }
        amendEgress()
        judgeCallersAgain()
        guard phase == .serving else { return }
        announceChanges(from: old, to: new)
        answerReload(.done(document: SealChanges(from: old, to: new).document(digest: new.digest)))
    }

    private func refuseSeal(_ reason: [UInt8]) {
        sealRefusal = reason
        recordSealRefusal(reason)
        answerReload(
            .failed(
                error: Array("the sealed registry is not believed: ".utf8) + reason,
                hint: Array("doorward registry seal".utf8)))
    }

    private func recordSealRefusal(_ reason: [UInt8]) {
        record(.registryRefused) { json in
            json.key("kept")
            json.string(seal.digest.hex)
            json.key("reason")
            json.string(Redaction.text(reason, limit: 256))
        }
    }

    // MARK: Rooms

    func noteRoom(_ word: String, _ report: [UInt8]) {
        rooms.removeAll { $0.word == word }
        rooms.append(RoomStatus(word: word, report: report))
        record(.roomStarted) { json in
            json.key("confinement")
            Confinements.write(report, &json)
            json.key("room")
            json.string(word)
        }
    }

    private func roomEnded(_ word: [UInt8], _ status: UInt32) {
        let name = String(decoding: word, as: UTF8.self)
        rooms.removeAll { $0.word == name }
        record(.roomEnded) { json in
            json.key("room")
            json.string(Redaction.text(word, limit: 256))
            json.key("status")
            json.unsigned(UInt64(status))
        }
        if name == "watch" { loseWatcher() }
        if name == "egress" { loseEgress() }
    }

    /// The first room whose confinement is not what the operator demands.
    private func confinementGap() -> BrokerFault? {
        guard isFullDemanded else { return nil }
        for room in rooms {
            guard let gap = Confinements.gap(room.report, of: room.word) else { continue }
            return BrokerFault(
                "the \(room.word) room is not fully confined: \(gap)",
                hint: "doorward status --confinement explains it; --require-confinement reduced starts without it")
        }
        return nil
    }
}

/// What status says about one room.
struct RoomStatus {
    let word: String
    let report: [UInt8]
}
