// SPDX-License-Identifier: Apache-2.0

/// Time limits, in milliseconds.
enum Times {
    /// A head, after accept, however it trickles. Honest clients need one packet.
    static let head: UInt64 = 5000
    /// A look-up in all: both families, every name server, every try.
    static let lookup: UInt64 = 5000
    /// One try at one name server.
    static let lookupTry: UInt64 = 2000
    /// No answer lives longer, whatever its time to live says.
    static let cache: UInt64 = 60_000
    /// What the kernel said of a route.
    static let routes: UInt64 = 1000
    /// All addresses of one target together.
    static let connect: UInt64 = 10_000
    /// Between the attempts at one address and the next (RFC 8305 section 5).
    static let stagger: UInt64 = 250
    /// A tunnel through which nothing moves.
    static let idle: UInt64 = 3_600_000
    /// A request in the clear through which nothing moves.
    static let forwardIdle: UInt64 = 120_000
    /// Decisions wait for the disk this long before they are refused.
    static let audit: UInt64 = 5000
    /// After our last word: what the client still sends is thrown away, so that the answer is not lost in a reset.
    static let leaving: UInt64 = 1000
    /// Between two looks at what is due: a few connections that trickle must not cause a look each.
    static let tick: UInt64 = 50
    /// Where the kernel refused a descriptor, before it is asked again.
    static let exhausted: UInt64 = 100
}

/// Limits in bytes and numbers.
enum Bounds {
    /// Connections of one sandbox, whatever state they are in.
    static let connections = 1024
    /// Decisions that the broker has not recorded; beyond them nothing new is allowed.
    static let unrecorded = 1024
    /// Those of one sandbox, so that one that floods does not take the others' share.
    static let unrecordedOfOne = 512
    /// Connections taken from one listener in one turn, so that others get theirs.
    static let accepts = 64
    /// Bytes that are moved by copying; whoever has more to say gets a pipe.
    static let copy = 16_384
    /// Bytes that are moved in one step by a pipe.
    static let pipe = 262_144
    /// Steps of one tunnel in one turn.
    static let steps = 16
    /// Pipes that are kept for the next who needs one; each is two descriptors and no memory while empty.
    static let sparePipes = 64
    /// Addresses of one name that are tried.
    static let attempts = 8
    /// Answers and histories that are remembered.
    static let cachedNames = 4096
    /// Look-ups under way; whoever wants another is refused.
    static let lookups = 4096
    /// Name servers that are asked, in their order.
    static let servers = 3
    /// A DNS message over UDP without extensions has 512 bytes (RFC 1035 section 4.2.1); some servers send more.
    static let datagram = 4096
    static let sandboxes = 4096
    /// Of a response in the clear that waits for the client.
    static let forwardBuffer = 65_536
}
