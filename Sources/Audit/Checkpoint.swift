// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// A signed statement: this record was on the disk.
package struct Checkpoint: Equatable, Sendable {
    package let installation: InstallationID
    package let segment: UInt32
    package let head: Head
    /// Of the segment up to and including that record, in bytes.
    package let size: UInt64
    /// In microseconds since 1970.
    package let time: UInt64
}

/// `checkpoint.json` and `key.pub` as a reader takes them.
enum CheckpointForm {
    /// Takes the file apart and checks the signature.
    static func read(_ file: [UInt8], key: VerifyingKey) -> Result<Checkpoint, Flaw> {
        let text = file.span
        var cursor = Cursor()
        guard cursor.skip(Field.start, text) else { return .failure(.checkpointForm) }
        let start = cursor.index
        guard let checkpoint = checkpoint(&cursor, text) else { return .failure(.checkpointForm) }
        let signed = start..<cursor.index
        guard cursor.skip(Field.signature, text), let digits = cursor.take(128, text),
            let signature = Hex.decode(text.extracting(digits)), cursor.skip(Field.end, text),
            cursor.index == text.count
        else { return .failure(.checkpointForm) }
        let message = Array(Layout.checkpointPrefix.description.utf8) + file[signed]
        return key.isValid(signature, over: message) ? .success(checkpoint) : .failure(.checkpointSignature)
    }

    /// The key in a `key.pub`.
    package static func readKey(_ file: [UInt8]) -> VerifyingKey? {
        guard file.count == Layout.publicKeyFileBytes, file.last == newline else { return nil }
        return Hex.decode(file.span.extracting(droppingLast: 1)).flatMap { VerifyingKey($0) }
    }

    private static func checkpoint(_ cursor: inout Cursor, _ text: borrowing Span<UInt8>) -> Checkpoint? {
        guard cursor.skip(Field.hash, text), let hash = cursor.digest(text) else { return nil }
        guard cursor.skip(Field.installation, text), let id = cursor.installation(text) else { return nil }
        guard cursor.skip(Field.segment, text), let segment = cursor.number(text) else { return nil }
        guard cursor.skip(Field.sequence, text), let sequence = cursor.number(text) else { return nil }
        guard cursor.skip(Field.size, text), let size = cursor.number(text) else { return nil }
        guard cursor.skip(Field.time, text), let range = cursor.take(Timestamp.byteCount, text) else { return nil }
        guard let time = Timestamp.parse(text.extracting(range)), cursor.skip(Field.closing, text) else { return nil }
        guard segment > 0, segment <= 99_999_999, sequence > 0 else { return nil }
        return Checkpoint(
            installation: id, segment: UInt32(segment), head: Head(sequence: sequence, hash: hash), size: size,
            time: time)
    }
}

/// What stands between the values.
private enum Field {
    static let start = Array("{\"checkpoint\":".utf8)
    static let hash = Array("{\"hash\":\"".utf8)
    static let installation = Array("\",\"installation\":\"".utf8)
    static let segment = Array("\",\"segment\":".utf8)
    static let sequence = Array(",\"seq\":".utf8)
    static let size = Array(",\"size\":".utf8)
    static let time = Array(",\"time\":\"".utf8)
    static let closing = Array("\"}".utf8)
    static let signature = Array(",\"signature\":\"".utf8)
    static let end = Array("\"}\n".utf8)
}
