// SPDX-License-Identifier: Apache-2.0

/// An absolute path that says one thing: no NUL, no empty, `.` or `..` segment, at most 4,095 bytes.
package struct AbsolutePath: Hashable, Sendable, CustomStringConvertible {
    /// PATH_MAX less its terminator.
    package static let maxBytes = 4095
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard (1...Self.maxBytes).contains(bytes.count), bytes[0] == UInt8(ascii: "/"), !bytes.contains(0) else {
            return nil
        }
        if bytes.count > 1 {
            for segment in bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                guard !segment.isEmpty, segment != [0x2E], segment != [0x2E, 0x2E] else { return nil }
            }
        }
        self.bytes = bytes
    }

    package static let root = AbsolutePath(trusted: [UInt8(ascii: "/")])

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// The segments from the root down.
    package var segments: [[UInt8]] { bytes.split(separator: UInt8(ascii: "/")).map(Array.init) }

    /// The last segment; empty for the root.
    package var name: [UInt8] { segments.last ?? [] }

    /// The directory that holds this; the root holds itself.
    package var parent: AbsolutePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return .root }
        return AbsolutePath(trusted: Array(bytes[..<slash]))
    }

    /// `name` inside this directory, nil if it is not one plain segment.
    package func appending(_ name: [UInt8]) -> AbsolutePath? {
        AbsolutePath((self == .root ? [] : bytes) + [UInt8(ascii: "/")] + name)
    }

    /// Whether `other` is this path or lies below it.
    package func contains(_ other: AbsolutePath) -> Bool {
        self == .root || other == self
            || (other.bytes.count > bytes.count && other.bytes.starts(with: bytes)
                && other.bytes[bytes.count] == UInt8(ascii: "/"))
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
