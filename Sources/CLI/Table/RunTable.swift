// SPDX-License-Identifier: Apache-2.0

/// The command that runs anything else in a sandbox.
extension CommandTable {
    static let run = CommandSpec(
        name: .run, summary: "run a command in a sandbox",
        about: [
            """
            Starts CMD with nothing of this machine but the system's programs, its own installation, a home in memory \
            that goes with it, and what is granted: directories with --read and --write, hosts with --allow-host. \
            Every connection goes through the egress room, which decides and records it. A profile of the sealed \
            registry says what holds before that: agent unless --profile says another; browser, code and tool are \
            built in too.
            """,
            """
            The command is looked up in your PATH once, opened once and executed by that descriptor. Of your \
            environment it gets nothing but what --env names. A terminal is replaced by one of the sandbox's own. \
            Names such as .git/hooks, .mcp.json and shell settings stay as they are inside directories that it may \
            change. Grants that hold much more than one command needs have to be accepted by name.
            """,
            """
            Known browsers are started behind the proxy, with a profile of their own in memory, and flags that undo \
            their protection are refused unless the profile accepts them by name (acceptFlags). With \
            --remote-debugging-pipe descriptors 3 and 4 are passed on; a debugging port is refused.
            """,
            """
            A secret is not put into the environment: its bytes lie behind a descriptor, and NAME_FILE says where it \
            can be read, such as /proc/self/fd/3. Programs that close descriptors they do not know lose it.
            """,
            """
            SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to the command. When doorward run \
            dies, by whatever signal, everything in the sandbox dies with it.
            """,
        ],
        rest: "CMD ARG…", isRestOpen: true,
        options: [
            OptionSpec(
                name: .profile, value: .text("NAME"), help: "what holds before the other options", standard: "agent"),
            OptionSpec(
                name: .read, value: .directory("PATH"), repeats: true, help: "a file or directory that it may read"),
            OptionSpec(
                name: .write, value: .directory("PATH"), repeats: true,
                help: "a file or directory that it may read and change"),
            OptionSpec(
                name: .allowHost, value: .text("HOST:PORT"), repeats: true,
                help: "a host that it may reach: a name, *.suffix or an address; never a private one"),
            OptionSpec(
                name: .allowLocal, value: .text("PORT"), repeats: true,
                help: "one TCP port of this machine's loopback: a hole, shown wherever state is shown"),
            OptionSpec(
                name: .env, value: .text("NAME[=VALUE]"), repeats: true,
                help: "a variable; without a value the one of your environment"),
            OptionSpec(
                name: .secret, value: .text("NAME=file:PATH|keyring:DESC"), repeats: true,
                help: "a secret, by descriptor: NAME_FILE says where"),
            OptionSpec(
                name: .limit, value: .text("NAME=VALUE"), repeats: true,
                help: "processes=64, memory=1G, open-files=256, time=10m or disk=500M",
                standard: "those of the profile"),
            OptionSpec(
                name: .chdir, value: .directory("DIR"), help: "where it begins",
                standard: "your working directory if it sees that, else its home"),
            OptionSpec(
                name: .accept, value: .text("WORD,…"), repeats: true,
                help: "accept these dangers of what is granted; the words are recorded"),
            OptionSpec(name: .explain, help: "print the whole plan and start nothing"),
            OptionSpec(name: .json, help: "with --explain: print one canonical JSON document"), .state,
        ],
        document: [
            """
            accepted, browser, command (the words), directory, environment (names), executable {path, sha256}, files, \
            limits, local, network (the rules), notes, profile, reads, secrets (names), shown, writes
            """
        ],
        examples: [
            .init(
                command: "doorward run --profile browser -- chromium --headless --dump-dom https://example.com/",
                purpose: "a browser with the internet and nothing of this machine"),
            .init(
                command: "doorward run --write . --allow-host api.example.com:443 -- npm test",
                purpose: "a project's tests, with one host to reach"),
            .init(
                command: "doorward run --explain --profile code --read data -- python3 analyse.py data/a.csv",
                purpose: "see first what a run would be given"),
        ])
}
