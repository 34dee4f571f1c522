// SPDX-License-Identifier: Apache-2.0

/// A configuration or registry file that is not believed: where, why, and what to do.
package struct ConfigurationError: Error, Equatable, Sendable {
    /// Dotted place such as `mcpServers.files.args[2]`; empty for the whole file.
    package let place: String
    /// Byte offset of the fault in the file.
    package let offset: Int
    package let reason: String
    package let hint: String

    package init(place: String, offset: Int, reason: String, hint: String = "") {
        self.place = place
        self.offset = offset
        self.reason = reason
        self.hint = hint
    }
}
