// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy

/// Everything about an entry that a person should have seen before it is added: nothing is shortened, nothing hides.
struct EntryReport {
    private var lines: [String] = []
    private let sink: Console.Sink
    private static let column = 14

    /// - Parameters:
    ///   - resolution: what it means on this machine.
    ///   - notes: what was replaced on the way here.
    ///   - ignored: members of another client's configuration that are left out.
    static func print(
        _ entry: ServerEntry, _ resolution: Resolution, notes: [String], ignored: [String], to console: Console
    ) throws(ResolutionFault) {
        var report = EntryReport(sink: console.output)
        let name = console.output.styled("\(entry.name)", .bold)
        if let remote = entry.remote {
            report.lines.append(name + ": a server on the network; what callers send to it leaves this machine")
            try report.remote(entry, remote, resolution)
        } else {
            report.lines.append(name + ": starting it means executing code")
            report.commandLine(entry)
            report.values("variable", entry.environment.map { ($0.name, $0.value) })
            try report.files(resolution)
            report.views(entry, resolution)
        }
        for note in notes + resolution.notes { report.row("note", note) }
        if !ignored.isEmpty { report.row("left out", ignored.joined(separator: ", ")) }
        for danger in resolution.dangers {
            let isAccepted = !danger.isFatal && entry.accepted.contains(danger.danger)
            report.row(isAccepted ? "accepted" : "danger", danger.sentence, isAccepted ? .warning : .bad)
        }
        for line in report.lines { console.print(line) }
    }

    private init(sink: Console.Sink) { self.sink = sink }

    private mutating func commandLine(_ entry: ServerEntry) {
        row("command", Visible.quoted(entry.command))
        for (index, argument) in entry.arguments.enumerated() { row("argument \(index + 1)", Visible.quoted(argument)) }
        for parameter in entry.parameters {
            let values = parameter.values.map { "\($0.name) = \(Visible.quoted($0.text))" }.joined(separator: ", ")
            row("parameter", "\(parameter.name): \(values)")
        }
    }

    private mutating func remote(_ entry: ServerEntry, _ remote: RemoteEntry, _ resolution: Resolution)
        throws(ResolutionFault)
    {
        row("address", Visible.quoted(remote.address.text))
        values("header", remote.headers.map { ($0.name, $0.value) })
        if let path = remote.certificates { row("believes", "the certificates in \(Visible.text(path.bytes))") }
        if remote.address.isOwnLoopback {
            row("reaches", "port \(remote.address.target.port) of this host's loopback, and nothing else", .warning)
        } else {
            row("reaches", "\(Visible.text(remote.address.target.text)), and nothing else")
        }
        row("executes", "our client: " + Self.described(try resolution.executable.pin()))
        if entry.traits.process == .shared { row("shared", "one process for all callers") }
    }

    /// Variables or headers, without what they hold.
    private mutating func values(_ word: String, _ values: [(name: [UInt8], value: EnvironmentValue)]) {
        for (bytes, value) in values {
            let name = Visible.text(bytes)
            switch value {
            case .plain(let text):
                guard SecretShape.isLikely(bytes, text) else {
                    row(word, name)
                    continue
                }
                row(
                    word,
                    "\(name), a secret in plain text: better {\"file\": \"/path\"} or {\"keyring\": \"description\"}",
                    .warning)
            case .file(let path): row(word, "\(name), from the file \(Visible.text(path.bytes))")
            case .keyring(let key): row(word, "\(name), from the keyring: \(Visible.quoted(key))")
            }
        }
    }

    private mutating func files(_ resolution: Resolution) throws(ResolutionFault) {
        let pin = try resolution.executable.pin()
        row("executes", Self.described(pin))
        for file in resolution.pins { row("which runs", Self.described(try file.pin())) }
    }

    private mutating func views(_ entry: ServerEntry, _ resolution: Resolution) {
        let shown = resolution.installation.map { Visible.text($0.bytes) }
        row("sees", (["the system's programs"] + shown).joined(separator: ", "))
        for path in entry.reads { row("may read", Visible.text(path.bytes)) }
        for path in entry.writes { row("may change", Visible.text(path.bytes)) }
        let network = entry.traits.network
        if network.rules.isEmpty { row("reaches", "nothing: it has no network") }
        for rule in network.rules {
            switch rule.matter {
            case .local: row("reaches", "\(rule), a port of this host", .warning)
            case .remote: row("reaches", "\(rule)")
            }
        }
        if let directory = entry.directory { row("works in", Visible.text(directory.bytes)) }
        switch entry.traits.process {
        case .perCaller: break
        case .shared: row("shared", "one process for all callers")
        case .perCall: row("per call", "a fresh process in a fresh sandbox for each call")
        }
    }

    private static func described(_ pin: PinnedFile) -> String {
        "\(Visible.text(pin.path.bytes)) (\(Sizes.text(pin.size)), sha256 \(pin.digest))"
    }

    /// A word and what it says; long text goes on, it is never wrapped, so that spaces in it stay countable.
    private mutating func row(_ word: String, _ text: String, _ style: Console.Style? = nil) {
        let padding = String(repeating: " ", count: max(1, Self.column - word.utf8.count))
        lines.append("  " + sink.styled(word, style ?? .dim) + padding + text)
    }
}

/// What looks like a secret in an environment.
enum SecretShape {
    static func isLikely(_ name: [UInt8], _ value: [UInt8]) -> Bool {
        guard value.count >= 8, value.first != UInt8(ascii: "/") else { return false }
        let text = String(decoding: name, as: UTF8.self)
        return DangerAnalysis.isSecretName(text)
            || ["_key", "-key", "authorization"].contains(where: text.lowercased().hasSuffix)
            || DangerAnalysis.looksLikeSecret(value)
    }
}
