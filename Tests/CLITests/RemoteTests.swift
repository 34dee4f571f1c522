// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import CLI

@Suite("A server on the network is registered by its address, and sealed as our client")
struct RemoteTests {
    private let desk = Desk()

    @Test("what was said of it stands in the entry, and the seal holds our program and that one way out")
    func everything() throws {
        let secret = desk.put("secret", "Bearer hunter2\n")
        let added = desk.run(
            "registry", "add", "docs", "--url", "https://docs.example.com/mcp", "--header-file",
            "Authorization=\(secret)", "--header", "X-Team=a b", "--yes")
        #expect(added.status == 0, "\(added.errors)")
        #expect(
            desk.configured == """
                {
                  "mcpServers": {
                    "docs": {
                      "type": "http",
                      "url": "https://docs.example.com/mcp",
                      "headers": {"X-Team": "a b", "Authorization": {"file": "\(secret)"}}
                    }
                  }
                }

                """)
        #expect(added.output.contains("docs: a server on the network; what callers send to it leaves this machine"))
        #expect(added.output.contains("docs.example.com:443, and nothing else"))
        #expect(added.output.contains("Authorization, from the file") && !added.output.contains("hunter2"))
        let sealed = desk.run("registry", "seal")
        #expect(sealed.status == 0 && sealed.output.contains("docs: new"), "\(sealed.errors)")
        let list = desk.run("registry", "list", "--json")
        #expect(
            list.output.contains(#""url":"https://docs.example.com/mcp""#) && list.output.contains(#""command":null"#))
        #expect(list.output.contains("/doorward-web"))
        #expect(desk.run("registry", "list").output.contains("https://docs.example.com/mcp"))
    }

    @Test("a port of this host is shown as the hole that it is")
    func hole() {
        let added = desk.run("registry", "add", "near", "--url", "http://localhost:3000/mcp", "--yes")
        #expect(added.status == 0 && added.output.contains("port 3000 of this host's loopback"), "\(added.errors)")
    }

    @Test(
        "Mistakes",
        arguments: [
            (["--url", "http://example.com/"], 1, "in the clear"), (["--url", "ftp://x/"], 1, "is not an address"),
            (["--url", "https://u:p@x/"], 1, "is not an address"),
            (["--url", "https://x", "--", "/bin/x"], 2, "not both"),
            (["--url", "https://x", "--read", "/srv"], 2, "means nothing"), ([], 2, "needs -- CMD"),
            (["--url", "https://x", "--header", "Host=x"], 2, "may be set"),
            (["--url", "https://x", "--header", "X"], 2, "may be set"),
            (["--url", "https://x", "--header", "X= y"], 1, "one line of visible"),
            (["--url", "https://x", "--header", "X=1", "--header", "x=2"], 1, "stands twice"),
            (["--header", "X=1", "--", "/bin/x"], 2, "belongs to --url"),
        ] as [([String], Int32, String)])
    func mistakes(_ words: [String], _ status: Int32, _ text: String) {
        let outcome = desk.run(["registry", "add", "x"] + words)
        #expect(outcome.status == status && outcome.errors.contains(text), "\(outcome.errors)")
    }

    @Test("an entry of another client is imported with its address and headers")
    func imported() {
        let file = desk.put(
            "client.json",
            """
            {"mcpServers": {"Docs": {"type": "streamable-http", "url": "https://docs.example.com/mcp",
             "headers": {"Authorization": "Bearer 0123456789abcdef"}},
             "old": {"type": "sse", "url": "https://x/sse"}, "vague": {"url": "https://x/", "headers": {"A": "${B}"}}}}
            """)
        let outcome = desk.run("registry", "import", file, "--yes")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.contains("Authorization, a secret in plain text") && !outcome.output.contains("0123456789"))
        #expect(outcome.errors.contains("went out of use") && outcome.errors.contains("holds a variable"))
        #expect(desk.configured.contains(#""url": "https://docs.example.com/mcp""#))
        #expect(desk.configured.contains(#""headers": {"Authorization": "Bearer 0123456789abcdef"}"#))
    }
}
