// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// How calls, sessions and connections end.
extension GateRoom {
    // MARK: Calls

    /// Takes a call out of the books: whatever the broker still says about it is dropped.
    @discardableResult
    func forgetCall(_ number: UInt32) -> Call? {
        guard let call = calls.remove(number) else { return nil }
        call.session?.calls[call.id] = nil
        if call.isOnSocket {
            if case .socket(let socket) = call.connection?.phase { socket.calls[call.id] = nil }
        } else if call.method == .initialize {
            sessions.change(call.caller.principal) { $0.opening -= 1 }
        }
        return call
    }

    /// The client has cancelled a call of its own. It gets no answer, as the protocol wants it; its HTTP request ends as
    /// a stream without one.
    func withdraw(_ number: UInt32) {
        guard let call = forgetCall(number) else { return }
        send(.cancel(call: number, connection: call.handle))
        guard let connection = call.connection, !call.isOnSocket else { return }
        if case .waiting = connection.phase { startStream(connection) }
        endStream(connection, with: nil)
        advance(connection)
    }

    /// Everything that this connection waits for is given up.
    func giveUpCalls(of connection: Connection, tellBroker: Bool = true) {
        switch connection.phase {
        case .waiting(let number), .streaming(let number):
            forgetCall(number)
            if tellBroker { send(.cancel(call: number, connection: connection.handle)) }
        case .socket(let socket):
            for number in Array(socket.calls.values) {
                forgetCall(number)
                if tellBroker { send(.cancel(call: number, connection: connection.handle)) }
            }
        case .head, .authenticating, .selecting, .body, .listening, .leaving, .gone: return
        }
    }

    // MARK: Sessions

    /// The session's id is unknown from here on, and its stream or socket ends.
    func end(_ session: MCPSession, tellBroker: Bool) {
        guard sessions.remove(session) else { return }
        if tellBroker {
            send(.endSession(session: session.number, connection: session.connection, byClient: false))
        }
        guard let outlet = session.outlet else { return }
        session.outlet = nil
        switch outlet.phase {
        case .listening: endStream(outlet, with: nil)
        case .socket(let socket):
            socket.session = nil
            leaveSocket(outlet, .goingAway)
        case .head, .authenticating, .selecting, .body, .waiting, .streaming, .leaving, .gone: return
        }
        advance(outlet)
    }

    // MARK: Connections

    /// Our last word has been composed: it goes out, our side is shut, and what still comes is thrown away for a moment.
    ///
    /// A socket that is closed with unread bytes resets the connection, and the peer would lose the answer.
    /// - Parameter by: when the connection ends whatever the peer does; nil: some time after the word is out.
    func leave(_ connection: Connection, by deadline: Instant?) {
        switch connection.phase {
        case .listening(let session): session.outlet = nil
        case .socket(let socket): endSession(of: socket, connection)
        case .head, .authenticating, .selecting, .body, .waiting, .streaming, .leaving, .gone: break
        }
        connection.phase = .leaving
        if let deadline { set(.leaving(by: deadline), on: connection) } else { connection.timer = .none }
        connection.input.removeAll()
        touch(connection)
    }

    func throwAway(_ connection: Connection) {
        connection.bytesThrownAway += connection.input.count
        connection.input.removeAll()
        if connection.bytesThrownAway > Bounds.leaving { close(connection) }
    }

    /// The end, at once.
    func close(_ connection: Connection) {
        if connection.isGone { return }
        switch connection.phase {
        case .waiting(let number), .streaming(let number):
            // Modern: the end of the channel is the end of the call. Legacy: the call goes on, its answer is dropped.
            if let call = calls[number], call.era == .modern {
                giveUpCalls(of: connection)
            } else {
                calls.abandon(number)
            }
        case .socket(let socket):
            giveUpCalls(of: connection)
            endSession(of: socket, connection)
        case .listening(let session): session.outlet = nil
        case .head, .authenticating, .selecting, .body, .leaving, .gone: break
        }
        connection.phase = .gone
        connection.timer = .none
        connection.stalledSince = nil
        connections[connection.handle] = nil
        if let principal = connection.principal {
            sessions.change(principal) { $0.connections -= 1 }
        } else {
            strangers -= 1
        }
        // The broker holds a duplicate: without these two the kernel would keep the connection, and tell us about it.
        // Both fail only for a connection that the peer has ended already.
        do throws(SyscallError) { try poller.remove(connection.socket) } catch {}
        do throws(SyscallError) { try TCPSocket.shutDown(connection.socket, .both) } catch {}
        send(.gone(connection: connection.handle))
    }

    private func endSession(of socket: WebSocketSession, _ connection: Connection) {
        guard let session = socket.session else { return }
        socket.session = nil
        session.outlet = nil
        end(session, tellBroker: true)
    }

    // MARK: Draining

    /// Nothing new is taken; what is in flight is answered; who only waits is sent away.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        for connection in Array(connections.values) {
            switch connection.phase {
            case .head:
                // Within a head the request is new, and is told so when it is whole.
                if connection.input.isEmpty { leave(connection, by: nil) }
            case .listening:
                connection.closesBehindAnswer = true
                endStream(connection, with: nil)
            case .socket(let socket): closeIfDrained(connection, socket)
            case .authenticating, .selecting, .body, .waiting, .streaming: connection.closesBehindAnswer = true
            case .leaving, .gone: break
            }
        }
    }

    /// A socket without calls has nothing left to wait for.
    func closeIfDrained(_ connection: Connection, _ socket: WebSocketSession) {
        guard isDraining, socket.calls.isEmpty else { return }
        leaveSocket(connection, .goingAway)
    }
}
