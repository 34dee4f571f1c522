// SPDX-License-Identifier: Apache-2.0

/// Time limits, in milliseconds.
enum Times {
    /// A head, after accept or after its first byte, however it trickles (A36). Honest clients need one packet.
    static let head: UInt64 = 5000
    /// Between two requests of a connection; clients keep idle connections for about a minute.
    static let idle: UInt64 = 75_000
    /// A body in all.
    static let body: UInt64 = 30_000
    /// From here on a body must have come at ``Bounds/bodyBytesPerSecond`` on average.
    static let bodyGrace: UInt64 = 5000
    /// After our last word: what the peer still sends is thrown away, so that the answer is not lost in a reset.
    static let leaving: UInt64 = 1000
    /// Output waits and the peer takes none of it.
    static let stall: UInt64 = 30_000
    /// A request without an answer becomes an event stream, so that everybody on the way sees life.
    static let patience: UInt64 = 10_000
    /// Between two comments on a stream (mcp.md 5.3).
    static let comment: UInt64 = 15_000
    /// A socket on which nothing came: a ping, and as long again for any sign of life.
    static let quiet: UInt64 = 30_000
    /// A session that nobody uses.
    static let sessionIdle: UInt64 = 30 * 60_000
    /// Any session.
    static let sessionLife: UInt64 = 24 * 60 * 60_000
}

/// Limits in bytes and numbers.
enum Bounds {
    /// Slower bodies are held open for their own sake.
    static let bodyBytesPerSecond = 1024
    /// One read. A whole small request with its head fits; a large body takes 64 reads.
    static let read = 65_536
    /// Bytes of requests that have to wait for the one before them.
    static let pipelined = 65_536
    /// Bytes that are thrown away after our last word.
    static let leaving = 65_536
    /// Output that a slow reader may leave with us; above it the connection ends.
    static let output = 8 << 20
    /// Storage that a connection with nothing to send may keep, in bytes.
    static let keptOutput = 4096
    /// Storage that the one message tree may keep, in bytes.
    static let keptTree = 1 << 18
    /// Connections on which nobody is known yet; the oldest leaves for a new one.
    static let strangers = 256
    /// Different credentials that one connection may show; more is somebody guessing.
    static let credentials = 8
    /// Requests of one socket that wait for an answer.
    static let callsPerSocket = 1024
}
