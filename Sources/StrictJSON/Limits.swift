// SPDX-License-Identifier: Apache-2.0

/// How much one document may cost. Every limit is inclusive: a document exactly at it is read.
package struct JSONLimits: Sendable, Equatable {
    /// Length of the whole input, in bytes.
    package var bytes: Int
    /// Objects and arrays open at once.
    package var depth: Int
    /// Members of one object.
    package var members: Int
    /// Values in the document, at every depth: the root, each member's value, each element. Keys do not count.
    package var values: Int
    /// Length of one key after unescaping, in bytes.
    package var keyBytes: Int
    /// Length of one string value after unescaping, in bytes.
    package var stringBytes: Int
    /// Length of one number as written, in bytes.
    package var numberBytes: Int

    /// No default at the call site: whoever sets limits sets all of them.
    package init(
        bytes: Int, depth: Int, members: Int, values: Int, keyBytes: Int, stringBytes: Int, numberBytes: Int
    ) {
        self.bytes = bytes
        self.depth = depth
        self.members = members
        self.values = values
        self.keyBytes = keyBytes
        self.stringBytes = stringBytes
        self.numberBytes = numberBytes
    }

    /// One protocol message, from a client or from a server.
    ///
    /// - bytes: 4 MiB, the body and line limit of every transport.
    /// - depth: 64. Real messages stay under 20; peers begin to fail at 512.
    /// - members, values: 10,000 and 100,000, so that the tree of the worst message stays near 3 MiB.
    /// - keyBytes: 256. The longest protocol keys are prefixed `_meta` names of about 60.
    /// - stringBytes: as the message, so that one file may fill one string.
    /// - numberBytes: 128. A double is written in at most 25; published test documents use 81.
    package static let message = JSONLimits(
        bytes: 4 << 20, depth: 64, members: 10_000, values: 100_000, keyBytes: 256, stringBytes: 4 << 20,
        numberBytes: 128)

    /// `doorward.json` and the sealed registry: files that an operator wrote or sealed, read at start and on reload.
    ///
    /// Twice the bytes, members and values of a message: a sealed registry carries the pinned schemas of all servers.
    package static let config = JSONLimits(
        bytes: 8 << 20, depth: 64, members: 20_000, values: 200_000, keyBytes: 256, stringBytes: 4 << 20,
        numberBytes: 128)
}

/// Where comments may stand.
package enum JSONDialect: Sendable {
    /// RFC 8259 and nothing else. Everything that comes from another program.
    case strict
    /// `//` and `/* */` where white space may stand, nothing else relaxed. Only for files that people write.
    case commented
}
