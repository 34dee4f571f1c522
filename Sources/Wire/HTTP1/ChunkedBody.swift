// SPDX-License-Identifier: Apache-2.0

/// Decodes a chunked request body (RFC 9112 section 7.1) without extensions and without trailers.
///
/// Both exist for nobody who talks to us, and both have been used to make two readers disagree.
package struct ChunkedBody: Sendable {
    /// Hex digits of one chunk size; 7 hold 256 MiB, far above any limit we set.
    static let maxSizeDigits = 7

    private enum Place: UInt8, Sendable {
        case size, sizeLineFeed, data, dataReturn, dataLineFeed, endReturn, endLineFeed, complete
    }

    private let limit: Int
    private var place = Place.size
    private var digits = 0
    private var remaining = 0
    private var isLast = false
    private var taken = 0

    /// - Parameter limit: the largest body in bytes, as decoded.
    package init(limit: Int) { self.limit = limit }

    package var isComplete: Bool { place == .complete }

    /// Takes what it can of `bytes` and appends the decoded part to `body`.
    ///
    /// - Returns: how many bytes were taken. What is left once ``isComplete`` belongs to the next request.
    /// - Throws: `chunk-…`, or `body-too-large` on the declared size of a chunk, before any of it is held.
    ///   Offsets count from the start of the body.
    package mutating func read(
        _ bytes: borrowing Span<UInt8>, into body: inout [UInt8]
    ) throws(WireError) -> Int {
        var index = 0
        while index < bytes.count && place != .complete {
            if place == .data {
                let count = min(remaining, bytes.count - index)
                body.append(index..<(index + count), of: bytes)
                remaining -= count
                index += count
                if remaining == 0 { place = .dataReturn }
            } else {
                try step(bytes[index], at: taken + index, held: body.count)
                index += 1
            }
        }
        taken += index
        return index
    }

    private mutating func step(_ byte: UInt8, at offset: Int, held: Int) throws(WireError) {
        switch place {
        case .size: try takeSize(byte, at: offset)
        case .sizeLineFeed:
            try expect(ASCII.lineFeed, byte, .chunkLineEnding, at: offset)
            isLast = remaining == 0
            // The declared size decides: nothing of a chunk that would go over the limit is taken in.
            if remaining > limit - held { throw WireError(.bodyTooLarge, at: offset) }
            digits = 0
            place = isLast ? .endReturn : .data
        case .dataReturn:
            try expect(ASCII.carriageReturn, byte, .chunkMalformed, at: offset)
            place = .dataLineFeed
        case .dataLineFeed:
            try expect(ASCII.lineFeed, byte, .chunkLineEnding, at: offset)
            remaining = 0
            place = .size
        case .endReturn:
            // A bare line feed here is a wrong line end; anything else would be a trailer line.
            try expect(
                ASCII.carriageReturn, byte, byte == ASCII.lineFeed ? .chunkLineEnding : .chunkTrailer, at: offset)
            place = .endLineFeed
        case .endLineFeed:
            try expect(ASCII.lineFeed, byte, .chunkLineEnding, at: offset)
            place = .complete
        case .data, .complete: break
        }
    }

    private mutating func takeSize(_ byte: UInt8, at offset: Int) throws(WireError) {
        if let value = byte.hexValue {
            digits += 1
            if digits > ChunkedBody.maxSizeDigits { throw WireError(.bodyTooLarge, at: offset) }
            remaining = remaining << 4 | value
            return
        }
        if digits == 0 { throw WireError(.chunkMalformed, at: offset) }
        switch byte {
        case ASCII.carriageReturn: place = .sizeLineFeed
        case ASCII.lineFeed: throw WireError(.chunkLineEnding, at: offset)
        case ASCII.semicolon: throw WireError(.chunkExtension, at: offset)
        default: throw WireError(.chunkMalformed, at: offset)
        }
    }

    private func expect(
        _ wanted: UInt8, _ byte: UInt8, _ rule: WireRule, at offset: Int
    ) throws(WireError) {
        guard byte == wanted else { throw WireError(rule, at: offset) }
    }
}

/// Frames what we send as chunks.
package enum ChunkWriter {
    /// Appends `data` as one chunk. No data writes nothing: an empty chunk would end the body.
    package static func append(_ data: borrowing Span<UInt8>, to output: inout [UInt8]) {
        if data.isEmpty { return }
        output.append(hexadecimal: data.count)
        output.append(text: "\r\n")
        output.append(0..<data.count, of: data)
        output.append(text: "\r\n")
    }

    /// Appends the end of the body.
    package static func appendEnd(to output: inout [UInt8]) { output.append(text: "0\r\n\r\n") }
}
