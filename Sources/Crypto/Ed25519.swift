// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// An Ed25519 public key (RFC 8032): who made a signature.
package struct VerifyingKey: Hashable, Sendable {
    package static let byteCount = 32
    package static let signatureByteCount = 64

    package let bytes: [UInt8]

    /// Nil unless there are exactly 32 bytes. Whether they are a point on the curve shows when a signature is judged.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Whether `signature` was made over exactly these bytes by the owner of the key.
    package func isValid(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureByteCount else { return false }
        Library.require(Library.started, "cannot start")
        // 32 bytes, borrowed for the length of the call; nil where they cannot be a key.
        guard let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
            return false
        }
        defer { unsafe EVP_PKEY_free(key) }
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("libcrypto: no memory") }
        defer { unsafe EVP_MD_CTX_free(context) }
        // Both are live until this function returns; the two arrays are borrowed for the length of their call.
        guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

/// An Ed25519 private key. It prints as `<signing key>` and nothing else.
package struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    package static let byteCount = 32

    package let publicKey: VerifyingKey
    /// The 32 bytes of RFC 8032's private key, for the one file that keeps them.
    package let secretBytes: [UInt8]

    /// A new key from the system's random numbers.
    package static func generate() -> SigningKey {
        Library.require(Library.started, "cannot start")
        guard let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else {
            preconditionFailure("libcrypto: no Ed25519")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        // The context is live; the new key is ours to free.
        let made = unsafe EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &key) == 1
        guard made, let key = unsafe key else { preconditionFailure("libcrypto: cannot make an Ed25519 key") }
        defer { unsafe EVP_PKEY_free(key) }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var count = bytes.count
        // The buffer holds `count` bytes, and the function says how many it wrote.
        let read = unsafe EVP_PKEY_get_raw_private_key(key, &bytes, &count)
        guard read == 1, let made = SigningKey(bytes) else { preconditionFailure("libcrypto: no private key") }
        return made
    }

    /// Nil unless there are exactly 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        Library.require(Library.started, "cannot start")
        // 32 bytes, borrowed for the length of the call.
        guard let key = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
            return nil
        }
        defer { unsafe EVP_PKEY_free(key) }
        var publicBytes = [UInt8](repeating: 0, count: VerifyingKey.byteCount)
        var count = publicBytes.count
        // The buffer holds `count` bytes, and the function says how many it wrote.
        guard unsafe EVP_PKEY_get_raw_public_key(key, &publicBytes, &count) == 1 else { return nil }
        guard let publicKey = VerifyingKey(publicBytes) else { return nil }
        self.publicKey = publicKey
        secretBytes = bytes
    }

    /// The 64 bytes of the signature over `message`.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        // Made anew for each signature (about 50 µs): so the key is a plain value that threads can share.
        let raw = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secretBytes, secretBytes.count)
        guard let key = unsafe raw else { preconditionFailure("libcrypto: no memory") }
        defer { unsafe EVP_PKEY_free(key) }
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("libcrypto: no memory") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: VerifyingKey.signatureByteCount)
        var count = signature.count
        // Key and context are live until this function returns; the buffer holds `count` bytes.
        let signed =
            unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1
            && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        Library.require(signed && count == VerifyingKey.signatureByteCount, "cannot sign")
        return signature
    }

    package var description: String { "<signing key>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
