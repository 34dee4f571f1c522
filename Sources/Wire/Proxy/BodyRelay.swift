// SPDX-License-Identifier: Apache-2.0

/// How the end of a body is found that passes through us (RFC 9112 section 6.3).
package enum RelayedBody: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Only a response, and only where nothing else is said: it ends with the connection.
    case untilClose
}

/// Passes one body on, exactly as long as its framing says.
///
/// Chunks are read and framed anew, one for each call, so that what is sent can be read in one way only, whatever the
/// sender's chunks looked like.
package struct BodyRelay: Sendable {
    private var remaining = 0
    private var chunks: ChunkedBody?
    private var decoded: [UInt8] = []
    private let endsWithConnection: Bool
    /// Bytes of the body that were passed on, without framing.
    package private(set) var passed: UInt64 = 0

    package init(_ body: RelayedBody) {
        endsWithConnection = body == .untilClose
        switch body {
        case .none, .untilClose: break
        case .length(let length): remaining = length
        case .chunked: chunks = ChunkedBody(limit: .max)
        }
    }

    /// Whether nothing of the body is to come. Never before the end of the connection where that ends the body.
    package var isComplete: Bool {
        if let chunks { return chunks.isComplete }
        return remaining == 0 && !endsWithConnection
    }

    /// Takes what belongs to the body from the front of `bytes`, and appends what is to be sent.
    ///
    /// - Returns: how many bytes were taken; what is left once ``isComplete`` belongs to nobody and is not passed on.
    /// - Throws: `chunk-…`: the body cannot be passed on any more.
    package mutating func relay(
        _ bytes: borrowing Span<UInt8>, to output: inout [UInt8]
    ) throws(WireError) -> Int {
        if chunks != nil { return try relayChunks(bytes, to: &output) }
        let count = endsWithConnection ? bytes.count : min(remaining, bytes.count)
        output.append(0..<count, of: bytes)
        if !endsWithConnection { remaining -= count }
        passed &+= UInt64(count)
        return count
    }

    /// The sender has closed its side.
    ///
    /// - Throws: `body-truncated`, where more was announced than came. The receiver must not take it for a whole one.
    package func end() throws(WireError) {
        if !endsWithConnection && !isComplete { throw WireError(.bodyTruncated, at: 0) }
    }

    private mutating func relayChunks(
        _ bytes: borrowing Span<UInt8>, to output: inout [UInt8]
    ) throws(WireError) -> Int {
        if chunks?.isComplete == true { return 0 }
        decoded.removeAll(keepingCapacity: true)
        let taken = try chunks?.read(bytes, into: &decoded) ?? 0
        ChunkWriter.append(decoded.span, to: &output)
        passed &+= UInt64(decoded.count)
        if chunks?.isComplete == true { ChunkWriter.appendEnd(to: &output) }
        return taken
    }
}
