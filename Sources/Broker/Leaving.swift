// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// How processes end: asked politely when they are idle or no longer wanted, at once when they cannot be trusted.
extension BrokerRoom {
    /// Between two steps of a polite end.
    private static let politeMilliseconds: UInt64 = 2000

    /// The launcher says that the whole tree of a server is gone.
    func exited(_ number: UInt32, status: UInt32) {
        // Its last words may still be in the pipes: an answer among them is an answer.
        if let upstream = upstreams[number] { readOutput(upstream) }
        releaseEgress(sandbox: number)
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
        if upstream.state != .leaving { noteFailure(of: upstream) }
        remember(upstream)
        upstream.pid = 0
        end(upstream, .serverFailed, why: "exited")
    }

    /// Keeps the end of what a server wrote to its error output, for status and reviews.
    private func remember(_ upstream: Upstream) {
        readErrors(upstream)
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
        noteFailure(of: upstream)
        remember(upstream)
        end(upstream, denial, why: why)
    }

    /// Takes a process out of the books. Calls that wait for it are refused, never repeated: they may have had effects.
    func end(_ upstream: Upstream, _ denial: Denial, why: StaticString) {
        guard upstream.state != .gone else { return }
        // One that is being started cannot be stopped yet: the launcher's answer finds it among the departing.
        if upstream.state == .launching || upstream.pid != 0 {
            departing[upstream.number] = (upstream.view.name, upstream.pid)
        }
        if upstream.pid != 0 { ask(.stop(launch: upstream.number, force: true)) }
        upstream.state = .gone
        launchOutcome(upstream, .launchRefused, why, report: nil)
        upstreams[upstream.number] = nil
        if upstreamByKey[upstream.key] === upstream { upstreamByKey[upstream.key] = nil }
        upstream.principal?.serverProcesses -= 1
        upstream.close(poller)
        forgetQuestions(of: upstream)
        let awaited = upstream.awaited
        let queue = upstream.queue
        upstream.awaited = [:]
        upstream.queue = []
        for case .call(let call) in awaited.values { refuse(call, denial) }
        for call in queue { refuse(call, denial) }
        upstream.review?.fail(upstream, denial)
    }

    /// No new call gets it, and it leaves when it has answered those that it has.
    func dismiss(_ upstream: Upstream) {
        guard upstream.isUsable else { return }
        if upstreamByKey[upstream.key] === upstream { upstreamByKey[upstream.key] = nil }
        upstream.isDismissed = true
        if upstream.state == .ready, upstream.isIdle { leave(upstream) }
    }

    /// Input closed, then SIGTERM, then SIGKILL (MCP-G32).
    private func leave(_ upstream: Upstream) {
        if upstreamByKey[upstream.key] === upstream { upstreamByKey[upstream.key] = nil }
        upstream.state = .leaving
        upstream.closeInput(poller)
        upstream.leaveStage = 0
        upstream.deadline = now.adding(milliseconds: Self.politeMilliseconds)
    }

    func tickUpstreams() {
        for upstream in Array(upstreams.values) {
            tickCalls(of: upstream)
            switch upstream.state {
            case .recording:
                if let deadline = upstream.deadline, deadline <= now {
                    end(upstream, .auditUnavailable, why: "audit-unavailable")
                }
            case .launching, .greeting, .comparing:
                if let deadline = upstream.deadline, deadline <= now {
                    fail(upstream, .serverSlow, why: "start-too-slow")
                } else if upstream.state == .greeting, let probe = upstream.probeDeadline, probe <= now {
                    // No answer at all is an answer: an old server may wait for `initialize` and say nothing before.
                    initialize(upstream)
                }
            case .ready:
                if upstream.isIdle, isDue(upstream) {
                    leave(upstream)
                } else {
                    tickListing(of: upstream)
                }
            case .leaving:
                guard let deadline = upstream.deadline, deadline <= now else { continue }
                upstream.leaveStage += 1
                ask(.stop(launch: upstream.number, force: upstream.leaveStage > 1))
                upstream.deadline = now.adding(milliseconds: Self.politeMilliseconds)
            case .gone: break
            }
        }
        tickBackoff()
    }

    private func isDue(_ upstream: Upstream) -> Bool {
        if upstream.isDismissed { return true }
        guard upstream.watched.isEmpty else { return false }
        let idleEnd = upstream.lastUsed.adding(milliseconds: upstream.view.sealed.traits.idleMilliseconds)
        return min(idleEnd, upstream.lingersUntil ?? idleEnd) <= now
    }

    /// Requests past their time: a call is refused, and the server is told that nobody waits any more.
    private func tickCalls(of upstream: Upstream) {
        let timeout = upstream.view.sealed.traits.timeoutMilliseconds
        while let id = upstream.takeOverdue(now), let awaited = upstream.awaited[id] {
            switch awaited {
            case .call(let call) where call.isOver:
                // Cancelled, or overdue before: from here on a late answer is one that nobody asked for.
                upstream.awaited[id] = nil
            case .call(let call):
                let patience = call.lastProgress.adding(milliseconds: timeout)
                if patience > now, call.hardDeadline > now {
                    // Progress was reported: the clock starts again, up to the hard limit.
                    upstream.expect(id, by: min(patience, call.hardDeadline))
                    continue
                }
                write(compose.notificationLine("notifications/cancelled", Envelopes.cancelled(id)), to: upstream)
                refuse(call, .serverSlow)
                upstream.expect(id, by: now.adding(milliseconds: timeout))
                upstream.unanswered += 1
                if upstream.unanswered > Upstream.mostUnanswered {
                    return fail(upstream, .serverSlow, why: "too-many-overdue")
                }
            case .own(.tools): return fail(upstream, .serverSlow, why: "list-too-slow")
            case .own: upstream.awaited[id] = nil
            // As long as its client has for the answer.
            case .held: break
            }
        }
    }
}
