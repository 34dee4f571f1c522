// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// Event streams: of a call that says more than its answer, and of a session.
extension GateRoom {
    /// H2, H3: nothing has an id, so nothing is replayed.
    func openStream(_ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint) {
        guard let session = find(connection.heads.head, caller, endpoint) else {
            return refuse(connection, Refusal(.sessionUnknown))
        }
        guard session.outlet == nil else { return refuse(connection, Refusal(.streamTaken)) }
        session.touch(now, connection.handle)
        session.outlet = connection
        connection.phase = .listening(session)
        startStream(connection)
    }

    /// H4, H5.
    func endSession(_ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint) {
        guard let session = find(connection.heads.head, caller, endpoint) else {
            return refuse(connection, Refusal(.sessionUnknown))
        }
        send(.endSession(session: session.number, connection: connection.handle, byClient: true))
        end(session, tellBroker: false)
        // The broker has given up what was in flight: nobody else will answer it.
        for number in Array(session.calls.values) {
            guard let call = forgetCall(number), let waiting = call.connection else { continue }
            if case .waiting = waiting.phase {
                refuse(waiting, Refusal(.sessionUnknown), id: call.id, recorded: false)
            } else {
                endStream(waiting, with: nil)
            }
            advance(waiting)
        }
        answer(connection, .noContent, [])
    }

    /// The head of a stream.
    func startStream(_ connection: Connection) {
        ResponseWriter.append(
            .ok, headers(hasBody: false), body: .events, closing: connection.closesBehindAnswer,
            to: &connection.output.bytes)
        set(.comment(at: now.adding(milliseconds: Times.comment)), on: connection)
        touch(connection)
    }

    func comment(_ connection: Connection) {
        event.removeAll(keepingCapacity: true)
        EventWriter.appendKeepAlive(to: &event)
        ChunkWriter.append(event.span, to: &connection.output.bytes)
        set(.comment(at: now.adding(milliseconds: Times.comment)), on: connection)
        touch(connection)
    }

    /// Appends one message; a reader that has fallen too far behind loses the connection instead.
    func say(_ message: [UInt8], on connection: Connection) {
        guard connection.output.count <= Bounds.output else { return close(connection) }
        event.removeAll(keepingCapacity: true)
        EventWriter.append(message: message.span, to: &event)
        ChunkWriter.append(event.span, to: &connection.output.bytes)
        if event.capacity > Bounds.keptTree { event = [] }
        set(.comment(at: now.adding(milliseconds: Times.comment)), on: connection)
        touch(connection)
    }

    /// The last event, if there is one, and the end of the stream.
    func endStream(_ connection: Connection, with message: [UInt8]?) {
        if let message { say(message, on: connection) }
        if connection.isGone { return }
        ChunkWriter.appendEnd(to: &connection.output.bytes)
        finish(connection)
    }

    // MARK: What the broker has for clients

    func obeyAnswer(_ answer: Answer) {
        guard let call = forgetCall(answer.call) else {
            // Given up while the answer was on its way; a session that it brings belongs to nobody.
            if answer.session != 0 { send(.endSession(session: answer.session, connection: 0, byClient: false)) }
            return
        }
        call.session?.lastUsed = now
        if call.method == .initialize, answerOpens(answer, call) { return }
        guard let connection = call.connection else { return }
        switch connection.phase {
        case .waiting: self.answer(connection, with: answer, session: nil)
        case .streaming: endStream(connection, with: answer.message)
        case .socket(let socket):
            say(answer.message, onSocket: connection)
            closeIfDrained(connection, socket)
        case .head, .authenticating, .selecting, .body, .listening, .leaving, .gone: return
        }
        advance(connection)
    }

    /// `initialize` was answered: with a session if all went well.
    ///
    /// - Returns: true if nothing else is to be done about the answer.
    private func answerOpens(_ answer: Answer, _ call: Call) -> Bool {
        guard let connection = call.connection else {
            // The client left before it had its session: nobody could ever use it.
            if answer.session != 0 {
                send(.endSession(session: answer.session, connection: call.handle, byClient: false))
            }
            return true
        }
        guard answer.session != 0, let revision = answer.revision else {
            if case .socket(let socket) = connection.phase { socket.dialect = .open }
            return false
        }
        let session = MCPSession(
            number: answer.session, id: call.isOnSocket ? nil : sessions.mint(), principal: call.caller.principal,
            endpoint: call.endpoint, revision: revision, connection: connection.handle, now: now)
        sessions.insert(session, now: now)
        if case .socket(let socket) = connection.phase {
            socket.session = session
            socket.dialect = .legacy(revision)
            session.outlet = connection
            return false
        }
        self.answer(connection, with: answer, session: session.id)
        advance(connection)
        return true
    }

    func obeyEvent(_ event: Event) {
        let outlet: Connection?
        let session: MCPSession?
        switch event.scope {
        case .call(let number):
            let call = calls[number]
            session = call?.session
            // The answer to `initialize` has a head of its own, with the session's id: nothing may stand before it.
            outlet = call?.method == .initialize ? nil : call?.connection ?? session?.outlet
        case .session(let number):
            session = sessions.byNumber[number]
            outlet = session?.outlet
        }
        guard event.question == 0 else { return ask(event, outlet, session) }
        guard let outlet else { return }
        tell(event.message, outlet)
    }

    /// Puts a server's question to a legacy client, or tells the broker that nobody can be asked.
    private func ask(_ event: Event, _ outlet: Connection?, _ session: MCPSession?) {
        guard let outlet, let session, !outlet.isGone else {
            return decline(event.question, session?.connection ?? 0)
        }
        session.questions.insert(event.question)
        tell(GateRoom.asked(event.question, event.message), outlet)
    }

    private func tell(_ message: [UInt8], _ connection: Connection) {
        switch connection.phase {
        case .waiting(let number):
            startStream(connection)
            connection.phase = .streaming(call: number)
            say(message, on: connection)
        case .streaming, .listening: say(message, on: connection)
        case .socket: say(message, onSocket: connection)
        case .head, .authenticating, .selecting, .body, .leaving, .gone: return
        }
    }
}
