// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// A record's parts, as places in its line.
struct RecordLine: Equatable {
    let sequence: UInt64
    /// In microseconds since 1970.
    let time: UInt64
    let kind: Range<Int>
    let data: Range<Int>
    let hash: SHA256Digest
}

/// The data of a segment's first record.
struct Opening: Equatable {
    let format: UInt64
    let installation: InstallationID
    let previous: Head
    let segment: UInt64
}

/// The grammar of docs/audit-format.md, sections 3 and 4, for readers only.
enum LineForm {
    /// Takes a line apart, without its line feed; nil where it has not exactly the form of a record.
    static func record(_ line: borrowing Span<UInt8>) -> RecordLine? {
        guard line.count > Layout.hashTailBytes, line.count < Layout.maxLineBytes else { return nil }
        let dataEnd = line.count - Layout.hashTailBytes
        var cursor = Cursor()
        guard cursor.skip(Field.seq, line), let sequence = cursor.number(line) else { return nil }
        guard cursor.skip(Field.time, line), let timeRange = cursor.take(Timestamp.byteCount, line) else { return nil }
        guard let time = Timestamp.parse(line.extracting(timeRange)) else { return nil }
        guard cursor.skip(Field.kind, line), let kind = kind(&cursor, line) else { return nil }
        guard cursor.skip(Field.data, line), cursor.index + 2 <= dataEnd else { return nil }
        let data = cursor.index..<dataEnd
        guard data.count <= Layout.maxDataBytes else { return nil }
        guard line[data.lowerBound] == UInt8(ascii: "{"), line[dataEnd - 1] == UInt8(ascii: "}") else { return nil }
        for index in data {
            guard line[index] >= 0x20, line[index] <= 0x7e else { return nil }
        }
        cursor.index = dataEnd
        guard cursor.skip(Field.hash, line), let hash = cursor.digest(line) else { return nil }
        guard cursor.skip(Field.end, line), cursor.index == line.count else { return nil }
        return RecordLine(sequence: sequence, time: time, kind: kind, data: data, hash: hash)
    }

    /// Whether a record is the first of a segment by its kind.
    static func isOpening(_ line: borrowing Span<UInt8>, _ record: RecordLine) -> Bool {
        var cursor = Cursor(index: record.kind.lowerBound)
        return cursor.skip(Field.openingKind, line) && cursor.index == record.kind.upperBound
    }

    /// Takes the data of an opening record apart; nil where it has not exactly that form.
    static func opening(_ data: borrowing Span<UInt8>) -> Opening? {
        var cursor = Cursor()
        guard cursor.skip(Field.format, data), let format = cursor.number(data) else { return nil }
        guard cursor.skip(Field.installation, data), let id = cursor.installation(data) else { return nil }
        guard cursor.skip(Field.previousHash, data), let hash = cursor.digest(data) else { return nil }
        guard cursor.skip(Field.previousSequence, data), let sequence = cursor.number(data) else { return nil }
        guard cursor.skip(Field.segment, data), let segment = cursor.number(data) else { return nil }
        guard cursor.skip(Field.brace, data), cursor.index == data.count else { return nil }
        let previous = Head(sequence: sequence, hash: hash)
        return Opening(format: format, installation: id, previous: previous, segment: segment)
    }

    private static func kind(_ cursor: inout Cursor, _ line: borrowing Span<UInt8>) -> Range<Int>? {
        let start = cursor.index
        var previous = UInt8(ascii: ".")
        while cursor.index < line.count, line[cursor.index] != UInt8(ascii: "\"") {
            let byte = line[cursor.index]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                guard previous != UInt8(ascii: ".") else { return nil }
            default: return nil
            }
            previous = byte
            cursor.index += 1
        }
        let range = start..<cursor.index
        return previous == UInt8(ascii: ".") || range.count > Layout.maxKindBytes ? nil : range
    }
}

/// What stands between the values.
private enum Field {
    static let seq = Array("{\"seq\":".utf8)
    static let time = Array(",\"time\":\"".utf8)
    static let kind = Array("\",\"kind\":\"".utf8)
    static let data = Array("\",\"data\":".utf8)
    static let hash = Array(",\"hash\":\"".utf8)
    static let end = Array("\"}".utf8)
    static let format = Array("{\"format\":".utf8)
    static let installation = Array(",\"installation\":\"".utf8)
    static let previousHash = Array("\",\"previous_hash\":\"".utf8)
    static let previousSequence = Array("\",\"previous_seq\":".utf8)
    static let segment = Array(",\"segment\":".utf8)
    static let brace = Array("}".utf8)
    static let openingKind = Array(Layout.openingKind.description.utf8)
}

/// A place in a text of fixed form.
struct Cursor {
    var index = 0

    /// Steps over exactly these bytes, or says no.
    mutating func skip(_ literal: [UInt8], _ text: borrowing Span<UInt8>) -> Bool {
        guard index + literal.count <= text.count else { return false }
        for offset in literal.indices {
            guard text[index + offset] == literal[offset] else { return false }
        }
        index += literal.count
        return true
    }

    mutating func take(_ count: Int, _ text: borrowing Span<UInt8>) -> Range<Int>? {
        guard index + count <= text.count else { return nil }
        defer { index += count }
        return index..<(index + count)
    }

    /// A decimal number without leading zeros, at most ``Layout/maxSequence``.
    mutating func number(_ text: borrowing Span<UInt8>) -> UInt64? {
        let start = index
        var value: UInt64 = 0
        while index < text.count, text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") {
            // Sixteen digits hold every number below 2^53.
            guard index - start < 16 else { return nil }
            value = value * 10 + UInt64(text[index] - UInt8(ascii: "0"))
            index += 1
        }
        guard index > start, index - start == 1 || text[start] != UInt8(ascii: "0") else { return nil }
        return value <= Layout.maxSequence ? value : nil
    }

    /// 64 digits.
    mutating func digest(_ text: borrowing Span<UInt8>) -> SHA256Digest? {
        guard let range = take(64, text) else { return nil }
        return SHA256Digest(hexadecimal: text.extracting(range))
    }

    mutating func installation(_ text: borrowing Span<UInt8>) -> InstallationID? {
        guard let range = take(32, text) else { return nil }
        return InstallationID(range.map { text[$0] })
    }
}
