// SPDX-License-Identifier: Apache-2.0

/// A compiled time zone (TZif, RFC 8536): when clocks in one place changed, and the rule for the time after that.
struct ZoneFile: Sendable {
    /// Real ones have less than 4 KiB.
    static let maxBytes = 1 << 17

    private var transitions: [Int64] = []
    /// For each transition, which of ``types`` begins.
    private var indices: [Int] = []
    private var types: [LocalOffset] = []
    private let rule: ZoneRule?

    /// Nil if `bytes` are no such file, or one that counts leap seconds, which clocks do not.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let first = Header(&reader) else { return nil }
        if first.version == 0 {
            rule = nil
            guard read(first, timeBytes: 4, &reader) else { return nil }
            return
        }
        // What stands first is for old programs: times in 32 bits.
        guard reader.skip(first.byteCount(timeBytes: 4)), let second = Header(&reader) else { return nil }
        // Assigned before `read`, which needs all of self.
        var footer = reader
        guard footer.skip(second.byteCount(timeBytes: 8)), let text = footer.line() else { return nil }
        rule = ZoneRule(text)
        guard text.isEmpty || rule != nil, read(second, timeBytes: 8, &reader) else { return nil }
    }

    func local(at seconds: Int64) -> LocalOffset {
        guard let last = transitions.last else { return rule?.local(at: seconds) ?? types[0] }
        if seconds >= last, let rule { return rule.local(at: seconds) }
        // The number of transitions that are not behind `seconds`.
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return types[low == 0 ? 0 : indices[low - 1]]
    }

    private mutating func read(_ header: Header, timeBytes: Int, _ reader: inout ByteReader) -> Bool {
        guard header.leapSeconds == 0, header.types > 0 else { return false }
        for _ in 0..<header.transitions {
            guard let time = reader.signed(timeBytes), transitions.last.map({ $0 < time }) ?? true else { return false }
            transitions.append(time)
        }
        for _ in 0..<header.transitions {
            guard let index = reader.byte(), index < header.types else { return false }
            indices.append(Int(index))
        }
        var raw: [(offset: Int, isDaylightSaving: Bool, name: Int)] = []
        for _ in 0..<header.types {
            guard let offset = reader.signed(4), (-93_600...93_600).contains(offset), let flag = reader.byte(),
                flag < 2, let name = reader.byte()
            else { return false }
            raw.append((Int(offset), flag == 1, Int(name)))
        }
        guard let names = reader.bytes(header.characters) else { return false }
        for type in raw {
            guard type.name < names.count, let end = names[type.name...].firstIndex(of: 0) else { return false }
            let name = Array(names[type.name..<end])
            guard name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
            types.append(
                LocalOffset(seconds: type.offset, isDaylightSaving: type.isDaylightSaving, abbreviation: name))
        }
        return true
    }

    /// The six counts behind the magic number, the version and fifteen unused bytes.
    private struct Header {
        let version: UInt8
        let isUT: Int
        let isStandard: Int
        let leapSeconds: Int
        let transitions: Int
        let types: Int
        let characters: Int

        init?(_ reader: inout ByteReader) {
            guard reader.bytes(4) == Array("TZif".utf8), let version = reader.byte(), reader.skip(15) else {
                return nil
            }
            self.version = version
            var counts: [Int] = []
            for _ in 0..<6 {
                // More than a file of the permitted size holds, and nothing below can overflow.
                guard let count = reader.signed(4), (0...Int64(ZoneFile.maxBytes)).contains(count) else { return nil }
                counts.append(Int(count))
            }
            (isUT, isStandard, leapSeconds) = (counts[0], counts[1], counts[2])
            (transitions, types, characters) = (counts[3], counts[4], counts[5])
        }

        func byteCount(timeBytes: Int) -> Int {
            transitions * (timeBytes + 1) + types * 6 + characters + leapSeconds * (timeBytes + 4) + isStandard + isUT
        }
    }
}

private struct ByteReader {
    private let all: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { all = bytes }

    mutating func skip(_ count: Int) -> Bool {
        guard count <= all.count - at else { return false }
        at += count
        return true
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        let start = at
        return skip(count) ? Array(all[start..<at]) : nil
    }

    mutating func byte() -> UInt8? { bytes(1)?.first }

    /// Big-endian two's complement.
    mutating func signed(_ count: Int) -> Int64? {
        guard let bytes = bytes(count) else { return nil }
        let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let unused = UInt64(64 - 8 * count)
        return Int64(bitPattern: bits << unused) >> Int64(unused)
    }

    /// What stands between two line feeds.
    mutating func line() -> [UInt8]? {
        guard byte() == 0x0A, let end = all[at...].firstIndex(of: 0x0A) else { return nil }
        return bytes(end - at)
    }
}
