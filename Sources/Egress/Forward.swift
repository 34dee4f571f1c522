// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// One request in the clear: composed anew on its way out, its answer composed anew on its way in.
final class Forward {
    var body: BodyRelay
    var response: ResponseRelay
    /// What the client has sent of its body and nobody has taken yet.
    var input: ByteQueue
    /// What the server has sent and is not understood yet.
    var answer = ByteQueue()
    var output: [UInt8] = []

    init(_ request: ProxyRequest, early: ByteQueue) {
        body = BodyRelay(request.body)
        response = ResponseRelay(answering: request.method)
        input = early
    }
}

extension EgressRoom {
    func startForward(_ client: Client, _ opened: Opened, _ request: ProxyRequest, early: ByteQueue) {
        let forward = Forward(request, early: early)
        opened.forward = forward
        request.appendUpstreamHead(to: &forward.output)
        opened.up.held.append(forward.output)
        client.phase = .forward
        pumpForward(client)
    }

    /// Body up, answer down, each as far as it goes.
    func pumpForward(_ client: Client) {
        guard let opened = client.opened, let forward = opened.forward else { return }
        do throws(ForwardFault) {
            try sendBody(client, opened, forward)
            try takeAnswer(client, opened, forward)
        } catch {
            switch error {
            case .client: end(client, .reset)
            case .body: endForward(client, .bodyMalformed, .protocolFault)
            case .server: endForward(client, .upstreamMalformed, .protocolFault)
            }
        }
    }

    private enum ForwardFault: Error {
        /// The client is gone.
        case client
        /// The client's body is none.
        case body
        /// The server is gone, or does not keep to HTTP.
        case server
    }

    private func sendBody(_ client: Client, _ opened: Opened, _ forward: Forward) throws(ForwardFault) {
        for _ in 0..<Bounds.steps {
            while !opened.up.held.isEmpty && opened.isUpstreamWritable {
                do throws(SyscallError) {
                    switch try opened.upstream.descriptor.write(from: &opened.up.held) {
                    case .moved(let count):
                        opened.up.bytes += UInt64(count)
                        opened.active = now
                    case .wouldBlock: opened.isUpstreamWritable = false
                    // It may have answered before it closed: that is read below.
                    case .closed: opened.up.held.removeAll()
                    }
                } catch { opened.up.held.removeAll() }
            }
            guard opened.up.held.isEmpty, !forward.body.isComplete else { return }
            if forward.input.isEmpty {
                guard client.isReadable else { return }
                switch receive(client, into: &forward.input, limit: Bounds.copy) {
                case .moved: break
                case .wouldBlock: return
                case .closed: throw .client
                }
            }
            forward.output.removeAll(keepingCapacity: true)
            let bytes = forward.input.storage
            let taken: Int
            do throws(WireError) {
                taken = try forward.body.relay(bytes.span.extracting(forward.input.range), to: &forward.output)
            } catch { throw .body }
            forward.input.drop(taken)
            opened.up.held.append(copying: forward.output.span)
        }
        queue(client)
    }

    private func takeAnswer(_ client: Client, _ opened: Opened, _ forward: Forward) throws(ForwardFault) {
        for _ in 0..<Bounds.steps {
            while !opened.down.held.isEmpty && client.isWritable {
                do throws(SyscallError) {
                    switch try client.socket.write(from: &opened.down.held) {
                    case .moved(let count):
                        opened.down.bytes += UInt64(count)
                        opened.active = now
                    case .wouldBlock: client.isWritable = false
                    case .closed: throw SyscallError("write", code: ErrorCode.reset)
                    }
                } catch { throw .client }
            }
            guard opened.down.held.isEmpty else { return }
            if forward.response.isComplete || opened.down.hasEnded { return finishForward(client, opened) }
            guard opened.isUpstreamReadable else { return }
            do throws(SyscallError) {
                switch try opened.upstream.descriptor.read(into: &forward.answer, limit: Bounds.copy) {
                case .moved: break
                case .wouldBlock:
                    opened.isUpstreamReadable = false
                    return
                case .closed: opened.down.hasEnded = true
                }
            } catch { throw .server }
            forward.output.removeAll(keepingCapacity: true)
            let bytes = forward.answer.storage
            do throws(WireError) {
                let taken = try forward.response.relay(
                    bytes.span.extracting(forward.answer.range), to: &forward.output)
                forward.answer.drop(taken)
                if opened.down.hasEnded { try forward.response.end() }
            } catch { throw .server }
            opened.down.held.append(copying: forward.output.span)
        }
        queue(client)
    }

    /// The answer has been passed on to its last byte.
    private func finishForward(_ client: Client, _ opened: Opened) {
        report(client, opened, .finished)
        client.opened = nil
        client.answer = []
        client.phase = .leaving
        client.due = now.adding(milliseconds: Times.leaving)
        note(due: client.due)
        leave(client)
    }

    /// One side has failed: the client is told so as long as it has been told nothing else.
    func endForward(_ client: Client, _ reason: EgressReason, _ cause: EgressEnding.Cause) {
        guard let opened = client.opened else { return }
        guard opened.down.bytes == 0 && opened.down.held.isEmpty else {
            // Cut: its framing tells the client that this is half an answer.
            return end(client, cause)
        }
        report(client, opened, cause)
        client.opened = nil
        RefusalAnswer.append(Refusal(reason: reason), to: &client.answer)
        client.phase = .leaving
        client.due = now.adding(milliseconds: Times.leaving)
        note(due: client.due)
        leave(client)
    }
}
