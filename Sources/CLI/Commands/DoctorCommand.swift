// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward doctor`
enum DoctorCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let programs = Programs.all.map { ($0, located($0)) }
        let examination = HostExamination.make()
        var findings = examination.findings
        for (name, path) in programs {
            switch path {
            case .success: break
            case .failure(let failure):
                findings.append(Finding(.error, "\(name): \(failure.sentence)", hint: failure.hint))
            }
        }
        if arguments.has(.json) {
            console.print(document: document(examination, programs, findings))
        } else {
            show(examination, findings, console)
        }
        if examination.tier == .none { return .unconfined }
        return findings.contains { $0.severity == .error } ? .failed : .done
    }

    private static func located(_ name: StaticString) -> Result<AbsolutePath, Failure> {
        Result { () throws(Failure) in
            let path = try Programs.find(name)
            do throws(TrustError) { _ = try Trust.openFile(path.description) } catch { throw Failure(error) }
            return path
        }
    }

    private static func show(_ examination: HostExamination, _ findings: [Finding], _ console: Console) {
        if let report = examination.report {
            var table = Columns("layer", "state")
            for layer in Layer.allCases {
                switch report[layer] {
                case .enforced: table.add(.init(layer.word), .init("enforced", .good))
                case .reduced(let why): table.add(.init(layer.word), .init("reduced: \(why.word)", .warning))
                case .missing(let why): table.add(.init(layer.word), .init("missing: \(why.word)", .warning))
                }
            }
            table.print(to: console)
            console.print()
        }
        if !examination.trials.isEmpty {
            var table = Columns("backend", "result")
            for trial in examination.trials {
                let isFull = trial.outcome == "full"
                table.add(.init(trial.backend), isFull ? .init(trial.outcome, .good) : .init(trial.outcome))
            }
            table.print(to: console)
            console.print()
        }
        for finding in findings {
            switch finding.severity {
            case .error: console.report(Failure(finding.sentence, hint: finding.hint))
            case .warning: console.warn(finding.sentence, hint: finding.hint)
            }
        }
        switch examination.tier {
        case .full:
            let weaker = Layer.allCases.filter { examination.report?[$0] != .enforced }.count
            console.print(
                weaker == 0
                    ? "this host can confine servers fully"
                    : "this host has every wall that --require-confinement full demands; \(weaker) of the other layers "
                        + "\(weaker == 1 ? "is" : "are") weaker than could be")
        case .bubblewrap: console.print("this host can confine servers fully through bubblewrap alone (backend bwrap)")
        case .reduced:
            console.print("this host can confine servers in part: doorward serve --require-confinement reduced")
        case .none: console.print("this host cannot confine servers")
        }
    }

    private static func document(
        _ examination: HostExamination, _ programs: [(StaticString, Result<AbsolutePath, Failure>)],
        _ findings: [Finding]
    ) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("backends")
        let trials = examination.trials.map { JSONEdit.putKey(Array($0.backend.utf8), .string($0.outcome)) }
        json.object(JSONTree(), .root, edits: trials)
        json.key("findings")
        json.beginArray()
        for finding in findings {
            json.beginObject()
            json.key("hint")
            json.string(finding.hint)
            json.key("sentence")
            json.string(finding.sentence)
            json.key("severity")
            json.string(finding.severity.rawValue)
            json.endObject()
        }
        json.endArray()
        json.key("landlockABI")
        json.unsigned(UInt64(examination.report?.landlockABI ?? 0))
        json.key("layers")
        var edits: [JSONEdit] = []
        if let report = examination.report {
            for layer in Layer.allCases {
                let word =
                    switch report[layer] {
                    case .enforced: "enforced"
                    case .reduced(let why): "reduced: \(why.word)"
                    case .missing(let why): "missing: \(why.word)"
                    }
                edits.append(.putKey(Array(layer.word.utf8), .string(word)))
            }
        }
        json.object(JSONTree(), .root, edits: edits)
        json.key("programs")
        edits = programs.map { name, path in
            switch path {
            case .success(let path): .put(name, .string(path.bytes))
            case .failure: .put(name, .null)
            }
        }
        json.object(JSONTree(), .root, edits: edits)
        json.key("tier")
        json.string(examination.tier.rawValue)
        json.endObject()
        return json.take()
    }
}

/// One thing that doctor has to say.
struct Finding: Equatable {
    enum Severity: String {
        case error
        case warning
    }
    let severity: Severity
    let sentence: String
    let hint: String

    init(_ severity: Severity, _ sentence: String, hint: String) {
        self.severity = severity
        self.sentence = sentence
        self.hint = hint
    }
}
