// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What the launcher tells the broker.
package enum LaunchReport: Equatable, Sendable {
    /// What the installation is, and what was enforced on the broker; the first frame.
    ///
    /// - `startsNewChain`: the operator's word that a damaged log may be followed by a new chain.
    case standUp(mode: Mode, isFullDemanded: Bool, startsNewChain: Bool = false, report: [UInt8])
    /// The sealed registry in force, as an open file that was checked for owner, mode and digest.
    case seal(digest: Digest)
    /// The registry that is on disk now is not believed; the one in force stays.
    case sealRefused(reason: [UInt8])
    /// A listening socket, bound and not yet accepting.
    case listener(ListenerName, GateConfiguration.Kind, authority: [UInt8])
    /// The operator's listening socket.
    case operatorSocket
    /// The door to the watcher.
    case watch(report: [UInt8])
    /// The door to a gate that serves this listener.
    case gate(ListenerName, report: [UInt8])
    /// The door to the egress room.
    case egress(report: [UInt8])
    /// That was all: be ready.
    case complete
    /// A server runs. Carries its standard input, output and error, and behind them, where its entry grants a network,
    /// the listening sockets inside its sandbox: HTTP proxy and SOCKS5.
    case started(launch: UInt32, pid: UInt32, hasNetwork: Bool = false, report: [UInt8])
    /// A server was not started.
    case refused(launch: UInt32, denial: Denial, detail: [UInt8])
    /// A server's whole tree is gone. `status` as wait(2) packs it.
    case exited(launch: UInt32, status: UInt32)
    /// A room ended by itself.
    case roomEnded(word: [UInt8], status: UInt32)
    /// The operator wants an end (SIGTERM, SIGINT).
    case terminate

    package enum Mode: UInt8, CaseIterable, Sendable {
        /// Listeners, gates, servers.
        case serve = 1
        /// One operator, no listeners: `doorward token` and `registry` while nothing is serving.
        case administer
    }

    package enum Kind: UInt8, CaseIterable, Sendable {
        case standUp = 1
        case seal
        case sealRefused
        case listener
        case operatorSocket
        case watch
        case gate
        case complete
        case started
        case refused
        case exited
        case roomEnded
        case terminate
        case egress
    }

    /// Listening sockets of a sandbox that has a network.
    package static let networkDescriptors = 2

    /// Descriptors that come with the frame, exactly.
    package var descriptors: Int {
        switch self {
        case .seal, .listener, .operatorSocket, .watch, .gate, .egress: 1
        case .started(_, _, let hasNetwork, _): hasNetwork ? 3 + Self.networkDescriptors : 3
        case .standUp, .sealRefused, .complete, .refused, .exited, .roomEnded, .terminate: 0
        }
    }

    package var kind: Kind {
        switch self {
        case .standUp: .standUp
        case .seal: .seal
        case .sealRefused: .sealRefused
        case .listener: .listener
        case .operatorSocket: .operatorSocket
        case .watch: .watch
        case .gate: .gate
        case .egress: .egress
        case .complete: .complete
        case .started: .started
        case .refused: .refused
        case .exited: .exited
        case .roomEnded: .roomEnded
        case .terminate: .terminate
        }
    }

    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .standUp(let mode, let isFullDemanded, let startsNewChain, let report):
            writer.u8(mode.rawValue)
            writer.flag(isFullDemanded)
            writer.flag(startsNewChain)
            writer.data(report)
        case .seal(let digest): writer.data(digest.bytes)
        case .sealRefused(let reason): writer.data(reason)
        case .listener(let name, let kind, let authority):
            writer.data(name.bytes)
            writer.u8(kind.rawValue)
            writer.data(authority)
        case .operatorSocket, .complete, .terminate: break
        case .watch(let report), .egress(let report): writer.data(report)
        case .gate(let name, let report):
            writer.data(name.bytes)
            writer.data(report)
        case .started(let launch, let pid, let hasNetwork, let report):
            writer.u32(launch)
            writer.u32(pid)
            writer.flag(hasNetwork)
            writer.data(report)
        case .refused(let launch, let denial, let detail):
            writer.u32(launch)
            writer.u8(denial.rawValue)
            writer.data(detail)
        case .exited(let launch, let status):
            writer.u32(launch)
            writer.u32(status)
        case .roomEnded(let word, let status):
            writer.data(word)
            writer.u32(status)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> LaunchReport {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let report: LaunchReport
        switch known {
        case .standUp:
            guard let mode = Mode(rawValue: try reader.u8()) else { throw .invalid("mode") }
            report = .standUp(
                mode: mode, isFullDemanded: try reader.flag("full"), startsNewChain: try reader.flag("chain"),
                report: try reader.data(atMost: Caps.report, "report"))
        case .seal:
            guard let digest = Digest(try reader.data(atMost: Digest.byteCount, "seal")) else { throw .invalid("seal") }
            report = .seal(digest: digest)
        case .sealRefused: report = .sealRefused(reason: try reader.data(atMost: Caps.report, "reason"))
        case .listener:
            let name = try listenerName(&reader)
            guard let kind = GateConfiguration.Kind(rawValue: try reader.u8()) else { throw .invalid("kind") }
            report = .listener(name, kind, authority: try reader.data(atMost: Caps.name, "authority"))
        case .operatorSocket: report = .operatorSocket
        case .watch: report = .watch(report: try reader.data(atMost: Caps.report, "report"))
        case .gate:
            let name = try listenerName(&reader)
            report = .gate(name, report: try reader.data(atMost: Caps.report, "report"))
        case .egress: report = .egress(report: try reader.data(atMost: Caps.report, "report"))
        case .complete: report = .complete
        case .started:
            report = .started(
                launch: try reader.u32(), pid: try reader.u32(), hasNetwork: try reader.flag("network"),
                report: try reader.data(atMost: Caps.report, "report"))
        case .refused:
            let launch = try reader.u32()
            guard let denial = Denial(rawValue: try reader.u8()) else { throw .invalid("denial") }
            report = .refused(launch: launch, denial: denial, detail: try reader.data(atMost: Caps.report, "detail"))
        case .exited: report = .exited(launch: try reader.u32(), status: try reader.u32())
        case .roomEnded:
            report = .roomEnded(word: try reader.data(atMost: Caps.word, "word"), status: try reader.u32())
        case .terminate: report = .terminate
        }
        try reader.finish()
        return report
    }

    private static func listenerName(_ reader: inout FrameReader) throws(FrameError) -> ListenerName {
        guard let name = ListenerName(try reader.data(atMost: Caps.name, "listener")) else {
            throw .invalid("listener")
        }
        return name
    }
}
