// SPDX-License-Identifier: Apache-2.0

/// Bytes that a system call takes as text: no NUL inside, one at the end, no encoding assumed.
package struct SystemString: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The bytes and their terminator.
    let terminated: [UInt8]

    /// Nil if there is a NUL among the bytes: the kernel would see a shorter text than was checked.
    package init?(_ bytes: [UInt8]) {
        if bytes.contains(0) { return nil }
        terminated = bytes + [0]
    }

    /// - Precondition: the literal holds no NUL.
    package init(stringLiteral text: StaticString) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8CodeUnitCount + 1)
        // Literals are immortal, and one that is not a single scalar has a pointer and exactly this length.
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        precondition(!bytes.contains(0), "a literal with NUL")
        bytes.append(0)
        terminated = bytes
    }

    private init(terminated: [UInt8]) { self.terminated = terminated }

    /// The bytes without the terminator.
    package var bytes: [UInt8] { Array(terminated.dropLast()) }
    package var count: Int { terminated.count - 1 }
    package var isEmpty: Bool { terminated.count == 1 }

    /// Both texts, one after the other.
    package static func + (left: SystemString, right: SystemString) -> SystemString {
        SystemString(terminated: left.terminated.dropLast() + right.terminated)
    }

    /// A decimal number, as the kernel's files want it.
    package static func decimal(_ number: UInt64) -> SystemString {
        SystemString(terminated: Array(String(number).utf8) + [0])
    }

    /// For messages to people; bytes that are no UTF-8 show as replacement characters.
    package var description: String { String(decoding: terminated.dropLast(), as: UTF8.self) }

    /// Lends the terminated text to a system call.
    func lend<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe terminated.withUnsafeBytes { all in
            // Never empty: the terminator is always there, so the first address exists.
            unsafe body(all.assumingMemoryBound(to: CChar.self).baseAddress.unsafelyUnwrapped)
        }
    }
}
