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
    /// - Parameters:
    ///   - sandbox: a number that nothing else has.
    ///   - listeners: two, listening inside the sandbox: HTTP proxy, SOCKS5.
    func serveEgress(
        sandbox number: UInt32, label: SandboxLabel, policy: EgressPolicy, listeners: consuming PassedDescriptors
    ) {
        guard let http = listeners.takeFirst(), let socks = listeners.takeFirst() else { return }
        let sandbox = EgressSandbox(number: number, label: label, policy: policy, http: http, socks: socks)
        egressSandboxes[number] = sandbox
        offer(sandbox)
    }

    /// The sandbox has ended: what is left of its connections is cut, and its listeners are closed.
    func releaseEgress(sandbox number: UInt32) {
        guard let sandbox = egressSandboxes.removeValue(forKey: number) else { return }
        if sandbox.isServed { tellEgress(.release(sandbox: number)) }
        noteCounted(sandbox, theEnd: true)
        endDecisions(of: sandbox, cause: .released)
    }

    /// Another policy for a sandbox that runs (E9): connections that it does not allow are cut.
    func amendEgress(sandbox number: UInt32, policy: EgressPolicy) {
        guard let sandbox = egressSandboxes[number], sandbox.policy != policy else { return }
        sandbox.policy = policy
        if sandbox.isServed { tellEgress(.amend(sandbox: number, policy: policy.encoded)) }
    }

    private func offer(_ sandbox: EgressSandbox) {
        guard let egress, isEgressReady, !isEgressSuspended else { return }
        do throws(SyscallError) {
            let order = EgressOrder.serve(
                sandbox: sandbox.number, label: sandbox.label.name, policy: sandbox.policy.encoded)
            egress.send(passing: try sandbox.copies()) { order.write(to: &$0) }
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
            configureEgress()
            for number in egressSandboxes.keys.sorted() {
                if let sandbox = egressSandboxes[number] { offer(sandbox) }
            }
            roomsAreReady()
        case .decided(let decision): try decided(decision)
        case .ended(let number, let up, let down, let milliseconds, let cause):
            guard let cause = EgressEnd(rawValue: cause) else { throw .invalid("cause") }
            ended(number, up: up, down: down, milliseconds: milliseconds, cause)
        case .released: break
        }
    }

    func configureEgress() {
        let ports = listeners.compactMap { listener -> UInt16? in
            guard listener.kind == .tcp else { return nil }
            return UInt16(listener.authority.split(separator: ":").last.map(String.init) ?? "")
        }
        tellEgress(.configure(nat64: seal.registry.egress.nat64, ownPorts: ports))
    }

    /// Without the room nothing goes out; the launcher brings another.
    func loseEgress() {
        guard let lost = egress else { return }
        egress = nil
        isEgressReady = false
        removeFromPoller(lost.socket)
        unconfirmed.removeAll()
        decisions.removeAll()
        for sandbox in egressSandboxes.values {
            sandbox.isServed = false
            endDecisions(of: sandbox, cause: .roomLost)
        }
    }

    // MARK: Decisions

    private func decided(_ decision: EgressDecision) throws(FrameError) {
        guard decision.number > lastDecision || lastDecision == 0 else { throw .invalid("decision") }
        lastDecision = decision.number
        // It ended while the frame was on its way: recorded all the same, without a name of its own.
        let sandbox = egressSandboxes[decision.sandbox]
        guard let journal else { return suspendEgress() }
        guard decision.verdict == .allow else {
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
        guard let sandbox else { return recordEnd(of: decision.number, 0, 0, 0, 0, .released) }
        sandbox.open.insert(decision.number)
        decisions[decision.number] = sandbox.number
    }

    private func ended(_ number: UInt64, up: UInt64, down: UInt64, milliseconds: UInt64, _ cause: EgressEnd) {
        guard let sandbox = decisions.removeValue(forKey: number) else { return }
        egressSandboxes[sandbox]?.open.remove(number)
        recordEnd(of: number, sandbox, up, down, milliseconds, cause)
    }

    private func endDecisions(of sandbox: EgressSandbox, cause: EgressEnd) {
        for number in sandbox.open.sorted() {
            decisions[number] = nil
            recordEnd(of: number, sandbox.number, 0, 0, 0, cause)
        }
        sandbox.open = []
    }

    private func recordEnd(
        of number: UInt64, _ sandbox: UInt32, _ up: UInt64, _ down: UInt64, _ milliseconds: UInt64, _ cause: EgressEnd
    ) {
        journal?.outcome(.egressEnded) { json in
            json.key("cause")
            json.string(cause.word)
            json.key("connection")
            json.unsigned(number)
            json.key("down")
            json.unsigned(down)
            json.key("milliseconds")
            json.unsigned(milliseconds)
            json.key("sandbox")
            json.unsigned(UInt64(sandbox))
            json.key("up")
            json.unsigned(up)
        }
    }

    private func confirm(_ number: UInt64, sequence: UInt64) {
        unconfirmed.append((decision: number, sequence: sequence))
    }

    /// Tells the room which of its decisions are on the disk; it allows nothing more while too many are not.
    func confirmDecisions(_ journal: Journal) {
        guard !unconfirmed.isEmpty else { return }
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
            endDecisions(of: sandbox, cause: .auditUnavailable)
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
        let reason = EgressReason(rawValue: decision.reason)
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
        if let sandbox, sandbox.label.isBrowser, decision.verdict != .allow, addressClass?.isThisSide == true {
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
        if decision.verdict != .allow, let reason {
            json.key("reason")
            json.string(reason.word)
        }
        if !decision.rule.isEmpty {
            json.key("rule")
            json.string(Redaction.text(decision.rule, limit: 256))
        }
        json.key("sandbox")
        json.string(sandbox?.label.name ?? Array("\(decision.sandbox)".utf8))
        if let sandbox, sandbox.label.isBrowser, decision.verdict != .allow, addressClass?.isThisSide == true {
            json.key("severity")
            json.string("high")
        }
        if decision.status != 0 {
            json.key("status")
            json.unsigned(UInt64(decision.status))
        }
        json.key("verdict")
        json.string(decision.verdict.word)
    }
}
