// SPDX-License-Identifier: Apache-2.0
package import Policy

/// Reads what a SOCKS5 client says (RFC 1928): its greeting, then one request. Only the method without authentication,
/// only `CONNECT`.
///
/// Both messages are short, at most 257 and 262 bytes, so each call reads from the front; a refusal comes with the byte
/// that makes it certain, however the bytes were cut.
package struct SocksReader: Sendable {
    static let version: UInt8 = 5
    /// The method without authentication, RFC 1928 section 3.
    static let noAuthentication: UInt8 = 0
    private static let connect: UInt8 = 1
    /// Version, command, reserved byte, address type.
    private static let requestPrefix = 4

    /// One request: where to, and how many bytes it took.
    package struct Request: Equatable, Sendable {
        package let target: EgressTarget
        package let length: Int
    }

    /// The host as it was asked for, for the record: the name's bytes, or the text of the address. Empty until it has
    /// arrived.
    package private(set) var asked: [UInt8] = []
    /// The port as it was asked for, 0 until it has arrived.
    package private(set) var port: UInt16 = 0

    package init() {}

    /// - Parameter bytes: everything that has arrived since the connection began.
    /// - Returns: how many bytes the greeting took, or nil where more must come. Answer it with
    ///   ``SocksWriter/appendMethod(to:)``.
    /// - Throws: `socks-version`, `socks-methods`.
    package func readGreeting(_ bytes: borrowing Span<UInt8>) throws(WireError) -> Int? {
        try checkVersion(bytes)
        if bytes.count < 2 { return nil }
        let length = 2 + Int(bytes[1])
        if length == 2 { throw WireError(.socksMethods, at: 1) }
        if bytes.count < length { return nil }
        for index in 2..<length where bytes[index] == SocksReader.noAuthentication { return length }
        throw WireError(.socksMethods, at: length - 1)
    }

    /// - Parameter bytes: everything that has arrived since the greeting ended.
    /// - Returns: the request, or nil where more must come.
    /// - Throws: `socks-version`, `socks-command`, `socks-reserved`, `socks-address-type`, and for a name that is none
    ///   `not-a-host`, `zone`, `port-malformed`.
    package mutating func readRequest(_ bytes: borrowing Span<UInt8>) throws(WireError) -> Request? {
        try checkVersion(bytes)
        if bytes.count > 1 && bytes[1] != SocksReader.connect { throw WireError(.socksCommand, at: 1) }
        if bytes.count > 2 && bytes[2] != 0 { throw WireError(.socksReserved, at: 2) }
        guard bytes.count >= SocksReader.requestPrefix, let address = try addressRange(bytes) else { return nil }
        if bytes.count < address.upperBound { return nil }
        let host = try readHost(bytes, address)
        if bytes.count < address.upperBound + 2 { return nil }
        port = UInt16(bytes[address.upperBound]) << 8 | UInt16(bytes[address.upperBound + 1])
        if port == 0 { throw WireError(.targetPort, at: address.upperBound + 1) }
        return Request(target: EgressTarget(host: host, port: port), length: address.upperBound + 2)
    }

    private func checkVersion(_ bytes: borrowing Span<UInt8>) throws(WireError) {
        if bytes.count > 0 && bytes[0] != SocksReader.version { throw WireError(.socksVersion, at: 0) }
    }

    /// Where the address stands by its type; nil while its length has not arrived.
    private func addressRange(_ bytes: borrowing Span<UInt8>) throws(WireError) -> Range<Int>? {
        let start = SocksReader.requestPrefix
        switch bytes[3] {
        case 1: return start..<(start + 4)
        case 4: return start..<(start + 16)
        case 3:
            if bytes.count == start { return nil }
            if bytes[start] == 0 { throw WireError(.targetHost, at: start) }
            return (start + 1)..<(start + 1 + Int(bytes[start]))
        default: throw WireError(.socksAddressType, at: 3)
        }
    }

    private mutating func readHost(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(WireError) -> TargetHost {
        let last = range.upperBound - 1
        if bytes[3] != 3 {
            guard let address = NetworkAddress(bytes: bytes.copy(range)) else {
                throw WireError(.socksAddressType, at: last)
            }
            let host = TargetHost.address(address)
            asked = host.text
            return host
        }
        asked = bytes.copy(range)
        do throws(TargetFault) {
            let host = try TargetHost.read(bytes, range)
            // There are types for addresses: one that comes as a name wants to be read in two ways.
            guard case .name = host else { throw .notAHost }
            return host
        } catch { throw WireError(error, at: last) }
    }
}

/// The replies of RFC 1928 section 6.
package enum SocksReply: UInt8, CaseIterable, Sendable {
    case succeeded = 0
    case generalFailure = 1
    case notAllowed = 2
    case networkUnreachable = 3
    case hostUnreachable = 4
    case connectionRefused = 5
    case expired = 6
    case commandUnsupported = 7
    case addressTypeUnsupported = 8
}

/// Composes what a SOCKS5 server says. Nothing that a client sent can get in.
package enum SocksWriter {
    /// Appends the choice of the method without authentication.
    package static func appendMethod(to output: inout [UInt8]) {
        output.append(SocksReader.version)
        output.append(SocksReader.noAuthentication)
    }

    /// Appends a reply. The bound address is always `0.0.0.0:0`: which address of this host dials is nobody's business
    /// inside.
    package static func append(_ reply: SocksReply, to output: inout [UInt8]) {
        output.append(SocksReader.version)
        output.append(reply.rawValue)
        output.append(contentsOf: [0, 1, 0, 0, 0, 0, 0, 0])
    }

    /// Appends the answer to a greeting or request that was refused. Who speaks another version gets none: they could not
    /// read it.
    package static func appendRefusal(of error: WireError, to output: inout [UInt8]) {
        switch error.rule {
        case .socksVersion: break
        case .socksMethods:
            output.append(SocksReader.version)
            output.append(0xFF)
        case .socksCommand: append(.commandUnsupported, to: &output)
        case .socksAddressType: append(.addressTypeUnsupported, to: &output)
        default: append(.generalFailure, to: &output)
        }
    }
}
