// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// One request that is with the broker.
struct Call {
    /// Where the answer goes; nil where nobody waits for it any more.
    var connection: Connection?
    /// The connection's number, which outlives it.
    let handle: UInt32
    let id: RequestID
    let method: Method
    let era: Era
    let caller: KnownCaller
    let endpoint: Endpoint
    /// The legacy session that it belongs to.
    let session: MCPSession?
    /// It came in a frame: the channel itself is what its era calls a session.
    let isOnSocket: Bool
}

/// The requests that are with the broker, by numbers that are never used twice at a time.
struct CallTable {
    private var calls: [UInt32: Call] = [:]
    private var last: UInt32 = 0

    mutating func insert(_ call: Call) -> UInt32 {
        repeat { last &+= 1 } while last == 0 || calls[last] != nil
        calls[last] = call
        return last
    }

    mutating func remove(_ number: UInt32) -> Call? { calls.removeValue(forKey: number) }

    subscript(number: UInt32) -> Call? { calls[number] }

    /// The client behind a call has gone, and the call goes on.
    mutating func abandon(_ number: UInt32) { calls[number]?.connection = nil }

    var isEmpty: Bool { calls.isEmpty }
}
