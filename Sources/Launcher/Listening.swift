// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy

/// One listener as it was opened.
struct OpenListener {
    let name: ListenerName
    let kind: GateConfiguration.Kind
    /// As in a Host header, with the port that the kernel gave.
    let authority: String
    let socket: Passing
}

extension LauncherRoom {
    /// Connections that may wait to be accepted.
    private static let backlog: Int32 = 512

    /// Opens every listener before any room exists: an address that is taken ends the start with nothing to clean up.
    func openListeners() throws(LaunchFault) {
        guard invocation.mode == .serve else { return }
        var entries = seal.registry.listeners
        for replacement in invocation.listeners {
            entries.removeAll { $0.name == replacement.name }
            entries.append(replacement)
        }
        for entry in entries {
            do throws(SyscallError) {
                let socket = try TCPSocket.listen(on: entry.address.endpoint, backlog: Self.backlog)
                let port = try TCPSocket.local(socket).port
                let authority = ListenAddress(host: entry.address.host, port: port).description
                listeners.append(
                    OpenListener(name: entry.name, kind: .tcp, authority: authority, socket: Passing(socket)))
            } catch {
                throw LaunchFault(
                    "cannot listen on \(entry.address): \(error)",
                    hint: "another program may hold the port: doorward serve --listen 127.0.0.1:0 takes a free one")
            }
        }
        do throws(SyscallError) {
            let socket = try sockets.listenForConnect()
            listeners.append(OpenListener(name: .local, kind: .local, authority: "localhost", socket: Passing(socket)))
        } catch { throw LaunchFault("the unix socket cannot be opened: \(error)", hint: "check the state directory") }
    }

    func handListeners() throws(LaunchFault) {
        for listener in listeners {
            tell(
                .listener(listener.name, listener.kind, authority: Array(listener.authority.utf8)),
                passing: listener.socket.take())
        }
    }

    /// The line that scripts wait for.
    func announce() {
        guard invocation.mode == .serve else {
            Console.line("doorward: ready")
            return
        }
        for listener in listeners where listener.kind == .tcp {
            Console.line("listening on http://\(listener.authority)")
        }
    }
}

extension ListenAddress {
    var endpoint: Endpoint {
        switch host {
        case .v4(let b, let c, let d):
            Endpoint(address: .v4(0x7F00_0000 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)), port: port)
        case .v6: Endpoint(address: .loopback6, port: port)
        }
    }
}
