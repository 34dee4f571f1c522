// SPDX-License-Identifier: Apache-2.0

/// One record as it stands in a message, its name in lower case and without compression.
struct DNSRecord {
    let owner: [UInt8]
    let type: UInt16
    let classNumber: UInt16
    /// Seconds; 0 where the top bit is set (RFC 2181 section 8).
    let timeToLive: UInt32
    let data: Range<Int>
}

/// Walks through the records of one message (RFC 1035 section 4.1.3).
struct DNSRecordReader {
    /// Type, class, lifetime, length of the data.
    private static let fixedBytes = 10
    /// Pointers in one name; writers of messages make one, and more than a few of a chain would only cost us time.
    static let maxPointers = 16

    private(set) var position: Int

    init(at position: Int) { self.position = position }

    mutating func next(_ bytes: borrowing Span<UInt8>) throws(WireError) -> DNSRecord {
        let (owner, fixed) = try DNSRecordReader.name(bytes, at: position)
        let start = fixed + DNSRecordReader.fixedBytes
        guard start <= bytes.count else { throw WireError(.dnsMalformed, at: fixed) }
        let end = start + Int(bytes.big16(at: fixed + 8))
        guard end <= bytes.count else { throw WireError(.dnsMalformed, at: fixed + 8) }
        position = end
        let lifetime = bytes.big32(at: fixed + 4)
        return DNSRecord(
            owner: owner, type: bytes.big16(at: fixed), classNumber: bytes.big16(at: fixed + 2),
            timeToLive: lifetime >> 31 == 1 ? 0 : lifetime, data: start..<end)
    }

    /// Reads a name, compressed or not.
    ///
    /// Each pointer leads to a place before the part of the name that it ends, so no name can go round; the length of a
    /// name bounds what is copied, and ``maxPointers`` what is walked.
    ///
    /// - Returns: the name in lower case, and where the bytes behind it begin.
    static func name(
        _ bytes: borrowing Span<UInt8>, at start: Int
    ) throws(WireError) -> (name: [UInt8], end: Int) {
        var name: [UInt8] = []
        var position = start
        var partStart = start
        var end: Int?
        var pointers = 0
        while position < bytes.count {
            let length = Int(bytes[position])
            if length == 0 {
                name.append(0)
                return (name, end ?? position + 1)
            }
            if length <= DNSFormat.maxLabelBytes {
                let next = position + 1 + length
                guard next <= bytes.count, name.count + length + 2 <= DNSFormat.maxNameBytes else { break }
                for index in position..<next {
                    name.append(index == position ? bytes[index] : bytes[index].lowercasedASCII)
                }
                position = next
                continue
            }
            // The top two bits make a pointer; either alone was never given a meaning that is still in use.
            guard length >= 0xC0, position + 1 < bytes.count else { break }
            let target = (length & 0x3F) << 8 | Int(bytes[position + 1])
            guard target >= DNSFormat.headerBytes, target < partStart, pointers < maxPointers else { break }
            pointers += 1
            if end == nil { end = position + 2 }
            position = target
            partStart = target
        }
        throw WireError(.dnsMalformed, at: min(position, bytes.count))
    }
}
