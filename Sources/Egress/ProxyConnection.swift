// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// A client's head on the HTTP listener, and the way from it into a decision.
extension EgressRoom {
    func readHead(_ client: Client) {
        guard let asking = client.asking, client.isReadable else { return }
        while client.phase == .head && client.isReadable {
            // Through the room's buffer: thousands that have not finished their head hold only what they have sent.
            scratch.removeAll()
            switch receive(client, into: &scratch, limit: Bounds.copy) {
            case .moved:
                let bytes = scratch.storage
                asking.input.append(copying: bytes.span.extracting(scratch.range))
                switch client.grammar {
                case .http: readProxyHead(client, asking)
                case .socks: readSocks(client, asking)
                }
            case .wouldBlock: return
            case .closed:
                // Whoever asked nothing has nothing to be told, and nothing to be recorded about.
                if asking.input.isEmpty && asking.greeted == nil { return forget(client) }
                return decide(client, Refusal(reason: .headMalformed))
            }
        }
    }

    /// Reads, and keeps in mind what the kernel said. A failure of the connection is its end.
    func receive(_ client: Client, into queue: inout ByteQueue, limit: Int) -> Transfer {
        do throws(SyscallError) {
            let moved = try client.socket.read(into: &queue, limit: limit)
            if moved == .wouldBlock { client.isReadable = false }
            return moved
        } catch { return .closed }
    }

    private func readProxyHead(_ client: Client, _ asking: Asking) {
        let bytes = asking.input.storage
        let span = bytes.span.extracting(asking.input.range)
        do throws(WireError) {
            guard case .complete(let request, let length) = try asking.proxy.read(span) else { return }
            note(asking)
            asking.method = request.bytes.span.copied(request.methodRange)
            asking.target = request.target
            asking.port = request.target.port
            asking.judgedMethod = request.judgedMethod
            if request.form == .absolute { asking.request = request }
            asking.input.drop(length)
            begin(client, asking)
        } catch {
            note(asking)
            decide(client, Refusal(reason: error.egressReason))
        }
    }

    /// What was asked, as far as it could be read.
    private func note(_ asking: Asking) {
        guard let form = asking.proxy.form else { return }
        let (host, port) = Self.split(asking.proxy.asked)
        asking.asked = host
        asking.port = port
        asking.form = form == .connect ? .connect : .absolute
        asking.method = form == .connect ? Array("CONNECT".utf8) : []
    }

    /// The host as it was written, and its port where one can be read.
    static func split(_ authority: [UInt8]) -> (host: [UInt8], port: UInt16) {
        guard let colon = authority.lastIndex(of: UInt8(ascii: ":")),
            !authority[colon...].contains(UInt8(ascii: "]")),
            let port = EgressTarget.port(authority.span, (colon + 1)..<authority.count)
        else { return (authority, 0) }
        return (Array(authority[..<colon]), port)
    }

    // MARK: Judging

    /// The head is complete: everything that can be said without a look-up.
    func begin(_ client: Client, _ asking: Asking) {
        guard let target = asking.target else { return }
        guard takePlace(client, asking) else { return wait(client, asking, nil) }
        refreshAddresses()
        if addressesFailed { return decide(client, Refusal(reason: .connectFailed)) }
        let step = Judgement.begin(
            target, method: asking.judgedMethod, policy: client.sandbox.policy, circumstances)
        switch step {
        case .refuse(let refusal): decide(client, refusal)
        case .dial(let admission): dial(client, asking, admission)
        case .resolve(let name):
            if let resolution = resolver.remembered(name, now: now) {
                return conclude(client, asking, target, name, resolution)
            }
            client.phase = .resolving
            // A little more than the resolver allows itself: it knows better what was wrong.
            client.due = now.adding(milliseconds: Times.lookup + 1000)
            note(due: client.due)
            if !resolver.resolve(name, for: client, poller, now: now) { decide(client, Refusal(reason: .dnsFailed)) }
        }
    }

    /// A look-up has come to its end, for everybody who waited for it.
    func conclude(_ lookup: Lookup, _ outcome: Lookup.Outcome) {
        for waiter in lookup.waiting {
            let client = waiter.client
            guard client.phase == .resolving, let asking = client.asking, let target = asking.target else { continue }
            switch outcome {
            case .resolved(let resolution): conclude(client, asking, target, lookup.name, resolution)
            case .failed: decide(client, Refusal(reason: .dnsFailed))
            case .timedOut: decide(client, Refusal(reason: .dnsTimeout))
            }
        }
    }

    private func conclude(
        _ client: Client, _ asking: Asking, _ target: EgressTarget, _ name: HostName, _ resolution: Resolution
    ) {
        refreshAddresses()
        let step = Judgement.conclude(
            target, method: asking.judgedMethod, policy: client.sandbox.policy, circumstances, resolution)
        switch step {
        case .refuse(let refusal): decide(client, refusal)
        case .dial(let admission):
            resolver.accept(name)
            dial(client, asking, admission)
        case .resolve: decide(client, Refusal(reason: .dnsFailed))
        }
    }
}

extension Span where Element == UInt8 {
    borrowing func copied(_ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(self[index]) }
        return copy
    }
}
