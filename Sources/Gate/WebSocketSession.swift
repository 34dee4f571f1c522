// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// A connection after its handshake: frames in, and what its first requests have fixed.
final class WebSocketSession {
    let caller: KnownCaller
    let endpoint: Endpoint
    var frames = Wire.FrameReader(role: .server, limit: FrameLimits.message, takesBinary: false)
    var dialect = SocketDialect.open
    /// The implicit session of the legacy era.
    var session: MCPSession?
    /// Requests that wait for an answer, with the number of the call.
    var calls: [RequestID: UInt32] = [:]

    init(caller: KnownCaller, endpoint: Endpoint) {
        self.caller = caller
        self.endpoint = endpoint
    }

    /// A request has been handed to the broker: what it fixes.
    func noteServed(_ method: Method, _ era: Era) {
        switch (dialect, era) {
        case (.open, .modern), (.probed, .modern): dialect = method == .discover ? .probed : .modern
        case (.open, .legacy), (.probed, .legacy): dialect = .opening
        case (.modern, _), (.opening, _), (.legacy, _): break
        }
    }
}
