// SPDX-License-Identifier: Apache-2.0

/// What a tool can do to the world, as its reviewer judged it; ordered, the last is the worst.
///
/// Only `reads` is allowed without a rule. A server's own annotations may raise a class and never lower it (G38).
package enum RiskClass: UInt8, CaseIterable, Comparable, Sendable {
    /// Looks at what its server may see, changes nothing.
    case reads
    /// Reaches out to a network.
    case network
    /// Changes files, records or settings.
    case changes
    /// Spends money or another quota.
    case spends
    /// Touches credentials.
    case credentials
    /// Runs code or commands.
    case executes
    /// Nobody has judged it.
    case unreviewed

    package var word: StaticString {
        switch self {
        case .reads: "reads"
        case .network: "network"
        case .changes: "changes"
        case .spends: "spends"
        case .credentials: "credentials"
        case .executes: "executes"
        case .unreviewed: "unreviewed"
        }
    }

    /// From the word in a configuration; `unreviewed` cannot be chosen.
    package init?(word: [UInt8]) {
        guard let found = Self.allCases.first(where: { $0 != .unreviewed && Array($0.word.description.utf8) == word })
        else { return nil }
        self = found
    }

    package static func < (left: RiskClass, right: RiskClass) -> Bool { left.rawValue < right.rawValue }

    /// Default verdict of a tool of this class when no rule of the policy matches.
    package var defaultVerdict: VerdictKind { self == .reads ? .allow : .ask }

    /// Whether a call may go out once its intent is written, before the disk has confirmed it (docs/decisions/0010).
    package var mayRunBeforeSync: Bool { self == .reads }
}
