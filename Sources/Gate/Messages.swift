// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// Steps 8 and 9 for a message that came by POST, and what follows from them.
extension GateRoom {
    /// - Parameter fault: what the reader said of the body, if it refused; otherwise the message is in the tree.
    func take(_ fault: JSONError?, _ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint) {
        let head = connection.heads.head
        let version = VersionHeader(head)
        let session = version.isModern ? nil : find(head, caller, endpoint)
        let view: SessionView =
            if let session { .live(session.revision) } else { head.value(.mcpSessionID) == nil ? .missing : .unknown }
        session?.touch(now, connection.handle)
        do throws(MessageRefusal) {
            let disposition = try HTTPMessages.judge(fault, tree, head, version, view)
            try carryOut(disposition, connection, caller, endpoint, session)
        } catch { refuse(connection, error.refusal, id: error.id) }
    }

    /// The session that a request names, if it is live, of this caller, and at this endpoint.
    func find(_ head: borrowing RequestHead, _ caller: KnownCaller, _ endpoint: Endpoint) -> MCPSession? {
        guard let value = head.value(.mcpSessionID) else { return nil }
        let bytes = head.bytes
        return sessions.find(bytes.span.extracting(value), principal: caller.principal, at: endpoint)
    }

    private func carryOut(
        _ disposition: Disposition, _ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint,
        _ session: MCPSession?
    ) throws(MessageRefusal) {
        switch disposition {
        case .serve(let method, let revision, let id, let parameters):
            do throws(Refusal) {
                try serve(method, revision, id, parameters, connection, caller, endpoint, session)
            } catch { throw MessageRefusal(error, id: id) }
        case .ping(let id): answer(connection, .ok, text.emptyResult(id: id))
        case .accept: acknowledge(connection)
        case .drop(let refusal):
            note(connection, refusal)
            acknowledge(connection)
        case .cancel(let id):
            guard let id else { throw MessageRefusal(Refusal(.parametersMalformed, field: "requestId")) }
            if let number = session?.calls[id] { withdraw(number) }
            acknowledge(connection)
        case .answer(let id):
            guard let session, let question = takeQuestion(id, of: session) else {
                throw MessageRefusal(Refusal(.answerUnasked))
            }
            try reply(to: question, connection)
            acknowledge(connection)
        }
    }

    /// 202: a notification or an answer was taken.
    private func acknowledge(_ connection: Connection) { answer(connection, .accepted, []) }

    private func serve(
        _ method: Method, _ revision: Revision, _ id: RequestID, _ parameters: JSONNode?, _ connection: Connection,
        _ caller: KnownCaller, _ endpoint: Endpoint, _ session: MCPSession?
    ) throws(Refusal) {
        let isModern = revision.era == .modern
        let mirrored = isModern ? MirroredHeaders.parameters(connection.heads.head) : []
        // Two requests of one id could not be told apart by an answer or a cancellation.
        if let session, !isModern, session.calls[id] != nil {
            throw Refusal(.messageMalformed, rule: "id-in-flight")
        }
        // The end of the channel is the end of a modern call: one that has come already leaves nobody to be answered.
        if isModern && connection.hasPeerEnded { return close(connection) }
        // Step 10 for what no server can be called.
        if endpoint == .unknown { throw Refusal(.serverUnknown) }
        let canonical = try canonical(parameters)
        if method == .initialize { try makeRoom(for: caller) }
        let owner = isModern ? nil : session
        let number = calls.insert(
            Call(
                connection: connection, handle: connection.handle, id: id, method: method, era: revision.era,
                caller: caller, endpoint: endpoint, session: owner, isOnSocket: false))
        owner?.calls[id] = number
        if method == .initialize { sessions.change(caller.principal) { $0.opening += 1 } }
        connection.phase = .waiting(call: number)
        // The answer to `initialize` brings the session's id in its head, which a stream would have sent already.
        if method != .initialize {
            set(.comment(at: now.adding(milliseconds: Times.patience)), on: connection)
        }
        decide(
            number, method, revision, id, canonical, connection, caller, endpoint, owner?.number ?? 0, mirrored)
    }

    /// The parameters as the broker gets them: canonical, on one line, composed anew from the tree that was judged.
    ///
    /// Lent: the storage is the writer's again when the frame has been composed.
    /// - Throws: `body-too-large` where escapes make more of them than a message may have. A control character may come
    ///   as one byte and go on as six, and the door would end this room for what does not fit through it.
    func canonical(_ node: JSONNode?) throws(Refusal) -> [UInt8] {
        writer.reset()
        guard let node else { return [] }
        writer.value(tree, node)
        guard writer.count <= FrameLimits.message else {
            writer = JSONWriter()
            throw Refusal(.bodyTooLarge, rule: "canonical-too-large")
        }
        return writer.bytes
    }

    /// Hands a request to the broker.
    ///
    /// - Parameter parameters: as ``canonical(_:)`` lends them.
    func decide(
        _ number: UInt32, _ method: Method, _ revision: Revision, _ id: RequestID, _ parameters: consuming [UInt8],
        _ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint, _ session: UInt32,
        _ mirrored: [MirroredHeader]?
    ) {
        idWriter.reset()
        id.write(to: &idWriter)
        isAnswerNear = true
        send(
            .decide(
                Decision(
                    call: number, connection: connection.handle, caller: caller.handle, session: session,
                    method: method,
                    revision: revision, server: endpoint.server, id: idWriter.bytes, parameters: parameters,
                    mirrored: mirrored)))
        if writer.bytes.capacity > Bounds.keptTree { writer = JSONWriter() }
    }

    private func makeRoom(for caller: KnownCaller) throws(Refusal) {
        guard let listener else { return }
        guard let leaving = sessions.room(for: caller.principal, limit: Int(listener.limits.sessionsPerCaller)) else {
            throw Refusal(.sessionCap)
        }
        if let leaving { end(leaving, tellBroker: true) }
    }
}
