// SPDX-License-Identifier: Apache-2.0
package import Crypto
internal import Linux

/// The end of a log, or of a part of it: the last record's number and hash.
package struct Head: Hashable, Sendable {
    package let sequence: UInt64
    package let hash: SHA256Digest

    package init(sequence: UInt64, hash: SHA256Digest) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Before the first record of an installation.
    package static let none = Head(sequence: 0, hash: .zero)
}

/// Turns what happened into lines, each chained to the one before, and keeps them until they are written.
struct Composer: ~Copyable {
    /// The end of the log as composed so far.
    private(set) var head: Head
    /// Whole lines that nobody has written yet.
    private var lines: [UInt8] = []
    private var hash = SHA256()
    // What a line is put together from. Whole pieces, kept and changed in place: a record costs a few copies.
    private var sequence = SequenceText()
    private var time = TimestampText()
    private let kinds = EntryKind.allCases.map { Array("\",\"kind\":\"\($0.word)\",\"data\":".utf8) }
    private var tail = Array(",\"hash\":\"".utf8) + [UInt8](repeating: 0, count: 64) + Array("\"}\n".utf8)

    init(after head: Head) { self.head = head }

    /// Of lines not yet taken.
    var byteCount: Int { lines.count }

    /// The most bytes that a line with so much data can have.
    static func bound(_ dataBytes: Int) -> Int {
        // One byte becomes at most six. Data that ends up too long is not written at all.
        min(dataBytes * 6, Layout.maxDataBytes) + Layout.maxLineBytes - Layout.maxDataBytes
    }

    /// Composes one record and gives its number.
    ///
    /// - Parameters:
    ///   - data: one JSON object in canonical form.
    ///   - time: in microseconds since 1970.
    ///   - limit: of the data, in bytes; what is longer is recorded by its length and digest.
    mutating func add(_ kind: EntryKind, _ data: [UInt8], time: UInt64, limit: Int = Layout.maxDataBytes) -> UInt64 {
        precondition(data.first == UInt8(ascii: "{"), "a record's data is an object")
        let number = head.sequence + 1
        let start = lines.count
        sequence.set(number)
        self.time.set(time)
        lines.append(contentsOf: sequence.bytes)
        lines.append(contentsOf: self.time.bytes)
        lines.append(contentsOf: kinds[Int(kind.rawValue)])
        append(data: data, limit: limit)
        let digest = chain(head.hash, lines, from: start, &hash)
        // Behind `,"hash":"`.
        digest.writeHexadecimal(to: &tail, at: 9)
        lines.append(contentsOf: tail)
        head = Head(sequence: number, hash: digest)
        return number
    }

    /// Writes the waiting lines, from byte `start` of them on, at `offset` in one call and says how many bytes were
    /// taken; they keep waiting.
    borrowing func write(to file: SegmentFile, at offset: UInt64, from start: Int = 0) throws(SyscallError) -> Int {
        try file.write(lines.span.extracting(start...), at: offset)
    }

    /// Forgets the waiting lines, which are written.
    mutating func clear() { lines.removeAll(keepingCapacity: lines.capacity <= Self.keptCapacity) }

    /// Takes the waiting lines away.
    mutating func take() -> [UInt8] {
        let taken = lines
        lines = []
        return taken
    }

    /// Bytes of allocation that are kept between batches: one burst does not cost memory for ever.
    private static let keptCapacity = 1_048_576

    private mutating func append(data: [UInt8], limit: Int) {
        if data.count <= limit {
            let start = lines.count
            EscapedASCII.append(data, to: &lines)
            if lines.count - start <= limit { return }
            lines.removeLast(lines.count - start)
        }
        lines.append(contentsOf: Array("{\"oversize\":\(data.count),\"sha256\":\"".utf8))
        SHA256.hash(data.span).appendHexadecimal(to: &lines)
        lines.append(contentsOf: Array("\"}".utf8))
    }
}

/// `{"seq":` and a number, counted up in place.
private struct SequenceText {
    private(set) var bytes = Array("{\"seq\":0".utf8)
    private var number: UInt64 = 0

    private static let start = 7

    mutating func set(_ number: UInt64) {
        if number == self.number + 1 { countUp() } else { bytes[Self.start...] = Array("\(number)".utf8)[...] }
        self.number = number
    }

    private mutating func countUp() {
        var index = bytes.count - 1
        while index >= Self.start {
            guard bytes[index] == UInt8(ascii: "9") else {
                bytes[index] += 1
                return
            }
            bytes[index] = UInt8(ascii: "0")
            index -= 1
        }
        bytes.insert(UInt8(ascii: "1"), at: Self.start)
    }
}

/// The hash of a record: of the one before it, and of the bytes of `lines` from `start` on.
private func chain(_ previous: SHA256Digest, _ lines: borrowing [UInt8], from start: Int, _ hash: inout SHA256)
    -> SHA256Digest
{
    hash.update(previous)
    hash.update(lines.span.extracting(start...))
    return hash.finish()
}

let newline = UInt8(ascii: "\n")
