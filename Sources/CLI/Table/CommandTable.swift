// SPDX-License-Identifier: Apache-2.0

/// The one declarative table that parsing, help, manual and completions are made from.
enum CommandTable {
    static func spec(_ name: CommandName) -> CommandSpec {
        switch name {
        case .up: up
        case .serve: serve
        case .status: status
        case .reload: reload
        case .doctor: doctor
        case .tokenIssue: tokenIssue
        case .tokenList: tokenList
        case .tokenRevoke: tokenRevoke
        case .tokenRotate: tokenRotate
        case .registryImport: registryImport
        case .registryAdd: registryAdd
        case .registrySeal: registrySeal
        case .registryReview: registryReview
        case .registryList: registryList
        case .registryRemove: registryRemove
        case .connect: connect
        case .run: run
        case .auditVerify: auditVerify
        case .auditTail: auditTail
        case .help: help
        case .man: man
        case .completions: completions
        case .version: version
        }
    }

    static let all: [CommandSpec] = CommandName.allCases.map(spec)

    static let purpose: StaticString = "a guarded path from AI agents to reviewed MCP servers"

    /// Files that the program reads and writes, for the manual.
    static let files: [(name: StaticString, meaning: StaticString)] = [
        (
            "~/.config/doorward/doorward.json",
            """
            the configuration: servers, clients, listeners, policy; JSON with comments
            """
        ),
        ("~/.local/state/doorward/registry/sealed.json", "what may be launched, resolved and hashed"),
        ("~/.local/state/doorward/registry/reviews/NAME.json", "what each server offered when a person looked"),
        ("~/.local/state/doorward/audit/", "the log, docs/audit-format.md"),
        ("~/.local/state/doorward/tokens.json", "tokens as hashes; only the broker reads it"),
        ("~/.local/state/doorward/run/", "the sockets of a running doorward"),
    ]

    static let environment: [(name: StaticString, meaning: StaticString)] = [
        ("DOORWARD_CONFIG", "the configuration, where --config is not given"),
        ("DOORWARD_STATE", "the state directory, where --state is not given"),
        ("XDG_CONFIG_HOME, XDG_STATE_HOME, HOME", "where the two lie otherwise"),
        ("PATH", "consulted by registry import and add alone, for bare program names, once"),
        ("NO_COLOR, TERM", "colours are off if NO_COLOR is set or TERM is dumb"),
    ]
}
