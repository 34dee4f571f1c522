// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// The form of the file of tokens, and of the list that an operator sees.
enum TokenCoding {
    enum Damage: Error, CustomStringConvertible {
        case form(StaticString)

        var description: String {
            switch self {
            case .form(let what): "\(what) is not as expected"
            }
        }
    }

    static func write(_ records: [TokenRecord]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("format")
        json.integer(1)
        json.key("tokens")
        json.beginArray()
        for record in records { write(record, withHash: true, &json) }
        json.endArray()
        json.endObject()
        return json.take() + [0x0A]
    }

    /// One record; the hash is left out of what people see.
    static func write(_ record: TokenRecord, withHash: Bool, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("client")
        json.string(record.client.bytes)
        json.key("expires")
        json.unsigned(record.expires)
        if withHash {
            json.key("hash")
            json.string(Hex.encode(record.hash.bytes))
        }
        json.key("id")
        json.string(record.id.bytes)
        json.key("issued")
        json.unsigned(record.issued)
        json.key("listener")
        json.string(record.listener.bytes)
        if let revoked = record.revoked {
            json.key("revoked")
            json.unsigned(revoked)
        }
        if let servers = record.servers {
            json.key("servers")
            json.beginArray()
            for server in servers { json.string(server.bytes) }
            json.endArray()
        }
        json.endObject()
    }

    static func read(_ tree: JSONTree) throws(Damage) -> [TokenRecord] {
        guard tree.member(.root, "format").flatMap(tree.integer) == 1 else { throw .form("the format") }
        guard let list = tree.member(.root, "tokens"), tree.kind(list) == .array else { throw .form("the list") }
        var records: [TokenRecord] = []
        for element in tree.elements(list) { records.append(try record(tree, element)) }
        return records
    }

    private static func record(_ tree: JSONTree, _ node: JSONNode) throws(Damage) -> TokenRecord {
        func text(_ key: StaticString) -> [UInt8]? { tree.member(node, key).flatMap(tree.text) }
        func seconds(_ key: StaticString) -> UInt64? {
            tree.member(node, key).flatMap(tree.integer).flatMap { $0 >= 0 ? UInt64($0) : nil }
        }
        guard let id = text("id").flatMap(TokenID.init(_:)), let client = text("client").flatMap(ClientName.init),
            let listener = text("listener").flatMap(ListenerName.init), let issued = seconds("issued"),
            let expires = seconds("expires"), let hash = text("hash").flatMap({ Hex.decode($0.span) }),
            let digest = SHA256Digest(hash.span)
        else { throw .form("a token") }
        var servers: [ServerName]?
        if let list = tree.member(node, "servers") {
            var names: [ServerName] = []
            for element in tree.elements(list) {
                guard let name = tree.text(element).flatMap(ServerName.init) else { throw .form("a server's name") }
                names.append(name)
            }
            servers = names
        }
        return TokenRecord(
            id: id, client: client, hash: digest, servers: servers, listener: listener, issued: issued,
            expires: expires,
            revoked: seconds("revoked"))
    }
}
