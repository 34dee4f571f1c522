// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import CLI

private func document(_ text: String) throws -> JSONTree {
    var tree = JSONTree()
    var reader = JSONReader(limits: .config)
    let bytes = Array(text.dropLast().utf8)
    try reader.read(bytes.span, into: &tree)
    // One canonical document on a line of its own.
    #expect(text.hasSuffix("\n") && tree.canonical(.root).bytes == bytes)
    return tree
}

@Suite("add writes down one reviewed entry")
struct AddTests {
    private let desk = Desk()

    @Test("Everything that can be said of an entry is in it afterwards")
    func everything() throws {
        let program = desk.putProgram("opt/server")
        desk.makeDirectory("data")
        desk.makeDirectory("out")
        let secret = desk.put("secret", "hunter2\n")
        let outcome = desk.run(
            "registry", "add", "srv", "--env", "MODE=fast=1", "--env-file", "KEY=\(secret)", "--read",
            desk.path("data"),
            "--write=\(desk.path("out"))", "--cwd", desk.path("data"), "--shared", "--yes", "--", program, "--port",
            "1", "--", "-y")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            desk.configured == """
                {
                  "mcpServers": {
                    "srv": {
                      "command": "\(program)",
                      "args": ["--port", "1", "--", "-y"],
                      "env": {"MODE": "fast=1", "KEY": {"file": "\(secret)"}},
                      "cwd": "\(desk.path("data"))",
                      "read": ["\(desk.path("data"))"],
                      "write": ["\(desk.path("out"))"],
                      "shared": true
                    }
                  }
                }

                """)
        #expect(Shell.run("test \"$(stat -c %a '\(desk.configuration)')\" = 600") == 0)
        #expect(Shell.run("test \"$(stat -c %a '\(desk.home)/.config/doorward')\" = 700") == 0)
        #expect(outcome.output.contains("MODE") && !outcome.output.contains("hunter2"))
        let sealed = desk.run("registry", "seal")
        #expect(sealed.status == 0 && sealed.output.contains("srv: new"), "\(sealed.errors)")
        #expect(sealed.errors.contains("doorward registry review srv"))
    }

    @Test("A script is registered with the interpreter that env would have found")
    func env() throws {
        desk.makeEnvironment()
        desk.environment["PATH"] = desk.path("venv/bin")
        let script = desk.put("bin/tool", "#!/usr/bin/env python3\n", mode: "755")
        #expect(desk.run("registry", "add", "tool", "--yes", "--", script).status == 0)
        #expect(desk.configured.contains("\"command\": \"\(desk.path("venv/bin/python3"))\""))
        #expect(desk.configured.contains("\"args\": [\"\(script)\"]"))
        #expect(desk.run("registry", "seal").status == 0)
    }

    @Test("A secret in plain text is marked and never printed")
    func secret() {
        let outcome = desk.run(
            "registry", "add", "x", "--env", "API_KEY=sk-0123456789abcdef", "--yes", "--", "/usr/bin/true")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("API_KEY, a secret in plain text"))
        #expect(!(outcome.output + outcome.errors).contains("0123456789"))
    }

    @Test(
        "Mistakes",
        arguments: [
            (["X"], 2, "is not a server's name"), (["a_b"], 2, "is not a server's name"),
            (["x", "--env", "A"], 2, "needs NAME=VALUE"),
            (["x", "--env", "1A=b"], 2, "needs NAME=VALUE"), (["x", "--env-file", "=x"], 2, "needs NAME=VALUE"),
            (["x", "--accept", "nothing"], 2, "is not a danger"),
            (["x", "--read", "/nowhere/at/all"], 1, "there is no /nowhere/at/all"),
            (["x", "--read", ""], 1, "is not a path"),
        ] as [([String], Int32, String)])
    func mistakes(_ words: [String], _ status: Int32, _ sentence: String) {
        let outcome = desk.run(["registry", "add"] + words + ["--yes", "--", "/usr/bin/true"])
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
        #expect(desk.scratch.contents("home/.config/doorward/doorward.json") == nil)
    }

    @Test("A program that is not there, or not found, is told with what to do")
    func missing() {
        for (command, sentence) in [
            ("/nowhere/x", "there is no /nowhere"), ("nowhere-x", "is in no directory of your PATH"),
            ("./nowhere-x", "nowhere-x"),
            ("", "is in no directory"),
        ] {
            let outcome = desk.run("registry", "add", "x", "--yes", "--", command)
            #expect(outcome.status == 1 && outcome.errors.contains(sentence), "\(outcome.errors)")
            #expect(outcome.errors.contains("hint: "), "\(command)")
        }
    }

    @Test("All dangers are told at once, and the words that accept them")
    func dangers() {
        let outcome = desk.run(
            "registry", "add", "x", "--write", "/etc", "--env", "LD_PRELOAD=/x", "--yes", "--", "/bin/sh", "-c", "x")
        #expect(outcome.status == 7)
        for word in ["shell", "wide-grant", "code-loading-variable"] {
            #expect(outcome.errors.contains("error: x: \(word): "), "\(word)")
        }
        let accept = outcome.errors.rows.last ?? ""
        for word in ["shell", "wide-grant", "code-loading-variable"] {
            #expect(accept.contains("--accept ") && accept.contains(word))
            #expect(outcome.errors.contains("hint: \(word): better: "))
        }
    }

    @Test("A configuration that cannot be read is not overwritten")
    func broken() {
        for text in ["{", "{\"mcpServers\": {}, \"zzz\": 1}", "", "\u{FEFF}{}"] {
            desk.configure(text)
            let outcome = desk.run("registry", "add", "x", "--yes", "--", "/usr/bin/true")
            #expect(outcome.status == 1 && outcome.errors.contains("doorward.json:1:"), "\(outcome.errors)")
            #expect(desk.configured == text)
        }
    }
}

@Suite("seal, list and remove")
struct RegistryCommandTests {
    private let desk = Desk()

    @Test("Everything that is wrong is told at once, and nothing is sealed")
    func refusals() {
        desk.configure(
            """
            {"mcpServers": {
              "bare": {"command": "server"},
              "gone": {"command": "/nowhere/x"},
              "sh": {"command": "/bin/sh", "args": ["-c", "x"]},
              "off": {"command": "/bin/sh", "disabled": true},
              "good": {"command": "/usr/bin/true"}
            }}
            """)
        let outcome = desk.run("registry", "seal")
        #expect(outcome.status == 7)
        for part in [
            "bare: the command \"server\" is a bare name", "gone: there is no /nowhere", "sh: shell: ",
            "because of bare, gone, sh",
            "\"accept\": [", "\"disabled\": true",
        ] {
            #expect(outcome.errors.contains(part), "\(part) in \(outcome.errors)")
        }
        #expect(!outcome.errors.contains("error: off") && !outcome.errors.contains("error: good"))
        #expect(desk.scratch.contents("home/.local/state/doorward/registry/sealed.json") == nil)
    }

    @Test("Without a configuration an empty registry is sealed, with a warning")
    func nothing() {
        let outcome = desk.run("registry", "seal")
        #expect(outcome.status == 0 && outcome.errors.contains("there is no "))
        #expect(desk.run("registry", "list").errors.contains("no server is registered"))
    }

    @Test("What a server reaches is sealed with what its profile grants, and a port of this host stands out")
    func network() throws {
        let program = desk.putProgram("opt/server")
        let directory = desk.path("data")
        desk.makeDirectory("data")
        desk.configure(
            """
            {"egress": {"deny": ["ads.example"]},
             "profiles": {"web": {"base": "tool", "read": ["\(directory)"], "network": "public", "limits": {"files": 64}}},
             "mcpServers": {"a": {"command": "\(program)", "profile": "web"},
                            "b": {"command": "\(program)", "network": ["api.example.com", {"local": 5432}]},
                            "c": {"command": "\(program)"}}}
            """)
        let sealed = desk.run("registry", "seal")
        #expect(sealed.status == 0, "\(sealed.errors)")
        #expect(sealed.errors.contains("b: port 5432 of this host is open to it"))
        let tree = try document(desk.run("registry", "list", "--json").output)
        let list = try #require(tree.member(.root, "servers"))
        let servers = Array(tree.elements(list))
        var networks: [String] = []
        var profiles: [String] = []
        for server in servers {
            let network = try #require(tree.member(server, "network"))
            networks.append(try EgressPolicy.read(tree, network).description)
            profiles.append(tree.shown(server, "profile"))
        }
        #expect(networks == ["public", "api.example.com:443; local port 5432", "none"])
        #expect(profiles == ["web", "tool", "tool"])
        let places = Places(
            configuration: try #require(AbsolutePath(Array(desk.configuration.utf8))),
            state: try #require(AbsolutePath(Array(desk.state.utf8))))
        let registry = try #require(try SealedFile.read(places)).registry
        #expect(registry.servers[0].reads.map(\.description) == [directory])
        #expect(registry.servers[0].traits.ceilings == Ceilings(processes: 128, memoryBytes: 2 << 30, openFiles: 64))
        #expect(registry.effective(registry.servers[0].network).description == "deny ads.example; *:80,443")
        #expect(registry.profiles.count == 5 && !registry.egress.nat64)
        #expect(desk.run("registry", "seal", "--check").status == 0)
    }

    @Test("Documents for machines have one form")
    func documents() throws {
        desk.configure(
            "{\"mcpServers\": {\"b\": {\"command\": \"/usr/bin/true\"}, \"a\": {\"command\": \"/usr/bin/true\", \"disabled\": true}}}"
        )
        let list = try document(desk.run("registry", "list", "--json").output)
        #expect(list.member(.root, "servers").map { list.count($0) } == 2)
        let check = desk.run("registry", "seal", "--check", "--json")
        #expect(check.status == 1)
        #expect(try document(check.output).isTrue(.root, "changed"))
        let sealed = try document(desk.run("registry", "seal", "--json").output)
        #expect(sealed.shown(.root, "digest").count == 64)
        let status = desk.run("status", "--json")
        #expect(status.status == 5)
        #expect(try !document(status.output).isTrue(.root, "isServing"))
        #expect(try document(desk.run("version", "--json").output).shown(.root, "name") == "doorward")
        let broken = desk.run("status", "--json", "--config", "/dev/null")
        #expect(broken.status == 5 && broken.output.contains("\"error\""))
    }

    @Test("A server is removed after a yes, with its comment lines left to the reader")
    func remove() {
        desk.configure(
            "{\n  // mine\n  \"mcpServers\": {\n    \"a\": {\"command\": \"/x\"}, // one\n    \"b\": {\"command\": \"/y\"}\n  }\n}\n"
        )
        #expect(desk.run("registry", "remove", "a").status == 6)
        #expect(desk.configured.contains("\"a\""))
        #expect(desk.run("registry", "remove", "a", answers: ["y"]).status == 0)
        #expect(!desk.configured.contains("\"a\"") && desk.configured.contains("// mine"))
        #expect(desk.run("registry", "remove", "a", "--yes").status == 1)
        #expect(desk.run("registry", "remove", "A", "--yes").status == 2)
    }

    @Test("Commands that need a serving doorward say so")
    func nobody() {
        #expect(desk.run("reload").status == 5)
        #expect(desk.run("status").status == 5)
        #expect(desk.run("connect", "files").status == 5)
        #expect(desk.run("status").errors.contains("hint: doorward up"))
    }

    @Test("Nothing is sealed, so nothing can be served, and the way there is told")
    func serve() {
        let outcome = desk.run("serve")
        #expect(outcome.status == 1 && outcome.errors.contains("hint: doorward up sets up"))
        for listen in [
            "0.0.0.0:1", "127.0.0.1", "local=127.0.0.1:1", "x=y=127.0.0.1:1", "127.0.0.1:65536", "", "A=127.0.0.1:1",
        ] {
            let refused = desk.run("serve", "--listen", listen)
            #expect(refused.status == 2 && refused.errors.contains("loopback"), "\(listen)")
        }
        #expect(desk.run("serve", "--listen", "127.0.0.1:1", "--listen", "main=127.0.0.1:2").status == 2)
    }

    @Test("Without HOME, places have to be given")
    func noHome() {
        desk.environment["HOME"] = ""
        let outcome = desk.run("registry", "list")
        #expect(outcome.status == 1 && outcome.errors.contains("HOME is not set"))
        #expect(desk.run("registry", "list", "--config", desk.path("c.json"), "--state", desk.path("s")).status == 0)
        desk.environment["XDG_CONFIG_HOME"] = "relative"
        #expect(desk.run("registry", "list").status == 1)
    }

    @Test("Options go before variables, variables before the standard places")
    func places() {
        let words = ["status", "--json"]
        func place() -> String { desk.run(words).output }
        #expect(place().contains("\(desk.home)/.config/doorward/doorward.json"))
        desk.environment["XDG_CONFIG_HOME"] = "/xdg"
        #expect(place().contains("\"/xdg/doorward/doorward.json\""))
        desk.environment["DOORWARD_CONFIG"] = "/own.json"
        #expect(place().contains("\"/own.json\""))
        #expect(desk.run(words + ["--config", "/a/./b//c.json"]).output.contains("\"/a/b/c.json\""))
        desk.environment["DOORWARD_CONFIG"] = ""
        #expect(place().contains("\"/xdg/doorward/doorward.json\""))
    }

    @Test("A result that could not be written was not delivered")
    func fullDisk() {
        desk.brokenOutput = SyscallError("write", code: 28)
        for words in [["help"], ["man"], ["completions", "bash"], ["version"], ["registry", "list", "--json"]] {
            let outcome = desk.run(words)
            #expect(outcome.status == 1 && outcome.errors.contains("standard output"), "\(words)")
        }
    }

    @Test("What a program says has one style: small letters, a name in front, something to do")
    func style() {
        desk.configure("{\"mcpServers\": {\"x\": {\"command\": \"server\"}}}")
        let all = [
            desk.run("registry", "seal"), desk.run("staus"), desk.run("reload"), desk.run("serve"),
            desk.run("registry", "remove", "y"),
            desk.run("registry", "import", "/nowhere"), desk.run("audit", "tail"), desk.run("audit", "verify"),
            desk.run("token", "issue"),
        ]
        for outcome in all {
            #expect(outcome.status != 0)
            let lines = outcome.errors.rows
            #expect(lines.contains { $0.hasPrefix("doorward: error: ") })
            #expect(lines.contains { $0.hasPrefix("doorward: hint: ") }, "\(outcome.errors)")
            for line in lines {
                #expect(line.hasPrefix("doorward: "), "\(line)")
                #expect(line.last != ".", "\(line)")
            }
        }
    }

    @Test("Two commands do not change the same thing at once")
    func lock() throws {
        desk.configure("{}")
        let directory = try #require(AbsolutePath(Array("\(desk.home)/.config/doorward".utf8)))
        let lock = try ChangeLock(directory)
        let outcome = desk.runOnce(["registry", "add", "x", "--yes", "--", "/usr/bin/true"])
        #expect(outcome.status == 1 && outcome.errors.contains("another doorward command is changing"))
        _ = consume lock
        #expect(desk.run("registry", "add", "x", "--yes", "--", "/usr/bin/true").status == 0)
    }
}

@Suite("A review of other files is compared with, and does not count")
struct OutdatedReviewTests {
    @Test("Its file is found whatever it was made for, and sealing drops it")
    func last() throws {
        let desk = Desk()
        let program = desk.putProgram("opt/server")
        desk.configure("{\"mcpServers\": {\"x\": {\"command\": \"\(program)\"}}}")
        #expect(desk.run("registry", "seal").status == 0)
        let state = try #require(AbsolutePath(Array(desk.state.utf8)))
        let places = Places(configuration: try #require(AbsolutePath(Array(desk.configuration.utf8))), state: state)
        let server = try #require(try SealedFile.read(places)?.registry.servers.first)
        let review = Review(
            reviewedAt: 1, revision: try #require(Revision.allCases.last), capabilities: [], instructions: nil,
            tools: [],
            prompts: [], templates: [], set: ReviewDigests.set(tools: [], prompts: [], templates: [], instructions: nil)
        )
        #expect(try ReviewStore.last(server.name, places) == nil)
        try ReviewStore.write(review, for: server, places)
        #expect(desk.run("registry", "seal").output.contains("x: with another review"))
        #expect(try SealedFile.read(places)?.registry.servers.first?.review == review)
        #expect(Shell.run("printf x >> '\(program)'") == 0)
        let outcome = desk.run("registry", "seal")
        #expect(outcome.output.contains("x: its review no longer counts"))
        #expect(outcome.errors.contains("is another program than was reviewed"))
        #expect(try SealedFile.read(places)?.registry.servers.first?.review == nil)
        #expect(try ReviewStore.last(server.name, places) == review)
        // A file that says something else than its digests counts as none.
        let file = desk.path("home/.local/state/doorward/registry/reviews/x.json")
        #expect(
            Shell.run("sed -i 's/\"reviewedAt\":1/\"reviewedAt\":2/; s/\"tools\":\\[\\]/\"tools\":[1]/' '\(file)'") == 0
        )
        #expect(try ReviewStore.last(server.name, places) == nil)
        #expect(desk.run("registry", "seal", "--check").errors.contains("cannot be read"))
    }
}
