// SPDX-License-Identifier: Apache-2.0

/// One command as it is parsed, explained in help and manual, and completed by shells: all from this.
struct CommandSpec: Sendable {
    let name: CommandName
    /// One line: lower case, no full stop.
    let summary: StaticString
    /// Paragraphs of the manual.
    let about: [StaticString]
    var operands: [OperandSpec] = []
    /// What stands behind `--`, where the command takes a command line of another program.
    var rest: StaticString?
    /// Its first word that is no option begins it too, so that `--` may be left out.
    var isRestOpen = false
    /// Stands for such a command line.
    var restUnless: OptionName?
    var options: [OptionSpec] = []
    /// What `--json` prints, member by member.
    var document: [StaticString] = []
    var examples: [Example] = []

    struct Example: Sendable {
        let command: StaticString
        let purpose: StaticString
    }

    func option(_ name: OptionName) -> OptionSpec? { options.first { $0.name == name } }

    /// Exit statuses, in the meaning that they have here.
    var exits: [(status: ExitStatus, meaning: StaticString)] {
        switch name {
        case .auditVerify: ExitStatus.verifyMeanings
        case .run: ExitStatus.runMeanings
        case .up, .serve, .status, .reload, .doctor, .tokenIssue, .tokenList, .tokenRevoke, .tokenRotate,
            .registryImport, .registryAdd, .registrySeal, .registryReview, .registryList, .registryRemove, .connect,
            .auditTail, .help, .man, .completions, .version:
            ExitStatus.meanings
        }
    }
}

/// What kind of thing an argument is: for placeholders and for completion.
enum ArgumentKind: Sendable {
    case text(StaticString)
    case file(StaticString)
    case directory(StaticString)
    /// One of these words.
    case word(StaticString, [StaticString])

    var placeholder: StaticString {
        switch self {
        case .text(let name), .file(let name), .directory(let name), .word(let name, _): name
        }
    }

    /// The words to choose from, where there is such a choice.
    var words: [StaticString] {
        switch self {
        case .word(_, let words): words
        case .text, .file, .directory: []
        }
    }
}

struct OptionSpec: Sendable {
    let name: OptionName
    var short: Character?
    /// Nil for a switch.
    var value: ArgumentKind?
    var repeats = false
    let help: StaticString
    /// What holds where the option is not given, in words.
    var standard: StaticString?
}

struct OperandSpec: Sendable {
    enum Count: Sendable {
        case one
        case optional
        case many
    }
    let kind: ArgumentKind
    var count: Count = .one
}

/// Every command. The raw value is what is typed.
enum CommandName: String, CaseIterable, Sendable {
    case up
    case serve
    case status
    case reload
    case doctor
    case tokenIssue = "token issue"
    case tokenList = "token list"
    case tokenRevoke = "token revoke"
    case tokenRotate = "token rotate"
    case registryImport = "registry import"
    case registryAdd = "registry add"
    case registrySeal = "registry seal"
    case registryReview = "registry review"
    case registryList = "registry list"
    case registryRemove = "registry remove"
    case connect
    case run
    case auditVerify = "audit verify"
    case auditTail = "audit tail"
    case help
    case man
    case completions
    case version

    var words: [String] { rawValue.split(separator: " ").map(String.init) }
}

/// Every option. The raw value stands behind `--`.
enum OptionName: String, CaseIterable, Sendable {
    case accept
    case allowHost = "allow-host"
    case allowLocal = "allow-local"
    case chdir
    case check
    case classes = "class"
    case client
    case config
    case confinement
    case cwd
    case env
    case envFile = "env-file"
    case explain
    case follow
    case head
    case header
    case headerFile = "header-file"
    case help
    case json
    case key
    case limit
    case lines
    case listen
    case listener
    case newAuditChain = "new-audit-chain"
    case profile
    case read
    case reject
    case requireConfinement = "require-confinement"
    case secret
    case servers
    case shared
    case state
    case ttl
    case url
    case write
    case yes
}
