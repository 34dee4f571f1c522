// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// Input requests of a modern server, asked of a legacy client one by one: when all are answered the request goes to the
/// server again, with the answers.
final class InputRound {
    let call: Call
    let requestState: CanonicalJSON?
    /// Keys that are still open, by the number of the question.
    var open: [UInt32: [UInt8]] = [:]
    var answers: [(key: [UInt8], answer: CanonicalJSON)] = []
    let deadline: Instant

    init(call: Call, requestState: CanonicalJSON?, deadline: Instant) {
        self.call = call
        self.requestState = requestState
        self.deadline = deadline
    }
}

extension BrokerRoom {
    /// How often one request may come back with more questions.
    private static let mostRounds = 8
    /// Questions of one round, and all that wait for an answer at the same time.
    private static let mostInRound = 16
    private static let mostWaiting = 1024

    /// `input_required` of a modern server: on to a modern client, asked of a legacy one, refused where nobody can answer.
    func answerInputRequired(_ call: Call, _ node: JSONNode, from upstream: Upstream) {
        guard call.method == .toolsCall || call.method == .promptsGet || call.method == .resourcesRead else {
            return refuse(call, .serverMisbehaved)
        }
        let tree = replyTree
        let requests = tree.member(node, "inputRequests")
        let kept = keptRequests(tree, requests, call, upstream)
        let hasState = tree.member(node, "requestState") != nil
        let asksNothing = requests.map { tree.count($0) == 0 } ?? true
        guard !kept.isEmpty || (hasState && asksNothing) else { return refuse(call, .capabilityMissing) }
        switch call.era {
        case .modern: passOn(kept, tree, node, call, hadRequests: requests != nil)
        case .legacy:
            let state = tree.member(node, "requestState").map { tree.canonical($0) }
            startRound(kept, state, call)
        }
    }

    private typealias Kept = (key: [UInt8], ask: ServerAsk, shown: CanonicalJSON)

    /// Those requests that this client declared and the entry grants, in the order of their keys.
    private func keptRequests(_ tree: JSONTree, _ requests: JSONNode?, _ call: Call, _ upstream: Upstream) -> [Kept] {
        guard let requests else { return [] }
        var kept: [Kept] = []
        for (key, value) in tree.members(requests) {
            guard let method = tree.member(value, "method"), let ask = ServerAsk(tree, method), let key = tree.text(key)
            else {
                continue
            }
            let parameters = tree.member(value, "params")
            guard !ask.offer(tree, parameters).isDisjoint(with: call.offers),
                let checked = QuestionCheck.check(ask, tree, parameters)
            else { continue }
            kept.append((key, ask, checked.shown(tree, parameters, server: upstream.view.name)))
        }
        return kept
    }

    private func passOn(_ kept: [Kept], _ tree: JSONTree, _ node: JSONNode, _ call: Call, hadRequests: Bool) {
        var edits: [JSONEdit] = [.put("_meta", Compose.modernMeta)]
        if hadRequests {
            var members: [JSONEdit] = []
            for request in kept {
                var json = JSONWriter()
                json.beginObject()
                json.key("method")
                json.string(request.ask.method)
                json.key("params")
                json.value(request.shown)
                json.endObject()
                members.append(.putKey(request.key, json.finish()))
            }
            edits.append(.put("inputRequests", JSONTree().changed(.root, members)))
        }
        let message = compose.result(call.id) { $0.object(tree, node, edits: edits) }
        deliver(call, .inputRequired, message)
    }

    // MARK: Legacy clients

    private func startRound(_ kept: [Kept], _ state: CanonicalJSON?, _ call: Call) {
        guard let session = call.session, call.rounds < Self.mostRounds else { return refuse(call, .capabilityMissing) }
        guard kept.count <= Self.mostInRound, inputRounds.count + kept.count <= Self.mostWaiting else {
            return refuse(call, .callsInFlightCap)
        }
        call.rounds += 1
        close(call, .inputRequired, answerBytes: 0)
        let round = InputRound(call: call, requestState: state, deadline: now.adding(milliseconds: 300_000))
        for request in kept {
            let number = takeNumber()
            round.open[number] = request.key
            inputRounds[number] = round
            let message = compose.notification(request.ask.method) { $0.value(request.shown) }
            order(session.gate, .event(Event(scope: .call(call.number), question: number, message: message)))
        }
        if round.open.isEmpty { repeatCall(round) }
    }

    /// The answer to a question of a round; false if the number is of none.
    func answerRound(_ number: UInt32, _ gate: GateRoom, _ message: [UInt8]) -> Bool {
        guard let round = inputRounds[number], round.call.gate === gate else { return false }
        inputRounds[number] = nil
        guard let key = round.open.removeValue(forKey: number), !round.call.isOver else { return true }
        do throws(JSONError) { try reader.read(message.span, into: &requestTree) } catch { return giveUpRound(round) }
        guard let result = requestTree.member(.root, "result"), requestTree.kind(result) == .object else {
            return giveUpRound(round)
        }
        round.answers.append((key, requestTree.canonical(result)))
        if round.open.isEmpty { repeatCall(round) }
        return true
    }

    /// The client answered with an error, or not at all: the request cannot go on.
    private func giveUpRound(_ round: InputRound) -> Bool {
        for number in round.open.keys { inputRounds[number] = nil }
        refuse(round.call, .capabilityMissing)
        return true
    }

    /// Sends the request again with the answers: a new effect, so a new intent stands before it.
    private func repeatCall(_ round: InputRound) {
        let call = round.call
        guard let parameters = call.parameters, let target = call.target, let view = call.server else { return }
        // Of an earlier round nothing is left.
        var edits: [JSONEdit] = [.remove("inputResponses"), .remove("requestState")]
        if !round.answers.isEmpty {
            edits.append(
                .put("inputResponses", JSONTree().changed(.root, round.answers.map { .putKey($0.key, $0.answer) })))
        }
        if let state = round.requestState { edits.append(.put("requestState", state)) }
        do throws(JSONError) { try reader.read(parameters.bytes.span, into: &requestTree) } catch {
            return refuse(call, .serverMisbehaved)
        }
        call.parameters = requestTree.changed(.root, edits)
        call.reopen()
        do throws(Denial) {
            let permitted = try permitAgain(call, view, target)
            try recordIntent(call, permitted, target: target, arguments: call.parameters?.bytes ?? [])
        } catch { refuse(call, error) }
    }

    /// The client has given the call up.
    func forgetRounds(of call: Call) {
        for (number, round) in inputRounds where round.call === call { inputRounds[number] = nil }
    }

    func tickRounds() {
        for (number, round) in inputRounds where round.deadline <= now {
            inputRounds[number] = nil
            if !round.call.isOver { _ = giveUpRound(round) }
        }
    }
}
