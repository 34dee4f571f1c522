// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// Step 14: from a granted call to a running process. The launcher does it; here is decided whether.
extension BrokerRoom {
    /// The process that serves this call; started now if there is none.
    func process(for call: Call, _ view: ServerView) throws(Denial) -> Upstream {
        // A process that may ask questions is never shared: it would ask whoever happens to be there.
        let isShared = view.sealed.traits.process == .shared && call.offers.isEmpty
        let isPerCall = view.sealed.traits.process == .perCall
        let isLegacy = view.era == .legacy
        return try process(
            UpstreamKey(
                server: view.name, principal: isShared ? 0 : call.principal.number, choices: call.choices,
                offers: isLegacy ? call.offers.rawValue : 0,
                session: isLegacy && !call.offers.isEmpty ? call.session?.number ?? 0 : 0,
                call: isPerCall ? takeNumber() : 0),
            view, owner: isShared ? nil : call.principal, call.offers)
    }

    private func process(_ key: UpstreamKey, _ view: ServerView, owner: Principal?, _ offers: ClientOffers)
        throws(Denial)
        -> Upstream
    {
        if let running = upstreamByKey[key], running.isUsable, running.view.identity == view.identity {
            running.lingersUntil = nil
            return running
        }
        if let known = backoff[key.backoff], known.notBefore > now { throw .launchLimit }
        let limits = seal.registry.limits
        guard upstreams.count + departing.count < Int(limits.serversInAll),
            (owner?.serverProcesses ?? 0) < limits.serversPerCaller
        else { throw .launchLimit }
        return try launch(key, view, owner: owner, purpose: "call", offers: offers)
    }

    /// Writes the intent to launch; the launcher is asked when it is on the disk.
    ///
    /// - Parameter owner: whom it serves; nil where it serves everybody, or a review.
    func launch(
        _ key: UpstreamKey, _ view: ServerView, owner: Principal?, purpose: StaticString, offers: ClientOffers
    ) throws(Denial) -> Upstream {
        guard let journal else { throw .auditUnavailable }
        let upstream = Upstream(number: takeNumber(), key: key, view: view, seal: seal.digest, principal: owner)
        upstream.offers = offers
        upstream.lastUsed = now
        // Should its call ever lose it without ending, it leaves as soon as it is idle.
        upstream.isDismissed = upstream.servesOneCall
        upstream.deadline = now.adding(milliseconds: Self.recordMilliseconds)
        do throws(JournalError) {
            upstream.launchPromise = try journal.promise(.launchIntent, .synced) { json in
                if !key.choices.isEmpty {
                    json.key("choices")
                    json.beginArray()
                    for choice in key.choices { json.unsigned(UInt64(choice)) }
                    json.endArray()
                }
                if let owner {
                    json.key("client")
                    json.string(owner.client.bytes)
                }
                json.key("executable")
                json.string(view.sealed.executable.path.bytes)
                json.key("purpose")
                json.string(purpose)
                json.key("seal")
                json.string(seal.digest.hex)
                json.key("server")
                json.string(view.name.bytes)
                json.key("sha256")
                json.string(view.sealed.executable.digest.hex)
            }
        } catch { throw .auditUnavailable }
        upstreams[upstream.number] = upstream
        upstreamByKey[key] = upstream
        owner?.serverProcesses += 1
        recordingLaunches.append(upstream)
        return upstream
    }

    /// Asks the launcher for those whose intent is on the disk.
    func releaseLaunches(_ journal: Journal) {
        guard !recordingLaunches.isEmpty else { return }
        let pending = recordingLaunches
        recordingLaunches = []
        for upstream in pending {
            do throws(JournalError) {
                guard let grant = try journal.redeem(&upstream.launchPromise) else {
                    recordingLaunches.append(upstream)
                    continue
                }
                spend(grant, launching: upstream)
            } catch { end(upstream, .auditUnavailable, why: "audit-unavailable") }
        }
    }

    /// Nothing asks the launcher to start anything but this, and this takes a grant.
    private func spend(_ grant: consuming Grant, launching upstream: Upstream) {
        // Given up in the meantime: its outcome has been recorded.
        guard upstream.state == .recording else { return }
        upstream.state = .launching
        upstream.deadline = now.adding(milliseconds: upstream.view.sealed.traits.startMilliseconds)
        // By the seal that it was decided under: if the launcher holds another one by now it refuses.
        ask(
            .start(
                launch: upstream.number, server: upstream.view.name, seal: upstream.seal, choices: upstream.key.choices)
        )
        _ = consume grant
    }

    /// The launcher's answer: it runs.
    ///
    /// - Parameter doors: the listening sockets inside its sandbox, where its entry grants a network.
    func started(
        _ number: UInt32, pid: UInt32, report: [UInt8], _ pipes: consuming ServerPipes,
        _ doors: consuming PassedDescriptors
    ) {
        guard let upstream = upstreams[number], upstream.state == .launching else {
            // Given up while it was being started: it goes as it came, and its end is recorded.
            departing[number]?.pid = pid
            ask(.stop(launch: number, force: true))
            return
        }
        upstream.pid = pid
        upstream.startedAt = now
        upstream.confinement = report
        launchOutcome(upstream, .launchStarted, nil, report: report)
        // Before its first message: what it asks of the network while it starts waits in its listeners until here.
        if !doors.isEmpty {
            let sealed = upstream.view.sealed
            serveEgress(
                sandbox: number,
                label: SandboxLabel(
                    name: sealed.name.bytes, profile: sealed.profile.bytes, origin: .server, isBrowser: false,
                    pid: pid),
                grant: sealed.network, listeners: doors)
        }
        do throws(SyscallError) { try upstream.adopt(pipes, poller) } catch {
            return fail(upstream, .launchFailed, why: "pipes-failed")
        }
        greet(upstream)
    }

    /// The launcher's answer: no.
    func launchRefused(_ number: UInt32, _ denial: Denial, detail: [UInt8]) {
        // Nothing was started, so there is nothing to bury, whether it had been given up before or is from here on.
        defer { departing[number] = nil }
        guard let upstream = upstreams[number] else { return }
        launchOutcome(upstream, .launchRefused, denial.word, report: nil, detail: detail)
        upstream.lastDetail = detail
        // A changed file does not heal by waiting, but a person may repair it at any moment: no backoff for it.
        if denial != .executableChanged { noteFailure(of: upstream) }
        end(upstream, denial, why: denial.word)
    }

    /// How the intent to launch ended, once.
    func launchOutcome(
        _ upstream: Upstream, _ kind: EntryKind, _ reason: StaticString?, report: [UInt8]?, detail: [UInt8] = []
    ) {
        guard !upstream.hasLaunchOutcome else { return }
        upstream.hasLaunchOutcome = true
        journal?.outcome(kind) { json in
            if let report {
                json.key("confinement")
                Confinements.write(report, &json)
            }
            if !detail.isEmpty {
                json.key("detail")
                json.string(Redaction.text(detail, limit: 256))
            }
            if report != nil {
                json.key("pid")
                json.unsigned(UInt64(upstream.pid))
            }
            if let reason {
                json.key("reason")
                json.string(reason)
            }
            json.key("server")
            json.string(upstream.view.name.bytes)
        }
    }
}
