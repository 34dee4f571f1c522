// SPDX-License-Identifier: Apache-2.0

/// What Doorward calls itself towards clients, servers and people.
package enum Product {
    package static let name: StaticString = "doorward"
    package static let version: StaticString = "0.1.0"
    /// Prefix of our own keys in `_meta`; nobody else's member there begins like this.
    package static let metaPrefix = "dev.doorward/"
    /// Key in `_meta` under which a refusal explains itself.
    package static let denialKey: StaticString = "dev.doorward/denial"
    /// Key in `_meta` of results that hold what others have written; true, or not there.
    package static let untrustedKey: StaticString = "dev.doorward/untrusted"
    /// Key in `_meta` beside ``untrustedKey``: the address that it is from.
    package static let sourceKey: StaticString = "dev.doorward/source"
    /// Of such an address, in bytes; a longer one is left out.
    package static let maxSourceBytes = 4096
    /// Key in `_meta` by which a caller chooses among sealed parameters: an object of parameter names and value names.
    package static let parametersKey: StaticString = "dev.doorward/parameters"
}
