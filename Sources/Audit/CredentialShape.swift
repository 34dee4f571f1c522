// SPDX-License-Identifier: Apache-2.0

/// Recognises what is shaped like a credential of ours, `dwt_` and 43 characters of base64url, in the spellings in which
/// it could reach a record.
///
/// Longer runs are taken whole, so that a credential with something stuck to it leaves no tail.
enum CredentialShape {
    static let prefix = Array("dwt_".utf8)
    /// Characters behind the prefix.
    static let secretCharacters = 43

    /// Where what begins at `start` ends, if it is one.
    static func end(in text: borrowing Span<UInt8>, from start: Int) -> Int? {
        // Nearly every character of nearly every text begins none of the spellings.
        switch text[start] {
        case UInt8(ascii: "d"), UInt8(ascii: "%"): plain(text, start)
        case UInt8(ascii: "6"): hexadecimal(text, start)
        case UInt8(ascii: "Z"), UInt8(ascii: "R"), UInt8(ascii: "k"): base64(text, start)
        default: nil
        }
    }

    private static let base64Spellings = ["ZHd0X", "R3dF", "kd3Rf"].map { Array($0.utf8) }

    /// Character by character, each either itself or percent-encoded.
    private static func plain(_ text: borrowing Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        for byte in prefix {
            guard let (character, next) = character(text, index), character == byte else { return nil }
            index = next
        }
        var count = 0
        while let (character, next) = character(text, index), isBase64URL(character) {
            count += 1
            index = next
        }
        return count >= secretCharacters ? index : nil
    }

    /// The bytes of a credential as two digits each, in either case.
    private static func hexadecimal(_ text: borrowing Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        for byte in prefix {
            guard digits(text, index) == byte else { return nil }
            index += 2
        }
        var count = 0
        while let byte = digits(text, index), isBase64URL(byte) {
            count += 1
            index += 2
        }
        return count >= secretCharacters ? index : nil
    }

    /// Base64 of something that holds a credential. Each group of three bytes becomes four characters, so the prefix has
    /// three spellings, by how many bytes of its group stand before it; characters that other bytes share are left out.
    private static func base64(_ text: borrowing Span<UInt8>, _ start: Int) -> Int? {
        for spelling in base64Spellings {
            guard start + spelling.count <= text.count else { continue }
            guard spelling.indices.allSatisfy({ text[start + $0] == spelling[$0] }) else { continue }
            var index = start + spelling.count
            while index < text.count, isBase64(text[index]) { index += 1 }
            // 43 characters of secret make at least 57 of base64.
            if index - start - spelling.count >= 56 { return index }
        }
        return nil
    }

    private static func character(_ text: borrowing Span<UInt8>, _ index: Int) -> (UInt8, next: Int)? {
        guard index < text.count else { return nil }
        guard text[index] == UInt8(ascii: "%") else { return (text[index], index + 1) }
        return digits(text, index + 1).map { ($0, index + 3) }
    }

    private static func digits(_ text: borrowing Span<UInt8>, _ index: Int) -> UInt8? {
        guard index + 1 < text.count, let high = digit(text[index]), let low = digit(text[index + 1]) else {
            return nil
        }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        isBase64URL(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
    }
}
