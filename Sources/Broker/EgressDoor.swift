// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// The way out of sandboxes. The egress room decides by the policy that it is handed here, and every decision is in the
/// log: where there is no log, there is no way out.
extension BrokerRoom {
    func meetEgress(_ door: consuming FileDescriptor, report: [UInt8]) throws(BrokerFault) {
        let channel = Channel(door) { EgressReport.Kind(rawValue: $0)?.maxBytes }
        do throws(SyscallError) {
            try poller.add(channel.socket, .readable, token: Token.egress.value)
        } catch { throw BrokerFault("the egress room's door cannot be watched: \(error)", hint: "restart doorward") }
        egress = channel
        egressLaunchReport = report
    }

    private func tellEgress(_ order: EgressOrder) { egress?.send { order.write(to: &$0) } }

    // MARK: Sandboxes

    /// Gives a sandbox its way out, from now until ``releaseEgress(sandbox:)``.
    ///
    /// While there is no egress room, what connects waits for the next one.
    ///
    /// - Parameters:
    ///   - sandbox: a number that nothing else has.
    ///   - listeners: two, listening inside the sandbox: HTTP proxy, SOCKS5.
    /// - Returns: whether there were two.
    @discardableResult
    func serveEgress(
        sandbox number: UInt32, label: SandboxLabel, grant: EgressPolicy, listeners: consuming PassedDescriptors
    ) -> Bool {
        guard let http = listeners.takeFirst(), let socks = listeners.takeFirst() else { return false }
        let sandbox = EgressSandbox(
            number: number, label: label, grant: grant, policy: seal.registry.effective(grant), http: http, socks: socks
        )
        egressSandboxes[number] = sandbox
        offer(sandbox)
        return true
    }

    /// The sandbox has ended: what is left of its connections is cut, and its listeners are closed.
    func releaseEgress(sandbox number: UInt32) {
        guard let sandbox = egressSandboxes.removeValue(forKey: number) else { return }
        if sandbox.isServed { tellEgress(.release(sandbox: number)) }
        noteCounted(sandbox, theEnd: true)
        endDecisions(of: sandbox, cause: "released")
    }

    /// Judges every sandbox by what is sealed now (E9): connections that it does not allow are cut, also those of a
    /// process that only finishes its calls. A server that is no longer there is granted nothing.
    func amendEgress() {
        for sandbox in egressSandboxes.values {
            if sandbox.label.origin == .server {
                sandbox.grant = ServerName(sandbox.label.name).flatMap(seal.server)?.sealed.network ?? .none
            }
            let policy = seal.registry.effective(sandbox.grant)
            guard sandbox.policy != policy else { continue }
            sandbox.policy = policy
            if sandbox.isServed { tellEgress(.amend(sandbox: sandbox.number, policy: policy.canonical)) }
        }
    }

    private func offer(_ sandbox: EgressSandbox) {
        guard let egress, isEgressReady, isStandingUpDone, !isEgressSuspended else { return }
        do throws(SyscallError) {
            // Descriptors travel in one packet; a longer policy follows, and until then nothing is allowed.
            let policy = sandbox.policy.canonical
            let fits = policy.count <= Caps.servedPolicy
            let order = EgressOrder.serve(
                sandbox: sandbox.number, label: sandbox.label.name, policy: fits ? policy : [])
            egress.send(passing: try sandbox.copies()) { order.write(to: &$0) }
            if !fits { tellEgress(.amend(sandbox: sandbox.number, policy: policy)) }
            sandbox.isServed = true
        } catch { report("the listeners of a sandbox cannot be handed on: \(error)") }
    }

    // MARK: The door

    func serveEgressDoor() {
        guard let egress else { return }
        do throws(ChannelError) {
            while true {
                switch try egress.receive() {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    loseEgress()
                    return
                }
                guard egress.descriptorCount == 0 else { throw .frame(.descriptors(kind: 0, count: 1)) }
                while var frame = try egress.next() {
                    let report: EgressReport
                    do throws(FrameError) { report = try EgressReport.read(frame.kind, &frame.fields) } catch {
                        throw .frame(error)
                    }
                    do throws(FrameError) { try take(report) } catch { throw .frame(error) }
                }
            }
        } catch {
            self.report("the egress room broke its protocol: \(error)")
            loseEgress()
        }
    }

    private func take(_ report: EgressReport) throws(FrameError) {
        switch report {
        case .ready(let confinement):
            guard !isEgressReady else { throw .invalid("ready twice") }
            isEgressReady = true
            noteRoom("egress", Confinements.joined(egressLaunchReport, confinement))
            openEgress()
            roomsAreReady()
        case .decided(let decision): try decided(decision)
        case .ended(let ending): ended(ending)
        case .released: break
        }
    }

    /// Tells a new room what holds for all, once this room knows its own listeners, and hands it every sandbox.
    func openEgress() {
        guard isEgressReady, isStandingUpDone else { return }
        let ports = listeners.compactMap { listener -> UInt16? in
            guard listener.kind == .tcp else { return nil }
            return ListenAddress(listener.authority)?.port
        }
        tellEgress(.configure(nat64: seal.registry.egress.nat64, ownPorts: ports))
        for number in egressSandboxes.keys.sorted() {
            if let sandbox = egressSandboxes[number] { offer(sandbox) }
        }
    }

    /// Without the room nothing goes out; the launcher brings another.
    func loseEgress() {
        guard let lost = egress else { return }
        egress = nil
        isEgressReady = false
        removeFromPoller(lost.socket)
        lastDecision = 0
        unconfirmed.removeAll()
        for sandbox in egressSandboxes.values {
            sandbox.isServed = false
            endDecisions(of: sandbox, cause: "room-lost")
        }
    }

    // MARK: Decisions

    private func decided(_ decision: EgressDecision) throws(FrameError) {
        guard decision.number == lastDecision + 1 else { throw .invalid("decision") }
        lastDecision = decision.number
        // It ended while the frame was on its way: recorded all the same, without a name of its own.
        let sandbox = egressSandboxes[decision.sandbox]
        guard let journal else { return suspendEgress() }
        // Where nothing was opened, nothing ends.
        guard decision.verdict == .allow, decision.reason == nil else {
            if let sandbox, !sandbox.budget.admits(now) { return confirm(decision.number, sequence: 0) }
            guard let sequence = journal.append(.egressDecided, { self.write(decision, sandbox, &$0) }) else {
                return suspendEgress()
            }
            return confirm(decision.number, sequence: sequence)
        }
        do throws(JournalError) {
            let promise = try journal.promise(.egressDecided, .written) { self.write(decision, sandbox, &$0) }
            confirm(decision.number, sequence: promise.sequence)
        } catch { return suspendEgress() }
        guard let sandbox else { return recordEnd(of: decision.number, decision.sandbox, "released") }
        sandbox.open.insert(decision.number)
        decisions[decision.number] = sandbox.number
    }

    private func ended(_ ending: EgressEnding) {
        guard let sandbox = decisions.removeValue(forKey: ending.decision) else { return }
        egressSandboxes[sandbox]?.open.remove(ending.decision)
        recordEnd(of: ending.decision, sandbox, ending.cause.word, ending)
    }

    private func endDecisions(of sandbox: EgressSandbox, cause: StaticString) {
        for number in sandbox.open.sorted() {
            decisions[number] = nil
            recordEnd(of: number, sandbox.number, cause)
        }
        sandbox.open = []
    }

    /// - Parameter ending: what the room counted; nil where it was not there to tell.
    private func recordEnd(
        of number: UInt64, _ sandbox: UInt32, _ cause: StaticString, _ ending: EgressEnding? = nil
    ) {
        journal?.outcome(.egressEnded) { json in
            json.key("cause")
            json.string(cause)
            json.key("connection")
            json.unsigned(number)
            if let ending {
                json.key("down")
                json.unsigned(ending.bytesDown)
                json.key("milliseconds")
                json.unsigned(ending.milliseconds)
            }
            if let name = egressSandboxes[sandbox]?.label.name {
                json.key("name")
                json.string(Redaction.text(name, limit: 64))
            }
            json.key("sandbox")
            json.unsigned(UInt64(sandbox))
            if let ending, ending.nameFinding != .unseen {
                json.key("serverName")
                json.string(Redaction.text(ending.serverName, limit: 256))
                json.key("serverNameIs")
                json.string(ending.nameFinding.word)
            }
            if let ending {
                json.key("up")
                json.unsigned(ending.bytesUp)
            }
        }
    }

    private func confirm(_ number: UInt64, sequence: UInt64) {
        unconfirmed.append((decision: number, sequence: sequence))
    }

    /// Tells the room which of its decisions are on the disk; it allows nothing more while too many are not.
    func confirmDecisions(_ journal: Journal) {
        guard !unconfirmed.isEmpty else { return }
        // Nobody waits for these, so the journal's thread does not call.
        journal.collect()
        let synced = journal.status.synced
        let count = unconfirmed.prefix { $0.sequence <= synced }.count
        guard count > 0 else { return }
        tellEgress(.recorded(upTo: unconfirmed[count - 1].decision))
        unconfirmed.removeFirst(count)
    }

    /// The log takes nothing: whatever is open is cut, and nothing is let out until it does again.
    private func suspendEgress() {
        guard !isEgressSuspended else { return }
        isEgressSuspended = true
        for sandbox in egressSandboxes.values where sandbox.isServed {
            tellEgress(.release(sandbox: sandbox.number))
            sandbox.isServed = false
            endDecisions(of: sandbox, cause: "audit-unavailable")
        }
        unconfirmed.removeAll()
    }

    func tickEgress() {
        for sandbox in egressSandboxes.values { noteCounted(sandbox, theEnd: false) }
        guard isEgressSuspended, let status = journal?.status, status.failure == nil, !status.isFull else { return }
        isEgressSuspended = false
        for sandbox in egressSandboxes.values { offer(sandbox) }
    }

    private func noteCounted(_ sandbox: EgressSandbox, theEnd: Bool) {
        let count = sandbox.budget.close(now, theEnd: theEnd)
        guard count > 0 else { return }
        record(.refusedMore) { json in
            json.key("count")
            json.unsigned(count)
            json.key("peer")
            json.string(sandbox.label.name)
            json.key("reason")
            json.string("egress")
        }
    }

    // MARK: Records

    private func write(_ decision: EgressDecision, _ sandbox: EgressSandbox?, _ json: inout JSONWriter) {
        let reason = decision.reason.flatMap(EgressReason.init(rawValue:))
        let addressClass = decision.addressClass.flatMap(AddressClass.init(rawValue:))
        if !decision.address.isEmpty, let address = NetworkAddress(bytes: decision.address) {
            json.key("address")
            json.string(address.text)
        }
        if let addressClass {
            json.key("class")
            json.string(addressClass.word)
        }
        json.key("connection")
        json.unsigned(decision.number)
        // Tried or done, by whichever sandbox: only a granted hole leads inwards and is meant.
        let isCrossing = addressClass?.isInward == true && decision.verdict != .allow
        if isCrossing {
            json.key("event")
            json.string("boundaryCrossing")
        }
        json.key("form")
        json.string(decision.form.word)
        json.key("host")
        json.string(Redaction.text(decision.asked, limit: 256))
        if !decision.method.isEmpty {
            json.key("method")
            json.string(Redaction.text(decision.method, limit: 32))
        }
        if let sandbox {
            json.key("name")
            json.string(Redaction.text(sandbox.label.name, limit: 64))
        }
        if let pid = sandbox?.label.pid, pid != 0 {
            json.key("pid")
            json.unsigned(UInt64(pid))
        }
        json.key("port")
        json.unsigned(UInt64(decision.port))
        if let sandbox {
            json.key("profile")
            json.string(sandbox.label.profile)
        }
        if let reason {
            json.key("reason")
            json.string(reason.word)
        }
        if !decision.rule.isEmpty {
            json.key("rule")
            json.string(Redaction.text(decision.rule, limit: 256))
        }
        json.key("sandbox")
        json.unsigned(UInt64(decision.sandbox))
        if isCrossing {
            json.key("severity")
            json.string(sandbox?.label.isBrowser == true ? "high" : "medium")
        }
        json.key("status")
        json.unsigned(UInt64(decision.status))
        json.key("verdict")
        json.string(decision.verdict.word)
    }
}
