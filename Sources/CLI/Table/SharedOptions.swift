// SPDX-License-Identifier: Apache-2.0

/// Options that mean the same wherever they stand.
extension OptionSpec {
    static let config = OptionSpec(
        name: .config, value: .file("FILE"), help: "the configuration",
        standard: """
            DOORWARD_CONFIG, else $XDG_CONFIG_HOME/doorward/doorward.json, else ~/.config/doorward/doorward.json
            """)
    static let state = OptionSpec(
        name: .state, value: .directory("DIR"), help: "the state directory: sealed registry, tokens, log, sockets",
        standard: "DOORWARD_STATE, else $XDG_STATE_HOME/doorward, else ~/.local/state/doorward")
    static let json = OptionSpec(
        name: .json, help: "print one canonical JSON document instead of text for people")
    static let yes = OptionSpec(
        name: .yes, short: "y", help: "answer yes to every question; dangers still have to be accepted by name")
    static let listen = OptionSpec(
        name: .listen, value: .text("[NAME=]ADDRESS:PORT"), repeats: true,
        help: "listen there instead of where the sealed listener NAME says; loopback only, port 0 takes a free one",
        standard: "the sealed listeners, which are main=127.0.0.1:8742 unless configured; NAME is main if left out")
    static let requireConfinement = OptionSpec(
        name: .requireConfinement, value: .word("LEVEL", ["full", "reduced"]),
        help: """
            full refuses to start where this host cannot confine every part; reduced goes on and says what is \
            missing
            """,
        standard: "full")
    static let newAuditChain = OptionSpec(
        name: .newAuditChain,
        help: """
            where the audit log is damaged, go on in a new chain behind the damage instead of refusing to start; the \
            log says so
            """)
    static let accept = OptionSpec(
        name: .accept, value: .text("WORD,…"), repeats: true,
        help: "accept these dangers of the entry; the words are recorded in it")
    static let help = OptionSpec(name: .help, short: "h", help: "explain the command")
}
