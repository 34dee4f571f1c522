// SPDX-License-Identifier: Apache-2.0

/// The fields of one whole hello (RFC 8446 section 4.1.2, RFC 6066 section 3).
enum HelloBody {
    /// Type and length of the message, version, random.
    private static let fixedBytes = 38
    private static let serverName: UInt16 = 0
    private static let encryptedHello: UInt16 = 0xFE0D
    /// Its predecessor, under which drafts encrypted the name alone.
    private static let encryptedServerName: UInt16 = 0xFFCE
    private static let hostNameType: UInt8 = 0
    /// The longest name of the DNS in text form, root included.
    private static let maxNameBytes = 254

    /// - Parameter bytes: the message with its header.
    static func verdict(_ bytes: borrowing Span<UInt8>) -> ServerNameVerdict {
        // Before the range: one with its end before its start traps.
        if bytes.count < fixedBytes { return .malformed }
        var cursor = VectorCursor(fixedBytes..<bytes.count)
        guard let session = cursor.vector(lengthBytes: 1, bytes), session.count <= 32,
            let suites = cursor.vector(lengthBytes: 2, bytes), !suites.isEmpty, suites.count.isMultiple(of: 2),
            let compression = cursor.vector(lengthBytes: 1, bytes), !compression.isEmpty
        else { return .malformed }
        // The extensions may be missing as a whole, with their length (RFC 5246 section 7.4.1.2).
        if cursor.isAtEnd { return .none }
        guard let extensions = cursor.vector(lengthBytes: 2, bytes), cursor.isAtEnd else { return .malformed }
        return verdict(bytes, extensions)
    }

    private static func verdict(_ bytes: borrowing Span<UInt8>, _ extensions: Range<Int>) -> ServerNameVerdict {
        var cursor = VectorCursor(extensions)
        var name: [UInt8]?
        var isEncrypted = false
        while !cursor.isAtEnd {
            guard let type = cursor.number(bytes), let data = cursor.vector(lengthBytes: 2, bytes) else {
                return .malformed
            }
            switch type {
            case serverName:
                // The one extension whose repetition would let two readers find two names.
                guard name == nil, let found = hostName(bytes, data) else { return .malformed }
                name = found
            case encryptedHello, encryptedServerName: isEncrypted = true
            default: break
            }
        }
        if isEncrypted { return .encrypted(outer: name) }
        return name.map { .name($0) } ?? .none
    }

    /// The one name of the list; RFC 6066 allows no second one of the same type, and no other type was ever defined.
    private static func hostName(_ bytes: borrowing Span<UInt8>, _ data: Range<Int>) -> [UInt8]? {
        var outer = VectorCursor(data)
        guard let list = outer.vector(lengthBytes: 2, bytes), outer.isAtEnd, let type = list.first,
            bytes[type] == hostNameType
        else { return nil }
        var inner = VectorCursor(list.dropFirst())
        guard let name = inner.vector(lengthBytes: 2, bytes), inner.isAtEnd, (1...maxNameBytes).contains(name.count)
        else { return nil }
        return bytes.copy(name)
    }
}

/// Goes through vectors with a length in front (RFC 8446 section 3.4), never beyond its range.
private struct VectorCursor {
    private var position: Int
    private let end: Int

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    /// - Returns: two bytes as a number, or nil where they are not there.
    mutating func number(_ bytes: borrowing Span<UInt8>) -> UInt16? {
        guard end - position >= 2 else { return nil }
        position += 2
        return bytes.big16(at: position - 2)
    }

    /// - Returns: where the content stands, or nil where it would end beyond the range.
    mutating func vector(lengthBytes: Int, _ bytes: borrowing Span<UInt8>) -> Range<Int>? {
        guard end - position >= lengthBytes else { return nil }
        let length = lengthBytes == 1 ? Int(bytes[position]) : Int(bytes.big16(at: position))
        let start = position + lengthBytes
        guard end - start >= length else { return nil }
        position = start + length
        return start..<position
    }
}
