// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// What the broker says. An order about a connection or call that has ended here has crossed our own message: it is
/// dropped.
extension GateRoom {
    func obey(_ order: GateOrder) throws(GateEnd) {
        switch order {
        case .configure(let configuration):
            guard listener == nil, let configured = Listener(configuration) else {
                throw .fault("the broker's configuration makes no sense")
            }
            listener = configured
        case .connection(let handle):
            guard let socket = channel.takeDescriptor() else { throw .fault("a connection came without a descriptor") }
            guard listener != nil, connections[handle] == nil else {
                throw .fault("a connection came out of turn")
            }
            admit(socket, handle)
        case .known(let handle, let caller, let principal):
            guard let connection = connections[handle], case .authenticating = connection.phase else { return }
            obeyKnown(connection, caller, principal)
        case .unknown(let handle, let denial):
            guard let connection = connections[handle], case .authenticating = connection.phase else { return }
            refuse(connection, Refusal(denial, field: denial.status == 401 ? "authorization" : ""))
            advance(connection)
        case .selected(let handle, let isKnown):
            guard let connection = connections[handle] else { return }
            obeySelected(connection, isKnown)
        case .answer(let answer): obeyAnswer(answer)
        case .event(let event): obeyEvent(event)
        case .cut(let handle, let reason):
            guard let connection = connections[handle] else { return }
            obeyCut(connection, reason)
        case .callerEnded(let caller, let denial):
            for connection in Array(connections.values) where connection.memory.caller?.handle == caller {
                obeyCallerEnded(connection, denial)
            }
        case .sessionEnded(let number):
            if let session = sessions.byNumber[number] { end(session, tellBroker: false) }
        case .drain: drain()
        }
    }

    private func admit(_ socket: consuming FileDescriptor, _ handle: UInt32) {
        if strangers >= Bounds.strangers { makeRoom() }
        let connection = Connection(handle: handle, socket: socket)
        do throws(SyscallError) {
            try poller.add(connection.socket, connection.interest, token: UInt64(handle))
        } catch {
            // Nothing to wait on: the broker's duplicate ends it.
            send(.gone(connection: handle))
            return
        }
        // Small answers must not wait for the client's acknowledgement of the one before; other sockets never do.
        do throws(SyscallError) { try TCPSocket.sendAtOnce(connection.socket) } catch {}
        connections[handle] = connection
        strangers += 1
        set(.head(since: now), on: connection)
    }

    /// The oldest connection on which nobody is known leaves for a new one.
    private func makeRoom() {
        let oldest = connections.values.filter { $0.principal == nil }.min { $0.handle < $1.handle }
        guard let oldest else { return }
        note(oldest, Refusal(.connectionCap))
        close(oldest)
    }

    private func obeyKnown(_ connection: Connection, _ handle: UInt32, _ principal: UInt32) {
        guard let listener, let admitted = connection.admitted else { return }
        let caller = connection.memory.accept(handle: handle, principal: principal)
        if connection.principal != principal {
            guard sessions.connections(of: principal) < Int(listener.limits.connectionsPerCaller) else {
                connection.memory.forget()
                refuse(connection, Refusal(.callerCap), closing: true)
                advance(connection)
                return
            }
            if let before = connection.principal {
                sessions.change(before) { $0.connections -= 1 }
            } else {
                strangers -= 1
            }
            connection.principal = principal
            sessions.change(principal) { $0.connections += 1 }
        }
        proceed(connection, admitted, caller)
        advance(connection)
    }

    private func obeyCut(_ connection: Connection, _ reason: CutReason) {
        let code: CloseCode =
            switch reason {
            case .credentialEnded: .credentialEnded
            case .forbidden: .forbidden
            case .tooFast: .tooFast
            case .stopping: .goingAway
            }
        giveUpCalls(of: connection)
        if case .socket = connection.phase {
            leaveSocket(connection, code)
        } else {
            leave(connection, by: now.adding(milliseconds: Times.leaving))
        }
    }

    /// The credential that this connection lived on has ended. The broker has given up its calls and told the record.
    private func obeyCallerEnded(_ connection: Connection, _ denial: Denial) {
        connection.memory.forget()
        switch connection.phase {
        case .socket:
            giveUpCalls(of: connection, tellBroker: false)
            leaveSocket(connection, denial.closeCode)
        case .waiting(let number):
            forgetCall(number)
            refuse(connection, Refusal(denial), recorded: false)
        case .streaming(let number):
            let id = forgetCall(number)?.id
            endStream(connection, with: text.error(Refusal(denial), id: id))
        case .listening(let session):
            session.outlet = nil
            endStream(connection, with: nil)
        case .selecting, .body: refuse(connection, Refusal(denial))
        case .head, .authenticating, .leaving, .gone: break
        }
        advance(connection)
    }
}

extension Denial {
    /// The close code of a socket whose caller has ended for this reason.
    var closeCode: CloseCode {
        let status = HTTPStatus(self)
        if status == .unauthorized { return .credentialEnded }
        if status == .tooManyRequests { return .tooFast }
        return status == .unavailable ? .goingAway : .forbidden
    }
}
