// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Reads the members of an entry for a server on the network, as clients write it.
enum RemoteEntryReader {
    /// Under these names clients write the address.
    private static let addressKeys: [StaticString] = ["url", "serverUrl", "httpUrl"]
    /// What clients call Streamable HTTP; none at all is right too.
    private static let types: Set<String> = [
        "http", "streamable-http", "streamable_http", "streamableHttp", "streamablehttp", "remote",
    ]
    /// What such a server does not have: it runs elsewhere, and its sandbox holds nothing but our client.
    private static let foreign: [StaticString] = [
        "args", "command", "cwd", "env", "network", "parameters", "profile", "read", "write",
    ]

    /// Nil if this is an entry with a command.
    static func read(_ fields: inout Fields) throws(ConfigurationError) -> RemoteEntry? {
        let given = addressKeys.compactMap { fields.take($0) }
        guard let place = given.first else {
            guard let headers = fields.take("headers") else { return nil }
            throw headers.error("belongs to a server on the network", hint: "give its address as \"url\"")
        }
        guard given.count == 1 else { throw fields.error("has two addresses") }
        for key in foreign {
            guard let value = fields.take(key) else { continue }
            throw value.error(
                "means nothing for a server on the network", hint: "leave it out, or leave out the address")
        }
        for key in ["type", "transport", "transportType"] as [StaticString] {
            if let type = fields.take(key) { try check(type) }
        }
        let headers = try fields.take("headers").map(headers) ?? []
        let certificates = try fields.take("certificates")?.path()
        guard let remote = RemoteEntry(try address(place), headers: headers, certificates: certificates) else {
            throw place.error(
                "would be reached in the clear",
                hint: "write https; only http://127.0.0.1:PORT and http://localhost:PORT may be in the clear")
        }
        return remote
    }

    private static func address(_ value: Fields.Value) throws(ConfigurationError) -> WebAddress {
        let text = try value.text()
        guard !Words.contains(text, "${") else { throw value.error("holds a variable of another client") }
        do throws(AddressFault) { return try WebAddress(text) } catch {
            throw value.error(
                "is not an address that can be used: \(error.word)",
                hint: "write https://HOST[:PORT]/PATH, without user and password")
        }
    }

    private static func check(_ type: Fields.Value) throws(ConfigurationError) {
        let word = String(decoding: try type.text(), as: UTF8.self)
        if types.contains(word) { return }
        if word == "sse" {
            throw type.error(
                "is a transport that went out of use with revision 2025-03-26 and is not spoken here",
                hint: "ask for the server's address for Streamable HTTP, and write \"type\": \"http\"")
        }
        throw type.error("does not fit a server with an address", hint: "write \"type\": \"http\", or leave it out")
    }

    private static func headers(_ value: Fields.Value) throws(ConfigurationError) -> [RemoteEntry.Header] {
        var fields = try value.fields()
        var headers: [RemoteEntry.Header] = []
        for (name, value) in fields.takeAll() {
            guard HeaderLine.isSettable(name) else {
                throw value.error(
                    "is not a header that an entry can set", hint: "the client itself sets those of the protocol")
            }
            // Header names mean the same in either case, and twice is refused by every strict server.
            guard !headers.contains(where: { HeaderLine.isSameName($0.name, name) }) else {
                throw value.error("stands twice")
            }
            let text = try ServerEntryReader.environmentValue(value)
            if case .plain(let text) = text, !HeaderLine.isValue(text) {
                throw value.error("holds what no header can")
            }
            headers.append(RemoteEntry.Header(name: name, value: text))
        }
        guard headers.count <= HeaderLine.maxCount else {
            throw value.error("holds more than \(HeaderLine.maxCount) headers")
        }
        return headers
    }
}
