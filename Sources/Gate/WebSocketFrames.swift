// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// `/ws/{server}`: the handshake as a whole first, then one message in each text frame.
extension GateRoom {
    /// The handshake is in order; whether the caller may see the server is the broker's to say.
    func select(_ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint, _ key: Range<Int>) {
        guard let server = endpoint.server else { return refuse(connection, Refusal(.serverUnknown)) }
        connection.phase = .selecting(caller, endpoint, key: key)
        isAnswerNear = true
        send(.select(connection: connection.handle, caller: caller.handle, server: server))
    }

    func obeySelected(_ connection: Connection, _ isKnown: Bool) {
        guard case .selecting(let caller, let endpoint, let key) = connection.phase else { return }
        if isKnown && !isDraining {
            Handshake.appendAcceptance(of: key, in: connection.heads.head, to: &connection.output.bytes)
            connection.phase = .socket(WebSocketSession(caller: caller, endpoint: endpoint))
            connection.heads = RequestHeadReader()
            set(.quiet(since: now), on: connection)
        } else {
            refuse(connection, Refusal(isKnown ? .stopping : .serverUnknown), closing: true)
        }
        advance(connection)
    }

    /// One frame, or what there is of it. False: nothing more can be done now.
    func takeFrame(_ connection: Connection, _ socket: WebSocketSession) -> Bool {
        if connection.input.isEmpty { return false }
        let progress: FrameProgress
        do throws(WireError) {
            let bytes = connection.input.storage
            progress = try socket.frames.read(bytes.span.extracting(connection.input.range))
        } catch {
            note(connection, socket, Refusal(error))
            leaveSocket(connection, error.rule.closeCode ?? .protocolError)
            return true
        }
        connection.input.drop(progress.consumed)
        switch progress.event {
        case nil: return false
        case .text: takeText(connection, socket)
        case .binary, .pong: break
        case .ping:
            let payload = socket.frames.control
            Wire.FrameWriter.append(.pong, payload.span, to: &connection.output.bytes)
            if connection.output.count > Bounds.output { close(connection) }
        case .close(let code):
            leaveSocket(connection, code ?? .normal)
        }
        return true
    }

    private func takeText(_ connection: Connection, _ socket: WebSocketSession) {
        let fault: JSONError?
        do {
            let bytes = socket.frames.message
            fault = read(bytes.span)
        }
        socket.frames.trim(keeping: Bounds.keptTree)
        defer { tree.clear(keeping: Bounds.keptTree) }
        if let fault { return breakOff(connection, socket, Refusal(fault)) }
        let message: ClientMessage
        do throws(EnvelopeFault) { message = try Envelope.fromClient(tree) } catch {
            return breakOff(connection, socket, Refusal(error))
        }
        do throws(MessageRefusal) {
            try carryOut(try SocketMessages.judge(message, tree, socket.dialect), connection, socket)
        } catch {
            // An answer that nobody asked for breaks the shape of the conversation (R4), like a frame that is no message.
            if error.refusal.denial == .answerUnasked { return breakOff(connection, socket, error.refusal) }
            note(connection, socket, error.refusal)
            say(text.error(error.refusal, id: error.id), onSocket: connection)
        }
    }

    private func carryOut(_ disposition: Disposition, _ connection: Connection, _ socket: WebSocketSession)
        throws(MessageRefusal)
    {
        switch disposition {
        case .serve(let method, let revision, let id, let parameters):
            try serve(method, revision, id, parameters, connection, socket)
        case .ping(let id): say(text.emptyResult(id: id), onSocket: connection)
        case .accept, .cancel(nil): return
        case .drop(let refusal): note(connection, socket, refusal)
        case .cancel(.some(let id)):
            if let number = socket.calls[id] { withdraw(number) }
        case .answer(let id):
            guard let session = socket.session, let question = takeQuestion(id, of: session) else {
                throw MessageRefusal(Refusal(.answerUnasked))
            }
            try reply(to: question, connection)
        }
    }

    private func serve(
        _ method: Method, _ revision: Revision, _ id: RequestID, _ parameters: JSONNode?, _ connection: Connection,
        _ socket: WebSocketSession
    ) throws(MessageRefusal) {
        // The id is that of another request, whose answer this must not look like: so the refusal has none.
        guard socket.calls[id] == nil else {
            throw MessageRefusal(Refusal(.messageMalformed, rule: "id-in-flight"))
        }
        if isDraining { throw MessageRefusal(Refusal(.stopping), id: id) }
        guard socket.calls.count < Bounds.callsPerSocket else {
            throw MessageRefusal(Refusal(.callsInFlightCap), id: id)
        }
        let canonical: [UInt8]
        do throws(Refusal) { canonical = try self.canonical(parameters) } catch { throw MessageRefusal(error, id: id) }
        let number = calls.insert(
            Call(
                connection: connection, handle: connection.handle, id: id, method: method, era: revision.era,
                caller: socket.caller, endpoint: socket.endpoint, session: socket.session, isOnSocket: true))
        socket.calls[id] = number
        socket.noteServed(method, revision.era)
        decide(
            number, method, revision, id, canonical, connection, socket.caller, socket.endpoint,
            socket.session?.number ?? 0, nil)
    }

    /// Appends one message as a text frame.
    func say(_ message: [UInt8], onSocket connection: Connection) {
        guard connection.output.count <= Bounds.output else { return close(connection) }
        Wire.FrameWriter.append(.text, message.span, to: &connection.output.bytes)
        touch(connection)
    }

    /// What came is not one strict JSON-RPC message: nothing behind it can be trusted either.
    private func breakOff(_ connection: Connection, _ socket: WebSocketSession, _ refusal: Refusal) {
        note(connection, socket, refusal)
        leaveSocket(connection, .messageMalformed)
    }

    /// The close frame, and the end of the connection within a second whatever the peer does.
    func leaveSocket(_ connection: Connection, _ code: CloseCode) {
        guard case .socket = connection.phase else { return }
        giveUpCalls(of: connection)
        Wire.FrameWriter.appendClose(code, to: &connection.output.bytes)
        leave(connection, by: now.adding(milliseconds: Times.leaving))
    }

    func ping(_ connection: Connection) {
        let payload: [UInt8] = []
        Wire.FrameWriter.append(.ping, payload.span, to: &connection.output.bytes)
        set(.pinged(since: now), on: connection)
    }

    /// After the handshake there is no request head any more: the record gets the path that it named.
    private func note(_ connection: Connection, _ socket: WebSocketSession, _ refusal: Refusal) {
        send(
            .refused(
                RefusalNote(
                    connection: connection.handle, denial: refusal.denial, rule: Array(refusal.rule.utf8),
                    method: Array(HTTPMethod.get.rawValue.utf8),
                    path: Array("/ws/".utf8) + (socket.endpoint.server?.bytes ?? []), field: Array(refusal.field.utf8)))
        )
    }
}
