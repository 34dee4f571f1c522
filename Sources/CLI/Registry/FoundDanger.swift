// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// One danger of an entry, with what shows it.
struct FoundDanger: Equatable {
    let danger: Danger
    /// The argument, variable or path at fault.
    let subject: [UInt8]
    /// More than the danger's own sentence says; empty if there is no more.
    let detail: String
    /// No acceptance helps: such a server would never be started.
    let isFatal: Bool

    /// `inline-code: an argument is code that the program runs: "-c"`.
    var sentence: String {
        "\(danger.word): \(danger.sentence): \(Visible.quoted(subject))" + (detail.isEmpty ? "" : " (\(detail))")
    }
}

extension Console {
    /// What is better than these dangers, each once, and then how to accept those that can be.
    ///
    /// - Parameter acceptance: the sentence, made of the words.
    func hints(about dangers: [FoundDanger], acceptance: ([String]) -> String) {
        var seen: [Danger] = []
        for danger in dangers where !seen.contains(danger.danger) {
            seen.append(danger.danger)
            hint("\(danger.danger.word): better: \(danger.danger.advice)")
        }
        let words = seen.filter { kind in dangers.contains { $0.danger == kind && !$0.isFatal } }.map { "\($0.word)" }
        if !words.isEmpty { hint("if it is what you want: " + acceptance(words)) }
    }
}

/// Dangers, each once.
struct DangerList {
    private(set) var all: [FoundDanger] = []

    mutating func add(_ findings: [DangerFinding]) {
        for finding in findings {
            add(FoundDanger(danger: finding.danger, subject: finding.subject, detail: "", isFatal: false))
        }
    }

    /// A place that others can change.
    mutating func add(_ path: AbsolutePath, _ distrust: TrustError?, isFatal: Bool) {
        guard let distrust else { return }
        let what = distrust.place == path.description ? "" : "\(Visible.text(distrust.place)): "
        let detail = "\(what)\(distrust.reason.rawValue); \(distrust.reason.hint)"
        add(
            FoundDanger(
                danger: .writablePlace, subject: path.bytes,
                detail: isFatal ? detail + "; this cannot be accepted, it would not be started" : detail,
                isFatal: isFatal))
    }

    private mutating func add(_ danger: FoundDanger) {
        if !all.contains(where: { $0.danger == danger.danger && $0.subject == danger.subject }) { all.append(danger) }
    }
}

/// Directories that others can change.
enum WritablePlaces {
    /// Why the directory's contents can be changed by others; nil if they cannot.
    static func distrust(_ directory: AbsolutePath) throws(ResolutionFault) -> TrustError? {
        let real = try Links.follow(directory).path
        do throws(TrustError) {
            _ = try Trust.openDirectory(real.description)
        } catch { return ProgramFile.isAboutWriters(error.reason) ? error : nil }
        return nil
    }
}
