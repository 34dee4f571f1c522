// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// A JSON-RPC id: a string of 1 to 128 bytes, or an integer within ±(2^53−1) written with digits alone (R3).
package enum RequestID: Hashable, Sendable {
    case text([UInt8])
    case integer(Int64)

    package static let maxBytes = 128

    package init?(_ tree: JSONTree, _ node: JSONNode) {
        if let number = tree.integer(node) {
            self = .integer(number)
        } else if let text = tree.text(node), (1...Self.maxBytes).contains(text.count) {
            self = .text(text)
        } else {
            return nil
        }
    }

    package func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .integer(let number): json.integer(number)
        }
    }
}

/// Why a JSON text is not one acceptable message.
package enum EnvelopeFault: Error, Equatable, Sendable, CaseIterable {
    // Broken in a way in which two readers could see two messages: refused like bytes that are no JSON (R2, R3).
    /// A key that equals a protocol key only under case folding.
    case foldedKey
    /// `__proto__` and its kin where objects are merged by careless programs.
    case forbiddenKey
    case id
    // Well readable, and not a message (R4).
    case notAnObject
    case unknownMember
    case version
    case method
    case parameters
    /// Members of a request and of a response in one object, or of neither.
    case mixed

    /// The answer is that for broken JSON rather than that for a malformed message.
    package var isReaderFault: Bool {
        switch self {
        case .foldedKey, .forbiddenKey, .id: true
        case .notAnObject, .unknownMember, .version, .method, .parameters, .mixed: false
        }
    }

    package var word: StaticString {
        switch self {
        case .foldedKey: "folded-key"
        case .forbiddenKey: "forbidden-key"
        case .id: "id"
        case .notAnObject: "not-an-object"
        case .unknownMember: "unknown-member"
        case .version: "version"
        case .method: "method"
        case .parameters: "parameters"
        case .mixed: "mixed"
        }
    }
}

/// One message of a client.
package enum ClientMessage: Equatable, Sendable {
    case request(id: RequestID, method: JSONNode, parameters: JSONNode?)
    case notification(method: JSONNode, parameters: JSONNode?)
    /// `node` is the `result` or the `error`.
    case response(id: RequestID, node: JSONNode, isError: Bool)
}

/// One message of a server.
package enum ServerMessage: Equatable, Sendable {
    case result(id: RequestID, JSONNode)
    case error(id: RequestID, JSONNode)
    case request(id: RequestID, method: JSONNode, parameters: JSONNode?)
    case notification(method: JSONNode, parameters: JSONNode?)
}

/// JSON-RPC 2.0 over a tree, in the strictest reading: one object, no member but its own, nothing twice, nothing folded.
///
/// The tree has passed ``JSONReader``: no key stands twice in it, at any depth.
package enum Envelope {
    package static func fromClient(_ tree: JSONTree) throws(EnvelopeFault) -> ClientMessage {
        let parts = try Parts(tree)
        if parts.result != nil || parts.error != nil {
            let (id, node, isError) = try parts.response(tree)
            return .response(id: id, node: node, isError: isError)
        }
        guard let method = parts.method else { throw .mixed }
        guard let id = try parts.requestID(tree) else {
            return .notification(method: method, parameters: parts.parameters)
        }
        return .request(id: id, method: method, parameters: parts.parameters)
    }

    package static func fromServer(_ tree: JSONTree) throws(EnvelopeFault) -> ServerMessage {
        let parts = try Parts(tree)
        if parts.result != nil || parts.error != nil {
            let (id, node, isError) = try parts.response(tree)
            return isError ? .error(id: id, node) : .result(id: id, node)
        }
        guard let method = parts.method else { throw .mixed }
        guard let id = try parts.requestID(tree) else {
            return .notification(method: method, parameters: parts.parameters)
        }
        return .request(id: id, method: method, parameters: parts.parameters)
    }

    /// The members, each checked for its kind.
    private struct Parts {
        var id: JSONNode?
        var method: JSONNode?
        var parameters: JSONNode?
        var result: JSONNode?
        var error: JSONNode?

        init(_ tree: JSONTree) throws(EnvelopeFault) {
            guard tree.kind(.root) == .object else { throw .notAnObject }
            var hasVersion = false
            for (key, value) in tree.members(.root) {
                if tree.equals(key, "jsonrpc") {
                    guard tree.equals(value, "2.0") else { throw .version }
                    hasVersion = true
                } else if tree.equals(key, "id") {
                    id = value
                } else if tree.equals(key, "method") {
                    method = value
                } else if tree.equals(key, "params") {
                    parameters = value
                } else if tree.equals(key, "result") {
                    result = value
                } else if tree.equals(key, "error") {
                    error = value
                } else {
                    throw ProtocolKeys.fault(of: key, in: tree, ProtocolKeys.envelope) ?? .unknownMember
                }
            }
            guard hasVersion else { throw .version }
            if let method {
                // Longer than any method there is: a limit, so that nobody has to compare more.
                guard let count = tree.textCount(method), (1...128).contains(count) else { throw .method }
            }
            if let parameters {
                guard tree.kind(parameters) == .object else { throw .parameters }
                try ProtocolKeys.check(parameters, in: tree)
            }
            if let result { try ProtocolKeys.check(result, in: tree) }
        }

        func requestID(_ tree: JSONTree) throws(EnvelopeFault) -> RequestID? {
            guard let id else { return nil }
            guard let read = RequestID(tree, id) else { throw .id }
            return read
        }

        func response(_ tree: JSONTree) throws(EnvelopeFault) -> (RequestID, JSONNode, isError: Bool) {
            // An answer that names no question is well readable and no message, unlike one with an id that two readers
            // could read in two ways.
            guard method == nil, parameters == nil, let id = try requestID(tree) else { throw .mixed }
            switch (result, error) {
            case (.some(let result), nil):
                guard tree.kind(result) == .object else { throw .mixed }
                return (id, result, false)
            case (nil, .some(let error)):
                guard let code = tree.member(error, "code"), tree.integer(code) != nil,
                    let message = tree.member(error, "message"), tree.kind(message) == .string
                else { throw .mixed }
                return (id, error, true)
            case (.some, .some), (nil, nil): throw .mixed
            }
        }
    }
}

/// Keys that mean something to the protocol, and the keys that only look like them (R2).
enum ProtocolKeys {
    static let envelope = KeyTable(["jsonrpc", "id", "method", "params", "result", "error"])

    /// Members of `params` and of results that are decided upon.
    static let parameters = KeyTable([
        "name", "arguments", "_meta", "uri", "cursor", "argument", "capabilities", "clientInfo", "context",
        "inputResponses", "level", "notifications", "progress", "progressToken", "protocolVersion", "reason", "ref",
        "requestId", "requestState", "resultType", "serverInfo", "total",
    ])

    static let meta = KeyTable([
        "progressToken", "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel", "io.modelcontextprotocol/serverInfo",
        "io.modelcontextprotocol/subscriptionId", Product.parametersKey.description,
    ])

    private static let forbidden = KeyTable(["__proto__", "constructor", "prototype"])

    /// `params` or a result, and its `_meta`.
    static func check(_ object: JSONNode, in tree: JSONTree) throws(EnvelopeFault) {
        for (key, value) in tree.members(object) {
            if let fault = fault(of: key, in: tree, parameters) { throw fault }
            guard tree.equals(key, "_meta") else { continue }
            for (key, _) in tree.members(value) {
                if let fault = fault(of: key, in: tree, meta) { throw fault }
            }
        }
    }

    /// Nil for a protocol key as it should be written, and for a key that resembles none.
    static func fault(of key: JSONNode, in tree: JSONTree, _ known: KeyTable) -> EnvelopeFault? {
        let fault: EnvelopeFault?? = tree.withText(key) { text in
            // Nearly every key is one of ours, written as it should be: that costs a few comparisons of bytes.
            for name in known.names(ofLength: text.count) where text.matches(name) { return nil }
            for name in forbidden.names(ofLength: text.count) where text.matches(name) { return .forbiddenKey }
            for name in known.names(near: text) where foldsOnto(text, name) { return .foldedKey }
            return nil
        }
        return fault ?? nil
    }
}

/// Names by their length, so that a key is compared with few of them.
struct KeyTable: Sendable {
    private let all: [String]
    private let byLength: [[String]]

    init(_ names: [String]) {
        all = names
        let longest = names.map(\.utf8.count).max() ?? 0
        byLength = (0...longest).map { length in names.filter { $0.utf8.count == length } }
    }

    func names(ofLength length: Int) -> [String] { length < byLength.count ? byLength[length] : [] }

    /// Those that a key can fold onto: characters outside ASCII become shorter, all others keep their length.
    func names(near key: borrowing Span<UInt8>) -> [String] {
        for index in key.indices where key[index] >= 0x80 { return all }
        return names(ofLength: key.count)
    }
}
