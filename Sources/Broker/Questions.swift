// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// Requests that a legacy server may send, and what the modern era made of them.
enum ServerAsk: CaseIterable {
    case sampling
    case elicitation
    case roots

    var method: StaticString {
        switch self {
        case .sampling: "sampling/createMessage"
        case .elicitation: "elicitation/create"
        case .roots: "roots/list"
        }
    }

    init?(_ tree: JSONTree, _ method: JSONNode) {
        guard let found = Self.allCases.first(where: { tree.equals(method, $0.method) }) else { return nil }
        self = found
    }

    /// What the client must have declared, and the entry granted.
    func offer(_ tree: JSONTree, _ parameters: JSONNode?) -> ClientOffers {
        switch self {
        case .sampling: return .sampling
        case .roots: return .roots
        case .elicitation:
            let mode = parameters.flatMap { tree.member($0, "mode") }
            return mode.map { tree.equals($0, "url") } ?? false ? .urlElicitation : .elicitation
        }
    }
}

/// A question of a server that a client has been asked and has not answered.
final class HeldQuestion {
    let number: UInt32
    /// The id that the server gave it.
    let id: CanonicalJSON
    let deadline: Instant

    init(number: UInt32, id: CanonicalJSON, deadline: Instant) {
        self.number = number
        self.id = id
        self.deadline = deadline
    }
}

/// A call of a modern client that a legacy server interrupted with a question: the call stays open at the server while
/// the client, which was answered `input_required`, comes back with the answer.
final class HeldCall {
    /// Random, and the key it is found under; good for one use.
    let state: [UInt8]
    let principal: Principal
    let upstream: Upstream
    /// The server's question and the key of its answer in `inputResponses`.
    let question: HeldQuestion
    let upstreamID: Int64
    let method: Method
    /// SHA-256 over server, target and arguments: the repeat must be the same request.
    let salient: SHA256Digest
    let deadline: Instant

    init(
        state: [UInt8], principal: Principal, upstream: Upstream, question: HeldQuestion, upstreamID: Int64,
        method: Method,
        salient: SHA256Digest, deadline: Instant
    ) {
        self.state = state
        self.principal = principal
        self.upstream = upstream
        self.question = question
        self.upstreamID = upstreamID
        self.method = method
        self.salient = salient
        self.deadline = deadline
    }
}

extension BrokerRoom {
    /// How long a client may take to answer a server's question.
    private static let answerMilliseconds: UInt64 = 300_000
    /// Questions of one server that wait at the same time.
    private static let mostQuestions = 16
    private static let answerKey: StaticString = "question"

    /// A request of a server. In the modern era there is none; in the legacy era only what the entry grants and the client
    /// declared, and the server has been told about nothing else.
    func receiveRequest(_ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?, from upstream: Upstream) {
        let tree = replyTree
        let canonicalID = Self.canonical(id)
        guard upstream.revision.era == .legacy else { return drop(upstream, .notAllowed) }
        guard upstream.countUnasked(now) <= Self.mostNotifications else { return drop(upstream, .tooMany) }
        // Each gets an answer, and answers that it does not read would pile up here.
        guard upstream.outgoing.count < Upstream.mostOutgoing else {
            return fail(upstream, .serverMisbehaved, why: "not-reading")
        }
        if tree.equals(method, "ping") {
            write(compose.responseLine(id: canonicalID, result: Compose.emptyObject), to: upstream)
            return
        }
        guard let ask = ServerAsk(tree, method), !ask.offer(tree, parameters).isDisjoint(with: upstream.offers) else {
            drop(upstream, .notAllowed)
            write(compose.errorLine(id: canonicalID, code: -32601, message: "not offered by this client"), to: upstream)
            return
        }
        guard upstream.questions.count < Self.mostQuestions, let checked = QuestionCheck.check(ask, tree, parameters)
        else {
            drop(upstream, .notAllowed)
            write(compose.errorLine(id: canonicalID, code: -32602, message: "refused by doorward"), to: upstream)
            return
        }
        let question = HeldQuestion(
            number: takeNumber(), id: canonicalID, deadline: now.adding(milliseconds: Self.answerMilliseconds))
        let shown = checked.shown(tree, parameters, server: upstream.view.name)
        let live = upstream.liveCalls
        if let session = sessions[upstream.key.session] {
            upstream.questions[question.number] = question
            let message = compose.notification(ask.method) { $0.value(shown) }
            // On the stream of the call it interrupts, if there is only one; else on the session's own.
            let scope: Event.Scope = live.count == 1 ? .call(live[0].number) : .session(session.number)
            order(session.gate, .event(Event(scope: scope, question: question.number, message: message)))
        } else if live.count == 1, let call = live.first, call.era == .modern {
            upstream.questions[question.number] = question
            hold(call, question, ask, shown, upstream)
        } else {
            write(compose.errorLine(id: canonicalID, code: -32603, message: "nobody can be asked"), to: upstream)
        }
    }

    static func canonical(_ id: RequestID) -> CanonicalJSON {
        var json = JSONWriter()
        id.write(to: &json)
        return json.finish()
    }

    /// The legacy client's answer: the gate passes `result` or `error` on, and the server gets one of the two.
    func answerReply(_ number: UInt32, _ gate: GateRoom, _ message: [UInt8]) {
        if answerRound(number, gate, message) { return }
        guard let upstream = upstreams.values.first(where: { $0.questions[number] != nil }),
            let session = sessions[upstream.key.session], session.gate === gate,
            let question = upstream.questions.removeValue(forKey: number)
        else { return }
        passOn(message, question, to: upstream)
    }

    /// Reads a client's answer and composes it anew for the server.
    private func passOn(_ message: [UInt8], _ question: HeldQuestion, to upstream: Upstream) {
        do throws(JSONError) { try reader.read(message.span, into: &requestTree) } catch {
            write(compose.errorLine(id: question.id, code: -32603, message: "the client did not answer"), to: upstream)
            return
        }
        let tree = requestTree
        if let result = tree.member(.root, "result"), tree.kind(result) == .object {
            write(compose.responseLine(id: question.id, result: tree.canonical(result)), to: upstream)
        } else {
            write(compose.errorLine(id: question.id, code: -1, message: "refused by the user"), to: upstream)
        }
    }

    // MARK: A modern client before a legacy server

    private func hold(
        _ call: Call, _ question: HeldQuestion, _ ask: ServerAsk, _ shown: CanonicalJSON, _ upstream: Upstream
    ) {
        let state = Base64URL.encode(Random.bytes(24))
        let held = HeldCall(
            state: state, principal: call.principal, upstream: upstream, question: question,
            upstreamID: call.upstreamID,
            method: call.method, salient: Self.salient(call), deadline: question.deadline)
        heldCalls[state] = held
        upstream.awaited[call.upstreamID] = .held(state)
        let message = compose.result(call.id) { json in
            json.beginObject()
            json.key("_meta")
            json.value(Compose.modernMeta)
            json.key("inputRequests")
            json.beginObject()
            json.key(Self.answerKey)
            json.beginObject()
            json.key("method")
            json.string(ask.method)
            json.key("params")
            json.value(shown)
            json.endObject()
            json.endObject()
            json.key("requestState")
            json.string(state)
            json.key("resultType")
            json.string("input_required")
            json.endObject()
        }
        deliver(call, .inputRequired, message)
    }

    private static func salient(_ call: Call) -> SHA256Digest {
        var hash = SHA256()
        let server = call.server?.name.bytes ?? []
        let rest = call.salientBytes
        // A server's name holds no zero byte, so the two cannot run into each other.
        hash.update(server.span)
        hash.update([0].span)
        hash.update(rest.span)
        return hash.finish()
    }

    /// The repeat of a held request: its answer goes to the server, and the open call becomes this one's. A request
    /// without a state of ours is a new one.
    func resume(_ call: Call) throws(Denial) {
        guard call.era == .modern, call.server?.era == .legacy, let given = requestTree.member(.root, "requestState")
        else {
            return
        }
        guard let state = requestTree.text(given), let held = heldCalls[state], held.principal === call.principal else {
            throw .parametersMalformed
        }
        // Taken out before anything else is looked at: of two simultaneous repeats one finds it.
        heldCalls[state] = nil
        guard held.method == call.method, held.salient == Self.salient(call), held.deadline > now,
            held.upstream.state == .ready
        else {
            abandon(held)
            throw .parametersMalformed
        }
        let responses = requestTree.member(.root, "inputResponses")
        call.heldAnswer = responses.flatMap { requestTree.member($0, Self.answerKey) }.map { requestTree.canonical($0) }
        call.held = held
    }

    /// Gives a held call its new owner.
    func take(over held: HeldCall, _ call: Call) {
        let upstream = held.upstream
        call.held = nil
        call.upstream = upstream
        // The request itself is with the server already; what the grant allows is the answer to its question.
        _ = call.takeGrant()
        // The server may have ended or answered, or the question may have grown too old, while the disk was waited for.
        guard upstream.state == .ready, upstream.questions.removeValue(forKey: held.question.number) != nil else {
            return refuse(call, .serverFailed)
        }
        call.upstreamID = held.upstreamID
        upstream.awaited[held.upstreamID] = .call(call)
        startClock(of: call, upstream)
        if let answer = call.heldAnswer {
            write(compose.responseLine(id: held.question.id, result: answer), to: upstream)
        } else {
            write(compose.errorLine(id: held.question.id, code: -1, message: "refused by the user"), to: upstream)
        }
    }

    // MARK: Ends

    /// Nobody will bring the answer: the server is told so, and what it makes of that is nobody's.
    func abandon(_ held: HeldCall) {
        heldCalls[held.state] = nil
        let upstream = held.upstream
        guard upstream.questions.removeValue(forKey: held.question.number) != nil else { return }
        write(compose.errorLine(id: held.question.id, code: -1, message: "no answer"), to: upstream)
        upstream.awaited[held.upstreamID] = .own(.nothing)
        upstream.expect(held.upstreamID, by: now.adding(milliseconds: upstream.view.sealed.traits.timeoutMilliseconds))
    }

    /// The server has answered the call without waiting for its client.
    func forget(heldCall state: [UInt8]) {
        guard let held = heldCalls.removeValue(forKey: state) else { return }
        held.upstream.questions[held.question.number] = nil
    }

    func forgetQuestions(of upstream: Upstream) {
        upstream.questions = [:]
        for (state, held) in heldCalls where held.upstream === upstream { heldCalls[state] = nil }
    }

    func tickHeld() {
        for held in Array(heldCalls.values) where held.deadline <= now { abandon(held) }
        for upstream in upstreams.values {
            for (number, question) in upstream.questions where question.deadline <= now {
                upstream.questions[number] = nil
                write(compose.errorLine(id: question.id, code: -1, message: "no answer in time"), to: upstream)
            }
        }
    }
}
