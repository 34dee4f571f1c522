// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// Bytes in, bytes out, and time: the shell around what decides.
extension GateRoom {
    func serve(_ connection: Connection, _ event: Readiness) {
        touch(connection)
        if event.readable || event.hungUp { take(from: connection, hungUp: event.hungUp) }
    }

    private func take(from connection: Connection, hungUp: Bool) {
        guard connection.takesInput else {
            // Both ways are shut, or the peer has reset it: nobody is there to be answered.
            if hungUp { close(connection) }
            return
        }
        // One large buffer is lent to whoever is read from, so that a connection at rest holds none.
        if connection.input.isEmpty { swap(&connection.input, &spareInput) }
        defer { settleInput(connection) }
        let moved: Transfer
        do throws(SyscallError) {
            moved = try connection.socket.read(into: &connection.input, limit: Bounds.read)
        } catch { return close(connection) }
        switch moved {
        case .moved:
            if case .socket = connection.phase { set(.quiet(since: now), on: connection) }
        case .wouldBlock: break
        case .closed:
            connection.hasPeerEnded = true
            if endsWithPeer(connection) { return close(connection) }
        }
        advance(connection)
    }

    /// Whether the end of what the peer sends is the end of the connection.
    private func endsWithPeer(_ connection: Connection) -> Bool {
        switch connection.phase {
        // In the modern era the end of the channel cancels the call; in the legacy era it does not.
        case .waiting(let number), .streaming(let number): calls[number]?.era != .legacy
        // What has arrived whole may still be answered.
        case .head, .authenticating: false
        case .selecting, .body, .listening, .socket, .leaving, .gone: true
        }
    }

    /// Gives the large buffer back; what is left of it moves into one of its own size.
    private func settleInput(_ connection: Connection) {
        guard connection.input.storage.count >= Bounds.read else { return }
        if connection.isGone { connection.input.removeAll() }
        if !connection.input.isEmpty {
            if case .body = connection.phase { return }
            var rest = ByteQueue()
            let bytes = connection.input.storage
            rest.append(copying: bytes.span.extracting(connection.input.range))
            swap(&connection.input, &rest)
            rest.removeAll()
            if spareInput.storage.isEmpty { spareInput = rest }
            return
        }
        // A message of its largest size has made it grow: that much is not kept.
        connection.input.reset(keeping: 2 * Bounds.read)
        if spareInput.storage.isEmpty { swap(&connection.input, &spareInput) } else { connection.input = ByteQueue() }
    }

    /// Writes what waits, once, and sets what to wait for.
    func flush(_ connection: Connection) {
        if connection.isGone { return }
        if !connection.output.isEmpty {
            let moved: Transfer
            do throws(SyscallError) { moved = try connection.output.write(to: connection.socket) } catch {
                return close(connection)
            }
            switch moved {
            case .moved: connection.stalledSince = connection.output.isEmpty ? nil : now
            case .wouldBlock: connection.stalledSince = connection.stalledSince ?? now
            case .closed: return close(connection)
            }
            if connection.stalledSince != nil { noteDue(connection) }
            // Requests that waited because this client did not read. Where it still does not, looking again in this turn
            // would be looking for ever.
            if case .moved = moved, case .head = connection.phase, !connection.input.isEmpty { advance(connection) }
        }
        if connection.isGone { return }
        if case .leaving = connection.phase, connection.output.isEmpty {
            if connection.hasPeerEnded { return close(connection) }
            if !connection.isWriteShut { shutWriting(connection) }
            if connection.isGone { return }
        }
        watch(connection)
    }

    private func shutWriting(_ connection: Connection) {
        connection.isWriteShut = true
        do throws(SyscallError) { try TCPSocket.shutDown(connection.socket, .write) } catch { return close(connection) }
        if connection.timer == .none { set(.leaving(by: now.adding(milliseconds: Times.leaving)), on: connection) }
    }

    private func watch(_ connection: Connection) {
        let wanted: Interest
        switch (connection.takesInput, connection.output.isEmpty) {
        case (true, true): wanted = .readable
        case (true, false): wanted = .both
        case (false, true): wanted = Interest(rawValue: 0)
        case (false, false): wanted = .writable
        }
        guard wanted != connection.interest else { return }
        connection.interest = wanted
        do throws(SyscallError) {
            try poller.change(connection.socket, wanted, token: UInt64(connection.handle))
        } catch { close(connection) }
    }

    /// This connection's time is over.
    func serveTime(_ connection: Connection) {
        touch(connection)
        if let stalled = connection.stalledSince, stalled.adding(milliseconds: Times.stall) <= now {
            return close(connection)
        }
        guard let over = connection.timer.due, over <= now else { return }
        switch connection.timer.event {
        case .slow:
            connection.timer = .none
            refuse(connection, Refusal(.slow), closing: true)
        case .close: close(connection)
        case .comment:
            if case .waiting(let number) = connection.phase {
                startStream(connection)
                connection.phase = .streaming(call: number)
            }
            comment(connection)
        case .ping: ping(connection)
        }
    }
}
