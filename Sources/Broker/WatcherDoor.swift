// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

extension BrokerRoom {
    func meetWatcher(_ door: consuming FileDescriptor) throws(BrokerFault) {
        let channel = Channel(door) { $0 <= 2 ? Caps.report + Caps.executable : nil }
        do throws(SyscallError) {
            try poller.add(channel.socket, .readable, token: Token.watcher.value)
        } catch { throw BrokerFault("the watcher's door cannot be watched: \(error)", hint: "restart doorward") }
        watcher = channel
    }

    func serveWatcher() {
        guard let watcher else { return }
        do throws(ChannelError) {
            while true {
                switch try watcher.receive() {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    loseWatcher()
                    return
                }
                guard watcher.descriptorCount == 0 else { throw .frame(.descriptors(kind: 0, count: 1)) }
                while var frame = try watcher.next() {
                    let report: WatchReport
                    do throws(FrameError) { report = try WatchReport.read(frame.kind, &frame.fields) } catch {
                        throw .frame(error)
                    }
                    switch report {
                    case .ready(let confinement):
                        isWatcherReady = true
                        noteRoom("watch", Confinements.joined(watcherLaunchReport, confinement))
                        roomsAreReady()
                    case .attributed(let query, let peer): attributed(query, peer)
                    }
                }
            }
        } catch { loseWatcher() }
    }

    /// Without the watcher every peer is unknown: whoever is demanded by name is refused until it is back.
    func loseWatcher() {
        guard let lost = watcher else { return }
        watcher = nil
        isWatcherReady = false
        removeFromPoller(lost.socket)
        for query in Array(admissions.keys) { attributed(query, .unknown(uid: nil)) }
        record(.sensorLost) { json in
            json.key("sensor")
            json.string("attribution")
        }
    }
}
