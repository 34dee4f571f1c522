// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// One listening socket and the gate that serves it.
final class Listener {
    let name: ListenerName
    let kind: GateConfiguration.Kind
    /// As in a Host header: `127.0.0.1:8742`.
    let authority: [UInt8]
    let socket: FileDescriptor
    var gate: GateRoom?
    var isOpen = false
    /// A gate for it has been asked for.
    var isGateAwaited = false
    var connections: UInt32 = 0

    init(
        name: ListenerName, kind: GateConfiguration.Kind, authority: [UInt8], socket: consuming FileDescriptor
    ) {
        self.name = name
        self.kind = kind
        self.authority = authority
        self.socket = socket
    }

    func configuration(_ limits: Limits) -> GateConfiguration {
        let host = kind == .tcp ? authority : Array("localhost".utf8)
        return GateConfiguration(
            kind: kind, listener: name, authorities: [host], origin: Array("http://".utf8) + host,
            limits: GateLimits(
                connectionsPerCaller: limits.connectionsPerCaller, sessionsPerCaller: limits.sessionsPerCaller))
    }
}

/// A connection whose other end the watcher is looking for. Not a byte of it has been read.
final class Admission {
    let listener: Listener
    private var socket: FileDescriptor?
    let deadline: Instant

    init(listener: Listener, socket: consuming FileDescriptor, deadline: Instant) {
        self.listener = listener
        self.socket = consume socket
        self.deadline = deadline
    }

    func take() -> FileDescriptor? { socket.take() }
}

extension BrokerRoom {
    /// How long the watcher may look for a peer; then the peer is unknown, and rules that demand one refuse.
    static let attributionMilliseconds: UInt64 = 500
    /// Connections accepted in one turn.
    private static let mostAccepted = 64

    func openListener(of gate: GateRoom) {
        guard phase == .serving, let index = listeners.firstIndex(where: { $0.name == gate.listener }) else { return }
        listeners[index].gate = gate
        listeners[index].isGateAwaited = false
        open(index)
    }

    /// Starts accepting. A unix listener is open before its gate exists: the first caller brings it into being.
    func open(_ index: Int) {
        let listener = listeners[index]
        guard !listener.isOpen else { return }
        do throws(SyscallError) {
            try poller.add(listener.socket, .readable, token: Token(.listener, UInt32(index)).value)
            listener.isOpen = true
        } catch { report("a listener cannot be watched: \(error)") }
    }

    func closeListener(of gate: GateRoom) {
        guard let listener = listeners.first(where: { $0.gate === gate }) else { return }
        listener.gate = nil
        pause(listener)
    }

    func pause(_ listener: Listener) {
        guard listener.isOpen else { return }
        listener.isOpen = false
        removeFromPoller(listener.socket)
    }

    /// Whoever connects from now on is refused by the kernel, instead of waiting for somebody who will never answer.
    func shut(_ listener: Listener) {
        pause(listener)
        // Fails only for a socket that listens no more.
        do throws(SyscallError) { try TCPSocket.shutDown(listener.socket, .both) } catch {}
    }

    /// Accepts what waits on a listener and asks who it is; step 0 of the refusal order.
    func admit(_ index: Int) {
        let listener = listeners[index]
        guard listener.gate != nil else {
            // The unix socket's gate is started by its first caller; the connection waits in the kernel's queue.
            if !listener.isGateAwaited {
                listener.isGateAwaited = true
                pause(listener)
                ask(.startGate(listener: listener.name))
            }
            return
        }
        for _ in 0..<Self.mostAccepted {
            let socket: FileDescriptor
            do throws(SyscallError) {
                guard let accepted = try TCPSocket.accept(listener.socket) else { return }
                socket = accepted
            } catch {
                report("a connection could not be accepted: \(error)")
                return
            }
            guard listener.connections < seal.registry.limits.connections, phase == .serving else {
                refuseAtTheDoor(phase == .serving ? .connectionCap : .stopping, listener, .unknown(uid: nil))
                continue
            }
            listener.connections += 1
            attribute(socket, listener)
        }
    }

    private func attribute(_ socket: consuming FileDescriptor, _ listener: Listener) {
        let query = takeNumber()
        guard let watcher else {
            complete(socket, listener, .unknown(uid: nil))
            return
        }
        do throws(SyscallError) {
            switch listener.kind {
            case .tcp:
                try TCPSocket.sendAtOnce(socket)
                let client = try TCPSocket.peer(socket)
                let own = try TCPSocket.local(socket)
                let request = WatchRequest.attributeTCP(
                    query: query, clientAddress: client.address.bytes, clientPort: client.port,
                    ourAddress: own.address.bytes, ourPort: own.port)
                watcher.send { request.write(to: &$0) }
            case .local:
                var passed = PassedDescriptors()
                passed.append(try socket.duplicate())
                let request = WatchRequest.attributePeer(query: query)
                watcher.send(passing: passed) { request.write(to: &$0) }
            }
        } catch {
            // The peer closed already: nothing to attribute, nothing to serve.
            listener.connections -= 1
            return
        }
        admissions[query] = Admission(
            listener: listener, socket: socket, deadline: now.adding(milliseconds: Self.attributionMilliseconds))
    }

    /// The watcher's answer, or its silence.
    func attributed(_ query: UInt32, _ peer: Peer) {
        guard let admission = admissions.removeValue(forKey: query), let socket = admission.take() else { return }
        complete(socket, admission.listener, peer)
    }

    private func complete(_ socket: consuming FileDescriptor, _ listener: Listener, _ peer: Peer) {
        guard let gate = listener.gate else {
            listener.connections -= 1
            return
        }
        if case .process(let process) = peer, process.isBrowser {
            listener.connections -= 1
            refuseAtTheDoor(.browserPeer, listener, peer)
            return
        }
        // The mode of the socket's file keeps other users out; this is the second lock.
        if listener.kind == .local, peer.uid != ownUser {
            listener.connections -= 1
            refuseAtTheDoor(.peerNotAsDemanded, listener, peer)
            return
        }
        let handle = takeNumber()
        do throws(SyscallError) {
            let connection = Connection(
                handle: handle, gate: gate, socket: try socket.duplicate(), peer: peer, peerRecord: Records.peer(peer))
            connections[handle] = connection
            hand(socket, connection)
        } catch {
            listener.connections -= 1
            report("a connection could not be handed over: \(error)")
        }
    }

    func tickAdmissions() {
        for (query, admission) in admissions where admission.deadline <= now { attributed(query, .unknown(uid: nil)) }
    }

    /// Ends a connection from our side: the gate sees its end, and no byte passes any more.
    func cut(_ connection: Connection) {
        // Fails only for a socket that the peer has ended already.
        do throws(SyscallError) { try TCPSocket.shutDown(connection.socket, .both) } catch {}
        forget(connection)
    }

    /// Takes a connection out of the books; its callers go with it.
    func forget(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.handle) != nil else { return }
        connection.state = .gone
        for handle in connection.callers { callers[handle] = nil }
        listeners.first { $0.name == connection.gate.listener }?.connections -= 1
    }

    func removeFromPoller(_ descriptor: borrowing FileDescriptor) {
        // It may never have been added, or be closed already: both leave nothing to remove.
        do throws(SyscallError) { try poller.remove(descriptor) } catch {}
    }
}
