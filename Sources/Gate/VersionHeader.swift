// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// What `MCP-Protocol-Version` says: V of the decision table.
enum VersionHeader: Equatable {
    case absent
    /// The name of a revision before 2026-07-28, served or not.
    case legacy(Revision)
    /// Anything else; nil for the name of no revision that we know.
    case modern(Revision?)

    init(_ head: borrowing RequestHead) {
        guard let value = head.value(.mcpProtocolVersion) else {
            self = .absent
            return
        }
        let bytes = head.bytes
        let revision = Revision(word: bytes.span.extracting(value))
        if let revision, revision.era == .legacy { self = .legacy(revision) } else { self = .modern(revision) }
    }

    var isModern: Bool {
        switch self {
        case .modern: true
        case .absent, .legacy: false
        }
    }
}
