// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// Makes text that came from outside fit for a record: valid, short, and without our credentials.
///
/// Control and other odd characters need nothing here: the composer escapes whatever is not printable ASCII.
package enum Redaction {
    /// Of a path's segment; a longer one is told by its digest.
    package static let maxSegmentBytes = 64

    /// `text` cut to at most `limit` bytes before what was cut off is told, as valid UTF-8, with every credential of
    /// ours in it replaced by `<redacted>`.
    package static func text(_ text: [UInt8], limit: Int) -> [UInt8] {
        // Before the cut, which could go through a credential and leave most of it.
        let clean = repaired(withoutCredentials(text))
        guard clean.count > limit else { return clean }
        var end = limit
        // Not inside a character: continuation bytes are 10xxxxxx.
        while end > 0, clean[end] & 0xc0 == 0x80 { end -= 1 }
        return clean[..<end] + Array("... (\(clean.count - end) bytes more)".utf8)
    }

    /// A request's path, up to `limit` bytes: as ``text(_:limit:)``, and with segments of more than 64 bytes replaced by
    /// `sha256:` and the first 16 digits of their digest, since whatever is that long can be a secret in some spelling.
    package static func path(_ path: [UInt8], limit: Int) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let segments = path.split(separator: slash, omittingEmptySubsequences: false)
        let short = segments.map { segment in
            guard segment.count > maxSegmentBytes else { return Array(segment) }
            let digest = Hex.encode(SHA256.hash(Array(segment).span).bytes)
            return Array("sha256:".utf8) + digest[..<16]
        }
        return text(Array(short.joined(separator: [slash])), limit: limit)
    }

    private static let mark = Array("<redacted>".utf8)

    private static func withoutCredentials(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if let end = CredentialShape.end(in: text.span, from: index) {
                result += mark
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// The same text with U+FFFD for each byte that is no part of a character.
    private static func repaired(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Text.scalar(text.span, at: index)
            if scalar == 0xfffd, length == 1 {
                result += [0xef, 0xbf, 0xbd]
            } else {
                result += text[index..<(index + length)]
            }
            index += length
        }
        return result
    }
}
