// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy

/// Answers one question, again and again: whose process holds the other end of this connection?
///
/// It keeps the host's view of processes, which the confined rooms have given up, and has no authority to go with it.
final class WatcherRoom {
    private let door: Channel
    private var poller: Poller
    private var ready: [Readiness] = []
    private var attribution: Attribution

    init(door: consuming FileDescriptor) throws(SyscallError) {
        self.door = Channel(door) { $0 <= 2 ? 256 : nil }
        poller = try Poller()
        attribution = try Attribution()
        try poller.add(self.door.socket, .readable, token: 0)
        var report = ConfinementReport()
        try ThisProcess.gainNothing()
        report[.noNewPrivileges] = .enforced
        do throws(SyscallError) {
            try SeccompProgram.watch.loadForAllThreads()
            report[.seccomp] = .enforced
        } catch { report[.seccomp] = .missing(.notPermitted) }
        answer(.ready(report: report.encoded))
    }

    private func answer(_ report: WatchReport) { door.send { report.write(to: &$0) } }

    /// Runs until the broker is gone; the exit status.
    func run() -> Int32 {
        while true {
            do throws(ChannelError) {
                if try door.flush() == .closed { return 0 }
                do throws(SyscallError) { try poller.wait(&ready, milliseconds: nil) } catch { throw .system(error) }
                if try !serve() { return 0 }
            } catch { return 1 }
        }
    }

    private func serve() throws(ChannelError) -> Bool {
        while true {
            switch try door.receive() {
            case .moved: break
            case .wouldBlock: return true
            case .closed: return false
            }
            while var frame = try door.next() {
                let request: WatchRequest
                do throws(FrameError) { request = try WatchRequest.read(frame.kind, &frame.fields) } catch {
                    throw .frame(error)
                }
                switch request {
                case .attributeTCP(let query, let clientAddress, let clientPort, let ourAddress, let ourPort):
                    guard let client = InternetAddress(bytes: clientAddress),
                        let own = InternetAddress(bytes: ourAddress)
                    else { throw .frame(.invalid("address")) }
                    let peer = attribution.owner(
                        client: Endpoint(address: client, port: clientPort), own: Endpoint(address: own, port: ourPort))
                    answer(.attributed(query: query, peer: peer))
                case .attributePeer(let query):
                    guard let socket = door.takeDescriptor() else { throw .frame(.descriptors(kind: 2, count: 0)) }
                    answer(.attributed(query: query, peer: attribution.owner(of: socket)))
                }
            }
        }
    }
}
