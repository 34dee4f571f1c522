// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy

/// From checked addresses to a connection: one after the other, a quarter of a second apart (RFC 8305, without its
/// sorting by history).
extension EgressRoom {
    func dial(_ client: Client, _ asking: Asking, _ admission: Admission) {
        guard let target = asking.target else { return }
        var ordered = admission
        ordered.addresses = Self.interleaved(admission.addresses)
        let dial = Dial(ordered, port: target.port, until: now.adding(milliseconds: Times.connect))
        asking.dial = dial
        client.phase = .dialling
        tryNext(client, asking, dial)
    }

    /// Both families by turns, IPv6 first, each in the order of its answer.
    static func interleaved(_ addresses: [NetworkAddress]) -> [NetworkAddress] {
        var six: [NetworkAddress] = []
        var four: [NetworkAddress] = []
        for address in addresses {
            switch address {
            case .v4: four.append(address)
            case .v6: six.append(address)
            }
        }
        if six.isEmpty || four.isEmpty { return addresses }
        return (0..<max(six.count, four.count)).flatMap { index in
            [six, four].compactMap { index < $0.count ? $0[index] : nil }
        }
    }

    /// Starts with the next address that can be tried at all, or gives up when none is left.
    private func tryNext(_ client: Client, _ asking: Asking, _ dial: Dial) {
        while dial.hasMore {
            let place = dial.attempts.count
            let address = InternetAddress(dial.admission.addresses[place])
            dial.attempts.append(nil)
            do throws(SyscallError) {
                // The last word on whose address it is has the kernel that would deliver the packet.
                if dial.admission.addressClass == .publicAddress {
                    switch try route(to: address) {
                    case .away: break
                    case .own:
                        return decide(
                            client,
                            Refusal(
                                reason: .ownAddress, rule: dial.admission.rule, address: NetworkAddress(address),
                                addressClass: .ownAddress))
                    case .other: continue
                    }
                }
                let socket = FileDescriptorBox(try network.connect(Endpoint(address: address, port: dial.port)))
                try poller.add(
                    socket.descriptor, .changes, token: Token(.upstream, client.slot, attempt: place).value)
                dial.attempts[place] = socket
                client.due = min(now.adding(milliseconds: dial.hasMore ? Times.stagger : Times.connect), dial.until)
                note(due: client.due)
                return
            } catch {
                if error.code == ErrorCode.outOfDescriptors || error.code == ErrorCode.hostOutOfDescriptors {
                    return decide(client, Refusal(reason: .tooMany))
                }
            }
        }
        if dial.isTrying {
            client.due = dial.until
            note(due: client.due)
        } else {
            giveUp(client, dial, dial.failure)
        }
    }

    /// Asked anew each second, and whenever addresses have changed.
    private func route(to address: InternetAddress) throws(SyscallError) -> HostAddresses.Route {
        if routesSince.adding(milliseconds: Times.routes) <= now || routes.count >= Bounds.cachedNames {
            routes.removeAll(keepingCapacity: true)
            routesSince = now
        }
        if let known = routes[address] { return known }
        let found = try network.route(address)
        routes[address] = found
        return found
    }

    private func giveUp(_ client: Client, _ dial: Dial, _ reason: EgressReason) {
        // Allowed, and in vain: the record says where packets went.
        decide(
            client,
            Refusal(
                reason: reason, verdict: .allow, rule: dial.admission.rule, address: dial.admission.addresses.first,
                addressClass: dial.admission.addressClass))
    }

    func serveDialTime(_ client: Client) {
        guard let asking = client.asking, let dial = asking.dial else { return }
        if now >= dial.until { return giveUp(client, dial, .connectTimeout) }
        tryNext(client, asking, dial)
    }

    /// An attempt has come to its end, or is said to have.
    func serveAttempt(_ client: Client, _ place: Int) {
        guard client.phase == .dialling, let asking = client.asking, let dial = asking.dial,
            place < dial.attempts.count, let socket = dial.attempts[place]
        else { return }
        let address = dial.admission.addresses[place]
        do throws(SyscallError) {
            let peer: Endpoint
            do throws(SyscallError) { peer = try network.peer(socket.descriptor) } catch {
                // Not connected: why, the socket itself says once.
                throw try TCPSocket.error(of: socket.descriptor) ?? error
            }
            guard peer == Endpoint(address: InternetAddress(address), port: dial.port) else {
                dial.attempts[place] = nil
                return giveUp(client, dial, .peerMismatch)
            }
            try TCPSocket.sendAtOnce(socket.descriptor)
            open(client, dial.admission, address, socket)
        } catch {
            // ENOTCONN: an event from before, and no news.
            if error.code == ErrorCode.notConnected { return }
            dial.attempts[place] = nil
            if error.code == ErrorCode.timedOut { dial.failure = .connectTimeout }
            tryNext(client, asking, dial)
        }
    }
}
