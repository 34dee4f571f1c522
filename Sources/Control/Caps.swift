// SPDX-License-Identifier: Apache-2.0

/// Largest content of the fields of Control frames, in bytes. Each is the bound of what the field carries.
package enum Caps {
    /// A bearer token as it stood in the header.
    package static let credential = 4096
    /// One JSON-RPC message, or the parameters of one (R3), plus what canonical escapes can add to it: a raw U+2028 is
    /// three bytes and its escape six.
    package static let message = 2 * 4_194_304 + 4096
    /// A JSON-RPC id: a string of 128 bytes, escaped.
    package static let id = 1024
    package static let name = 128
    /// Path of a refused request: the request line's own limit.
    package static let path = 8192
    package static let word = 64
    package static let report = 16_384
    package static let mirroredCount = 64
    package static let mirroredValue = 8192
    /// An operator's request or its answer.
    package static let document = 32 << 20
    package static let executable = 4096
    /// A host as a request of a sandbox named it: a name has at most 253 bytes.
    package static let host = 256
    /// Where a rule stands, such as `profiles.browser.network[0]`.
    package static let rule = 320
    package static let ownPorts = 64
    /// A policy that travels in one packet, with two descriptors.
    package static let servedPolicy = 61_440
    /// A policy that travels in as many packets as it needs.
    package static let amendedPolicy = 1 << 20
}
