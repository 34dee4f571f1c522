// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// A plan as a person reads it before it is started. Nothing is shortened, nothing hides.
struct RunReport {
    private let plan: RunPlan
    private let sink: Console.Sink
    private var lines: [String] = []
    private static let column = 14

    /// - Parameter around: what is known of this host: how it confines, and what of the limits it enforces.
    static func lines(_ plan: RunPlan, _ host: RunHost, for sink: Console.Sink) -> [String] {
        var report = RunReport(plan, sink)
        report.command()
        report.files()
        report.network()
        report.environment()
        report.walls(host)
        return report.lines
    }

    private init(_ plan: RunPlan, _ sink: Console.Sink) {
        self.plan = plan
        self.sink = sink
    }

    private mutating func command() {
        let base = plan.profile.base.word
        let name = plan.profile.name.description
        lines.append(
            sink.styled(Visible.text(plan.executable.path.name), .bold) + " with the profile \(name)"
                + (name == base ? "" : " (made from \(base))"))
        row("executes", Self.described(plan.executable))
        for file in plan.files { row("which runs", Self.described(file)) }
        for (index, word) in plan.words.enumerated() { row(index == 0 ? "called" : "argument", Visible.quoted(word)) }
        row("works in", Visible.text(plan.directory.bytes))
    }

    private mutating func files() {
        let shown = plan.program.installation.map { Visible.text($0.bytes) }
        row("sees", (["the system's programs"] + shown).joined(separator: ", "))
        for place in plan.grants.reads { row("may read", Self.described(place)) }
        for place in plan.grants.writes { row("may change", Self.described(place)) }
        if !plan.grants.writes.isEmpty {
            row("protected", "in what it may change, also where they do not exist yet: \(RunHost.protectedNames)")
            row("not protected", "such names in directories further down, where they do not exist yet", .warning)
        }
    }

    private mutating func network() {
        if plan.network.isNone { row("reaches", "no network") }
        for rule in plan.network.rules {
            switch rule.matter {
            case .local: row("hole", "\(RuleText.of(rule)) (\(Visible.text(rule.name)))", .warning)
            case .remote: row("network", "\(RuleText.of(rule)) (\(Visible.text(rule.name)))")
            }
        }
        if !plan.network.isNone { row("refused", "loopback, private and special addresses; every other connection") }
    }

    private mutating func environment() {
        for entry in plan.environment {
            let name = Visible.text(entry.name)
            switch entry.value {
            case .plain(let value):
                let isSecret = SecretShape.isLikely(entry.name, value)
                row(
                    "variable", isSecret ? "\(name), a secret in plain text: better --secret" : name,
                    isSecret ? .warning : nil)
            case .file(let path): row("variable", "\(name), from the file \(Visible.text(path.bytes))")
            case .keyring(let key): row("variable", "\(name), from the keyring: \(Visible.quoted(key))")
            }
        }
        for secret in plan.secrets {
            let name = Visible.text(secret.name)
            switch secret.source {
            case .file(let path): row("secret", "\(name)_FILE, from the file \(Visible.text(path.bytes))")
            case .keyring(let key): row("secret", "\(name)_FILE, from the keyring: \(Visible.quoted(key))")
            }
        }
        if plan.passesPipe { row("passed on", "descriptors 3 and 4, through which the browser is driven") }
    }

    private mutating func walls(_ host: RunHost) {
        let limits = plan.limits
        row("limits", "\(limits.ceilings.processes) processes and threads together")
        row("", "\(Self.size(limits.ceilings.memoryBytes)) of memory for each process")
        row("", "\(limits.ceilings.openFiles) open files for each process")
        row("", "\(Self.size(RunHost.diskBytes(limits))) in its home and temporary directories together")
        row("", limits.milliseconds.map { "\(Self.time($0)), then it is ended" } ?? "no time limit")
        row("not limited", "memory of all processes together; what it writes to directories of yours")
        row("confinement", host.confinement, host.backend == nil ? .bad : nil)
        for word in plan.accepted { row("accepted", word, .warning) }
        for warning in plan.warnings { row("warning", warning, .warning) }
        for note in plan.notes { row("note", note) }
    }

    private static func described(_ pin: PinnedFile) -> String {
        "\(Visible.text(pin.path.bytes)) (\(Sizes.text(pin.size)), sha256 \(pin.digest))"
    }

    private static func described(_ place: RunGrants.Place) -> String {
        let real = Visible.text(place.real.bytes)
        return place.real == place.written ? real : "\(real), also as \(Visible.text(place.written.bytes))"
    }

    /// Powers of 1,024, as limits are written.
    static func size(_ bytes: UInt64) -> String {
        for (size, unit) in [(1 << 30 as UInt64, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        where bytes >= size && bytes % size == 0 {
            return "\(bytes / size) \(unit)"
        }
        return Counts.text(bytes, "byte")
    }

    static func time(_ milliseconds: UInt64) -> String {
        for (size, unit) in [(3_600_000 as UInt64, "hour"), (60_000, "minute"), (1000, "second")]
        where milliseconds >= size && milliseconds % size == 0 {
            return Counts.text(milliseconds / size, unit)
        }
        return Counts.text(milliseconds, "millisecond")
    }

    private mutating func row(_ word: String, _ text: String, _ style: Console.Style? = nil) {
        let padding = String(repeating: " ", count: max(1, Self.column - word.utf8.count))
        lines.append("  " + sink.styled(word, style ?? .dim) + padding + text)
    }

    // MARK: As a document

    static func document(_ plan: RunPlan) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("accepted")
        list(plan.accepted.map { Array($0.utf8) }, &json)
        json.key("browser")
        json.bool(plan.program.browser != nil)
        json.key("command")
        list(plan.words, &json)
        json.key("directory")
        json.string(plan.directory.bytes)
        json.key("environment")
        list(plan.environment.map(\.name), &json)
        json.key("executable")
        write(plan.executable, &json)
        json.key("files")
        json.beginArray()
        for file in plan.files { write(file, &json) }
        json.endArray()
        json.key("limits")
        write(plan.limits, &json)
        json.key("local")
        json.beginArray()
        for port in plan.network.localPorts { json.unsigned(UInt64(port)) }
        json.endArray()
        json.key("network")
        plan.network.write(&json)
        json.key("notes")
        list(plan.notes.map { Array($0.utf8) }, &json)
        json.key("profile")
        json.string(plan.profile.name.bytes)
        json.key("reads")
        list(plan.grants.reads.map(\.real.bytes), &json)
        json.key("secrets")
        list(plan.secrets.map(\.name), &json)
        json.key("shown")
        list(plan.program.installation.map(\.bytes), &json)
        json.key("writes")
        list(plan.grants.writes.map(\.real.bytes), &json)
        json.endObject()
        return json.take()
    }

    private static func write(_ pin: PinnedFile, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("path")
        json.string(pin.path.bytes)
        json.key("sha256")
        json.string(pin.digest.hex)
        json.endObject()
    }

    private static func write(_ limits: RunLimits, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("disk")
        json.unsigned(RunHost.diskBytes(limits))
        json.key("memory")
        json.unsigned(limits.ceilings.memoryBytes)
        json.key("milliseconds")
        if let milliseconds = limits.milliseconds { json.unsigned(milliseconds) } else { json.null() }
        json.key("openFiles")
        json.unsigned(UInt64(limits.ceilings.openFiles))
        json.key("processes")
        json.unsigned(UInt64(limits.ceilings.processes))
        json.endObject()
    }

    private static func list(_ texts: [[UInt8]], _ json: inout JSONWriter) {
        json.beginArray()
        for text in texts { json.string(text) }
        json.endArray()
    }
}
