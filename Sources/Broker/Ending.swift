// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// How a call that had an intent ended, in the word of its outcome record.
enum CallOutcome {
    /// The server's result went to the client; `isError` as the server said.
    case answered(isError: Bool)
    /// The server answered with a JSON-RPC error.
    case failed
    case refused(Denial)
    case cancelled
    case gateLost
    case credentialEnded
    /// The client was asked something and has to repeat the request.
    case inputRequired

    var word: StaticString {
        switch self {
        case .answered(let isError): isError ? "answered-with-error" : "answered"
        case .failed: "failed"
        case .refused(let denial): denial.word
        case .cancelled: "cancelled"
        case .gateLost: "gate-lost"
        case .credentialEnded: "credential-ended"
        case .inputRequired: "input-required"
        }
    }
}

/// Every call ends exactly once: with an answer to the gate, a place in the books set free, and its outcome on record.
extension BrokerRoom {
    /// Answers a call that gated nothing, or whose outcome has been recorded.
    func finish(_ call: Call, _ status: UInt16, _ message: [UInt8], session: UInt32 = 0, revision: Revision? = nil) {
        guard !call.isOver else { return }
        // The door's own bound: what is larger would end the gate, and with it everybody who is connected there.
        guard message.count <= Caps.message else { return refuse(call, .serverMisbehaved) }
        call.isOver = true
        call.gate.calls[call.number] = nil
        order(
            call.gate,
            .answer(Answer(call: call.number, status: status, message: message, session: session, revision: revision)))
        noteEnd(of: call)
    }

    /// Answers a call that had an intent: outcome and answer.
    func deliver(_ call: Call, _ outcome: CallOutcome, status: UInt16 = 200, _ message: [UInt8]) {
        if message.count <= Caps.message { close(call, outcome, answerBytes: message.count) }
        finish(call, status, message)
    }

    /// Says no. One record: the refusal itself, or the outcome of the intent that stood before it.
    func refuse(_ call: Call, _ denial: Denial) {
        guard !call.isOver else { return }
        let (status, message) = RefusalForm.message(denial, call: call, rule: call.decidingRule, compose: &compose)
        if call.intent == 0 {
            recordRefusal(denial, call, rule: call.decidingRule)
        } else {
            close(call, .refused(denial), answerBytes: message.count)
        }
        if let held = call.held { abandon(held) }
        finish(call, status, message)
    }

    /// Ends a call that nobody waits for any more; nothing is sent to the client.
    func giveUp(_ call: Call, outcome: CallOutcome) {
        guard !call.isOver else { return }
        call.isOver = true
        call.gate.calls[call.number] = nil
        endSubscription(of: call)
        if call.intent != 0 { close(call, outcome, answerBytes: 0) }
        if let held = call.held { abandon(held) }
        if call.rounds > 0 { forgetRounds(of: call) }
        guard let upstream = call.upstream else { return }
        noteEnd(of: call)
        upstream.queue.removeAll { $0 === call }
        if call.upstreamID != 0, upstream.awaited[call.upstreamID] != nil {
            // The number stays awaited: a late answer is dropped without being a fault of the server.
            write(
                compose.notificationLine("notifications/cancelled", Envelopes.cancelled(call.upstreamID)), to: upstream)
        }
    }

    /// The outcome of an intent, once. After that the call owes nothing.
    func close(_ call: Call, _ outcome: CallOutcome, answerBytes: Int) {
        guard call.intent != 0, !call.isClosed else { return }
        call.isClosed = true
        call.principal.callsInFlight -= 1
        if call.progressNumber != 0 { call.upstream?.progress[call.progressNumber] = nil }
        let milliseconds = now.milliseconds(after: call.started)
        journal?.outcome(.callOutcome) { json in
            json.key("bytes")
            json.unsigned(UInt64(answerBytes))
            json.key("intent")
            json.unsigned(call.intent)
            json.key("milliseconds")
            json.unsigned(milliseconds)
            json.key("outcome")
            json.string(outcome.word)
        }
    }

    /// The client lost interest (modern era), said so (legacy), or its channel ended.
    func answerCancel(_ number: UInt32, _ gate: GateRoom) {
        guard let call = gate.calls[number] else { return }
        giveUp(call, outcome: .cancelled)
    }

    func answerEndSession(_ number: UInt32, _ gate: GateRoom, byClient: Bool) {
        guard let session = sessions[number], session.gate === gate else { return }
        if byClient {
            for call in Array(gate.calls.values) where call.session === session { giveUp(call, outcome: .cancelled) }
        }
        end(session)
    }

    /// Takes a session out of the books, with what it watched and the processes that served it alone.
    func end(_ session: Session) {
        guard sessions.removeValue(forKey: session.number) != nil else { return }
        session.principal.sessions -= 1
        for upstream in Array(upstreams.values) where upstream.key.session == session.number { dismiss(upstream) }
        unwatchAll(of: session)
        // Nobody else of this client is there: what it started need not wait for its full idle time.
        guard session.principal.sessions == 0 else { return }
        let soon = now.adding(milliseconds: Self.lingerMilliseconds)
        for upstream in upstreams.values
        where upstream.principal === session.principal && upstream.revision.era == .legacy {
            upstream.lingersUntil = soon
        }
    }

    /// How long a process stays after the last session of its client: some clients open a session for each call, and a
    /// start costs more than a second.
    private static let lingerMilliseconds: UInt64 = 2000
}
