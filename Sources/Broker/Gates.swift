// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// One gate room and the door to it. What it asks is judged by the permit table; one request outside its row ends it.
final class GateRoom {
    let number: UInt32
    let listener: ListenerName
    let kind: GateConfiguration.Kind
    let channel: Channel
    var isReady = false
    /// What the launcher enforced on it; its own filter is told with its readiness.
    var launchReport: [UInt8] = []
    var isFlushDue = false
    var interest: Interest = [.readable]
    var calls: [UInt32: Call] = [:]

    init(number: UInt32, listener: ListenerName, kind: GateConfiguration.Kind, door: consuming FileDescriptor) {
        self.number = number
        self.listener = listener
        self.kind = kind
        channel = Channel(door) { GateRequest.Kind(rawValue: $0)?.permit.maxBytes }
    }
}

extension BrokerRoom {
    /// Bytes that may wait for one gate: answers to what it has asked already.
    private static let mostWaitingForGate = 64 << 20

    /// Sends one order; it leaves at the end of the turn.
    func order(_ gate: GateRoom, _ order: GateOrder) {
        if case .event(let event) = order {
            // Larger ones would end the gate; and one that does not keep up loses news before answers.
            guard event.message.count <= Caps.message, event.question != 0 || !gate.channel.isCongested else { return }
        }
        gate.channel.send { order.write(to: &$0) }
        markForFlush(gate)
    }

    private func markForFlush(_ gate: GateRoom) {
        guard !gate.isFlushDue else { return }
        gate.isFlushDue = true
        gatesToFlush.append(gate)
    }

    /// Hands a connection over, unread.
    func hand(_ socket: consuming FileDescriptor, _ connection: Connection) {
        var passed = PassedDescriptors()
        passed.append(socket)
        let order = GateOrder.connection(handle: connection.handle)
        connection.gate.channel.send(passing: passed) { order.write(to: &$0) }
        markForFlush(connection.gate)
    }

    func flush(_ gate: GateRoom) {
        gate.isFlushDue = false
        do throws(ChannelError) {
            switch try gate.channel.flush() {
            case .moved: watch(gate, [.readable])
            case .wouldBlock:
                guard gate.channel.waitingCount <= Self.mostWaitingForGate else {
                    return lose(gate, why: "door-congested")
                }
                // Nothing more is taken from it before it has taken what waits for it.
                watch(gate, gate.channel.isCongested ? [.writable] : [.readable, .writable])
            case .closed: lose(gate, why: "door-closed")
            }
        } catch { lose(gate, why: "door-failed") }
    }

    private func watch(_ gate: GateRoom, _ interest: Interest) {
        guard gate.interest != interest else { return }
        gate.interest = interest
        do throws(SyscallError) {
            try poller.change(gate.channel.socket, interest, token: Token(.gate, gate.number).value)
        } catch { lose(gate, why: "poll-failed") }
    }

    func serve(_ gate: GateRoom, _ event: Readiness) {
        if event.writable { markForFlush(gate) }
        guard event.readable || event.hungUp else { return }
        guard !gate.channel.isCongested || event.hungUp else { return markForFlush(gate) }
        do throws(ChannelError) {
            // A bounded number of packets in one turn: one busy gate does not starve the others or the journal.
            for _ in 0..<32 {
                switch try gate.channel.receive() {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    lose(gate, why: "door-closed")
                    return
                }
                guard gate.channel.descriptorCount == 0 else { throw .frame(.descriptors(kind: 0, count: 1)) }
                while var frame = try gate.channel.next() {
                    let request: GateRequest
                    do throws(FrameError) {
                        request = try GateRequest.read(frame.kind, &frame.fields)
                    } catch { throw .frame(error) }
                    guard answer(request, from: gate) else {
                        lose(gate, why: "not-permitted")
                        return
                    }
                    // The answer may have been its end.
                    guard gates[gate.number] != nil else { return }
                }
            }
        } catch { lose(gate, why: "frame-malformed") }
    }

    /// One request of a gate, if its row permits it in this state; false ends the gate.
    private func answer(_ request: GateRequest, from gate: GateRoom) -> Bool {
        if case .ready(let report) = request {
            guard !gate.isReady else { return false }
            answerReady(gate, report)
            return true
        }
        guard gate.isReady, let handle = request.connection else { return false }
        // Numbers of other gates' connections do not exist for this one.
        let connection = connections[handle].flatMap { $0.gate === gate ? $0 : nil }
        guard request.kind.isPermitted(in: connection?.state ?? .gone) else { return false }
        switch request {
        case .ready: return false
        case .cancel(let call, _): answerCancel(call, gate)
        case .endSession(let session, _, let byClient): answerEndSession(session, gate, byClient: byClient)
        case .authenticate(_, let credential):
            if let connection { answerAuthenticate(connection, credential) }
        case .select(_, let caller, let server):
            guard let connection, let caller = callers[caller], caller.connection == handle else { return false }
            answerSelect(connection, caller, server)
        case .decide(let decision):
            guard let connection, let caller = callers[decision.caller], caller.connection == handle,
                gate.calls[decision.call] == nil
            else { return false }
            answerDecide(decision, connection, caller)
        case .reply(let question, _, let message): answerReply(question, gate, message)
        case .refused(let note):
            if let connection { recordRefusal(note, connection) }
        case .gone:
            if let connection { forget(connection) }
        }
        return true
    }

    private func answerReady(_ gate: GateRoom, _ report: [UInt8]) {
        gate.isReady = true
        noteRoom("gate/\(gate.listener)", Confinements.joined(gate.launchReport, report))
        guard let listener = listeners.first(where: { $0.name == gate.listener }) else { return }
        order(gate, .configure(listener.configuration(seal.registry.limits)))
        roomsAreReady()
        openListener(of: gate)
    }

    /// A gate has ended or broke its protocol: its connections end, its calls are given up, another one is started.
    func lose(_ gate: GateRoom, why: StaticString) {
        guard gates.removeValue(forKey: gate.number) != nil else { return }
        removeFromPoller(gate.channel.socket)
        for connection in connections.values where connection.gate === gate { cut(connection) }
        for call in Array(gate.calls.values) { giveUp(call, outcome: .gateLost) }
        for session in sessions.values where session.gate === gate { end(session) }
        gate.calls = [:]
        record(.roomEnded) { json in
            json.key("reason")
            json.string(why)
            json.key("room")
            json.string("gate/\(gate.listener)")
        }
        closeListener(of: gate)
        if phase == .serving { ask(.startGate(listener: gate.listener)) }
    }
}
