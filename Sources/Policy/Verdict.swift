// SPDX-License-Identifier: Apache-2.0

/// What a rule can say.
package enum VerdictKind: UInt8, CaseIterable, Sendable {
    case allow
    case ask
    case deny

    package var word: StaticString {
        switch self {
        case .allow: "allow"
        case .ask: "ask"
        case .deny: "deny"
        }
    }
}

/// What the policy says of one call, and which rule said it.
package struct Verdict: Equatable, Sendable {
    package let kind: VerdictKind
    package let rule: RuleID
}

/// Names a rule in records and refusals: the operator's own id, the rule's place, or a default.
package struct RuleID: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// `[A-Za-z0-9._-]`, 1 to 64 bytes.
    package init?(_ bytes: [UInt8]) {
        guard (1...64).contains(bytes.count),
            bytes.allSatisfy({ $0.isLetterOrDigit || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D })
        else { return nil }
        self.bytes = bytes
    }

    /// The rule without an id at this place of the list, counted from 1.
    package init(place: Int) { bytes = Array("rule-\(place)".utf8) }

    /// No rule matched: the default of the tool's class.
    package init(defaultOf risk: RiskClass) { bytes = Array("default-\(risk.word)".utf8) }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// A call that policy has let through; spent by recording its intent.
///
/// Made only by ``ToolPolicy/permit(_:risk:)``: whoever holds one has a verdict, and can use it once.
package struct Permitted: ~Copyable {
    package let rule: RuleID
    package let risk: RiskClass

    fileprivate init(rule: RuleID, risk: RiskClass) {
        self.rule = rule
        self.risk = risk
    }
}

extension ToolPolicy {
    /// The call's permission, if the verdict is one; otherwise the denial that the caller gets.
    package static func permit(_ verdict: Verdict, risk: RiskClass) throws(Denial) -> Permitted {
        switch verdict.kind {
        case .allow: return Permitted(rule: verdict.rule, risk: risk)
        case .ask: throw .approvalUnavailable
        case .deny: throw .policyDenied
        }
    }
}
