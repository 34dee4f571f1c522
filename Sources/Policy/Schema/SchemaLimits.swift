// SPDX-License-Identifier: Apache-2.0

/// What one schema, and one validation against it, may cost. Each limit is inclusive.
package enum SchemaLimits {
    // Exceeded by a schema: a ``SchemaFault``.

    /// Subschemas within subschemas. As deep as a message may nest at all.
    package static let depth = 64
    /// Subschemas, in all documents together. The largest published tool schemas have about a thousand.
    package static let subschemas = 10_000
    /// Property names, required names and values of `enum`, together.
    package static let names = 50_000
    /// Documents and subschemas with an `$id` of their own.
    package static let resources = 1_000
    /// Bytes of one `$ref`, `$id` or `$schema` after resolution.
    package static let referenceBytes = 2_048
    /// States of all patterns together, with what their tables cost added: about 50 ms to make at the worst.
    package static let patternWeight = 100_000

    // Exceeded by a validation: the arguments are not accepted.

    /// Subschemas applied, members looked at, 16 bytes compared, states visited: each is one step, 5 to 30 ns.
    ///
    /// The largest message (100,000 values) gets 20 steps for each value; the worst one costs about 40 ms.
    package static let steps = 2_000_000
    /// Subschemas that wait for another one's answer, with up to 800 bytes of stack each, 400 KiB together.
    ///
    /// A value at depth 64 gets eight nested schemas for each level.
    package static let evaluationDepth = 512

    // For people.

    /// Bytes of a place or of a quoted text in a message.
    package static let shownBytes = 160
}
