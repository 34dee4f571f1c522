// SPDX-License-Identifier: Apache-2.0

/// Commands that start the control plane, or ask it how it is.
extension CommandTable {
    static let up = CommandSpec(
        name: .up, summary: "set up what is missing, then serve",
        about: [
            """
            At the first run, makes a configuration with the built-in server files, which may read one \
            directory, seals it, reviews the server's tools, and says what was done and how to let a client in. \
            Then serves in the foreground, like doorward serve. A configuration that exists is left as it is.
            """,
            "Without --read, the directory is ~/doorward-files, made with a note in it if it is not there.",
        ],
        options: [
            .config, .state, .listen, .requireConfinement, .newAuditChain,
            OptionSpec(
                name: .read, value: .directory("DIR"), help: "what the built-in server may read, at the first run",
                standard: "~/doorward-files"),
        ],
        examples: [
            .init(command: "doorward up", purpose: "a working control plane on 127.0.0.1:8742"),
            .init(
                command: "doorward up --read ~/notes --listen 127.0.0.1:0",
                purpose: "with another directory, on a free port"),
        ])

    static let serve = CommandSpec(
        name: .serve, summary: "serve what is sealed, in the foreground",
        about: [
            """
            Checks the sealed registry, says if the configuration has changes that are not sealed, and becomes \
            doorward-launch, which starts the other programs. When everything is confined and listening, one \
            line for each listener is written to standard error: listening on http://ADDRESS:PORT.
            """,
            """
            A log that was changed or cut is not continued: doorward audit verify names the place. Keep a copy of \
            the directory for whoever looks into it, then serve once with --new-audit-chain. The old records stay \
            where they are and keep failing the check until their segments are moved away from the front.
            """,
            """
            SIGTERM and SIGINT finish what is in flight and end; a second one ends at once. SIGHUP adopts a \
            newly sealed registry, like doorward reload.
            """,
        ],
        options: [.config, .state, .listen, .requireConfinement, .newAuditChain],
        examples: [.init(command: "doorward serve --listen 127.0.0.1:9000", purpose: "on another port")])

    static let status = CommandSpec(
        name: .status, summary: "show what is served, what is enforced and what waits for you",
        about: [
            """
            Listeners, the confinement of each part in words, servers with their reviews and processes, the \
            audit log, and whether doorward.json has changes that are not sealed. Where nothing is serving, says \
            what can be known from the disk and ends with status 5.
            """
        ],
        options: [
            .config, .state, .json,
            OptionSpec(name: .confinement, help: "show every layer of every part, the enforced ones too"),
        ],
        document: [
            "isServing: whether a broker answered; with false only configuration and seal are there",
            """
            broker: the broker's own report: audit, listeners, rooms, seal, servers, sessions, tokens, uid, \
            version and more
            """,
            """
            configuration: file, exists, isSealed (the sealed registry was made from exactly this file), error \
            if it cannot be read
            """,
            "seal: digest, sealedAt and servers, or error; of the file on the disk",
        ])

    static let reload = CommandSpec(
        name: .reload, summary: "let a running doorward adopt the sealed registry",
        about: [
            """
            The registry on the disk is checked and replaces the one in force as a whole; if it is not believed, \
            the one in force stays and the reason is told. doorward registry seal and review do this by \
            themselves.
            """
        ],
        options: [.state, .json],
        document: ["added, changed, removed, reviewed: names of servers; digest; policyChanged; servers: how many"])

    static let doctor = CommandSpec(
        name: .doctor, summary: "find out what this host can enforce, by doing it",
        about: [
            """
            Starts /bin/true in the very sandbox that servers get, reports each layer, and names what to change \
            where something is missing. Also looks whether the programs of the installation lie beside each \
            other and can be believed.
            """
        ],
        options: [.json],
        document: [
            "tier: full, reduced or none",
            "layers: object from layer to enforced, reduced: REASON or missing: REASON",
            "landlockABI: number, 0 for none",
            "findings: array of {severity, sentence, hint}; severity is error or warning",
            "programs: object from program to its path, or null",
        ])

    static let connect = CommandSpec(
        name: .connect, summary: "speak for one server on standard input and output",
        about: [
            """
            For clients that only know how to start a program: one JSON-RPC message per line in, one per line \
            out. The messages go through the same gate, policy and log as everybody's, over a unix socket that \
            only this user can open, so no token is needed. Lines are passed on as they are, up to 4 MiB; the \
            gate judges them. Empty lines are left out.
            """,
            """
            Ends with status 0 when standard input ends; calls that are still open then have five seconds to be \
            answered.
            """,
        ],
        operands: [OperandSpec(kind: .text("SERVER"))],
        options: [.state],
        examples: [
            .init(
                command: "doorward connect files",
                purpose: "as a client's configuration: {\"command\": \"doorward\", \"args\": [\"connect\", \"files\"]}")
        ])
}
