// SPDX-License-Identifier: Apache-2.0

/// The first thing in a value that a schema forbids. For people and models; nothing of the value but keys is quoted.
package struct SchemaViolation: Error, Equatable, Sendable {
    package enum Rule: Equatable, Hashable, Sendable {
        case keyword(SchemaKeyword)
        /// The schema `false`, which nothing fits.
        case forbidden
        /// Neither accepted nor judged: more than ``SchemaLimits/steps``.
        case tooMuchWork
        /// Neither accepted nor judged: more than ``SchemaLimits/evaluationDepth``.
        case tooDeep
    }

    /// JSON pointer to the value that breaks the rule, shortened and escaped; empty for the whole value.
    package let place: String
    package let rule: Rule
    /// What the schema says there, such as `string` or `at most 10`; empty if the rule says it all.
    package let expected: String

    /// Stable word.
    package var word: String {
        switch rule {
        case .keyword(let keyword): keyword.rawValue
        case .forbidden: "false"
        case .tooMuchWork: "too-much-work"
        case .tooDeep: "too-deep"
        }
    }
}

extension SchemaViolation: CustomStringConvertible {
    package var description: String {
        let subject = place.isEmpty ? "value" : place
        return expected.isEmpty ? "\(subject): \(word)" : "\(subject): \(word): \(expected)"
    }
}
