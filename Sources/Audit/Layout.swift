// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Where things lie in an audit directory and how large they may be: docs/audit-format.md in code.
///
/// The writer and the verifier share this file, ``InstallationID`` and ``Timestamp``, and nothing else.
package enum Layout {
    /// The number in the first record of each segment.
    package static let formatVersion: UInt64 = 1
    /// Of a record's `data`, in bytes: a record tells what happened, it does not carry it.
    package static let maxDataBytes = 16_384
    /// Of a line with its line feed: the data and at most 194 bytes around it, rounded up.
    package static let maxLineBytes = 16_640
    /// Of a kind, in bytes.
    package static let maxKindBytes = 40
    /// `,"hash":"`, 64 digits, `"}`: what a line ends with, in bytes before the line feed.
    package static let hashTailBytes = 75
    /// Sequence numbers stay below 2^53, which every JSON reader keeps exact.
    package static let maxSequence: UInt64 = (1 << 53) - 1
    /// More entries than this, and the directory is not an audit directory of ours: at 64 MiB each, 6 TB.
    package static let maxEntries = 100_000
    /// Of `checkpoint.json`: about 400 bytes are needed.
    package static let maxCheckpointBytes = 1_024
    /// What a checkpoint's signature is made over, before the checkpoint itself.
    package static let checkpointPrefix: StaticString = "doorward-audit-checkpoint-v1\n"
    /// The kind of a segment's first record, and of no other.
    package static let openingKind: StaticString = "segment.opened"

    package static let checkpointName = FileName("checkpoint.json")
    /// The file that becomes the next checkpoint.
    package static let spareCheckpointName = FileName("checkpoint.json.new")
    package static let publicKeyName = FileName("key.pub")
    /// The public key's digits and a line feed.
    package static let publicKeyFileBytes = 65

    /// The name of segment `number`.
    package static func segmentName(_ number: UInt32) -> FileName { name("", number, ".jsonl") }

    /// The name under which segment `number` is made.
    package static func unfinishedSegmentName(_ number: UInt32) -> FileName { name("", number, ".jsonl.new") }

    /// The name of the checkpoint that a new chain beginning with segment `number` put aside.
    package static func formerCheckpointName(_ number: UInt32) -> FileName {
        name("checkpoint-before-", number, ".json")
    }

    /// The name of what a crash left where record `sequence` should have been.
    package static func tornName(_ sequence: UInt64) -> FileName {
        guard let name = FileName(Array("torn-\(sequence)".utf8)) else { preconditionFailure("digits are a file name") }
        return name
    }

    /// The number in a segment's name, or nil for any other name.
    package static func segmentNumber(_ name: FileName) -> UInt32? {
        let bytes = name.bytes
        guard bytes.count == 14, bytes[8...].elementsEqual(".jsonl".utf8) else { return nil }
        var number: UInt32 = 0
        for byte in bytes[..<8] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
        }
        return number > 0 ? number : nil
    }

    private static func name(_ prefix: StaticString, _ number: UInt32, _ suffix: StaticString) -> FileName {
        precondition(number > 0 && number <= 99_999_999, "eight digits are all a segment's name has")
        let digits = String(number)
        let zeros = String(repeating: "0", count: 8 - digits.utf8.count)
        guard let name = FileName(Array("\(prefix)\(zeros)\(digits)\(suffix)".utf8)) else {
            preconditionFailure("digits are a file name")
        }
        return name
    }
}

/// Which installation a log belongs to: 128 random bits, drawn once.
package struct InstallationID: Hashable, Sendable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package let text: [UInt8]

    package init?(_ text: [UInt8]) {
        guard text.count == 32, text.allSatisfy(isHexDigit) else { return nil }
        self.text = text
    }

    package var description: String { String(decoding: text, as: UTF8.self) }
}

/// One of `0-9a-f`.
func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
}
