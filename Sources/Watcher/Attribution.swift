// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// From a connection to the process behind it. What cannot be found out is unknown, never guessed.
struct Attribution: ~Copyable {
    private let sockets: SockDiag
    /// Processes that were found to own connections, latest last: whoever connects once connects again.
    private var recent: [(pid: Int32, startTime: UInt64)] = []
    private static let mostRecent = 32
    /// Descriptors of one process that are looked at.
    private static let descriptorLimit = 65_536

    init() throws(SyscallError) { sockets = try SockDiag() }

    /// The owner of the client end of a TCP connection on this host.
    mutating func owner(client: Endpoint, own: Endpoint) -> Peer {
        let socket: SockDiag.Socket
        do throws(SyscallError) {
            // The client's socket has the same two ends the other way round.
            guard let found = try sockets.find(local: client, remote: own) else { return .unknown(uid: nil) }
            socket = found
        } catch { return .unknown(uid: nil) }
        // A socket that its owner has closed has no inode, and nobody holds it any more.
        guard socket.inode != 0 else { return .unknown(uid: socket.uid) }
        if let pid = recentHolder(socket) ?? holder(socket) { return describe(pid, uid: socket.uid) }
        return .unknown(uid: socket.uid)
    }

    /// The process that connected to a unix socket, as the kernel recorded it then.
    mutating func owner(of socket: borrowing FileDescriptor) -> Peer {
        do throws(SyscallError) {
            let peer = try UnixSocket.peer(of: socket)
            guard peer.pid > 0 else { return .unknown(uid: peer.uid) }
            return describe(peer.pid, uid: peer.uid)
        } catch { return .unknown(uid: nil) }
    }

    private mutating func recentHolder(_ socket: SockDiag.Socket) -> Int32? {
        for (index, known) in recent.enumerated().reversed() {
            do throws(SyscallError) {
                guard let process = try ProcessRecord(pid: known.pid), let status = try process.status(),
                    status.startTime == known.startTime
                else {
                    recent.remove(at: index)
                    return nil
                }
                if try process.holds(socket: socket.inode, descriptorLimit: Self.descriptorLimit) == true {
                    return known.pid
                }
            } catch { continue }
        }
        return nil
    }

    private func holder(_ socket: SockDiag.Socket) -> Int32? {
        do throws(SyscallError) {
            return try Proc.holder(ofSocket: socket.inode, uid: socket.uid, descriptorLimit: Self.descriptorLimit)
        } catch { return nil }
    }

    private mutating func describe(_ pid: Int32, uid: UInt32) -> Peer {
        do throws(SyscallError) {
            guard let process = try ProcessRecord(pid: pid), let status = try process.status() else {
                return .unknown(uid: uid)
            }
            remember(pid, status.startTime)
            let executable = try Self.readable(process)
            let line = try process.commandLine(limit: 65_536) ?? []
            return .process(
                PeerProcess(
                    uid: uid, pid: UInt32(bitPattern: pid), startTime: status.startTime, executable: executable,
                    isBrowser: Browsers.recognise(executable: executable, commandLine: line)))
        } catch { return .unknown(uid: uid) }
    }

    /// The executable's path; empty where the kernel does not say, as for another user's process.
    private static func readable(_ process: borrowing ProcessRecord) throws(SyscallError) -> [UInt8] {
        do throws(SyscallError) { return try process.executable() ?? [] } catch {
            guard error.isForbidden else { throw error }
            return []
        }
    }

    private mutating func remember(_ pid: Int32, _ startTime: UInt64) {
        recent.removeAll { $0.pid == pid }
        recent.append((pid, startTime))
        if recent.count > Self.mostRecent { recent.removeFirst() }
    }
}
