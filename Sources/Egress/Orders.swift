// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy

/// What the broker says.
extension EgressRoom {
    func serveDoor(_ event: Readiness) throws(EgressEnd) {
        guard event.readable || event.hungUp else { return }
        // One packet: the poller tells of the next, and a busy broker does not keep this turn from its connections.
        let moved: Transfer
        do throws(ChannelError) { moved = try channel.receive() } catch { throw .broken(error) }
        switch moved {
        case .moved: try takeFrames()
        case .wouldBlock: return
        case .closed: throw .doorLost
        }
    }

    private func takeFrames() throws(EgressEnd) {
        while true {
            let order: EgressOrder
            do throws(ChannelError) {
                guard var frame = try channel.next() else { break }
                do throws(FrameError) { order = try EgressOrder.read(frame.kind, &frame.fields) } catch {
                    throw .frame(error)
                }
                guard order.kind.permit.descriptors.contains(channel.descriptorCount) else {
                    throw .frame(.descriptors(kind: frame.kind, count: channel.descriptorCount))
                }
            } catch { throw .broken(error) }
            try obey(order)
        }
        guard channel.descriptorCount == 0 else {
            throw .frame(.descriptors(kind: 0, count: channel.descriptorCount))
        }
    }

    private func obey(_ order: EgressOrder) throws(EgressEnd) {
        guard isConfigured == (order.kind != .configure) else { throw .frame(.invalid("configure")) }
        switch order {
        case .configure(let nat64, let ownPorts):
            isConfigured = true
            self.nat64 = nat64
            circumstances.ownPorts = ownPorts
            areAddressesStale = true
        case .serve(let sandbox, _, let policy):
            guard let http = channel.takeDescriptor(), let socks = channel.takeDescriptor() else {
                throw .frame(.descriptors(kind: order.kind.rawValue, count: 0))
            }
            try serve(sandbox, http, socks, policy)
        case .amend(let number, let policy): try amend(served(number), policy)
        case .release(let number): release(try served(number))
        case .recorded(let number):
            do throws(FrameError) { try reports.acknowledge(upTo: number) } catch { throw .frame(error) }
            serveBacklog()
        }
    }

    private func served(_ number: UInt32) throws(EgressEnd) -> Served {
        guard let sandbox = sandboxes[number] else { throw .frame(.invalid("sandbox")) }
        return sandbox
    }

    private func serve(
        _ number: UInt32, _ http: consuming FileDescriptor, _ socks: consuming FileDescriptor, _ policy: [UInt8]
    ) throws(EgressEnd) {
        guard sandboxes[number] == nil, sandboxes.count < Bounds.sandboxes else { throw .frame(.invalid("sandbox")) }
        let sandbox = Served(number: number, http: http, socks: socks, policy: try read(policy))
        sandboxes[number] = sandbox
        let place = places.firstIndex { $0 == nil } ?? places.count
        if place == places.count { places.append(sandbox) } else { places[place] = sandbox }
        do throws(SyscallError) {
            // Whoever made them may have wanted to wait on them.
            try sandbox.http.setNonBlocking(true)
            try sandbox.socks.setNonBlocking(true)
            // Connections have it from their listener.
            try TCPSocket.sendAtOnce(sandbox.http)
            try TCPSocket.sendAtOnce(sandbox.socks)
            let interest: Interest = pausedUntil == nil ? .readable : []
            try poller.add(sandbox.http, interest, token: Token(.httpListener, place).value)
            try poller.add(sandbox.socks, interest, token: Token(.socksListener, place).value)
        } catch { throw .system(error) }
    }

    private func read(_ policy: [UInt8]) throws(EgressEnd) -> EgressPolicy {
        if policy.isEmpty { return .none }
        do throws(ConfigurationError) { return try EgressPolicy.read(canonical: policy) } catch {
            throw .fault("policy: \(error)")
        }
    }

    /// What is open and would not be allowed any more is cut; what is being decided will meet the new policy.
    private func amend(_ sandbox: Served, _ policy: [UInt8]) throws(EgressEnd) {
        sandbox.policy = try read(policy)
        refreshAddresses()
        for client in sandbox.clients.compactMap({ clients[$0] }) {
            switch client.phase {
            case .dialling:
                guard let asking = client.asking, let target = asking.target, let dial = asking.dial else { continue }
                let isAllowed = dial.admission.addresses.allSatisfy {
                    isStillAllowed(target, asking.judgedMethod, $0, sandbox.policy)
                }
                if !isAllowed { decide(client, Refusal(reason: .policyChanged)) }
            case .announcing:
                guard let asking = client.asking, let target = asking.target,
                    case .open(let opening)? = asking.verdict
                else { continue }
                if !isStillAllowed(target, asking.judgedMethod, opening.address, sandbox.policy) {
                    forget(client, .policy)
                }
            case .tunnel, .forward:
                guard let opened = client.opened else { continue }
                if !isStillAllowed(opened.target, opened.judgedMethod, opened.address, sandbox.policy) {
                    end(client, .policy)
                }
            // A look-up is concluded by the policy that holds then.
            case .head, .waiting, .resolving, .leaving, .gone: continue
            }
        }
    }

    private func isStillAllowed(
        _ target: EgressTarget, _ method: [UInt8]?, _ address: NetworkAddress, _ policy: EgressPolicy
    ) -> Bool {
        var step = Judgement.begin(target, method: method, policy: policy, circumstances)
        if case .resolve = step {
            step = Judgement.conclude(
                target, method: method, policy: policy, circumstances, Resolution(addresses: [address]))
        }
        guard case .dial(let admission) = step else { return false }
        return admission.addresses.contains(address)
    }

    private func release(_ sandbox: Served) {
        sandbox.isReleased = true
        for client in sandbox.clients.compactMap({ clients[$0] }) {
            if client.opened != nil { end(client, .released) } else { forget(client, .released) }
        }
        sandboxes[sandbox.number] = nil
        if let place = places.firstIndex(where: { $0 === sandbox }) {
            // A copy of the listener may be open elsewhere, so the poller has to be told.
            do throws(SyscallError) {
                try poller.remove(sandbox.http)
                try poller.remove(sandbox.socks)
            } catch {}
            places[place] = nil
        }
        send(.released(sandbox: sandbox.number))
    }

    /// Reads the host's own addresses again if they may have changed.
    func refreshAddresses() {
        guard areAddressesStale else { return }
        do throws(SyscallError) {
            let all = try network.addresses()
            circumstances.judge = AddressJudge(
                own: all.filter { !$0.isOnLoopback }.map { NetworkAddress($0.address) },
                onLoopback: all.filter(\.isOnLoopback).map { NetworkAddress($0.address) }, names: names,
                nat64: nat64)
            areAddressesStale = false
            addressesFailed = false
        } catch {
            // Without them nothing can be told from this host: nothing is allowed until they can be read.
            addressesFailed = true
        }
    }
}
