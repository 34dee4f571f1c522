// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// libcrypto, started the way we want it.
enum Library {
    /// Read before the first call of anything else in libcrypto.
    ///
    /// Left to itself the library reads a configuration file, whose place the environment can name and which can load
    /// code; and it would meet a room's closed file system at some later moment. Nothing of ours needs that file, nor
    /// the tables that find algorithms and error texts by their names.
    static let started: Bool = {
        let options =
            OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS
            | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS
        return OPENSSL_init_crypto(UInt64(options), nil) == 1
    }()

    /// Stops the program where libcrypto has no memory or no such algorithm: there is no going on without either.
    static func require(_ held: Bool, _ what: StaticString) {
        precondition(held, "libcrypto: \(what)")
    }
}
