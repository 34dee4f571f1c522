// SPDX-License-Identifier: Apache-2.0

/// One directory that may be read, under the name that clients know it by.
struct Grant: Equatable, Sendable {
    let label: Label
    let path: String
}

/// Why a command line was refused.
enum ArgumentError: Error, Equatable, Sendable {
    case unknown(String)
    case valueMissing(String)
    case noLabel(path: String)
    case badLabel(String)
    case labelTwice(Label)
    case tooMany
    case tooManyLanguages
    case badValue(String, String)

    var sentence: String {
        switch self {
        case .unknown(let argument): "unknown argument \(argument)"
        case .valueMissing(let option): "\(option) needs a value"
        case .noLabel(let path): "the last part of \(path) cannot be a label"
        case .badLabel(let text): "\(text) is not NAME=DIR with a label as NAME"
        case .labelTwice(let label): "two directories have the label \(label)"
        case .tooMany: "more than \(Arguments.maxGrants) directories"
        case .tooManyLanguages: "more than \(CodeSettings.maxLanguages) languages"
        case .badValue(let option, let value): "\(value) is no value for \(option)"
        }
    }

    var hint: String {
        switch self {
        case .unknown, .valueMissing: "doorward-tools --help lists what there is"
        case .noLabel, .labelTwice: "name it with --label NAME=DIR"
        case .badLabel:
            "a label is a letter or digit, then letters, digits, dots, dashes and underscores, at most \(Label.maxBytes)"
        case .tooMany: "grant a directory further up"
        case .tooManyLanguages, .badValue: "doorward-tools --help lists what may be given"
        }
    }
}

/// The command line.
enum Arguments: Equatable, Sendable {
    case serve([Grant])
    case code(CodeSettings)
    case web(FetchSettings)
    case help
    case version

    /// Each one costs a descriptor; more than a person can review is a mistake.
    static let maxGrants = 64

    /// - Parameter words: without the program's name.
    init(_ words: [String]) throws(ArgumentError) {
        switch words.first {
        case "code" where !words.contains("--help"):
            self = .code(try CodeSettings(words.dropFirst()))
            return
        case "web" where !words.contains("--help"):
            self = .web(try FetchSettings(words.dropFirst()))
            return
        default: break
        }
        var grants: [Grant] = []
        var rest = words.first == "code" || words.first == "web" ? words.dropFirst() : words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h":
                self = .help
                return
            case "--version":
                self = .version
                return
            case "--read":
                guard let path = rest.popFirst(), !path.isEmpty else { throw .valueMissing(word) }
                guard let label = Label(ofDirectory: path) else { throw .noLabel(path: path) }
                grants.append(Grant(label: label, path: path))
            case "--label":
                guard let text = rest.popFirst() else { throw .valueMissing(word) }
                grants.append(try Self.labelled(text))
            default:
                throw .unknown(word)
            }
        }
        guard grants.count <= Self.maxGrants else { throw .tooMany }
        for (index, grant) in grants.enumerated() {
            guard !grants[..<index].contains(where: { $0.label == grant.label }) else { throw .labelTwice(grant.label) }
        }
        self = .serve(grants)
    }

    private static func labelled(_ text: String) throws(ArgumentError) -> Grant {
        guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")),
            let label = Label(Array(text.utf8[..<sign]))
        else { throw .badLabel(text) }
        let path = String(text[text.index(after: sign)...])
        guard !path.isEmpty else { throw .badLabel(text) }
        return Grant(label: label, path: path)
    }

    static let usage = """
        usage: doorward-tools [--read DIR]... [--label NAME=DIR]...
               doorward-tools code [--language NAME[=PATH]]... [--time SPAN] [--memory SIZE]
                                   [--output SIZE] [--disk SIZE] [--results SIZE] [--processes N]
               doorward-tools web [--client PATH] [--certificates FILE] [--size SIZE] [--time SPAN]

        An MCP server on standard input and output that reads files and tells the time, runs code, or
        fetches web pages.

          --read DIR         let clients read what is in DIR; its last part is the label
          --label NAME=DIR   the same under another label
          --help             show this
          --version          show the version

        Clients see paths such as NAME/file.txt, and nothing outside the directories given.
        Without a directory only time_now is offered.

        code offers code_run, and only inside a complete sandbox of Doorward's:

          --language NAME    python, shell, bash, node, perl or ruby; NAME=PATH for another interpreter
                             (python and shell unless given)
          --time SPAN        most time of one run, such as 90s or 5m (60s)
          --memory SIZE      most memory of one run, such as 512M (512M)
          --output SIZE      most output that is returned (64K)
          --disk SIZE        most that one run may write (64M)
          --results SIZE     most of result files that is returned (1M)
          --processes N      most processes of one run (32)

        web offers web_fetch:

          --client PATH      the program that fetches (doorward-web beside this one)
          --certificates FILE  believe these certificates instead of the system's
          --size SIZE        most of one page that is fetched (1M)
          --time SPAN        most time of one fetch (30s)
        """
}
