// SPDX-License-Identifier: Apache-2.0

/// Canonical JSON with everything outside printable ASCII as `\uXXXX`.
enum EscapedASCII {
    /// Appends canonical JSON, which has such bytes in its strings only, where an escape means the same.
    static func append(_ json: [UInt8], to text: inout [UInt8]) {
        // Nearly always there is nothing to escape.
        var odd: UInt8 = 0
        for byte in json { odd |= isPrintable(byte) ? 0 : 1 }
        if odd == 0 {
            text.append(contentsOf: json)
        } else {
            escape(json.span, to: &text)
        }
    }

    private static func escape(_ json: borrowing Span<UInt8>, to text: inout [UInt8]) {
        var index = 0
        while index < json.count {
            if isPrintable(json[index]) {
                text.append(json[index])
                index += 1
            } else {
                let (scalar, length) = UTF8Text.scalar(json, at: index)
                appendEscape(scalar, to: &text)
                index += length
            }
        }
    }

    private static func appendEscape(_ scalar: UInt32, to text: inout [UInt8]) {
        guard scalar > 0xffff else { return appendUnit(scalar, to: &text) }
        appendUnit(0xd800 + (scalar - 0x10000) >> 10, to: &text)
        appendUnit(0xdc00 + (scalar - 0x10000) & 0x3ff, to: &text)
    }

    private static func appendUnit(_ unit: UInt32, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\\"))
        text.append(UInt8(ascii: "u"))
        for shift in stride(from: UInt32(12), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

/// 0x20 to 0x7e.
@inline(__always)
func isPrintable(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5f }
