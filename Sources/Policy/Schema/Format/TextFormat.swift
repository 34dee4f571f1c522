// SPDX-License-Identifier: Apache-2.0

/// Formats that are a matter of a few characters.
enum TextFormat {
    /// RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits.
    static func isUUID(_ bytes: [UInt8]) -> Bool {
        bytes.count == 36
            && bytes.enumerated().allSatisfy { place, byte in
                [8, 13, 18, 23].contains(place) ? byte == 0x2D : byte.hexadecimalDigit != nil
            }
    }

    /// RFC 6901 section 3.
    static func isPointer(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        guard first == 0x2F else { return false }
        return bytes.indices.allSatisfy { place in
            bytes[place] != 0x7E
                || (place + 1 < bytes.endIndex && (bytes[place + 1] == 0x30 || bytes[place + 1] == 0x31))
        }
    }

    /// draft-bhutton-relative-json-pointer-00, without index manipulation.
    static func isRelativePointer(_ bytes: [UInt8]) -> Bool {
        let digits = bytes.prefix(while: \.isDigit)
        guard !digits.isEmpty, digits.count == 1 || digits.first != 0x30 else { return false }
        let rest = bytes[digits.endIndex...]
        return rest.elementsEqual([0x23]) || isPointer(rest)
    }

    /// Ours, `no-shell-metacharacters`: one word for a POSIX shell, whatever stands around it, and the same word again.
    ///
    /// What XCU section 2.2 says must or may have to be quoted is refused, so are `!` and braces, which common shells
    /// expand, and all separators and control characters of Unicode. It says nothing about a leading minus.
    static func isShellSafe(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy { scalar in
            guard scalar.value >= 0x80 else {
                return scalar.value > 0x20 && scalar.value < 0x7F
                    && !"|&;<>()$`\\\"'*?[]#~=%!{}^".unicodeScalars.contains(scalar)
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator: return false
            default: return true
            }
        }
    }
}
