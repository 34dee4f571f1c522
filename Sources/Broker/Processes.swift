// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// After failures of a server: when the next start may be tried.
struct Backoff {
    private(set) var failures = 0
    private(set) var notBefore = Instant(nanoseconds: 0)

    /// A quarter of a second, doubled with each failure in a row, a minute at most.
    mutating func failed(now: Instant) {
        failures += 1
        notBefore = now.adding(milliseconds: min(250 << UInt64(min(failures - 1, 8)), 60_000))
    }
}

/// Step 14: from a granted call to a running process, and to its end. The launcher does it; here is decided whether.
extension BrokerRoom {
    /// The process that serves this call; started now if there is none.
    func process(for call: Call, _ view: ServerView) throws(Denial) -> Upstream {
        let traits = view.sealed.traits
        let offers = call.offers
        let key = UpstreamKey(
            server: view.name, principal: traits.isShared && offers.isEmpty ? 0 : call.principal.number,
            choices: call.choices, offers: view.era == .legacy ? offers.rawValue : 0,
            session: view.era == .legacy && !offers.isEmpty ? call.session?.number ?? 0 : 0)
        if let running = upstreamByKey[key], running.isUsable, running.view.identity == view.identity { return running }
        if let backoff = backoff[key], backoff.notBefore > now { throw .launchLimit }
        let limits = seal.registry.limits
        guard upstreams.count < Int(limits.serversInAll),
            call.principal.serverProcesses < limits.serversPerCaller
        else { throw .launchLimit }
        return try launch(key, view, call.principal, offers: offers)
    }

    /// Writes the intent to launch; the launcher is asked when it is on the disk.
    func launch(_ key: UpstreamKey, _ view: ServerView, _ principal: Principal?, offers: ClientOffers) throws(Denial) -> Upstream
    {
        guard let journal else { throw .auditUnavailable }
        let upstream = Upstream(number: numbers.take(), key: key, view: view, principal: principal)
        upstream.offers = offers
        upstream.lastUsed = now
        do throws(JournalError) {
            upstream.launchPromise = try journal.promise(.launchIntent, .synced) { json in
                if !key.choices.isEmpty {
                    json.key("choices")
                    json.beginArray()
                    for choice in key.choices { json.unsigned(UInt64(choice)) }
                    json.endArray()
                }
                if let principal {
                    json.key("client")
                    json.string(principal.client.bytes)
                }
                json.key("executable")
                json.string(view.sealed.executable.path.bytes)
                json.key("purpose")
                json.string(principal == nil ? "review" : "call")
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
        principal?.serverProcesses += 1
        recordingLaunches.append(upstream)
        return upstream
    }

    /// Asks the launcher for those whose intent is on the disk.
    func releaseLaunches(_ journal: Journal) {
        guard !recordingLaunches.isEmpty else { return }
        var waiting: [Upstream] = []
        for upstream in recordingLaunches where upstream.launchPromise != nil {
            do throws(JournalError) {
                guard let grant = try journal.redeem(&upstream.launchPromise) else {
                    waiting.append(upstream)
                    continue
                }
                spend(grant, launching: upstream)
            } catch { end(upstream, .auditUnavailable, why: "audit-unavailable") }
        }
        recordingLaunches = waiting
    }

    /// Nothing asks the launcher to start anything but this, and this takes a grant.
    private func spend(_ grant: consuming Grant, launching upstream: Upstream) {
        guard upstream.state == .recording else {
            // Given up in the meantime.
            return launchOutcome(upstream, .launchRefused, "cancelled", report: nil)
        }
        upstream.state = .launching
        upstream.deadline = now.adding(milliseconds: upstream.view.sealed.traits.startMilliseconds)
        ask(.start(launch: upstream.number, server: upstream.view.name, seal: seal.digest, choices: upstream.key.choices))
        _ = consume grant
    }

    /// The launcher's answer: it runs.
    func started(_ number: UInt32, pid: UInt32, report: [UInt8], _ pipes: consuming ServerPipes) {
        guard let upstream = upstreams[number], upstream.state == .launching else {
            // Given up while it was being started: it goes as it came.
            ask(.stop(launch: number, force: true))
            return
        }
        upstream.pid = pid
        upstream.startedAt = now
        upstream.confinement = report
        launchOutcome(upstream, .launchStarted, nil, report: report)
        do throws(SyscallError) { try upstream.adopt(pipes, poller) } catch {
            return fail(upstream, .launchFailed, why: "pipes-failed")
        }
        greet(upstream)
    }

    /// The launcher's answer: no.
    func launchRefused(_ number: UInt32, _ denial: Denial, detail: [UInt8]) {
        guard let upstream = upstreams[number] else { return }
        launchOutcome(upstream, .launchRefused, denial.word, report: nil, detail: detail)
        upstream.lastDetail = detail
        // A changed file does not heal by waiting, but a person may repair it at any moment: no backoff for it.
        if denial != .executableChanged { backoff[upstream.key, default: Backoff()].failed(now: now) }
        end(upstream, denial, why: denial.word)
    }

    private func launchOutcome(
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

    /// The launcher says that the whole tree of a server is gone.
    func exited(_ number: UInt32, status: UInt32) {
        let departed = departing.removeValue(forKey: number)
        guard let (name, pid) = departed ?? upstreams[number].map({ ($0.view.name, $0.pid) }) else { return }
        record(.launchEnded) { json in
            json.key("pid")
            json.unsigned(UInt64(pid))
            json.key("server")
            json.string(name.bytes)
            json.key("status")
            json.unsigned(UInt64(status))
        }
        guard let upstream = upstreams[number] else { return }
        if upstream.state != .leaving { backoff[upstream.key, default: Backoff()].failed(now: now) }
        remember(upstream)
        upstream.pid = 0
        end(upstream, .serverFailed, why: "exited")
    }

    /// Keeps the end of what a server wrote to its error output, for status and reviews.
    private func remember(_ upstream: Upstream) {
        let text = Array(upstream.errorTail.recent.suffix(2000))
        if !text.isEmpty { lastErrors[upstream.view.name] = text }
    }

    /// Stops a server that cannot be trusted to go on, and ends its calls.
    func fail(_ upstream: Upstream, _ denial: Denial, why: StaticString) {
        guard upstream.state != .gone else { return }
        record(.relayCut) { json in
            json.key("reason")
            json.string(why)
            json.key("server")
            json.string(upstream.view.name.bytes)
        }
        backoff[upstream.key, default: Backoff()].failed(now: now)
        remember(upstream)
        end(upstream, denial, why: why)
    }

    /// Takes a process out of the books. Calls that wait for it are refused, never repeated: they may have had effects.
    private func end(_ upstream: Upstream, _ denial: Denial, why: StaticString) {
        guard upstream.state != .gone else { return }
        let wasRunning = upstream.hasLaunchOutcome && upstream.pid != 0
        upstream.state = .gone
        if !upstream.hasLaunchOutcome { launchOutcome(upstream, .launchRefused, why, report: nil) }
        upstreams[upstream.number] = nil
        if upstreamByKey[upstream.key] === upstream { upstreamByKey[upstream.key] = nil }
        upstream.principal?.serverProcesses -= 1
        upstream.close(poller)
        if wasRunning {
            departing[upstream.number] = (upstream.view.name, upstream.pid)
            ask(.stop(launch: upstream.number, force: true))
        }
        for (_, awaited) in upstream.awaited {
            if case .call(let call) = awaited { refuse(call, denial) }
        }
        for call in upstream.queue { refuse(call, denial) }
        upstream.awaited = [:]
        upstream.queue = []
        upstream.review?.fail(upstream, denial)
        forgetQuestions(of: upstream)
    }

    /// Lets a process finish what it does, then ends it: input closed, then SIGTERM, then SIGKILL (MCP-G32).
    func leave(_ upstream: Upstream) {
        guard upstream.isUsable else { return }
        if upstreamByKey[upstream.key] === upstream { upstreamByKey[upstream.key] = nil }
        guard upstream.isIdle, upstream.state == .ready else {
            upstream.leaveBy = now
            return
        }
        upstream.state = .leaving
        upstream.closeInput(poller)
        upstream.leaveStage = 0
        upstream.deadline = now.adding(milliseconds: Self.politeMilliseconds)
    }

    private static let politeMilliseconds: UInt64 = 2000

    func tickUpstreams() {
        for upstream in Array(upstreams.values) {
            tickCalls(of: upstream)
            switch upstream.state {
            case .launching, .greeting, .comparing:
                if let deadline = upstream.deadline, deadline <= now {
                    startOverdue(upstream)
                } else if upstream.state == .greeting, let probe = upstream.probeDeadline, probe <= now {
                    // No answer at all is an answer: an old server may wait for `initialize` and say nothing before.
                    initialize(upstream)
                }
            case .ready:
                let idleEnd = upstream.lastUsed.adding(milliseconds: upstream.view.sealed.traits.idleMilliseconds)
                let end = min(idleEnd, upstream.leaveBy ?? idleEnd)
                if upstream.isIdle, upstream.watched.isEmpty, end <= now { leave(upstream) }
                // It has been up for a while: earlier failures are forgiven.
                if backoff[upstream.key] != nil, upstream.startedAt.adding(milliseconds: 60_000) <= now {
                    backoff[upstream.key] = nil
                }
            case .leaving:
                guard let deadline = upstream.deadline, deadline <= now else { continue }
                upstream.leaveStage += 1
                ask(.stop(launch: upstream.number, force: upstream.leaveStage > 1))
                upstream.deadline = now.adding(milliseconds: Self.politeMilliseconds)
            case .recording, .gone: break
            }
        }
    }

    /// Calls past their time: refused, and the server is told that nobody waits any more.
    private func tickCalls(of upstream: Upstream) {
        while let id = upstream.takeOverdue(now) {
            guard case .call(let call) = upstream.awaited[id] else { continue }
            let patience = call.lastProgress.adding(milliseconds: upstream.view.sealed.traits.timeoutMilliseconds)
            if patience > now, call.hardDeadline > now {
                // Progress was reported: the clock starts again, up to the hard limit.
                upstream.deadlines.append((min(patience, call.hardDeadline), id))
                continue
            }
            if !call.isOver {
                write(compose.notificationLine("notifications/cancelled", Envelopes.cancelled(id)), to: upstream)
                refuse(call, .serverSlow)
            }
            upstream.overdue += 1
            if upstream.overdue > Upstream.mostAwaited { fail(upstream, .serverSlow, why: "too-many-overdue") }
        }
    }
}
