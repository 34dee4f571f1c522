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
    private var clock = TimestampText()
    // Held here, since a global constant costs a check and a reference count at each use, and these are used per record.
    private let words = EntryKind.allCases.map { Array($0.word.description.utf8) }
    private let beforeSequence = Array("{\"seq\":".utf8)
    private let beforeTime = Array(",\"time\":\"".utf8)
    private let beforeKind = Array("\",\"kind\":\"".utf8)
    private let beforeData = Array("\",\"data\":".utf8)
    private let beforeHash = Array(",\"hash\":\"".utf8)

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
    mutating func add(
        _ kind: EntryKind, _ data: borrowing Span<UInt8>, time: UInt64, limit: Int = Layout.maxDataBytes
    ) -> UInt64 {
        precondition(data.count >= 2 && data[0] == UInt8(ascii: "{"), "a record's data is an object")
        let sequence = head.sequence + 1
        let start = lines.count
        lines.append(contentsOf: beforeSequence)
        append(decimal: sequence)
        lines.append(contentsOf: beforeTime)
        lines.append(contentsOf: clock.text(time))
        lines.append(contentsOf: beforeKind)
        lines.append(contentsOf: words[Int(kind.rawValue)])
        lines.append(contentsOf: beforeData)
        append(data: data, limit: limit)
        let digest = chain(head.hash, lines, from: start, &hash)
        lines.append(contentsOf: beforeHash)
        digest.appendHexadecimal(to: &lines)
        lines.append(UInt8(ascii: "\""))
        lines.append(UInt8(ascii: "}"))
        lines.append(newline)
        head = Head(sequence: sequence, hash: digest)
        return sequence
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

    private mutating func append(data: borrowing Span<UInt8>, limit: Int) {
        let start = lines.count
        if data.count <= limit { EscapedASCII.append(data, to: &lines) }
        let length = lines.count - start
        guard length == 0 || length > limit else { return }
        lines.removeLast(lines.count - start)
        lines.append(contentsOf: Array("{\"oversize\":\(data.count),\"sha256\":\"".utf8))
        SHA256.hash(data).appendHexadecimal(to: &lines)
        lines.append(contentsOf: Array("\"}".utf8))
    }

    private mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        lines.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
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
