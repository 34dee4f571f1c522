// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Addresses of resources on the aggregate endpoint: `doorward+SERVER:ORIGINAL`, so that the server is named and the
/// original comes back byte for byte.
enum ResourceAddress {
    private static let scheme = Array("doorward+".utf8)

    static func wrap(_ server: ServerName, _ address: [UInt8]) -> [UInt8] {
        scheme + server.bytes + [UInt8(ascii: ":")] + address
    }

    static func unwrap(_ address: [UInt8]) -> (server: ServerName, address: [UInt8])? {
        guard address.starts(with: scheme), let colon = address.firstIndex(of: UInt8(ascii: ":")),
            let server = ServerName(Array(address[scheme.count..<colon]))
        else { return nil }
        return (server, Array(address[(colon + 1)...]))
    }
}

/// Where a listing over several servers stands, as the client hands it back: nothing that a client could not ask for
/// by itself, so it needs no seal.
struct ListCursor: Equatable {
    /// Server whose page comes next.
    let server: ServerName
    /// Where in that server's list: its own cursor, or for pinned lists a place; empty at the beginning.
    let inner: [UInt8]

    /// Longer than what we hand out for the longest cursor that a server may have.
    static let maxBytes = 2 * ParameterShape.maxAddressBytes

    var text: [UInt8] { Base64URL.encode(server.bytes + [UInt8(ascii: ":")] + inner) }

    init(server: ServerName, inner: [UInt8]) {
        self.server = server
        self.inner = inner
    }

    init(server: ServerName, object: Int) {
        self.init(server: server, inner: object == 0 ? [] : Array(String(object).utf8))
    }

    /// The place in a pinned list; nil if it is none.
    var object: Int? {
        if inner.isEmpty { return 0 }
        guard inner.count <= 6, inner.first != UInt8(ascii: "0"), inner.allSatisfy(\.isDigit) else { return nil }
        return inner.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    init?(_ text: [UInt8]) {
        guard text.count <= Self.maxBytes, let bytes = Base64URL.decode(text),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let server = ServerName(Array(bytes[..<colon]))
        else { return nil }
        self.server = server
        inner = Array(bytes[(colon + 1)...])
    }
}

extension BrokerRoom {
    /// Whether this caller may know of this server: what it may not, does not exist (steps 10 and A39).
    func isVisible(_ view: ServerView, to caller: Caller, on connection: Connection) -> Bool {
        if let servers = caller.servers, !servers.contains(view.name) { return false }
        return view.sealed.traits.demand.isMet(by: connection.peer)
    }

    /// All servers that this caller may know of, in the registry's order.
    func visibleServers(_ caller: Caller, _ connection: Connection) -> [ServerView] {
        seal.servers.filter { isVisible($0, to: caller, on: connection) }
    }

    /// The servers behind an endpoint for this caller; nil if the endpoint names one that it may not know of.
    func servers(at endpoint: ServerName?, _ caller: Caller, _ connection: Connection) -> [ServerView]? {
        guard let endpoint else { return visibleServers(caller, connection) }
        guard let view = seal.server(endpoint), isVisible(view, to: caller, on: connection) else { return nil }
        return [view]
    }

    /// The server that a name on this endpoint belongs to, and the name as that server knows it.
    func select(_ endpoint: ServerName?, named name: [UInt8], _ caller: Caller, _ connection: Connection)
        -> (view: ServerView, local: [UInt8])?
    {
        if let endpoint {
            guard let view = servers(at: endpoint, caller, connection)?.first else { return nil }
            return (view, name)
        }
        guard let (server, local) = AggregateName.split(name), let view = seal.server(server),
            isVisible(view, to: caller, on: connection)
        else { return nil }
        return (view, local)
    }

    /// The same for a resource's address.
    func select(_ endpoint: ServerName?, address: [UInt8], _ caller: Caller, _ connection: Connection)
        -> (view: ServerView, local: [UInt8])?
    {
        if let endpoint {
            guard let view = servers(at: endpoint, caller, connection)?.first else { return nil }
            return (view, address)
        }
        guard let (server, local) = ResourceAddress.unwrap(address), let view = seal.server(server),
            isVisible(view, to: caller, on: connection)
        else { return nil }
        return (view, local)
    }
}
