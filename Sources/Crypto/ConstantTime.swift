// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// Comparison of secrets.
package enum ConstantTime {
    /// Whether both are the same bytes, in a time that depends on their count and on nothing else.
    ///
    /// Unequal counts answer at once: how long a secret is, is no secret.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // Both arrays are borrowed for the length of the call and have this count.
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    package static func equal(_ left: SHA256Digest, _ right: SHA256Digest) -> Bool {
        equal(left.bytes, right.bytes)
    }
}
