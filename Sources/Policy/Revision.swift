// SPDX-License-Identifier: Apache-2.0

/// A revision of the Model Context Protocol, in order of age.
package enum Revision: UInt8, CaseIterable, Comparable, Sendable {
    case y2024m11d05 = 1
    case y2025m03d26
    case y2025m06d18
    case y2025m11d25
    case y2026m07d28

    package var word: StaticString {
        switch self {
        case .y2024m11d05: "2024-11-05"
        case .y2025m03d26: "2025-03-26"
        case .y2025m06d18: "2025-06-18"
        case .y2025m11d25: "2025-11-25"
        case .y2026m07d28: "2026-07-28"
        }
    }

    private static let words: [(text: String, revision: Revision)] = allCases.map { ($0.word.description, $0) }

    package init?(word: [UInt8]) { self.init(word: word.span) }

    package init?(word: borrowing Span<UInt8>) {
        for known in Self.words where word.matches(known.text) {
            self = known.revision
            return
        }
        return nil
    }

    package var era: Era { self >= .y2026m07d28 ? .modern : .legacy }

    /// What clients can agree on with us, newest first; the same list in `server/discover` and in errors.
    package static let served: [Revision] = [.y2026m07d28, .y2025m11d25, .y2025m06d18]

    /// What an `initialize` that asks for anything else is offered.
    package static let newestLegacy: Revision = .y2025m11d25

    package static func < (left: Revision, right: Revision) -> Bool { left.rawValue < right.rawValue }
}

/// Session-bound protocol up to 2025-11-25, or stateless from 2026-07-28 on.
package enum Era: UInt8, Sendable {
    case legacy
    case modern
}
