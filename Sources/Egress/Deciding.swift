// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// Decisions, and what is done once they have been told.
extension EgressRoom {
    /// No, for this reason. One record, one answer.
    func decide(_ client: Client, _ refusal: Refusal) {
        guard let asking = client.asking, asking.verdict == nil else { return }
        asking.dial = nil
        guard takePlace(client, asking) else { return wait(client, asking, refusal) }
        _ = record(
            client, asking, rule: refusal.rule, verdict: refusal.verdict, reason: refusal.reason,
            address: refusal.address, addressClass: refusal.addressClass, status: refusal.reason.status)
        announce(client, asking, .refuse(refusal))
    }

    /// Yes, and connected.
    func open(_ client: Client, _ admission: Admission, _ address: NetworkAddress, _ upstream: FileDescriptorBox) {
        guard let asking = client.asking, asking.verdict == nil else { return }
        asking.dial = nil
        let number = record(
            client, asking, rule: admission.rule, verdict: .allow, reason: nil, address: address,
            addressClass: admission.addressClass, status: 200)
        announce(
            client, asking,
            .open(Asking.Opening(decision: number, address: address, sni: admission.sni, upstream: upstream)))
    }

    private func announce(_ client: Client, _ asking: Asking, _ verdict: Asking.Verdict) {
        asking.verdict = verdict
        client.phase = .announcing
        client.due = now.adding(milliseconds: Times.head)
        note(due: client.due)
        announced.append(client)
    }

    private func record(
        _ client: Client, _ asking: Asking, rule: String, verdict: EgressDecision.Verdict, reason: EgressReason?,
        address: NetworkAddress?, addressClass: AddressClass?, status: Int
    ) -> UInt64 {
        let number = reports.tell(for: client.sandbox)
        asking.hasPlace = false
        send(
            .decided(
                EgressDecision(
                    number: number, sandbox: client.sandbox.number, asked: Array(asking.asked.prefix(Caps.host)),
                    port: asking.port, form: asking.form, method: Array(asking.method.prefix(Caps.word)),
                    address: address?.bytes ?? [], addressClass: addressClass?.rawValue,
                    rule: Array(rule.utf8.prefix(Caps.rule)), verdict: verdict, reason: reason?.rawValue,
                    status: UInt16(status))))
        return number
    }

    // MARK: Waiting for the disk

    func takePlace(_ client: Client, _ asking: Asking) -> Bool {
        if !asking.hasPlace { asking.hasPlace = reports.reserve(for: client.sandbox) }
        return asking.hasPlace
    }

    /// - Parameter refusal: what has been decided already; nil for a decision that has not begun.
    func wait(_ client: Client, _ asking: Asking, _ refusal: Refusal?) {
        asking.pending = refusal
        client.phase = .waiting
        client.due = now.adding(milliseconds: Times.audit)
        note(due: client.due)
        backlog.append(client)
    }

    /// More decisions are on the disk: whoever waits for a place goes on, in the order of their coming.
    func serveBacklog() {
        guard !backlog.isEmpty else { return }
        let turn = backlog
        backlog.removeAll(keepingCapacity: true)
        for client in turn where client.phase == .waiting {
            guard let asking = client.asking else { continue }
            guard takePlace(client, asking) else {
                backlog.append(client)
                continue
            }
            if let refusal = asking.pending { decide(client, refusal) } else { begin(client, asking) }
        }
    }

    /// The disk has taken too long. What cannot be recorded is not allowed, and not told apart.
    func giveUpWaiting(_ client: Client) {
        guard let asking = client.asking else { return }
        announce(client, asking, .refuse(Refusal(reason: .auditBehind)))
    }

    // MARK: Carrying out

    /// The decision has left for the broker.
    func carryOut(_ client: Client) {
        guard client.phase == .announcing, let asking = client.asking, let verdict = asking.verdict else { return }
        asking.verdict = nil
        switch verdict {
        case .refuse(let refusal): refuse(client, refusal)
        case .open(let opening): open(client, asking, opening)
        }
    }

    private func refuse(_ client: Client, _ refusal: Refusal) {
        switch client.grammar {
        case .http: RefusalAnswer.append(refusal, to: &client.answer)
        case .socks:
            // A broken greeting has its answer already, or can have none; so has a broken request.
            if client.answer.isEmpty && client.asking?.target != nil {
                RefusalAnswer.appendSocks(refusal, to: &client.answer)
            }
        }
        client.asking = nil
        client.phase = .leaving
        client.due = now.adding(milliseconds: Times.leaving)
        note(due: client.due)
        client.isWritable = true
        client.isReadable = true
        leave(client)
    }

    private func open(_ client: Client, _ asking: Asking, _ opening: Asking.Opening) {
        guard let target = asking.target else { return forget(client) }
        let opened = Opened(
            decision: opening.decision, target: target, judgedMethod: asking.judgedMethod, address: opening.address,
            upstream: opening.upstream, now: now)
        opened.isUpstreamReadable = true
        client.opened = opened
        client.asking = nil
        client.isWritable = true
        note(due: now.adding(milliseconds: asking.request == nil ? Times.idle : Times.forwardIdle))
        if let request = asking.request {
            startForward(client, opened, request, early: asking.input)
        } else {
            var answer: [UInt8] = []
            switch client.grammar {
            case .http: answer.append(contentsOf: "HTTP/1.1 200 Connection established\r\n\r\n".utf8)
            case .socks: SocksWriter.append(.succeeded, to: &answer)
            }
            opened.down.held.append(answer)
            // Ours, not the server's.
            opened.ownBytesDown = UInt64(answer.count)
            if !asking.input.isEmpty { opened.up.held = asking.input }
            if target.port == ServerNames.port { opened.greeting = Greeting(opening.sni) }
            client.phase = .tunnel
            pump(client)
        }
    }

    // MARK: Leaving

    /// Sends the last word, then waits a moment for the client to have read it.
    func leave(_ client: Client) {
        do throws(SyscallError) {
            while !client.answer.isEmpty && client.isWritable {
                switch try client.socket.write(client.answer.span) {
                case .moved(let count): client.answer.removeFirst(count)
                case .wouldBlock: client.isWritable = false
                case .closed: return forget(client)
                }
            }
            if client.answer.isEmpty && !client.isShut {
                client.isShut = true
                try TCPSocket.shutDown(client.socket, .write)
            }
            // Bounded by the time that this phase has.
            for _ in 0..<Bounds.steps where client.isReadable {
                scratch.removeAll()
                switch receive(client, into: &scratch, limit: Bounds.copy) {
                case .moved: continue
                case .wouldBlock: return
                case .closed: return forget(client)
                }
            }
            if client.isReadable { queue(client) }
        } catch { forget(client) }
    }

    /// A tunnel or a request is over.
    func end(_ client: Client, _ cause: EgressEnding.Cause) {
        if let opened = client.opened { report(client, opened, cause) }
        forget(client)
    }

    /// Tells the broker what went through.
    func report(_ client: Client, _ opened: Opened, _ cause: EgressEnding.Cause) {
        send(
            .ended(
                EgressEnding(
                    decision: opened.decision, bytesUp: opened.up.bytes,
                    bytesDown: opened.down.bytes - min(opened.down.bytes, opened.ownBytesDown),
                    milliseconds: (now.nanoseconds - opened.since.nanoseconds) / 1_000_000, cause: cause,
                    nameFinding: opened.nameFinding, serverName: Array(opened.serverName.prefix(Caps.host)))))
    }
}
