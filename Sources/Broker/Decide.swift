// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// Steps 10 to 13 of the refusal order: which server, what does policy say, is it on record? Every message is read again
/// here: what the gate thought of it decides nothing.
extension BrokerRoom {
    func answerDecide(_ decision: Decision, _ connection: Connection, _ caller: Caller) {
        let gate = connection.gate
        guard let id = requestID(decision.id) else {
            lose(gate, why: "id-malformed")
            return
        }
        let session = decision.session == 0 ? nil : sessions[decision.session]
        let call = Call(
            gate: gate, decision: decision, connection: connection, caller: caller, session: session, id: id,
            sealNumber: sealNumber, started: now)
        gate.calls[call.number] = call
        // It ended while the message was on its way, before the gate could know.
        if let denial = caller.ended { return refuse(call, denial) }
        guard phase == .serving else { return refuse(call, .stopping) }
        // A session that ended while the message was on its way, or that another caller holds: the same answer.
        if decision.session != 0 && (session == nil || session?.principal !== caller.principal) {
            return refuse(call, .sessionUnknown)
        }
        guard caller.principal.mayGoOn(now: now, perSecond: seal.registry.limits.messagesPerSecond) else {
            return refuse(call, .tooFast)
        }
        do throws(JSONError) {
            if decision.parameters.isEmpty {
                requestTree.clear()
            } else {
                try reader.read(decision.parameters.span, into: &requestTree)
            }
        } catch { return refuse(call, .jsonMalformed) }
        do throws(ParameterFault) { try ParameterShape.check(decision.method, decision.revision, requestTree) } catch {
            return refuse(call, .parametersMalformed)
        }
        if call.era == .modern, let meta = requestTree.member(.root, "_meta") {
            call.declared = ClientOffers(
                requestTree, requestTree.member(meta, "io.modelcontextprotocol/clientCapabilities"))
        }
        decide(call, decision)
    }

    private func decide(_ call: Call, _ decision: Decision) {
        do throws(Denial) {
            switch call.method {
            case .initialize: try openSession(call, decision)
            case .discover: try describe(call, decision)
            case .ping: finish(call, 200, compose.result(call.id) { $0.value(Compose.emptyObject) })
            case .toolsList: try listTools(call, decision)
            case .promptsList: try listPrompts(call, decision)
            case .templatesList: try listTemplates(call, decision)
            case .resourcesList: try listResources(call, decision)
            case .toolsCall: try callTool(call, decision)
            case .promptsGet: try getPrompt(call, decision)
            case .resourcesRead: try readResource(call, decision)
            case .resourcesSubscribe, .resourcesUnsubscribe: try watchResource(call, decision)
            case .complete: try complete(call, decision)
            case .setLevel: try setLevel(call, decision)
            case .listen: try listen(call, decision)
            }
        } catch { refuse(call, error) }
    }

    /// The id as canonical JSON of our own making: a string or an integer, or nothing.
    private func requestID(_ bytes: [UInt8]) -> CanonicalJSON? {
        do throws(JSONError) { try reader.read(bytes.span, into: &requestTree) } catch { return nil }
        switch requestTree.kind(.root) {
        case .string: return requestTree.canonical(.root)
        case .number: return requestTree.integer(.root) == nil ? nil : requestTree.canonical(.root)
        case .null, .bool, .array, .object: return nil
        }
    }

    // MARK: Forwarded requests

    private func callTool(_ call: Call, _ decision: Decision) throws(Denial) {
        let tree = requestTree
        guard let name = tree.member(.root, "name").flatMap(tree.text) else { throw .parametersMalformed }
        guard let (view, local) = select(decision.server, named: name, call.caller, call.connection) else {
            throw decision.server == nil ? .toolUnknown : .serverUnknown
        }
        choose(view, for: call)
        guard let tool = view.tool(local, aggregate: call.isAggregate), tool.schema.isUsable else {
            throw view.unreviewed.contains(local) ? .toolUnreviewed : .toolUnknown
        }
        guard !view.isWithheld(tool) else { throw .toolChanged }
        try choose(call, decision)
        let arguments = tree.member(.root, "arguments")
        guard tool.schema.accepts(tree, arguments) else {
            call.complaint = tool.schema.complaint(tree, arguments)
            throw .argumentsInvalid
        }
        if call.era == .modern { try checkMirrors(tool, tree, arguments, decision) }
        call.tool = tool
        let verdict = tool.verdict(seal.registry.policy, client: call.principal.client, server: view.name)
        let permitted = try permit(verdict, risk: tool.pinned.risk, call)
        let given = arguments.map { tree.canonical($0) } ?? Compose.emptyObject
        call.salientBytes = tool.pinned.name.bytes + [0] + given.bytes
        try resume(call)
        call.parameters = upstreamParameters(call, tree) { json in
            json.key("arguments")
            json.value(given)
            carry("inputResponses", call, tree, &json)
            json.key("name")
            json.string(tool.pinned.name.bytes)
            carry("requestState", call, tree, &json)
        }
        try recordIntent(call, permitted, target: .tool(tool.pinned.name.bytes), arguments: given.bytes)
    }

    private func getPrompt(_ call: Call, _ decision: Decision) throws(Denial) {
        let tree = requestTree
        guard let name = tree.member(.root, "name").flatMap(tree.text) else { throw .parametersMalformed }
        guard let (view, local) = select(decision.server, named: name, call.caller, call.connection) else {
            throw decision.server == nil ? .promptUnknown : .serverUnknown
        }
        choose(view, for: call)
        guard view.sealed.review?.prompts.contains(where: { $0.name == local }) ?? false else { throw .promptUnknown }
        try choose(call, decision)
        let permitted = try permitReading(call, view, .prompt(local))
        let arguments = tree.member(.root, "arguments").map { tree.canonical($0) }
        call.salientBytes = local + [0] + (arguments?.bytes ?? [])
        try resume(call)
        call.parameters = upstreamParameters(call, tree) { json in
            if let arguments {
                json.key("arguments")
                json.value(arguments)
            }
            carry("inputResponses", call, tree, &json)
            json.key("name")
            json.string(local)
            carry("requestState", call, tree, &json)
        }
        try recordIntent(call, permitted, target: .prompt(local), arguments: arguments?.bytes ?? [])
    }

    private func readResource(_ call: Call, _ decision: Decision) throws(Denial) {
        let (view, local) = try selectResource(call, decision)
        let permitted = try permitReading(call, view, .resource(local))
        let tree = requestTree
        call.salientBytes = local
        try resume(call)
        call.parameters = upstreamParameters(call, tree) { json in
            carry("inputResponses", call, tree, &json)
            carry("requestState", call, tree, &json)
            json.key("uri")
            json.string(local)
        }
        try recordIntent(call, permitted, target: .resource(local), arguments: local)
    }

    /// The server and its own address for the `uri` of a request.
    func selectResource(_ call: Call, _ decision: Decision) throws(Denial) -> (ServerView, [UInt8]) {
        guard let address = requestTree.member(.root, "uri").flatMap(requestTree.text) else {
            throw .parametersMalformed
        }
        guard let (view, local) = select(decision.server, address: address, call.caller, call.connection) else {
            throw decision.server == nil ? .resourceUnknown : .serverUnknown
        }
        choose(view, for: call)
        guard view.capabilities.contains(.resources) else { throw .resourceUnknown }
        try choose(call, decision)
        return (view, local)
    }

    private func complete(_ call: Call, _ decision: Decision) throws(Denial) {
        let tree = requestTree
        guard let reference = tree.member(.root, "ref"), let type = tree.member(reference, "type") else {
            throw .parametersMalformed
        }
        let target: Target
        let view: ServerView
        let key: StaticString
        if tree.equals(type, "ref/prompt"), let name = tree.member(reference, "name").flatMap(tree.text) {
            guard let found = select(decision.server, named: name, call.caller, call.connection) else {
                throw decision.server == nil ? .promptUnknown : .serverUnknown
            }
            guard found.view.sealed.review?.prompts.contains(where: { $0.name == found.local }) ?? false else {
                throw .promptUnknown
            }
            (view, target, key) = (found.view, .prompt(found.local), "name")
        } else if tree.equals(type, "ref/resource"), let address = tree.member(reference, "uri").flatMap(tree.text) {
            guard let found = select(decision.server, address: address, call.caller, call.connection) else {
                throw decision.server == nil ? .resourceUnknown : .serverUnknown
            }
            (view, target, key) = (found.view, .resource(found.local), "uri")
        } else {
            throw .parametersMalformed
        }
        choose(view, for: call)
        guard view.capabilities.contains(.completions) else { throw .methodUnknown }
        try choose(call, decision)
        let permitted = try permitReading(call, view, target)
        let name = JSONText.canonical(target.name)
        call.parameters = upstreamParameters(call, tree) { json in
            if let argument = tree.member(.root, "argument") {
                json.key("argument")
                json.value(tree, argument)
            }
            if let context = tree.member(.root, "context") {
                json.key("context")
                json.value(tree, context)
            }
            json.key("ref")
            json.object(tree, reference, edits: [.put(key, name)])
        }
        try recordIntent(call, permitted, target: target, arguments: call.parameters?.bytes ?? [])
    }

    /// The server that a call is for, and what that server may ask of this client.
    func choose(_ view: ServerView, for call: Call) {
        call.server = view
        call.offers = (call.session?.offers ?? call.declared).granted(view.sealed.traits.grants)
    }

    // MARK: Policy

    /// Prompts, resources and completions only look; what was reviewed is allowed unless a rule says otherwise.
    func permitReading(_ call: Call, _ view: ServerView, _ target: Target) throws(Denial) -> Permitted {
        let risk = view.readingRisk
        let verdict = view.verdict(seal.registry.policy, client: call.principal.client, reading: target)
        return try permit(verdict, risk: risk, call)
    }

    /// The same question once more, for a request that is repeated with answers.
    func permitAgain(_ call: Call, _ view: ServerView, _ target: Target) throws(Denial) -> Permitted {
        guard let tool = call.tool else { return try permitReading(call, view, target) }
        guard !view.isWithheld(tool) else { throw .toolChanged }
        let verdict = tool.verdict(seal.registry.policy, client: call.principal.client, server: view.name)
        return try permit(verdict, risk: tool.pinned.risk, call)
    }

    private func permit(_ verdict: Verdict, risk: RiskClass, _ call: Call) throws(Denial) -> Permitted {
        do throws(Denial) { return try ToolPolicy.permit(verdict, risk: risk) } catch {
            call.decidingRule = verdict.rule
            throw error
        }
    }

    /// Choices among the server's sealed parameters, from `_meta` of the request or of the session's opening.
    func choose(_ call: Call, _ decision: Decision) throws(Denial) {
        guard let view = call.server else { return }
        var named: [(parameter: [UInt8], value: [UInt8])] = []
        if let meta = requestTree.member(.root, "_meta"),
            let given = requestTree.member(meta, Product.parametersKey)
        {
            guard requestTree.kind(given) == .object else { throw .parameterUnknown }
            for (key, value) in requestTree.members(given) {
                guard let name = requestTree.text(key), let text = requestTree.text(value) else {
                    throw .parameterUnknown
                }
                named.append((name, text))
            }
        } else if let session = call.session {
            named = session.chosen
        }
        guard let choices = view.sealed.choices(named) else { throw .parameterUnknown }
        call.choices = choices
    }

    /// Headers of a modern request must repeat the arguments that the tool says they repeat (MCP-G8); where messages have
    /// no headers there is nothing to repeat.
    private func checkMirrors(_ tool: ToolView, _ tree: JSONTree, _ arguments: JSONNode?, _ decision: Decision)
        throws(Denial)
    {
        guard let mirrored = decision.mirrored else { return }
        for rule in tool.schema.mirrors {
            var node = arguments
            for name in rule.path { node = node.flatMap { tree.member($0, name) } }
            let header = mirrored.first { $0.name == rule.header }?.value
            guard let node, tree.kind(node) != .null else {
                guard header == nil else { throw .headerMismatch }
                continue
            }
            guard let header, MirroredArgument.matches(header, rule.kind, tree, node) else { throw .headerMismatch }
        }
    }

    // MARK: The record before the effect

    /// Writes the intent; the call goes on when the journal lets it go.
    func recordIntent(_ call: Call, _ permitted: consuming Permitted, target: Target, arguments: [UInt8]) throws(Denial)
    {
        guard let journal, let view = call.server else { throw .auditUnavailable }
        call.target = target
        guard call.principal.callsInFlight < seal.registry.limits.callsPerCaller else { throw .callsInFlightCap }
        noteAdmission(call.caller, call.connection)
        let durability: Durability = permitted.risk.mayRunBeforeSync ? .written : .synced
        do throws(JournalError) {
            let promise = try journal.promise(.callIntent, durability) { json in
                json.key("arguments")
                Records.digest(arguments, &json)
                json.key("client")
                json.string(call.principal.client.bytes)
                json.key("listener")
                json.string(call.gate.listener.bytes)
                json.key("method")
                json.string(call.method.word)
                json.key("peer")
                json.value(call.connection.peerRecord)
                json.key("risk")
                json.string(permitted.risk.word)
                json.key("rule")
                json.string(permitted.rule.bytes)
                json.key("server")
                json.string(view.name.bytes)
                // A tool or prompt is named as it was reviewed; an address is the caller's own text.
                switch target {
                case .tool(let name), .prompt(let name):
                    json.key("target")
                    json.string(name)
                case .resource: break
                }
                if let token = call.caller.token {
                    json.key("token")
                    json.string(token.bytes)
                }
            }
            call.await(promise)
        } catch { throw .auditUnavailable }
        call.principal.callsInFlight += 1
        recording.append(call)
    }

    /// Lets go the calls whose intent is where it must be.
    func releaseCalls(_ journal: Journal) {
        guard !recording.isEmpty else { return }
        let pending = recording
        recording = []
        for call in pending {
            do throws(JournalError) {
                guard let grant = try journal.redeem(&call.promise) else {
                    recording.append(call)
                    continue
                }
                // One that was given up meanwhile has its outcome on record: the grant is spent by nothing.
                if call.isOver { continue }
                call.hold(grant)
                release(call)
            } catch { refuse(call, .auditUnavailable) }
        }
    }

    /// What was decided under another seal is decided again: the registry may have changed while the disk was waited for.
    private func release(_ call: Call) {
        if call.sealNumber != sealNumber {
            do throws(Denial) { try decideAgain(call) } catch { return refuse(call, error) }
        }
        relay(call)
    }

    private func decideAgain(_ call: Call) throws(Denial) {
        guard let before = call.server, let target = call.target, let view = seal.server(before.name),
            isVisible(view, to: call.caller, on: call.connection)
        else { throw .serverUnknown }
        guard view.isSame(as: before) else { throw .serverFailed }
        call.server = view
        if let tool = call.tool { call.tool = view.tool(tool.pinned.name.bytes, aggregate: false) }
        _ = try permitAgain(call, view, target)
        call.sealNumber = sealNumber
    }

    /// A disk that does not answer must not hold callers for ever.
    func tickRecording() {
        for call in recording where call.started.adding(milliseconds: Self.recordMilliseconds) <= now {
            refuse(call, .auditUnavailable)
        }
    }

    /// How long the journal's disk may take for one record.
    static let recordMilliseconds: UInt64 = 30_000
}
