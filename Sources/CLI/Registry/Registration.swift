// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Shows an entry, asks, and adds it to the configuration.
struct Registration {
    private let places: Places
    private let arguments: ParsedArguments
    private let console: Console

    init(_ places: Places, _ arguments: ParsedArguments, _ console: Console) {
        self.places = places
        self.arguments = arguments
        self.console = console
    }

    /// The dangers that `--accept` names.
    static func accepted(_ arguments: ParsedArguments) throws(Failure) -> [Danger] {
        var dangers: [Danger] = []
        for word in arguments.list(.accept) {
            guard let danger = Danger(word: word) else {
                let known = Danger.allCases.map(\.word.description)
                let near = Suggestion.nearest(String(decoding: word, as: UTF8.self), among: known)
                throw Failure(
                    "--accept \(Visible.quoted(word)) is not a danger",
                    hint: near.map { "did you mean \($0)?" } ?? "one of: \(known.joined(separator: ", "))",
                    status: .usage)
            }
            if !dangers.contains(danger) { dangers.append(danger) }
        }
        return dangers
    }

    /// Shows the entry with everything that was found, and adds it after a yes.
    ///
    /// - Parameter ignored: members of another client's configuration that are left out.
    /// - Returns: done, declined, or dangerous; what was refused is told.
    func offer(_ draft: EntryDraft, ignored: [String]) throws(Failure) -> ExitStatus {
        var entry = draft.entry
        if let file = try ConfigurationFile.read(places.configuration), file.entry(entry.name) != nil {
            throw Failure(
                "\(entry.name) is registered already",
                hint: "doorward registry remove \(entry.name), or choose another name")
        }
        let started = try entry.started()
        let resolution: Resolution
        do throws(ResolutionFault) {
            resolution = try Resolution.resolve(started, home: Places.home(console))
            try EntryReport.print(entry, resolution, notes: draft.notes, ignored: ignored, to: console)
        } catch { throw Failure("\(entry.name): \(error.sentence)", hint: error.hint) }
        let open = resolution.dangers.filter { $0.isFatal || !entry.accepted.contains($0.danger) }
        guard open.isEmpty else {
            for danger in open { console.report(Failure("\(entry.name): \(danger.sentence)")) }
            console.hints(about: open) { "--accept \($0.joined(separator: ","))" }
            return .dangerous
        }
        // Only what was found is recorded: an acceptance in reserve would hide what comes later.
        entry.accepted = entry.accepted.filter { danger in resolution.dangers.contains { $0.danger == danger } }
        let question = "add \(entry.name) to \(Visible.text(places.configuration.bytes))?"
        guard try console.confirm(question, unless: arguments.has(.yes)) else {
            console.say("\(entry.name) was not added")
            return .declined
        }
        try add(entry)
        console.print("added \(entry.name)")
        return .done
    }

    private func add(_ entry: ServerEntry) throws(Failure) {
        let read = try ConfigurationFile.read(places.configuration)
        let file = if let read { read } else { try ConfigurationFile(places.configuration, ConfigurationEdit.template) }
        let new = try ConfigurationEdit.adding(entry.name, EntryText(entry), to: file)
        try PrivateFiles.write(places.configuration, new.bytes)
    }
}
