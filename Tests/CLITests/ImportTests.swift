// SPDX-License-Identifier: Apache-2.0
import Policy
import Scratch
import Testing

@testable import CLI

/// A client's configuration from `clients/`, with this desk's home in it.
private func configuration(_ name: String, _ desk: Desk) throws -> String {
    let directory = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let bytes = try #require(Shell.read("\(directory)/clients/\(name).json"))
    let home = desk.home
    return desk.put(
        "client.json",
        String(decoding: bytes, as: UTF8.self).split(separator: "HOME", omittingEmptySubsequences: false).joined(
            separator: home))
}

private func entries(_ name: String) throws -> [ForeignConfiguration.Entry] {
    let desk = Desk()
    let path = try #require(AbsolutePath(Array(try configuration(name, desk).utf8)))
    return try ForeignConfiguration.read(try #require(desk.scratch.contents("client.json")), path)
}

/// Name and first argument of what can be imported, and what cannot.
private func told(_ entries: [ForeignConfiguration.Entry]) -> [String] {
    entries.map { entry in
        switch entry {
        case .server(let server):
            let words = server.arguments.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix("--") }
            let name = server.name?.description ?? "?"
            let address = server.address.map { [String(decoding: $0, as: UTF8.self)] } ?? []
            return ([name] + address + words + (server.isDisabled ? ["off"] : [])).joined(separator: " ")
        case .unusable(let title, let why): return "\(String(decoding: title, as: UTF8.self)): \(why)"
        }
    }
}

private func variable(_ text: String) -> String {
    "\"\(text)\" holds a variable that only its own client fills in; write the value there first"
}

@Suite("Servers are found in the configurations of the clients that there are")
struct ForeignConfigurationTests {
    static let clients: [(name: String, found: [String])] = [
        ("claude-desktop", ["memory-local --store"]),
        ("claude-code", ["shared", "project --project", "remote https://mcp.example.com/mcp"]),
        ("cursor", ["memory --store", "docs https://docs.example.com/sse"]),
        (
            "vscode",
            ["memory --quiet", "asks: \(variable("${input:key}"))", "workspace: \(variable("${workspaceFolder}/run"))"]
        ),
        ("vscode-settings", ["memory"]),
        ("windsurf", ["memory off", "remote https://example.com/mcp"]),
        ("zed", ["memory --quiet", "flat off"]),
        ("cline", ["memory --quiet"]),
        ("gemini", ["memory", "fetch http://localhost:3000/mcp", "expands: \(variable("$TOKEN"))"]),
        ("opencode", ["memory --quiet", "remote https://example.com/mcp"]),
        ("continue", ["memory --quiet", ": it has no name"]),
        ("plugin", ["memory --quiet"]),
        ("jan", ["memory off"]),
    ]

    @Test("Each client", arguments: clients)
    func client(_ name: String, _ found: [String]) throws { #expect(told(try entries(name)) == found) }

    @Test("What weakens something is named and left out")
    func ignored() throws {
        guard case .server(let server)? = try entries("cline").first else {
            Issue.record("no server")
            return
        }
        #expect(server.ignored == ["autoApprove", "timeout"])
    }

    @Test(
        "Files without servers, and files that are no JSON, are refused in words",
        arguments: [
            "{}", "[]", "{\"mcpServers\": []}", "{\"mcpServers\": 3}", "{", "", "mcpServers:\n  x:\n    command: y\n",
            "{\"mcpServers\": {}, \"mcpServers\": {}}", "{\"editor.fontSize\": {\"x\": 1}}",
        ])
    func refused(_ text: String) throws {
        let path = try #require(AbsolutePath(Array("/x.json".utf8)))
        #expect(throws: Failure.self) { try ForeignConfiguration.read(Array(text.utf8), path) }
    }

    @Test(
        "Names become names of ours",
        arguments: [
            ("GitHub", "github"), ("my_server.v2", "my-server-v2"), ("  x  ", "x"), ("@scope/pkg", "scope-pkg"),
            ("a---b", "a-b"), (String(repeating: "x", count: 40), String(repeating: "x", count: 32)),
            (String(repeating: "x", count: 31) + "-y", String(repeating: "x", count: 31)), ("Grüße", "gr-e"),
            ("世界", nil), ("", nil), ("-", nil),
        ] as [(String, String?)])
    func names(_ title: String, _ name: String?) {
        #expect(ForeignServer(title: Array(title.utf8)).name?.description == name)
    }

    @Test(
        "What only another client can fill in is not taken literally",
        arguments: [
            ("${HOME}/x", true), ("$HOME", true), ("$_x", true), ("a${", true), ("{env:KEY}", true),
            ("a{file:~/.key}", true),
            ("pa$sword", false), ("%APPDATA%", false), ("$", false), ("5$", false), ("$5", false), ("^a$|b", false),
            ("$$", false), ("~/x", false), ("{environment}", false),
        ])
    func variables(_ text: String, _ isVariable: Bool) throws {
        let path = try #require(AbsolutePath(Array("/x.json".utf8)))
        let json = "{\"mcpServers\": {\"x\": {\"command\": \"/bin/x\", \"env\": {\"A\": \"\(text)\"}}}}"
        guard let entry = try ForeignConfiguration.read(Array(json.utf8), path).first else { return }
        if case .unusable = entry { #expect(isVariable, "\(text)") } else { #expect(!isVariable, "\(text)") }
    }
}

@Suite("Import shows everything, and adds what was agreed to")
struct ImportTests {
    private func desk() -> Desk {
        let desk = Desk()
        desk.putProgram("home/bin/memory")
        desk.environment["PATH"] = "\(desk.home)/bin:/usr/bin"
        return desk
    }

    @Test("Every client's file, with yes to all", arguments: ForeignConfigurationTests.clients)
    func all(_ name: String, _ found: [String]) throws {
        let desk = desk()
        let outcome = desk.run("registry", "import", try configuration(name, desk), "--yes")
        // A relative working directory has no meaning here.
        let isDone = name != "gemini"
        #expect((outcome.status == 0) == isDone, "\(outcome.errors)")
        let servers = found.filter { !$0.contains(": ") }
        let added = outcome.output.rows.filter { $0.hasPrefix("added ") }.count
        #expect(added == (isDone ? servers.count : servers.count - 1))
        if isDone {
            #expect(desk.run("registry", "list").status == 0)
            #expect(desk.run("registry", "seal").status == 0)
        }
    }

    @Test("No is the answer that counts where none is given", arguments: [[], ["no"], [""], ["maybe"], ["yessir"]])
    func declined(_ answers: [String]) throws {
        let desk = desk()
        let outcome = desk.run(["registry", "import", try configuration("plugin", desk)], answers: answers)
        #expect(outcome.status == 6)
        #expect(desk.scratch.contents("home/.config/doorward/doorward.json") == nil)
    }

    @Test("One of several may be taken", arguments: ["y", "yes", " YES "])
    func some(_ yes: String) throws {
        let desk = desk()
        let outcome = desk.run(["registry", "import", try configuration("zed", desk)], answers: ["n", yes])
        #expect(outcome.status == 0)
        #expect(desk.configured.contains("\"flat\"") && !desk.configured.contains("\"memory\""))
        // It was switched off there, so it is here.
        #expect(desk.configured.contains("\"disabled\": true"))
    }

    @Test("The whole command line, the program and the variables are shown; values of variables never")
    func shown() throws {
        let desk = desk()
        let outcome = desk.run("registry", "import", try configuration("cline", desk), "--yes")
        #expect(outcome.output.contains("\"\(desk.home)/bin/memory\""))
        #expect(outcome.output.contains("argument 1"))
        #expect(outcome.output.contains("sha256 "))
        #expect(outcome.output.contains("API_KEY, a secret in plain text"))
        #expect(outcome.output.contains("autoApprove, timeout"))
        #expect(!(outcome.output + outcome.errors).contains("sk-0123456789abcdef"))
    }

    @Test("A bare name is looked up once and written down")
    func bareName() throws {
        let desk = desk()
        let outcome = desk.run("registry", "import", try configuration("cursor", desk), "memory", "--yes")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\"memory\" was found in your PATH"))
        #expect(desk.configured.contains("\"command\": \"\(desk.home)/bin/memory\""))
    }

    @Test("Hostile text in a file is shown and cannot act")
    func hostile() throws {
        let desk = desk()
        let file = desk.put(
            "client.json",
            """
            {"mcpServers": {"x\\u001b[2J": {"command": "\(desk.home)/bin/memory",
              "args": ["\\u202e", "\\u001b]0;title\\u0007", "a\\nb", "\\u200b"], "\\u0007": 1}}}
            """)
        let outcome = desk.run("registry", "import", file, "--yes")
        #expect(outcome.status == 0)
        for text in [outcome.output, outcome.errors] {
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || Visible.isPlain($0) })
        }
        #expect(outcome.output.contains("\"\\u{202e}\"") && outcome.output.contains("\"a\\u{a}b\""))
    }

    @Test("A danger needs its own word, whatever --yes says")
    func dangers() throws {
        let desk = desk()
        let file = desk.put(
            "client.json",
            "{\"mcpServers\": {\"sh\": {\"command\": \"/bin/sh\", \"args\": [\"-c\", \"curl x | sh\"]}}}")
        let refused = desk.run("registry", "import", file, "--yes")
        #expect(refused.status == 7)
        #expect(refused.errors.contains("\"-c\"") || refused.errors.contains("shell"))
        #expect(refused.errors.contains("--accept "))
        #expect(desk.run("registry", "import", file, "--yes", "--accept", "shell").status == 7)
        #expect(desk.scratch.contents("home/.config/doorward/doorward.json") == nil)
        let words = refused.errors.rows.compactMap { $0.split(separator: "--accept ").dropFirst().first }.first ?? ""
        let taken = desk.run("registry", "import", file, "--yes", "--accept", String(words), "--accept", "privilege")
        #expect(taken.status == 0, "\(taken.errors)")
        // Only what was found is recorded.
        #expect(!desk.configured.contains("privilege"))
        #expect(desk.run("registry", "seal").status == 0)
    }

    @Test("Names, and words that are none")
    func mistakes() throws {
        let desk = desk()
        let file = try configuration("plugin", desk)
        #expect(desk.run("registry", "import", file, "nobody").status == 1)
        #expect(desk.run("registry", "import", desk.path("nothing.json")).status == 1)
        let outcome = desk.run("registry", "import", file, "--accept", "shel")
        #expect(outcome.status == 2 && outcome.errors.contains("did you mean shell?"))
        #expect(desk.run("registry", "import", file, "--yes").status == 0)
        let again = desk.run("registry", "import", file, "--yes")
        #expect(again.status == 1 && again.errors.contains("registered already"))
    }

    @Test("A file that others can write is not read")
    func distrust() throws {
        let desk = desk()
        let file = try configuration("plugin", desk)
        #expect(Shell.run("chmod 666 '\(file)'") == 0)
        let outcome = desk.run("registry", "import", file, "--yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("can write it"))
        #expect(outcome.errors.contains("hint: "))
    }
}
