// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// Whom an address selects.
enum Endpoint: Hashable {
    /// `/mcp`: all servers of the caller together.
    case aggregate
    case server(ServerName)
    /// The place of a server's name, and no name that a server could have: answered like a server that does not exist.
    case unknown

    /// The form in which the broker is asked; nil is the aggregate.
    var server: ServerName? {
        switch self {
        case .server(let name): name
        case .aggregate, .unknown: nil
        }
    }
}

/// The fixed table of addresses, compared as bytes.
enum Route: Equatable {
    case mcp(Endpoint)
    case socket(Endpoint)
    /// RFC 9728 metadata; nil for the listener as a whole.
    case metadata(Endpoint?)
    /// Other addresses that clients try before they know better.
    case wellKnown
    /// `/ui` and below: the operator's, on another listener.
    case operators
    case nothing

    init(_ head: borrowing RequestHead) {
        let bytes = head.bytes
        self.init(bytes.span.extracting(head.path))
    }

    init(_ path: borrowing Span<UInt8>) {
        if path.matches("/mcp") {
            self = .mcp(.aggregate)
        } else if let segment = Route.rest(path, behind: "/mcp/") {
            self = Route.endpoint(path, segment).map { .mcp($0) } ?? .nothing
        } else if let segment = Route.rest(path, behind: "/ws/") {
            self = Route.endpoint(path, segment).map { .socket($0) } ?? .nothing
        } else if Route.rest(path, behind: "/.well-known/") != nil {
            self = Route.wellKnown(path)
        } else if path.matches("/ui") || Route.rest(path, behind: "/ui/") != nil {
            self = .operators
        } else {
            self = .nothing
        }
    }

    private static func wellKnown(_ path: borrowing Span<UInt8>) -> Route {
        if path.matches("/.well-known/oauth-protected-resource") { return .metadata(nil) }
        if path.matches("/.well-known/oauth-protected-resource/mcp") { return .metadata(.aggregate) }
        guard let segment = rest(path, behind: "/.well-known/oauth-protected-resource/mcp/") else { return .wellKnown }
        switch endpoint(path, segment) {
        // Known or not: every name that a server could have is answered alike.
        case .server(let name): return .metadata(.server(name))
        case .aggregate, .unknown, nil: return .wellKnown
        }
    }

    /// What follows `prefix`, at least one byte; nil where the path does not begin so.
    private static func rest(_ path: borrowing Span<UInt8>, behind prefix: String) -> Range<Int>? {
        let length = prefix.utf8.count
        guard path.count > length, path.extracting(0..<length).matches(prefix) else { return nil }
        return length..<path.count
    }

    /// One segment; nil for more than one.
    private static func endpoint(_ path: borrowing Span<UInt8>, _ segment: Range<Int>) -> Endpoint? {
        var name: [UInt8] = []
        name.reserveCapacity(segment.count)
        for index in segment {
            if path[index] == UInt8(ascii: "/") { return nil }
            name.append(path[index])
        }
        return ServerName(name).map { .server($0) } ?? .unknown
    }

    /// Answered without a credential: honest clients ask these before they show one (mcp.md H8).
    var isOpen: Bool {
        switch self {
        case .metadata, .wellKnown: true
        case .mcp, .socket, .operators, .nothing: false
        }
    }
}
