// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// One request after the other, each through the order of refusal: the same steps for requests and handshakes.
extension GateRoom {
    /// Takes a connection as far as what has arrived allows.
    func advance(_ connection: Connection) {
        touch(connection)
        while true {
            // Whatever is understood now becomes a frame; while the door has no room, nothing is understood.
            if channel.isCongested { return park(connection) }
            switch connection.phase {
            case .head: guard takeHead(connection) else { return }
            case .body(let caller, let endpoint): guard takeBody(connection, caller, endpoint) else { return }
            case .socket(let socket): guard takeFrame(connection, socket) else { return }
            case .leaving:
                throwAway(connection)
                return
            // Requests behind one that waits are read when their turn comes.
            case .authenticating, .selecting, .waiting, .streaming, .listening, .gone: return
            }
        }
    }

    /// Step 1. False: nothing more can be done now.
    private func takeHead(_ connection: Connection) -> Bool {
        if connection.input.isEmpty {
            if connection.hasPeerEnded { leave(connection, by: nil) }
            return false
        }
        // Answers that nobody reads would pile up behind requests that are cheap to send.
        if connection.output.count > Bounds.pipelined { return false }
        if case .idle = connection.timer { set(.head(since: now), on: connection) }
        let progress: HeadProgress
        do throws(WireError) {
            let bytes = connection.input.storage
            progress = try connection.heads.read(bytes.span.extracting(connection.input.range))
        } catch {
            refuse(connection, Refusal(error), closing: true)
            return true
        }
        guard case .complete(let length) = progress else {
            if connection.hasPeerEnded { leave(connection, by: nil) }
            return false
        }
        connection.input.drop(length)
        connection.timer = .none
        begin(connection)
        return true
    }

    /// Steps 2 to 4.
    private func begin(_ connection: Connection) {
        guard let listener else { return close(connection) }
        let head = connection.heads.head
        // Bytes behind a handshake are no request, whatever becomes of it.
        connection.closesBehindAnswer = head.closesConnection || head.asksForWebSocket
        connection.hasBodyAhead = head.framing != .none && head.framing != .length(0)
        let admitted: AdmittedHead
        do throws(Refusal) { admitted = try Doorstep.admit(head, at: listener.identity) } catch {
            return refuse(connection, error, closing: true)
        }
        connection.admitted = admitted
        if isDraining { return refuse(connection, Refusal(.stopping), closing: true) }
        if admitted.route.isOpen && (head.method == .get || head.method == .head) {
            do throws(Refusal) { carryOut(try Plan.open(head, admitted), connection, nil) } catch {
                refuse(connection, error)
            }
            return
        }
        switch connection.memory.present(head, listener.kind) {
        case .known(let caller): proceed(connection, admitted, caller)
        case .refuse(let refusal): refuse(connection, refusal)
        case .ask(let credential):
            connection.phase = .authenticating
            isAnswerNear = true
            send(.authenticate(connection: connection.handle, credential: credential))
        }
    }

    /// Steps 5 to 7, for a caller who is known.
    func proceed(_ connection: Connection, _ admitted: AdmittedHead, _ caller: KnownCaller) {
        if connection.memory.isExhausted { connection.closesBehindAnswer = true }
        let plan: Plan
        do throws(Refusal) { plan = try Plan.closed(connection.heads.head, admitted, caller) } catch {
            return refuse(connection, error)
        }
        carryOut(plan, connection, caller)
    }

    private func carryOut(_ plan: Plan, _ connection: Connection, _ caller: KnownCaller?) {
        switch (plan, caller) {
        case (.message(let endpoint), .some(let caller)): expectBody(connection, caller, endpoint)
        case (.stream(let endpoint), .some(let caller)): openStream(connection, caller, endpoint)
        case (.end(let endpoint), .some(let caller)): endSession(connection, caller, endpoint)
        case (.upgrade(let endpoint, let key), .some(let caller)): select(connection, caller, endpoint, key)
        case (.metadata(let endpoint), _):
            guard let listener else { return close(connection) }
            answer(connection, .ok, listener.metadata.document(endpoint))
        case (.absent, _):
            // Honest clients ask: told like any refusal, recorded like none.
            answer(connection, .notFound, text.error(Refusal(.routeUnknown), id: nil))
        // Only the open routes are carried out for nobody.
        case (.message, nil), (.stream, nil), (.end, nil), (.upgrade, nil): close(connection)
        }
    }

    // MARK: Bodies

    private func expectBody(_ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint) {
        let head = connection.heads.head
        connection.phase = .body(caller, endpoint)
        connection.bodySince = now
        set(.body(since: now, received: 0), on: connection)
        if head.framing == .chunked {
            connection.chunks = ChunkedBody(limit: FrameLimits.message)
            connection.body.removeAll(keepingCapacity: true)
        }
        // All steps that the head can decide have passed; a client that has not waited needs no leave.
        if head.expectsContinue && connection.input.isEmpty {
            ResponseWriter.appendContinue(to: &connection.output.bytes)
        }
    }

    /// False: the body is not whole yet.
    private func takeBody(_ connection: Connection, _ caller: KnownCaller, _ endpoint: Endpoint) -> Bool {
        let fault: JSONError?
        switch connection.heads.head.framing {
        case .length(let length):
            guard connection.input.count >= length else {
                return awaitBody(connection, received: connection.input.count)
            }
            let start = connection.input.range.lowerBound
            do {
                let bytes = connection.input.storage
                fault = read(bytes.span.extracting(start..<(start + length)))
            }
            connection.input.drop(length)
        case .chunked:
            do throws(WireError) {
                let taken: Int
                do {
                    let bytes = connection.input.storage
                    taken = try connection.chunks.read(
                        bytes.span.extracting(connection.input.range), into: &connection.body)
                }
                connection.input.drop(taken)
            } catch {
                refuse(connection, Refusal(error), closing: true)
                return true
            }
            guard connection.chunks.isComplete else {
                return awaitBody(connection, received: connection.body.count)
            }
            do {
                let bytes = connection.body
                fault = read(bytes.span)
            }
            connection.body = []
        // No plan expects a body that was not announced.
        case .none: fault = JSONError(rule: .empty, offset: 0)
        }
        connection.timer = .none
        connection.hasBodyAhead = false
        take(fault, connection, caller, endpoint)
        tree.clear(keeping: Bounds.keptTree)
        return true
    }

    private func awaitBody(_ connection: Connection, received: Int) -> Bool {
        if connection.hasPeerEnded {
            close(connection)
        } else {
            set(.body(since: connection.bodySince, received: received), on: connection)
        }
        return false
    }

    /// Reads one message into the tree.
    func read(_ bytes: borrowing Span<UInt8>) -> JSONError? {
        do throws(JSONError) {
            try json.read(bytes, into: &tree)
            return nil
        } catch { return error }
    }
}
