// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Name of a granted directory, with which every path begins: a letter or digit, then letters, digits, `.`, `_`, `-`.
struct Label: Hashable, Sendable, CustomStringConvertible {
    /// In bytes. Labels stand in every path that a model reads or writes.
    static let maxBytes = 64

    let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard (1...Self.maxBytes).contains(bytes.count), bytes[0].isLetterOrDigit,
            bytes.allSatisfy({ $0.isLetterOrDigit || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F })
        else { return nil }
        self.bytes = bytes
    }

    /// The last segment of a directory's path, if that can be a label.
    init?(ofDirectory path: String) {
        let segments = Array(path.utf8).split(separator: UInt8(ascii: "/"))
        guard let last = segments.last, let label = Label(Array(last)) else { return nil }
        self = label
    }

    var description: String { String(decoding: bytes, as: UTF8.self) }
}
