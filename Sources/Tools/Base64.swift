// SPDX-License-Identifier: Apache-2.0

/// RFC 4648: section 4 for file contents, section 5 without padding for cursors.
enum Base64 {
    /// The standard alphabet, padded.
    static func encode(_ bytes: borrowing Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        append(bytes, standard, to: &text)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    /// The alphabet for addresses, not padded.
    static func encodeURL(_ bytes: borrowing Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        append(bytes, url, to: &text)
        return text
    }

    /// Nil unless this is exactly what ``encodeURL(_:)`` makes: no other letters, no stray bits at the end.
    static func decodeURL(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for letter in text {
            guard let value = url.firstIndex(of: letter) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        guard bits & (1 << count - 1) == 0 else { return nil }
        return bytes
    }

    /// Nil unless this is exactly what ``encode(_:)`` makes.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for letter in text.dropLast(padding) {
            let value = values[Int(letter)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        guard bits & (1 << count - 1) == 0, Int(count) == (padding == 0 ? 0 : 6 - 2 * (3 - padding)) else { return nil }
        return bytes
    }

    private static func append(_ bytes: borrowing Span<UInt8>, _ letters: [UInt8], to text: inout [UInt8]) {
        let letters = letters.span
        var at = 0
        while at + 3 <= bytes.count {
            let group = UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])
            text.append(letters[Int(group >> 18)])
            text.append(letters[Int(group >> 12 & 63)])
            text.append(letters[Int(group >> 6 & 63)])
            text.append(letters[Int(group & 63)])
            at += 3
        }
        switch bytes.count - at {
        case 1:
            let group = UInt32(bytes[at]) << 4
            text.append(letters[Int(group >> 6)])
            text.append(letters[Int(group & 63)])
        case 2:
            let group = (UInt32(bytes[at]) << 8 | UInt32(bytes[at + 1])) << 2
            text.append(letters[Int(group >> 12)])
            text.append(letters[Int(group >> 6 & 63)])
            text.append(letters[Int(group & 63)])
        default:
            break
        }
    }

    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// What each letter of the standard alphabet stands for; 64 for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        for (value, letter) in standard.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
