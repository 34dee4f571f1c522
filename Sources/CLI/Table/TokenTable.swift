// SPDX-License-Identifier: Apache-2.0

/// Commands about the tokens of clients.
extension CommandTable {
    private static let ttl = OptionSpec(
        name: .ttl, value: .text("SPAN"), help: "how long the token is valid: 90s, 10m, 1h or 30d, at most 366d",
        standard: "30d")

    static let tokenIssue = CommandSpec(
        name: .tokenIssue, summary: "make a token for a client and print it once",
        about: [
            """
            The token alone is written to standard output. It is kept as a hash only, so it cannot be shown \
            again. The client sends it with every request: Authorization: Bearer TOKEN. It is good for one \
            listener, and for the named servers or for all that policy allows.
            """,
            "Works whether or not something is serving: if not, the broker is started for this one request.",
        ],
        options: [
            OptionSpec(
                name: .client, value: .text("NAME"), help: "who will use it; policy and log call it so (required)"),
            OptionSpec(name: .servers, value: .text("NAME,…"), help: "only these servers", standard: "all servers"),
            OptionSpec(name: .ttl, value: ttl.value, help: ttl.help, standard: ttl.standard),
            OptionSpec(name: .listener, value: .text("NAME"), help: "the listener it is good for", standard: "main"),
            .config, .state, .requireConfinement, .json,
        ],
        document: [
            "token: its text",
            """
            record: client, expires, id, issued, listener, and servers if limited; times in seconds since 1970
            """,
        ],
        examples: [
            .init(
                command: "doorward token issue --client editor --servers files --ttl 7d",
                purpose: "one client, one server, a week")
        ])

    static let tokenList = CommandSpec(
        name: .tokenList, summary: "list tokens, without their text",
        about: ["Tokens stay in the list for 90 days after they ended."],
        options: [.config, .state, .requireConfinement, .json],
        document: [
            "now: seconds since 1970",
            """
            tokens: array of records as token issue prints them, with revoked where that is so
            """,
        ])

    static let tokenRevoke = CommandSpec(
        name: .tokenRevoke, summary: "end a token, or all tokens of a client, at once",
        about: ["Connections that were opened with it are closed within a second."],
        operands: [OperandSpec(kind: .text("ID|CLIENT"))], options: [.config, .state, .requireConfinement, .json],
        document: ["revoked: array of token ids"])

    static let tokenRotate = CommandSpec(
        name: .tokenRotate, summary: "replace a token by a new one for the same client and servers",
        about: ["Prints the new token like token issue; the old one ends in the same moment."],
        operands: [OperandSpec(kind: .text("ID|CLIENT"))],
        options: [
            OptionSpec(
                name: .ttl, value: ttl.value, help: ttl.help, standard: "as long as the old one was valid in all"),
            .config, .state, .requireConfinement, .json,
        ],
        document: ["as token issue"])
}
