// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

private func entry(_ members: String) throws -> ServerEntry {
    let text = "{\"mcpServers\": {\"docs\": {\(members)}}}"
    let configuration = try ConfigurationReader.read(try ConfigurationFiles.tree(Array(text.utf8)))
    return try #require(configuration.servers.first)
}

private func rules(_ policy: EgressPolicy) -> String { String(decoding: policy.canonical, as: UTF8.self) }

@Suite("A server on the network is our client with one address and one way out")
struct RemoteEntryTests {
    private let client = AbsolutePath(Array("/usr/local/libexec/doorward/doorward-web".utf8))

    @Test("its command line names the address and the headers, and none of what they hold")
    func commandLine() throws {
        let entry = try entry(
            #""url": "https://Docs.Example.com./mcp", "headers": {"Authorization": {"file": "/run/s"}, "X-Team": "a b"}"#
        )
        let started = entry.started(by: try #require(client))
        #expect(started.command == client?.bytes && started.remote == nil)
        let words = started.arguments.map { String(decoding: $0, as: UTF8.self) }
        #expect(
            words == [
                "upstream", "https://docs.example.com/mcp", "--header", "Authorization=HEADER_1", "--header",
                "X-Team=HEADER_2", "--timeout", "1200000",
            ])
        #expect(
            started.environment == [
                EnvironmentEntry(
                    name: Array("HEADER_1".utf8), value: .file(try #require(AbsolutePath(Array("/run/s".utf8))))),
                EnvironmentEntry(name: Array("HEADER_2".utf8), value: .plain(Array("a b".utf8))),
            ])
        #expect(started.reads == [] && started.writes == [] && started.directory == nil)
    }

    @Test(
        "its sandbox reaches exactly that host and port",
        arguments: [
            (
                "https://docs.example.com/mcp",
                #"[{"host":"docs.example.com","port":[443],"rule":"mcpServers.docs.url","sni":"record","verdict":"allow"}]"#
            ),
            (
                "https://[2606:4700::1111]:8443",
                #"[{"host":"[2606:4700::1111]","port":[8443],"rule":"mcpServers.docs.url","sni":"record","verdict":"allow"}]"#
            ),
            ("http://localhost:3000/mcp", #"[{"local":3000,"rule":"mcpServers.docs.url"}]"#),
            ("http://127.0.0.1:3000/mcp", #"[{"local":3000,"rule":"mcpServers.docs.url"}]"#),
            ("https://localhost:3000/mcp", #"[{"local":3000,"rule":"mcpServers.docs.url"}]"#),
        ])
    func network(_ url: String, _ expected: String) throws {
        let entry = try entry("\"url\": \"\(url)\"")
        #expect(rules(entry.traits.network) == expected)
        #expect(rules(entry.started(by: try #require(client)).traits.network) == expected)
    }

    @Test(
        "headers that speak for the protocol or the connection are refused",
        arguments: [
            "Host", "content-length", "Transfer-Encoding", "MCP-Session-Id", "mcp-param-x", "Proxy-Authorization",
            "Cookie", "Connection", "Sec-Fetch-Mode", "Origin", "", "A:B", "A\\nB",
        ])
    func headers(_ name: String) {
        #expect(throws: (any Error).self) { try entry("\"url\": \"https://x\", \"headers\": {\"\(name)\": \"x\"}") }
    }

    @Test(
        "a header's value is one line, and a name stands once", arguments: ["a\\nb", "", " a", "a ", "\\u00fc", "${X}"])
    func values(_ value: String) {
        #expect(throws: (any Error).self) {
            try entry("\"url\": \"https://x\", \"headers\": {\"A\": \"\(value)\"}")
        }
        #expect(throws: (any Error).self) { try entry(#""url": "https://x", "headers": {"A": "x", "a": "y"}"#) }
    }
}
