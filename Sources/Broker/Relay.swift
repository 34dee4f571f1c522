// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Linux
internal import Policy
internal import StrictJSON

/// Step 15: the way to a server and back. What is written to a server is composed here; what a server writes is read
/// with the same strict reader, and only what was asked for goes on.
extension BrokerRoom {
    /// Longest line of a server, in bytes (R3).
    static let mostLineBytes = 4 << 20
    /// Read from one server in one turn.
    private static let readBytes = 65_536
    private static let readsPerTurn = 16

    /// A granted call: to its process if that is ready, else it waits for it.
    func relay(_ call: Call) {
        if let held = call.held { return take(over: held, call) }
        guard let view = call.server else { return refuse(call, .serverUnknown) }
        let upstream: Upstream
        do throws(Denial) { upstream = try process(for: call, view) } catch { return refuse(call, error) }
        call.upstream = upstream
        guard upstream.awaited.count + upstream.queue.count < Upstream.mostAwaited,
            upstream.outgoing.count < Upstream.mostOutgoing
        else { return refuse(call, .callsInFlightCap) }
        if upstream.state == .ready { send(call, to: upstream) } else { upstream.queue.append(call) }
    }

    /// Spends the grant: nothing goes to a server without one.
    func send(_ call: Call, to upstream: Upstream) {
        // Found out while the call was waiting.
        if let tool = call.tool, upstream.view.isWithheld(tool) { return refuse(call, .toolChanged) }
        guard let grant = call.takeGrant() else { return refuse(call, .auditUnavailable) }
        assert(grant.sequence == call.intent)
        let id = upstream.takeID()
        call.upstreamID = id
        upstream.awaited[id] = .call(call)
        if call.progressNumber != 0 { upstream.progress[call.progressNumber] = call }
        startClock(of: call, upstream)
        write(compose.requestLine(id: id, call.method.upstreamWord, call.parameters), to: upstream)
    }

    /// From here on the server has its time, and ten times that whatever progress it reports (MCP-G21).
    func startClock(of call: Call, _ upstream: Upstream) {
        let timeout = upstream.view.sealed.traits.timeoutMilliseconds
        call.lastProgress = now
        call.hardDeadline = now.adding(milliseconds: 10 * timeout)
        upstream.lastUsed = now
        upstream.expect(call.upstreamID, by: now.adding(milliseconds: timeout))
    }

    /// A request of our own; the answer comes to ``receive(own:_:from:)``.
    func send(
        own request: Upstream.OwnRequest, _ method: StaticString, _ parameters: CanonicalJSON?, to upstream: Upstream
    ) {
        let id = upstream.takeID()
        upstream.awaited[id] = .own(request)
        // Before that the start has one limit for everything; a subscription stays open.
        if upstream.state == .ready, request != .listen {
            upstream.expect(id, by: now.adding(milliseconds: upstream.view.sealed.traits.timeoutMilliseconds))
        }
        write(compose.requestLine(id: id, method, parameters), to: upstream)
    }

    /// Queues one line; it is written at the end of the turn, together with whatever else goes to this server.
    func write(_ line: [UInt8], to upstream: Upstream) {
        guard upstream.isUsable else { return }
        if upstream.outgoing.isEmpty && !upstream.isInputBlocked { upstreamsToWrite.append(upstream) }
        upstream.outgoing.append(line)
        upstream.outgoing.append(UInt8(ascii: "\n"))
    }

    func writeInput(_ upstream: Upstream) {
        guard !upstream.isInputBlocked, upstream.state != .gone, !upstream.outgoing.isEmpty else { return }
        do throws(SyscallError) {
            while !upstream.outgoing.isEmpty {
                guard let transfer = try upstream.writeSome() else { return }
                switch transfer {
                case .moved: break
                case .wouldBlock:
                    upstream.isInputBlocked = true
                    try upstream.watchInput(poller, add: true)
                    return
                case .closed:
                    // It reads no more; what it still has to say is read until its output ends.
                    upstream.outgoing.removeAll()
                    return
                }
            }
            upstream.outgoing.reset(keeping: 262_144)
        } catch { fail(upstream, .serverFailed, why: "write-failed") }
    }

    func resumeInput(_ upstream: Upstream, hungUp: Bool) {
        do throws(SyscallError) { try upstream.watchInput(poller, add: false) } catch {
            return fail(upstream, .serverFailed, why: "poll-failed")
        }
        upstream.isInputBlocked = false
        if hungUp { upstream.outgoing.removeAll() }
        writeInput(upstream)
    }

    // MARK: From the server

    func readOutput(_ upstream: Upstream) {
        for _ in 0..<Self.readsPerTurn {
            do throws(SyscallError) {
                guard let transfer = try upstream.readSome(limit: Self.readBytes) else { return }
                switch transfer {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    upstream.closeOutput(poller)
                    // One that was asked to leave does just that; any other has nothing more to say to anybody.
                    if upstream.state != .leaving { fail(upstream, .serverFailed, why: "output-ended") }
                    return
                }
            } catch { return fail(upstream, .serverFailed, why: "read-failed") }
            guard takeLines(upstream) else { return }
        }
    }

    /// Cuts what has arrived into lines; false once the server has been stopped for what it wrote.
    private func takeLines(_ upstream: Upstream) -> Bool {
        while let line = upstream.nextLine() {
            guard line.count <= Self.mostLineBytes else { break }
            receive(line, from: upstream)
            upstream.dropLine()
            guard upstream.state != .gone else { return false }
        }
        guard upstream.incoming.count <= Self.mostLineBytes else {
            fail(upstream, .serverMisbehaved, why: "line-too-long")
            return false
        }
        return true
    }

    private func receive(_ line: Range<Int>, from upstream: Upstream) {
        // Empty lines say nothing and harm nothing.
        if line.isEmpty { return }
        let bytes = upstream.incoming.storage
        let message: ServerMessage
        do throws(JSONError) { try reader.read(bytes.span.extracting(line), into: &replyTree) } catch {
            return drop(upstream, .json(error.rule))
        }
        do throws(EnvelopeFault) { message = try Envelope.fromServer(replyTree) } catch {
            return drop(upstream, .envelope(error))
        }
        switch message {
        case .result(let id, let result): receiveAnswer(id, result, isError: false, from: upstream)
        case .error(let id, let error): receiveAnswer(id, error, isError: true, from: upstream)
        case .notification(let method, let parameters): receiveNotification(method, parameters, from: upstream)
        case .request(let id, let method, let parameters): receiveRequest(id, method, parameters, from: upstream)
        }
    }

    private func receiveAnswer(_ id: RequestID, _ node: JSONNode, isError: Bool, from upstream: Upstream) {
        guard case .integer(let number) = id, let awaited = upstream.awaited.removeValue(forKey: number) else {
            return drop(upstream, .unasked)
        }
        upstream.lastUsed = now
        upstream.unanswered = 0
        switch awaited {
        case .own(let request): receive(own: request, node, isError: isError, from: upstream)
        case .call(let call):
            if call.progressNumber != 0 { upstream.progress[call.progressNumber] = nil }
            if call.isOver { return }
            answer(call, node, isError: isError, from: upstream)
        // It did not wait for its client: whoever comes with the answer now comes too late.
        case .held(let state): forget(heldCall: state)
        }
    }

    /// Something a server may not write: dropped, counted, recorded; too much of it and the server is stopped.
    func drop(_ upstream: Upstream, _ fault: ServerFault) {
        upstream.faults += 1
        // The first few singly: enough to see what it is, not enough to fill the log.
        if upstream.faults <= 10 {
            record(.serverMisbehaved) { json in
                json.key("fault")
                json.string(fault.word)
                json.key("server")
                json.string(upstream.view.name.bytes)
            }
        }
        if upstream.faults >= Upstream.mostFaults { fail(upstream, .serverMisbehaved, why: "too-many-faults") }
    }

    func readErrors(_ upstream: Upstream) {
        var text = ByteQueue()
        do throws(SyscallError) {
            switch try upstream.readErrorText(into: &text, limit: Self.readBytes) {
            case .moved:
                let bytes = text.storage
                upstream.errorTail.append(bytes[text.range])
            case .wouldBlock: break
            case .closed: upstream.closeErrors(poller)
            }
        } catch { upstream.closeErrors(poller) }
    }
}

/// What was wrong with a message of a server.
enum ServerFault {
    case json(JSONRule)
    case envelope(EnvelopeFault)
    case unasked
    case notAllowed
    case tooMany

    var word: String {
        switch self {
        case .json(let rule): "json-\(rule.rawValue)"
        case .envelope(let fault): "envelope-\(fault.word)"
        case .unasked: "unasked-answer"
        case .notAllowed: "method-not-allowed"
        case .tooMany: "too-many-requests"
        }
    }
}
