// SPDX-License-Identifier: Apache-2.0

/// The name of one directory entry: it can neither climb out of a directory nor descend into another.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
    /// The kernel's limit (NAME_MAX), in bytes.
    package static let maxBytes = 255

    package let bytes: [UInt8]

    /// Nil for an empty name, one over the limit, `.`, `..`, and one with a slash or NUL in it.
    package init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count <= Self.maxBytes else { return nil }
        guard bytes != [UInt8(ascii: ".")], bytes != [UInt8(ascii: "."), UInt8(ascii: ".")] else { return nil }
        guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else { return nil }
        self.bytes = bytes
    }

    /// A name that stands in our own source: one that is not a name is a mistake of ours and stops the program.
    package init(_ literal: StaticString) {
        guard let name = FileName(Array(literal.description.utf8)) else { preconditionFailure("not a file name") }
        self = name
    }

    /// This name with `suffix` behind it; nil where that is no name any more.
    package func appending(_ suffix: StaticString) -> FileName? {
        FileName(bytes + Array(suffix.description.utf8))
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Lends the name as the kernel wants it.
    func withTerminated<Value, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try unsafe withTerminatedBytes(bytes, body)
    }
}

/// Lends `bytes` with a NUL behind them. The caller has made sure that there is none among them.
func withTerminatedBytes<Value, Failure: Error>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
) throws(Failure) -> Value {
    var terminated: [CChar] = []
    terminated.reserveCapacity(bytes.count + 1)
    for byte in bytes { terminated.append(CChar(bitPattern: byte)) }
    terminated.append(0)
    return try unsafe terminated.withUnsafeBufferPointer { buffer throws(Failure) in
        // An array that is not empty has a base address; it lives until this closure returns.
        guard let base = buffer.baseAddress else { preconditionFailure("an array with elements has an address") }
        return try unsafe body(base)
    }
}
