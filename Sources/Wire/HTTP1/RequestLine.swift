// SPDX-License-Identifier: Apache-2.0

/// The parts of a request line that every form of it shares: each function goes on at `position` and moves it.
enum RequestLine {
    /// `HTTP/1.1`, first byte highest.
    private static let version: UInt64 = 0x4854_5450_2F31_2E31
    static let versionBytes = 8
    /// `HTTP/` stands before the numbers.
    private static let versionNameBytes = 5

    /// - Returns: whether the method has ended; it stands before the space in front of `position`.
    /// - Throws: `method-malformed`, `http2-preface`.
    @inline(__always)
    static func readMethod(
        _ bytes: borrowing Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(WireError) -> Bool {
        while position < end && bytes[position].isTokenByte { position += 1 }
        if position == end { return false }
        guard bytes[position] == ASCII.space && position > 0 else { throw WireError(.methodMalformed, at: position) }
        // Reserved so that a server of another version can tell (RFC 9113 section 3.4).
        if bytes.holds("PRI", in: 0..<position) { throw WireError(.http2Preface, at: position) }
        position += 1
        return true
    }

    /// - Parameters:
    ///   - mark: where the version begins.
    ///   - admitsOld: whether `HTTP/1.0` passes too.
    /// - Returns: whether the version and the carriage return behind it have been read.
    /// - Throws: `version-unsupported`, `version-malformed`, `line-ending`.
    @inline(__always)
    static func readVersion(
        _ bytes: borrowing Span<UInt8>, _ position: inout Int, from mark: Int, admitsOld: Bool
    ) throws(WireError) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            let index = position - mark
            if index == versionBytes {
                if byte == ASCII.carriageReturn {
                    position += 1
                    return true
                }
                if byte == ASCII.lineFeed { throw WireError(.lineEnding, at: position) }
            } else {
                if position == HeadLimits.requestLine { return false }
                let wanted = UInt8(truncatingIfNeeded: version >> UInt64(56 - 8 * index))
                if byte == wanted || (admitsOld && index == versionBytes - 1 && byte == ASCII.zero) {
                    position += 1
                    continue
                }
            }
            let isNumber = index >= versionNameBytes && (byte.isDigit || byte == ASCII.dot)
            throw WireError(isNumber ? .versionUnsupported : .versionMalformed, at: position)
        }
        return false
    }
}
