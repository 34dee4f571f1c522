// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What the broker may ask of the launcher. There is no field for a command line: a name, and choices among sealed values.
package enum LaunchRequest: Equatable, Sendable {
    /// The broker is confined, its journal is open.
    case ready(report: [UInt8])
    /// Every listener is being served: tell the operator.
    case serving
    /// Start the sealed server of this name. The digest says which seal the broker decided by; another one is refused.
    case start(launch: UInt32, server: ServerName, seal: Digest, choices: [UInt8])
    /// End a server: politely (SIGTERM) or at once with its whole tree (SIGKILL).
    case stop(launch: UInt32, force: Bool)
    /// Start a gate room for this listener; the last one ended, or none was needed so far.
    case startGate(listener: ListenerName)
    /// Read the sealed registry again.
    case reload
    /// Everything in flight is answered and recorded: end the tree.
    case finished
    /// The broker cannot go on; the text is for the operator.
    ///
    /// - `isUnconfined`: what is wrong is that this host cannot confine as fully as was demanded.
    case fatal(error: [UInt8], hint: [UInt8], isUnconfined: Bool = false)

    package enum Kind: UInt8, CaseIterable, Sendable {
        case ready = 1
        case serving
        case start
        case stop
        case startGate
        case reload
        case finished
        case fatal
    }

    package var kind: Kind {
        switch self {
        case .ready: .ready
        case .serving: .serving
        case .start: .start
        case .stop: .stop
        case .startGate: .startGate
        case .reload: .reload
        case .finished: .finished
        case .fatal: .fatal
        }
    }

    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .ready(let report): writer.data(report)
        case .serving, .reload, .finished: break
        case .start(let launch, let server, let seal, let choices):
            writer.u32(launch)
            writer.data(server.bytes)
            writer.data(seal.bytes)
            writer.data(choices)
        case .stop(let launch, let force):
            writer.u32(launch)
            writer.flag(force)
        case .startGate(let listener): writer.data(listener.bytes)
        case .fatal(let error, let hint, let isUnconfined):
            writer.data(error)
            writer.data(hint)
            writer.flag(isUnconfined)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> LaunchRequest {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let request: LaunchRequest
        switch known {
        case .ready: request = .ready(report: try reader.data(atMost: Caps.report, "report"))
        case .serving: request = .serving
        case .start:
            let launch = try reader.u32()
            guard let server = ServerName(try reader.data(atMost: ServerName.maxBytes, "server")) else {
                throw .invalid("server")
            }
            guard let seal = Digest(try reader.data(atMost: Digest.byteCount, "seal")) else { throw .invalid("seal") }
            request = .start(
                launch: launch, server: server, seal: seal, choices: try reader.data(atMost: 64, "choices"))
        case .stop: request = .stop(launch: try reader.u32(), force: try reader.flag("force"))
        case .startGate:
            guard let listener = ListenerName(try reader.data(atMost: Caps.name, "listener")) else {
                throw .invalid("listener")
            }
            request = .startGate(listener: listener)
        case .reload: request = .reload
        case .finished: request = .finished
        case .fatal:
            request = .fatal(
                error: try reader.data(atMost: Caps.report, "error"),
                hint: try reader.data(atMost: Caps.report, "hint"),
                isUnconfined: try reader.flag("unconfined")
            )
        }
        try reader.finish()
        return request
    }
}

/// How far the launcher has come.
package enum LauncherState: UInt8, CaseIterable, Sendable {
    /// Rooms are starting.
    case preparing
    /// Listeners are open.
    case serving
    /// The tree is being taken down.
    case stopping
}

extension LaunchRequest.Kind {
    package func isPermitted(in state: LauncherState) -> Bool {
        switch self {
        case .ready, .serving: state == .preparing
        // A gate is started before the listeners open; servers only while they are.
        case .startGate: state != .stopping
        case .start, .reload: state == .serving
        case .stop: state != .preparing
        case .finished, .fatal: true
        }
    }

    package var maxBytes: Int {
        switch self {
        case .ready: Caps.report + 16
        case .fatal: 2 * Caps.report + 16
        case .serving, .start, .stop, .startGate, .reload, .finished: 512
        }
    }
}
