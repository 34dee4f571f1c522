// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Where a listing or search goes on: behind a path, or behind a line of the file at it.
///
/// It is no secret and no right: what it names is compared with what is found, or opened like any path of a client's.
struct Cursor: Equatable, Sendable {
    /// A path of 4,095 bytes and a label, in base64, with the line before it.
    static let maxBytes = 6144

    let path: [UInt8]
    /// 0 is behind everything in the file.
    let line: Int

    init(path: [UInt8], line: Int = 0) {
        self.path = path
        self.line = line
    }

    /// Nil unless ``text`` of some cursor is exactly this.
    init?(_ text: [UInt8]) {
        guard text.count <= Self.maxBytes, let bytes = Base64.decodeURL(text),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let digits = bytes[..<colon]
        guard (1...12).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let line = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        self.init(path: Array(bytes[(colon + 1)...]), line: line)
        guard self.text == text else { return nil }
    }

    var text: [UInt8] { Base64.encodeURL((Array("\(line):".utf8) + path).span) }

    /// The names that lead from `start` to the cursor's path; nil if that does not lie below, or is no path.
    func names(below start: [UInt8]) -> [[UInt8]]? {
        var rest = path[...]
        if !start.isEmpty {
            guard path.starts(with: start), path.count > start.count, path[start.count] == UInt8(ascii: "/") else {
                return nil
            }
            rest = path[(start.count + 1)...]
        }
        let names = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        return names.allSatisfy { FileName($0) != nil } ? names : nil
    }
}
