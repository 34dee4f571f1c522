// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy

/// The watcher's end of its door, played by the test.
final class WatchDoor {
    private let channel: Channel

    init(_ door: Door) { channel = door.channel }

    func ready() { send(.ready(report: ConfinementReport().encoded)) }

    /// Answers every question that has arrived with the same peer.
    func answer(_ peer: Peer) throws {
        while true {
            while var frame = try channel.next() {
                switch try WatchRequest.read(frame.kind, &frame.fields) {
                case .attributeTCP(let query, _, _, _, _), .attributePeer(let query):
                    send(.attributed(query: query, peer: peer))
                }
            }
            guard case .moved = try channel.receive() else { return }
        }
    }

    private func send(_ report: WatchReport) {
        channel.send { report.write(to: &$0) }
        // A closed door shows in the test that depends on the answer.
        do { _ = try channel.flush() } catch {}
    }
}
