// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// A SHA-256 value: 32 bytes (FIPS 180-4).
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32
    /// The digest that stands where there is none, such as before the first record of a log.
    package static let zero = SHA256Digest(words: (0, 0, 0, 0))

    // Four words, not an array: a digest is copied with every record and must not allocate.
    private var first, second, third, fourth: UInt64

    fileprivate init(words: (UInt64, UInt64, UInt64, UInt64)) {
        first = words.0.bigEndian
        second = words.1.bigEndian
        third = words.2.bigEndian
        fourth = words.3.bigEndian
    }

    /// Nil unless there are exactly 32 bytes.
    package init?(_ bytes: borrowing Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<(start + 8) { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        first = word(0)
        second = word(8)
        third = word(16)
        fourth = word(24)
    }

    /// Nil unless there are exactly 64 lower-case hexadecimal digits.
    package init?(hexadecimal text: borrowing Span<UInt8>) {
        guard text.count == Self.byteCount * 2 else { return nil }
        func word(_ start: Int) -> UInt64? {
            var value: UInt64 = 0
            for index in start..<(start + 16) {
                guard let digit = Hex.value(text[index]) else { return nil }
                value = value << 4 | UInt64(digit)
            }
            return value
        }
        guard let a = word(0), let b = word(16), let c = word(32), let d = word(48) else { return nil }
        first = a
        second = b
        third = c
        fourth = d
    }

    /// Appends the 64 lower-case hexadecimal digits.
    package func appendHexadecimal(to text: inout [UInt8]) {
        let start = text.count
        text.append(contentsOf: repeatElement(0, count: Self.byteCount * 2))
        writeHexadecimal(to: &text, at: start)
    }

    /// Writes the 64 lower-case hexadecimal digits over what stands at `start`.
    package func writeHexadecimal(to text: inout [UInt8], at start: Int) {
        precondition(start >= 0 && start + Self.byteCount * 2 <= text.count)
        var target = text.mutableSpan
        Hex.write(first, to: &target, at: start)
        Hex.write(second, to: &target, at: start + 16)
        Hex.write(third, to: &target, at: start + 32)
        Hex.write(fourth, to: &target, at: start + 48)
    }

    /// Byte `index` of the 32.
    package subscript(index: Int) -> UInt8 {
        let word =
            switch index >> 3 {
            case 0: first
            case 1: second
            case 2: third
            case 3: fourth
            default: preconditionFailure("a digest has 32 bytes")
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(56 - (index & 7) * 8))
    }

    package var bytes: [UInt8] { (0..<Self.byteCount).map { self[$0] } }

    package var description: String {
        var text: [UInt8] = []
        appendHexadecimal(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The raw bytes as four words in memory order.
    fileprivate var memoryOrder: (UInt64, UInt64, UInt64, UInt64) {
        (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
    }
}

/// One hash computation after another, on one context that is allocated once.
///
/// Safe: the context never leaves this value, which cannot be copied.
@safe package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        Library.require(Library.started, "cannot start")
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("libcrypto: no memory") }
        unsafe self.context = context
        // The fetched algorithm is held by the context until it is freed.
        Library.require(unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "no SHA-256")
    }

    // Allocated in the initialiser, owned by this value alone, freed nowhere else.
    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes to the computation that is going on.
    package mutating func update(_ bytes: borrowing Span<UInt8>) {
        let added = unsafe bytes.withUnsafeBytes { all in
            // Borrowed for the length of the call.
            unsafe EVP_DigestUpdate(context, all.baseAddress, all.count)
        }
        Library.require(added == 1, "SHA-256 failed")
    }

    package mutating func update(_ digest: SHA256Digest) {
        var words = digest.memoryOrder
        let added = unsafe withUnsafeBytes(of: &words) { all in
            // Four words without padding: 32 bytes, borrowed for the length of the call.
            unsafe EVP_DigestUpdate(context, all.baseAddress, all.count)
        }
        Library.require(added == 1, "SHA-256 failed")
    }

    /// The digest of what was added, and a fresh start.
    package mutating func finish() -> SHA256Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let finished = unsafe withUnsafeMutableBytes(of: &words) { all in
            // SHA-256 writes 32 bytes, which is what four words hold.
            unsafe EVP_DigestFinal_ex(context, all.bindMemory(to: UInt8.self).baseAddress, nil)
        }
        // Without an algorithm named the context starts again with the one that it has.
        Library.require(unsafe finished == 1 && EVP_DigestInit_ex(context, nil, nil) == 1, "SHA-256 failed")
        return SHA256Digest(words: words)
    }

    /// The digest of one piece of bytes.
    package static func hash(_ bytes: borrowing Span<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}
