// SPDX-License-Identifier: Apache-2.0

/// The way from a directory down to something below it: entry names with slashes between them.
///
/// It has no `.`, no `..`, no empty name and no NUL, and does not begin at the root. Where its names lead is for the
/// kernel to say: one of them may be a link.
package struct RelativePath: Hashable, Sendable, CustomStringConvertible {
    /// The kernel's limit (PATH_MAX) less the terminator, in bytes.
    package static let maxBytes = 4095

    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maxBytes else { return nil }
        for name in bytes.split(separator: slash, omittingEmptySubsequences: false) {
            guard FileName(Array(name)) != nil else { return nil }
        }
        self.bytes = bytes
    }

    package init(_ name: FileName) { bytes = name.bytes }

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// The path of an entry of this directory; nil where it would be too long.
    package func appending(_ name: FileName) -> RelativePath? {
        guard bytes.count + 1 + name.bytes.count <= Self.maxBytes else { return nil }
        return RelativePath(trusted: bytes + [slash] + name.bytes)
    }

    /// The names from the top down, at least one.
    package var names: [[UInt8]] { bytes.split(separator: slash).map(Array.init) }

    /// The last name.
    package var name: [UInt8] { names.last ?? [] }

    package var description: String { String(decoding: bytes, as: UTF8.self) }

    func withTerminated<Value, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try unsafe withTerminatedBytes(bytes, body)
    }
}

private let slash = UInt8(ascii: "/")
