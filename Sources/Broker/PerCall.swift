// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Servers that get a fresh process for each call: what one call leaves behind, no other call can find.
extension BrokerRoom {
    /// Its call is over, whatever way: its process goes at the end of the turn, when whoever ended it is done with it.
    func noteEnd(of call: Call) {
        guard let upstream = call.upstream, upstream.servesOneCall else { return }
        served.append(upstream)
    }

    /// Kills what has served its call, with everything that the call started. Nothing in there is owed politeness.
    func endServed() {
        guard !served.isEmpty else { return }
        let ended = served
        served = []
        // One whose call only waits for its client's answer goes on with the request that brings it.
        for upstream in ended where upstream.state != .gone && upstream.questions.isEmpty {
            end(upstream, .serverFailed, why: "call-ended")
        }
    }
}

extension Upstream {
    /// It was started for one call and no other gets it.
    var servesOneCall: Bool { key.call != 0 }
}
