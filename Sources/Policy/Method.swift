// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// Requests that a client may send, in either era. The raw value travels in Control frames.
package enum Method: UInt8, CaseIterable, Sendable {
    case initialize = 1
    case ping
    case discover
    case toolsList
    case toolsCall
    case promptsList
    case promptsGet
    case resourcesList
    case templatesList
    case resourcesRead
    case resourcesSubscribe
    case resourcesUnsubscribe
    case complete
    case setLevel
    case listen

    package var word: StaticString {
        switch self {
        case .initialize: "initialize"
        case .ping: "ping"
        case .discover: "server/discover"
        case .toolsList: "tools/list"
        case .toolsCall: "tools/call"
        case .promptsList: "prompts/list"
        case .promptsGet: "prompts/get"
        case .resourcesList: "resources/list"
        case .templatesList: "resources/templates/list"
        case .resourcesRead: "resources/read"
        case .resourcesSubscribe: "resources/subscribe"
        case .resourcesUnsubscribe: "resources/unsubscribe"
        case .complete: "completion/complete"
        case .setLevel: "logging/setLevel"
        case .listen: "subscriptions/listen"
        }
    }

    /// Made once: looking one up by its bytes then allocates nothing.
    private static let words: [(text: String, method: Method)] = allCases.map { ($0.word.description, $0) }

    package init?(word: [UInt8], era: Era) { self.init(word: word.span, era: era) }

    package init?(word: borrowing Span<UInt8>, era: Era) {
        for known in Self.words where word.matches(known.text) {
            guard known.method.isServed(in: era) else { return nil }
            self = known.method
            return
        }
        return nil
    }

    /// The method that a message names; nil for any that this era does not have.
    package init?(_ tree: JSONTree, _ node: JSONNode, era: Era) {
        let found: Method?? = tree.withText(node) { Method(word: $0, era: era) }
        guard let found, let found else { return nil }
        self = found
    }

    package func isServed(in era: Era) -> Bool {
        switch self {
        case .discover, .listen: era == .modern
        case .initialize, .ping, .resourcesSubscribe, .resourcesUnsubscribe, .setLevel: era == .legacy
        case .toolsList, .toolsCall, .promptsList, .promptsGet, .resourcesList, .templatesList, .resourcesRead,
            .complete:
            true
        }
    }

    /// The member of `params` that `Mcp-Name` mirrors in the modern era.
    package var mirroredName: StaticString? {
        switch self {
        case .toolsCall, .promptsGet: "name"
        case .resourcesRead: "uri"
        case .initialize, .ping, .discover, .toolsList, .promptsList, .resourcesList, .templatesList,
            .resourcesSubscribe,
            .resourcesUnsubscribe, .complete, .setLevel, .listen:
            nil
        }
    }
}
