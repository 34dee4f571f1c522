// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// `doorward registry seal`
enum SealCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        if arguments.has(.check) {
            let old = try readOld(places, console)
            let plan = try plan(places, old, console)
            show(plan, arguments, console, digest: old?.digest, isAdopted: nil, isDone: false)
            return plan.isChanged ? .failed : .done
        }
        let lock = try ChangeLock(places.registry)
        let old = try readOld(places, console)
        let plan = try plan(places, old, console)
        let digest = plan.isChanged ? try SealedFile.write(plan.registry, places) : old?.digest
        // Asked even where nothing changed: the broker may hold an older one.
        let isAdopted = try ReloadCommand.adopt(places) != nil
        show(plan, arguments, console, digest: digest, isAdopted: isAdopted ? true : nil, isDone: true)
        _ = consume lock
        return .done
    }

    /// - Throws: ``Failure`` with all that is wrong; dangers with status 7.
    static func plan(_ places: Places, _ old: SealedFile?, _ console: Console) throws(Failure) -> Sealing {
        let file = try ConfigurationFile.read(places.configuration)
        if file == nil {
            console.warn("there is no \(Visible.text(places.configuration.bytes)), so no server is sealed")
        }
        do throws(SealFailure) {
            return try Sealing.plan(file, places, old: old, home: Places.home(console), now: Now.seconds)
        } catch {
            switch error {
            case .failure(let failure): throw failure
            case .refusal(let refusal): throw report(refusal, console)
            }
        }
    }

    /// What is sealed now. A file that is not believed is told of and replaced: sealing is the way to mend it.
    private static func readOld(_ places: Places, _ console: Console) throws(Failure) -> SealedFile? {
        do throws(Failure) { return try SealedFile.read(places) } catch {
            guard error.status == .sealNotBelieved else { throw error }
            console.warn("\(error.sentence); it is made anew")
            return nil
        }
    }

    /// Tells everything that stands in the way; the last of it is the failure.
    private static func report(_ refusal: Sealing.Refusal, _ console: Console) -> Failure {
        for (name, fault) in refusal.faults {
            console.report(Failure("\(name): \(fault.sentence)", hint: fault.hint))
        }
        for (name, dangers) in refusal.dangers {
            for danger in dangers { console.report(Failure("\(name): \(danger.sentence)")) }
            console.hints(about: dangers) { words in
                "add to the entry \(name): \"accept\": [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]"
            }
        }
        let names = refusal.faults.map(\.name) + refusal.dangers.map(\.name)
        return Failure(
            "nothing was sealed, because of \(names.map(\.description).joined(separator: ", "))",
            hint: "correct the entries, or switch them off: \"disabled\": true",
            status: refusal.dangers.isEmpty ? .failed : .dangerous)
    }

    private static func show(
        _ plan: Sealing, _ arguments: ParsedArguments, _ console: Console, digest: Digest?, isAdopted: Bool?,
        isDone: Bool
    ) {
        for warning in plan.warnings { console.warn(warning) }
        if arguments.has(.json) {
            console.print(document: document(plan, digest: digest, isAdopted: isAdopted))
            return
        }
        for (name, change) in plan.changes where change != .same { console.print("\(name): \(words(change))") }
        let count = plan.registry.servers.count
        let servers = Counts.text(count, "server")
        if !plan.isChanged {
            console.print("nothing changes; \(servers) are sealed".replacingOne(count, "are", "is"))
        } else if isDone {
            console.print("sealed \(servers)" + (isAdopted == true ? ", and the running doorward has adopted it" : ""))
        } else {
            console.print("sealing would change this")
        }
        for server in plan.registry.servers where server.review == nil && isDone {
            console.hint("nobody has reviewed what \(server.name) offers: doorward registry review \(server.name)")
        }
    }

    private static func words(_ change: Sealing.Change) -> String {
        switch change {
        case .added: "new"
        case .removed: "removed"
        case .changed: "changed"
        case .same: "as it was"
        case .reviewDropped: "its review no longer counts"
        case .reviewed: "with another review"
        }
    }

    private static func document(_ plan: Sealing, digest: Digest?, isAdopted: Bool?) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("adopted")
        if let isAdopted { json.bool(isAdopted) } else { json.null() }
        json.key("changed")
        json.bool(plan.isChanged)
        json.key("digest")
        if let digest { json.string(digest.hex) } else { json.null() }
        json.key("servers")
        json.beginObject()
        for (name, change) in plan.changes {
            json.key(name.bytes)
            json.string(change.rawValue)
        }
        json.endObject()
        json.endObject()
        return json.take()
    }
}

extension String {
    /// The text with the first such word replaced where there is one of something.
    fileprivate func replacingOne(_ count: Int, _ word: String, _ other: String) -> String {
        guard count == 1 else { return self }
        return split(separator: " ").map { $0 == word ? other : String($0) }.joined(separator: " ")
    }
}
