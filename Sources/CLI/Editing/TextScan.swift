// SPDX-License-Identifier: Apache-2.0

/// Finds the ends of things in JSON text with comments, which the strict reader has accepted.
struct TextScan {
    let text: [UInt8]

    /// The offset behind the value that begins at `start`.
    func end(ofValueAt start: Int) -> Int {
        switch text[start] {
        case UInt8(ascii: "\""): return end(ofStringAt: start)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var depth = 0
            var at = start
            while at < text.count {
                switch text[at] {
                case UInt8(ascii: "\""):
                    at = end(ofStringAt: at)
                    continue
                case UInt8(ascii: "/"):
                    at = end(ofGapAt: at)
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth == 0 { return at + 1 }
                default: break
                }
                at += 1
            }
            return text.count
        default:
            var at = start
            while at < text.count, !isSpace(text[at]), !",]}/".utf8.contains(text[at]) { at += 1 }
            return at
        }
    }

    /// The offset of the first byte at or behind `start` that is neither white space nor part of a comment.
    func end(ofGapAt start: Int) -> Int {
        var at = start
        while at < text.count {
            if isSpace(text[at]) {
                at += 1
            } else if starts("//", at) {
                while at < text.count, text[at] != 0x0A { at += 1 }
            } else if starts("/*", at) {
                at += 2
                while at < text.count, !starts("*/", at) { at += 1 }
                at = min(at + 2, text.count)
            } else {
                return at
            }
        }
        return at
    }

    func end(ofStringAt start: Int) -> Int {
        var at = start + 1
        while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(at + 1, text.count)
    }

    /// The first byte of the line that holds `offset`.
    func startOfLine(_ offset: Int) -> Int {
        text[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    }

    /// The white space at the beginning of the line that holds `offset`.
    func indent(ofLineWith offset: Int) -> [UInt8] {
        Array(text[startOfLine(offset)...].prefix { $0 == 0x20 || $0 == 0x09 })
    }

    /// Whether nothing but white space stands before `offset` in its line.
    func isFirstInLine(_ offset: Int) -> Bool { text[startOfLine(offset)..<offset].allSatisfy(isBlank) }

    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == 0x0A }

    private func starts(_ mark: StaticString, _ at: Int) -> Bool { text[at...].starts(with: mark.description.utf8) }
}

/// Commas before a closing bracket: many clients write them and the strict reader refuses them. Each becomes a space, so
/// that offsets stay true.
enum TrailingCommas {
    static func blanked(_ text: [UInt8]) -> [UInt8] {
        let scan = TextScan(text: text)
        var copy = text
        var at = 0
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""): at = scan.end(ofStringAt: at)
            case UInt8(ascii: "/"): at = max(scan.end(ofGapAt: at), at + 1)
            case UInt8(ascii: ","):
                let next = scan.end(ofGapAt: at + 1)
                if next < text.count, text[next] == UInt8(ascii: "}") || text[next] == UInt8(ascii: "]") {
                    copy[at] = 0x20
                }
                at += 1
            default: at += 1
            }
        }
        return copy
    }
}
