// SPDX-License-Identifier: Apache-2.0

/// Who holds the other end of a connection, as the kernel knew it when the connection was admitted.
///
/// Recorded, may cause a refusal, never allows anything: another process can take over a descriptor, and a position
/// on this host grants nothing (G14).
package enum Peer: Equatable, Sendable {
    case process(PeerProcess)
    /// The owner could not be found: gone already, hidden from us, or too slow to find.
    case unknown(uid: UInt32?)

    package var uid: UInt32? {
        switch self {
        case .process(let process): process.uid
        case .unknown(let uid): uid
        }
    }
}

/// One process at the moment of attribution.
package struct PeerProcess: Equatable, Sendable {
    package let uid: UInt32
    package let pid: UInt32
    /// Clock ticks after boot (proc(5), field 22): with the pid it names one process for ever.
    package let startTime: UInt64
    /// What `/proc/PID/exe` points to; empty if it may not be read.
    package let executable: [UInt8]
    /// The process is a web browser, or the part of one that opens connections.
    package let isBrowser: Bool

    package init(uid: UInt32, pid: UInt32, startTime: UInt64, executable: [UInt8], isBrowser: Bool) {
        self.uid = uid
        self.pid = pid
        self.startTime = startTime
        self.executable = executable
        self.isBrowser = isBrowser
    }
}

/// What the policy demands of the process behind a caller; an empty demand is met by everybody.
package struct PeerDemand: Equatable, Sendable {
    /// Executables of which one must own the connection; nil demands none.
    package let executables: [AbsolutePath]?
    /// User that must own the connection; nil demands none.
    package let uid: UInt32?

    package static let nothing = PeerDemand(executables: nil, uid: nil)

    package init(executables: [AbsolutePath]?, uid: UInt32?) {
        self.executables = executables
        self.uid = uid
    }

    /// An unknown peer meets no demand: what could not be seen is not assumed.
    package func isMet(by peer: Peer) -> Bool {
        if let uid, peer.uid != uid { return false }
        guard let executables else { return true }
        guard case .process(let process) = peer else { return false }
        return executables.contains { $0.bytes == process.executable }
    }
}
