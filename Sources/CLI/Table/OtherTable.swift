// SPDX-License-Identifier: Apache-2.0

/// Commands about the log, and about the program itself.
extension CommandTable {
    static let auditVerify = CommandSpec(
        name: .auditVerify, summary: "check the audit log from its first record to the signed checkpoint",
        about: [
            """
            Follows the chain of hashes through all segments, checks the checkpoint's signature, and names the \
            first bad place. Without --key the public key is taken from beside the log, where whoever exchanges \
            the log can exchange it too. DIR is the log's own directory, for a copy that was taken elsewhere.
            """
        ],
        operands: [OperandSpec(kind: .directory("DIR"), count: .optional)],
        options: [
            OptionSpec(
                name: .key, value: .file("FILE"),
                help: """
                    the public key, 64 hexadecimal digits, from a place of your own
                    """,
                standard: "key.pub beside the log"),
            OptionSpec(
                name: .head, value: .text("SEQ:HASH"),
                help: "a record that was noted earlier: the log must still hold it"),
            .state, .json,
        ],
        document: [
            "verdict: sound, broken or unreadable",
            "records, segments, bytes, firstSequence, unfinishedBytes; head: {seq, hash, time}; installation",
            "checkpoint: {seq, hash, segment}, or null; isKeyGiven",
            "faults: array of {flaw, sentence, segment, line, offset}; unreadable: the call that failed",
        ],
        examples: [
            .init(command: "doorward audit verify --key ~/doorward-key.pub", purpose: "with a key that was put aside")
        ])

    static let auditTail = CommandSpec(
        name: .auditTail, summary: "show the last records of the audit log",
        about: [
            """
            One line for each record: time, kind, who, what. Text that came from outside is escaped. Hashes are not \
            checked.
            """
        ],
        options: [
            OptionSpec(name: .lines, short: "n", value: .text("N"), help: "how many records", standard: "20"),
            OptionSpec(name: .follow, short: "f", help: "go on with new records as they come"),
            .state,
            OptionSpec(name: .json, help: "print the records as they stand in the log, one per line"),
        ],
        document: ["the lines of the log, as docs/audit-format.md describes them"])

    static let help = CommandSpec(
        name: .help, summary: "explain doorward, or one command",
        about: [], operands: [OperandSpec(kind: .text("COMMAND"), count: .many)])

    static let man = CommandSpec(
        name: .man, summary: "print the manual page, in roff",
        about: ["To read it without installing it: doorward man | man -l -"])

    static let completions = CommandSpec(
        name: .completions, summary: "print completions for a shell",
        about: [],
        operands: [OperandSpec(kind: .word("SHELL", ["bash", "zsh", "fish"]))],
        examples: [
            .init(command: "eval \"$(doorward completions bash)\"", purpose: "for this shell only")
        ])

    static let version = CommandSpec(
        name: .version, summary: "print the version", about: [], options: [.json], document: ["name, version"])
}
