// SPDX-License-Identifier: Apache-2.0

/// Commands about the servers that may be launched.
extension CommandTable {
    static let registryImport = CommandSpec(
        name: .registryImport,
        summary: """
            add servers from a client's configuration, one by one, after you have seen them
            """,
        about: [
            """
            Reads FILE as any client writes it: servers under mcpServers or servers, JSON with comments and \
            trailing commas. For each server (or only those named) shows the whole command line, the names of \
            its variables, the program that would really run, what it would see of this machine and every danger \
            that was found, and asks whether to add it. A bare program name is looked up in your PATH now, once, \
            and written down as an absolute path.
            """,
            "Nothing is launched, and what was added has no effect before doorward registry seal.",
            """
            An entry with dangers is added only if each is accepted by name with --accept; the words are written \
            into the entry. Members that weaken something (autoApprove and its kin) or mean nothing here are \
            named and left out.
            """,
        ],
        operands: [OperandSpec(kind: .file("FILE")), OperandSpec(kind: .text("NAME"), count: .many)],
        options: [.yes, .accept, .config, .state],
        examples: [
            .init(command: "doorward registry import ~/.cursor/mcp.json", purpose: "look at each server and decide"),
            .init(
                command: "doorward registry import .vscode/mcp.json --yes time",
                purpose: "one server, without a question"),
        ])

    static let registryAdd = CommandSpec(
        name: .registryAdd, summary: "add one server by its command line or its address",
        about: [
            """
            Shows the same as import and asks. The command line stands behind --. A bare program name is looked \
            up in your PATH now; a script that names /usr/bin/env as its interpreter is written down with the \
            interpreter that was found.
            """,
            """
            A server sees the system's programs and its own installation. Whatever else it needs is granted with \
            --read and --write.
            """,
            """
            With --url it is a server on the network that speaks Streamable HTTP: our own client is started for it, \
            in a sandbox that can connect to that host and port and nowhere else. Its credential is a header, read \
            from a private file that holds the whole value, such as Bearer and a token.
            """,
        ],
        operands: [OperandSpec(kind: .text("NAME"))], rest: "CMD ARG…", restUnless: .url,
        options: [
            OptionSpec(
                name: .url, value: .text("URL"), help: "the address of a server on the network, instead of a command"),
            OptionSpec(
                name: .header, value: .text("NAME=VALUE"), repeats: true,
                help: "a header of every request to it"),
            OptionSpec(
                name: .headerFile, value: .text("NAME=/PATH"), repeats: true,
                help: "a header whose value is read from a private file at each launch: for secrets"),
            OptionSpec(
                name: .env, value: .text("NAME=VALUE"), repeats: true,
                help: "a variable of the server's environment, which holds nothing else"),
            OptionSpec(
                name: .envFile, value: .text("NAME=/PATH"), repeats: true,
                help: "a variable whose value is read from a private file at each launch: for secrets"),
            OptionSpec(
                name: .cwd, value: .directory("DIR"), help: "the working directory",
                standard: "an empty private home, gone with the process"),
            OptionSpec(
                name: .read, value: .directory("PATH"), repeats: true, help: "what it may read besides its own program"),
            OptionSpec(name: .write, value: .directory("PATH"), repeats: true, help: "what it may read and change"),
            OptionSpec(
                name: .shared,
                help: """
                    one process for all callers: only for a server that keeps nothing about a caller
                    """),
            .accept, .yes, .config, .state,
        ],
        examples: [
            .init(
                command: "doorward registry add time -- /opt/mcp/bin/mcp-server-time",
                purpose: "a program in a virtual environment"),
            .init(
                command: "doorward registry add git --read ~/src/site -- mcp-server-git --repository ~/src/site",
                purpose: "with one repository to read"),
            .init(
                command: """
                    doorward registry add docs --url https://docs.example/mcp \
                    --header-file Authorization=/home/me/.secrets/docs
                    """,
                purpose: "a server on the network"),
        ])

    static let registrySeal = CommandSpec(
        name: .registrySeal, summary: "resolve, hash and fix every server of the configuration",
        about: [
            """
            Only what is sealed can be launched. Links are resolved; a script's interpreter becomes the program; \
            program, script and module are pinned by SHA-256; arguments, environment and directories are fixed. \
            PATH is never consulted. A danger that the entry does not accept stops the sealing, with the \
            argument at fault and the word that would accept it.
            """,
            """
            Reviews are kept where program and pinned files are still those that were reviewed. A running \
            doorward adopts the new registry.
            """,
        ],
        options: [
            OptionSpec(name: .check, help: "only say what would change; status 1 if anything would"),
            .config, .state, .json,
        ],
        document: [
            "changed: whether the registry is (or would be) another one",
            "digest: of the registry on the disk after the command; null if there is none",
            "servers: object from name to added, removed, changed, same or review-dropped",
            "adopted: whether a running doorward took it over; null if nothing is serving",
        ])

    static let registryReview = CommandSpec(
        name: .registryReview, summary: "look at what a server offers, and decide what callers may see",
        about: [
            """
            Starts the sealed server in its sandbox, asks for its tools, prompts and resource templates, and \
            shows field by field what differs from the last review. Characters that hide or look like others are \
            written as escapes. For each new or changed tool asks whether to keep it out, and what it can do: \
            its class decides whether calls are allowed at once (reads) or need a rule of the policy that allows \
            them (all others). What the server says about itself may raise a class and never lowers it.
            """,
            """
            A tool whose input schema cannot be enforced, whose name is not plain, or that cannot be called \
            without task support is kept out, with the reason.
            """,
            "The server is sealed again with its review, and a running doorward adopts it.",
        ],
        operands: [OperandSpec(kind: .text("NAME"))],
        options: [
            .yes,
            OptionSpec(
                name: .classes, value: .text("CLASS|TOOL=CLASS,…"), repeats: true,
                help: """
                    the class of all tools, or of single ones: reads, network, changes, spends, credentials, \
                    executes
                    """,
                standard: "the class of the last review for a tool that is still the same, else changes"),
            OptionSpec(name: .reject, value: .text("TOOL,…"), repeats: true, help: "keep these tools out"),
            .config, .state, .requireConfinement, .json,
        ],
        document: [
            "server, revision, capabilities, isStored (with --yes; without it --json only reports)",
            """
            tools, prompts, templates: arrays of {name, state, differences, keptOut, class}; state is same, new, \
            changed or gone
            """,
            "instructions: {state}, and with another state than same old and new",
            """
            former: the review that is compared with: current, outdated (made for other files, so it does not \
            count), or null
            """,
        ],
        examples: [
            .init(command: "doorward registry review time", purpose: "look and decide"),
            .init(
                command: "doorward registry review git --yes --class changes --class git_status=reads,git_log=reads",
                purpose: "from a script"),
        ])

    static let registryList = CommandSpec(
        name: .registryList, summary: "list the servers of the configuration and what is sealed of them",
        about: ["Reads files only: works whether or not something is serving."],
        options: [.config, .state, .json],
        document: [
            """
            servers: array of {name, command, arguments, isDisabled, isSealed, isCurrent, executable, sha256, \
            tools, reviewedAt, accepted, url}; command is null and url the address of a server on the network; isSealed \
            whether the sealed registry has it, isCurrent whether the \
            configuration is still the sealed one
            """
        ])

    static let registryRemove = CommandSpec(
        name: .registryRemove, summary: "take a server out of the configuration",
        about: ["Changes only the lines of that server in doorward.json. It can be launched until the next seal."],
        operands: [OperandSpec(kind: .text("NAME"))], options: [.yes, .config, .state])
}
