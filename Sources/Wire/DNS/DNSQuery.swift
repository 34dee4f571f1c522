// SPDX-License-Identifier: Apache-2.0
package import Policy

/// The records that we ask for (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
package enum DNSType: UInt16, CaseIterable, Sendable {
    case a = 1
    case aaaa = 28

    /// Bytes of the address in such a record.
    var addressBytes: Int {
        switch self {
        case .a: 4
        case .aaaa: 16
        }
    }
}

/// What both directions of RFC 1035 section 4 share.
enum DNSFormat {
    static let headerBytes = 12
    static let classInternet: UInt16 = 1
    static let typeAlias: UInt16 = 5
    /// The longest name in its form on the wire, root included (section 2.3.4).
    static let maxNameBytes = 255
    /// The longest label.
    static let maxLabelBytes = 63

    static func name(_ host: HostName) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(host.bytes.count + 2)
        // A host name has no empty label and none above 63 bytes, and fits with its root into 255.
        for label in host.bytes.split(separator: ASCII.dot) {
            name.append(UInt8(truncatingIfNeeded: label.count))
            name.append(contentsOf: label)
        }
        name.append(0)
        return name
    }
}

/// Composes questions to a recursive resolver.
package enum DNSQuery {
    /// Appends one query: recursion desired, one question, nothing else, at most 271 bytes.
    ///
    /// Without EDNS an answer over UDP has at most 512 bytes; a longer one comes truncated and is asked for over TCP.
    ///
    /// - Parameter id: fresh and random for each query, since only it and the port tell our answers from forged ones.
    package static func append(id: UInt16, name: HostName, type: DNSType, to output: inout [UInt8]) {
        output.append(big16: id)
        output.append(contentsOf: [1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        output.append(contentsOf: DNSFormat.name(name))
        output.append(big16: type.rawValue)
        output.append(big16: DNSFormat.classInternet)
    }
}

extension [UInt8] {
    mutating func append(big16 value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}

extension Span where Element == UInt8 {
    /// Two bytes as a number, the highest first.
    borrowing func big16(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }

    /// Four bytes as a number, the highest first.
    borrowing func big32(at index: Int) -> UInt32 { UInt32(big16(at: index)) << 16 | UInt32(big16(at: index + 2)) }
}
