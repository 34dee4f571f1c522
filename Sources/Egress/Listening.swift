// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The listeners of sandboxes.
extension EgressRoom {
    func accept(place: Int, _ grammar: Served.Grammar) {
        guard place < places.count, let sandbox = places[place], !sandbox.isReleased else { return }
        for _ in 0..<Bounds.accepts {
            do throws(SyscallError) {
                let accepted: FileDescriptor? =
                    switch grammar {
                    case .http: try TCPSocket.accept(sandbox.http)
                    case .socks: try TCPSocket.accept(sandbox.socks)
                    }
                guard let socket = accepted else { return }
                adopt(socket, of: sandbox, grammar)
            } catch {
                // Descriptors or memory have run out: waiting connections wait in the kernel, and others go on.
                pauseListeners()
                return
            }
        }
    }

    /// Hears of connections to this sandbox's listeners from here on, or not.
    func listen(to sandbox: Served, place: Int, _ interest: Interest) throws(SyscallError) {
        try poller.change(sandbox.http, interest, token: Token(.httpListener, place).value)
        try poller.change(sandbox.socks, interest, token: Token(.socksListener, place).value)
    }

    private func pauseListeners() {
        guard pausedUntil == nil else { return }
        pausedUntil = now.adding(milliseconds: Times.exhausted)
        setListeners([])
    }

    func resumeListeners() {
        pausedUntil = nil
        setListeners(.readable)
    }

    private func setListeners(_ interest: Interest) {
        for (place, sandbox) in places.enumerated() {
            guard let sandbox else { continue }
            // Both are in the poller since they came; what cannot be changed stays as it was.
            do throws(SyscallError) { try listen(to: sandbox, place: place, interest) } catch { continue }
        }
    }
}
