// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing

@testable import CLI

private func file(_ text: String) throws -> ConfigurationFile {
    let path = try #require(AbsolutePath(Array("/etc/doorward.json".utf8)))
    return try ConfigurationFile(path, Array(text.utf8))
}

private func added(_ name: String, _ entry: (inout ServerEntry) -> Void = { _ in }, to text: String) throws -> String {
    let server = try #require(ServerName(Array(name.utf8)))
    var made = ServerEntry(name: server, command: Array("/bin/x".utf8), arguments: [Array("-a".utf8)])
    entry(&made)
    let new = try ConfigurationEdit.adding(server, EntryText(made), to: try file(text))
    return String(decoding: new.bytes, as: UTF8.self)
}

private func removed(_ name: String, from text: String) throws -> String {
    let server = try #require(ServerName(Array(name.utf8)))
    return String(decoding: try ConfigurationEdit.removing(server, from: try file(text)).bytes, as: UTF8.self)
}

@Suite("An edit changes one entry and no other byte's meaning")
struct EditTests {
    static let additions: [(before: String, after: String)] = [
        (
            "{}",
            """
            {
              "mcpServers": {
                "new": {
                  "command": "/bin/x",
                  "args": ["-a"]
                }
              }
            }
            """
        ),
        (
            """
            {
              // servers come first
              "mcpServers": {
                "old": { "command": "/bin/old" } // keep this
                // and this
              }, /* audit */
              "audit": {}
            }

            """,
            """
            {
              // servers come first
              "mcpServers": {
                "old": { "command": "/bin/old" }, // keep this
                // and this
                "new": {
                  "command": "/bin/x",
                  "args": ["-a"]
                }
              }, /* audit */
              "audit": {}
            }

            """
        ),
        (
            "{\n\t\"mcpServers\": {}\n}\n",
            "{\n\t\"mcpServers\": {\n\t\t\"new\": {\n\t\t\t\"command\": \"/bin/x\",\n\t\t\t\"args\": [\"-a\"]\n\t\t}\n\t}\n}\n"
        ),
        (
            "{\"mcpServers\":{\"old\":{\"command\":\"/x\"}},\"audit\":{}}",
            """
            {"mcpServers":{"old":{"command":"/x"},
              "new": {
                "command": "/bin/x",
                "args": ["-a"]
              }
            },"audit":{}}
            """
        ),
        (
            "{\r\n  \"mcpServers\": {\r\n  }\r\n}\r\n",
            "{\r\n  \"mcpServers\": {\r\n    \"new\": {\r\n      \"command\": \"/bin/x\",\r\n      \"args\": [\"-a\"]\r\n    }\r\n  }\r\n}\r\n"
        ),
    ]

    @Test("Additions, letter by letter", arguments: additions)
    func addition(_ before: String, _ after: String) throws { #expect(try added("new", to: before) == after) }

    /// Forms that people really write, each with servers `one` and `two`, or none.
    static let forms = [
        """
        {
          "$schema": "doorward.schema.json", // "mcpServers": {
          "mcpServers": {
            "one": {"command": "/bin/one"} /* , */,
            // "three": {"command": "/bin/no"},
            "two": {
              "command": "/bin/two", // }
              "args": ["}", "{", "//", "/*", "\\"", "\\\\"]
            }
          },
          "policy": [{"verdict": "deny", "tools": ["x*"]}]
        }
        """,
        "{\"mcpServers\": {\"one\": {\"command\": \"/1\"}, \"two\": {\"command\": \"/2\"}}}",
        "{ \"mcpServers\" : { \"one\" : { \"command\" : \"/1\" }\n, \"two\" : { \"command\" : \"/2\" } } }",
        "// only a comment in front\n{\n\"mcpServers\":\n{\n\"one\": {\"command\": \"/1\"},\n\"two\": {\"command\": \"/2\"}\n}\n}\n// and behind",
        "{\"mcpServers\": {\"one\": {\"command\": \"/1\"},\n// last words\n\"two\": {\"command\": \"/2\"} // two\n// of the object\n}}",
        "{\"policy\": [], \"mcpServers\": {\"\\u006fne\": {\"command\": \"/1\"}, \"two\": {\"command\": \"/2\"}}, \"clients\": {}}",
        "/**/{/**/\"mcpServers\"/**/:/**/{/**/\"one\"/**/:/**/{\"command\":\"/1\"}/**/,/**/\"two\"/**/:/**/{\"command\":\"/2\"}/**/}/**/}/**/",
    ]

    @Test("Whatever the form, the new server is there and the rest reads as before", arguments: forms)
    func anyForm(_ text: String) throws {
        let before = try file(text).configuration
        let after = try file(try added("new", to: text)).configuration
        #expect(after.servers.map(\.name.description) == ["one", "two", "new"])
        for (old, new) in zip(before.servers, after.servers) {
            #expect(old.command == new.command && old.arguments == new.arguments)
        }
        #expect(before.policy == after.policy && before.clients == after.clients)
    }

    @Test("Comments outlive an addition", arguments: forms)
    func comments(_ text: String) throws {
        let new = try added("new", to: text)
        // Take away what was added, and the old text is left, letter for letter but for one comma and white space.
        var left = Array(new.filter { !$0.isWhitespace })
        let entry = Array("\"new\":{\"command\":\"/bin/x\",\"args\":[\"-a\"]}")
        let at = try #require(left.indices.first { left[$0...].starts(with: entry) })
        left.removeSubrange(at..<(at + entry.count))
        let old = Array(text.filter { !$0.isWhitespace })
        #expect(left.filter { $0 != "," } == old.filter { $0 != "," })
        #expect(left.count == old.count + 1)
    }

    @Test("Each server can be removed, from every form", arguments: forms, ["one", "two"])
    func removal(_ text: String, _ name: String) throws {
        let before = try file(text).configuration
        let after = try file(try removed(name, from: text)).configuration
        #expect(after.servers.map(\.name) == before.servers.map(\.name).filter { $0.description != name })
        #expect(after.policy == before.policy)
    }

    @Test("All servers can be removed one after the other", arguments: forms)
    func removeAll(_ text: String) throws {
        let left = try removed("two", from: try removed("one", from: text))
        #expect(try file(left).configuration.servers.isEmpty)
        #expect(try file(try added("new", to: left)).configuration.servers.count == 1)
    }

    @Test(
        "What was added is taken out again without a trace",
        arguments: additions.dropFirst().map(\.before).filter { !$0.hasPrefix("{\"") })
    func roundTrip(_ text: String) throws {
        let back = try removed("new", from: try added("new", to: text))
        #expect(back.filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
    }

    @Test("Text that could break out of its string cannot")
    func hostile() throws {
        let evil = "\"}},\"policy\":[{\"verdict\":\"allow\"}],\"x\":{\"\n\u{202E}// /*\\"
        let text = try added(
            "new",
            {
                $0.command = Array(evil.utf8)
                $0.arguments = [Array(evil.utf8), Array("\u{1B}[2J\u{0}".utf8.filter { $0 != 0 })]
                $0.environment = [EnvironmentEntry(name: Array("A".utf8), value: .plain(Array(evil.utf8)))]
            }, to: "{\"mcpServers\": {\"one\": {\"command\": \"/1\"}}}")
        let configuration = try file(text).configuration
        #expect(configuration.policy.rules.isEmpty)
        #expect(configuration.servers.last?.command == Array(evil.utf8))
        #expect(configuration.servers.last?.arguments.first == Array(evil.utf8))
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B })
    }

    @Test("Every member of an entry survives the way to the file and back")
    func members() throws {
        let path = try #require(AbsolutePath(Array("/srv/data".utf8)))
        let text = try added(
            "new",
            {
                $0.environment = [
                    EnvironmentEntry(name: Array("A".utf8), value: .plain([])),
                    EnvironmentEntry(name: Array("B".utf8), value: .file(path)),
                    EnvironmentEntry(name: Array("C".utf8), value: .keyring(Array("key".utf8))),
                ]
                $0.directory = path
                $0.reads = [path]
                $0.writes = [path]
                $0.traits.process = .shared
                $0.isDisabled = true
                $0.accepted = [.shell, .inlineCode]
            }, to: "{}")
        let entry = try #require(try file(text).configuration.servers.first)
        #expect(entry.environment.map(\.value) == [.plain([]), .file(path), .keyring(Array("key".utf8))])
        #expect(entry.directory == path && entry.reads == [path] && entry.writes == [path])
        #expect(entry.traits.process == .shared && entry.isDisabled)
        #expect(entry.accepted == [.shell, .inlineCode])
    }

    @Test("What is not there cannot be removed, and what is cannot be added twice")
    func refused() throws {
        #expect(throws: Failure.self) { try removed("nobody", from: "{\"mcpServers\": {}}") }
        #expect(throws: Failure.self) { try removed("nobody", from: "{}") }
        #expect(throws: Failure.self) { try added("one", to: "{\"mcpServers\": {\"one\": {\"command\": \"/1\"}}}") }
    }

    @Test("Commas before a bracket are blanked, those in strings and comments are not")
    func trailingCommas() {
        func blanked(_ text: String) -> String {
            String(decoding: TrailingCommas.blanked(Array(text.utf8)), as: UTF8.self)
        }
        #expect(blanked("{\"a\": [1, 2,], }") == "{\"a\": [1, 2 ]  }")
        #expect(blanked("[\",]\", \"\\\",]\",]") == "[\",]\", \"\\\",]\" ]")
        #expect(blanked("[1, // ,]\n /* , */ ]") == "[1  // ,]\n /* , */ ]")
        #expect(blanked("[1 /* ,] */, 2]") == "[1 /* ,] */, 2]")
        #expect(blanked("[,") == "[,")
        #expect(blanked("/") == "/")
        #expect(blanked("\"") == "\"")
    }
}
