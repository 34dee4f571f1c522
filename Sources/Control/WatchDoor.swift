// SPDX-License-Identifier: Apache-2.0
package import Policy

/// What the broker may ask of the watcher: who holds the other end?
package enum WatchRequest: Equatable, Sendable {
    /// The client end of a loopback TCP connection: its own address and port, and ours. Addresses are 4 or 16 bytes.
    case attributeTCP(query: UInt32, clientAddress: [UInt8], clientPort: UInt16, ourAddress: [UInt8], ourPort: UInt16)
    /// The process that connected to a unix socket. The socket travels along: the broker's own pid namespace does not
    /// know the peer's pid, the watcher's does.
    case attributePeer(query: UInt32)

    package func write(to writer: inout FrameWriter) {
        switch self {
        case .attributeTCP(let query, let clientAddress, let clientPort, let ourAddress, let ourPort):
            writer.begin(1)
            writer.u32(query)
            writer.data(clientAddress)
            writer.u16(clientPort)
            writer.data(ourAddress)
            writer.u16(ourPort)
        case .attributePeer(let query):
            writer.begin(2)
            writer.u32(query)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> WatchRequest {
        let request: WatchRequest
        switch kind {
        case 1:
            let query = try reader.u32()
            let clientAddress = try address(&reader)
            let clientPort = try reader.u16()
            let ourAddress = try address(&reader)
            guard clientAddress.count == ourAddress.count else { throw .invalid("address") }
            request = .attributeTCP(
                query: query, clientAddress: clientAddress, clientPort: clientPort, ourAddress: ourAddress,
                ourPort: try reader.u16())
        case 2: request = .attributePeer(query: try reader.u32())
        default: throw .kindUnknown(kind)
        }
        try reader.finish()
        return request
    }

    private static func address(_ reader: inout FrameReader) throws(FrameError) -> [UInt8] {
        let bytes = try reader.data(atMost: 16, "address")
        guard bytes.count == 4 || bytes.count == 16 else { throw .invalid("address") }
        return bytes
    }
}

/// What the watcher answers. Taken over, it could lie here, and would thereby only lose refusals.
package enum WatchReport: Equatable, Sendable {
    case ready(report: [UInt8])
    case attributed(query: UInt32, peer: Peer)

    package func write(to writer: inout FrameWriter) {
        switch self {
        case .ready(let report):
            writer.begin(1)
            writer.data(report)
        case .attributed(let query, let peer):
            writer.begin(2)
            writer.u32(query)
            switch peer {
            case .unknown(let uid):
                writer.u8(uid == nil ? 0 : 1)
                writer.u32(uid ?? 0)
            case .process(let process):
                writer.u8(2)
                writer.u32(process.uid)
                writer.u32(process.pid)
                writer.u64(process.startTime)
                writer.data(process.executable)
                writer.flag(process.isBrowser)
            }
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> WatchReport {
        let report: WatchReport
        switch kind {
        case 1: report = .ready(report: try reader.data(atMost: Caps.report, "report"))
        case 2:
            let query = try reader.u32()
            let form = try reader.u8()
            let uid = try reader.u32()
            switch form {
            case 0:
                guard uid == 0 else { throw .invalid("peer") }
                report = .attributed(query: query, peer: .unknown(uid: nil))
            case 1: report = .attributed(query: query, peer: .unknown(uid: uid))
            case 2:
                report = .attributed(
                    query: query,
                    peer: .process(
                        PeerProcess(
                            uid: uid, pid: try reader.u32(), startTime: try reader.u64(),
                            executable: try reader.data(atMost: Caps.executable, "executable"),
                            isBrowser: try reader.flag("browser"))))
            default: throw .invalid("peer")
            }
        default: throw .kindUnknown(kind)
        }
        try reader.finish()
        return report
    }
}
