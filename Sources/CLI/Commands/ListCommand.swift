// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// `doorward registry list`
enum ListCommand {
    private struct Row {
        let name: ServerName
        let entry: ServerEntry?
        let sealed: SealedServer?
        /// The sealed registry was made from the configuration as it is.
        let isCurrent: Bool
    }

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        let file = try ConfigurationFile.read(places.configuration)
        let sealed = try SealedFile.read(places)
        let isCurrent = sealed?.registry.source == (file?.digest ?? ConfigurationFile.digest([]))
        let rows = rows(file, sealed, isCurrent)
        if arguments.has(.json) {
            console.print(document: document(rows))
            return .done
        }
        guard !rows.isEmpty else {
            console.say("no server is registered")
            console.hint("doorward registry add NAME -- CMD, or doorward registry import FILE")
            return .done
        }
        var table = Columns("server", "sealed", "reviewed", "tools", "network", "accepted", "runs")
        for row in rows { table.add(cells: cells(row)) }
        table.print(to: console)
        if !isCurrent {
            console.warn("the configuration has changes that are not sealed", hint: "doorward registry seal")
        }
        return .done
    }

    private static func rows(_ file: ConfigurationFile?, _ sealed: SealedFile?, _ isCurrent: Bool) -> [Row] {
        var rows = (file?.configuration.servers ?? []).map {
            Row(name: $0.name, entry: $0, sealed: sealed?.registry.server($0.name), isCurrent: isCurrent)
        }
        for server in sealed?.registry.servers ?? [] where !rows.contains(where: { $0.name == server.name }) {
            rows.append(Row(name: server.name, entry: nil, sealed: server, isCurrent: isCurrent))
        }
        return rows
    }

    private static func cells(_ row: Row) -> [Columns.Cell] {
        let state: Columns.Cell
        switch (row.entry, row.sealed) {
        case (nil, _): state = .init("removed, still sealed", .warning)
        case (let entry?, nil): state = entry.isDisabled ? .init("disabled", .dim) : .init("no", .warning)
        case (_?, _?): state = .init("yes", .good)
        }
        let review = row.sealed?.review
        let reviewed: Columns.Cell =
            review.map { .init(Moments.text($0.reviewedAt)) } ?? .init("no", row.sealed == nil ? .dim : .warning)
        let line =
            row.entry?.remote.map { [Visible.quoted($0.address.text)] } ?? row.sealed.map {
                $0.arguments.map { shown($0) }
            } ?? row.entry.map {
                ([$0.command] + $0.arguments).map { Visible.quoted($0) }
            }
            ?? []
        return [
            .init("\(row.name)", .bold), state, reviewed, .init(review.map { "\($0.tools.count)" } ?? ""),
            network(row),
            .init(
                (row.sealed?.accepted ?? row.entry?.accepted ?? []).map { "\($0.word)" }.joined(separator: ", "),
                .warning),
            .init(line.joined(separator: " ")),
        ]
    }

    /// What is sealed, since that is what holds. A granted port of this host stands out.
    private static func network(_ row: Row) -> Columns.Cell {
        guard let network = row.sealed?.network ?? row.entry?.traits.network else { return .init("") }
        return .init("\(network)", network.localPorts.isEmpty ? (network.isNone ? .dim : nil) : .warning)
    }

    private static func shown(_ argument: SealedArgument) -> String {
        switch argument {
        case .fixed(let text): Visible.quoted(text)
        case .chosen(let name): "${\(name)}"
        }
    }

    private static func document(_ rows: [Row]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("servers")
        json.beginArray()
        for row in rows { write(row, &json) }
        json.endArray()
        json.endObject()
        return json.take()
    }

    private static func write(_ row: Row, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("accepted")
        json.beginArray()
        for danger in row.sealed?.accepted ?? row.entry?.accepted ?? [] { json.string(danger.word) }
        json.endArray()
        json.key("arguments")
        json.beginArray()
        for argument in row.entry?.arguments ?? [] { json.string(argument) }
        json.endArray()
        json.key("command")
        if let entry = row.entry, entry.remote == nil { json.string(entry.command) } else { json.null() }
        json.key("executable")
        if let sealed = row.sealed { json.string(sealed.executable.path.bytes) } else { json.null() }
        json.key("isCurrent")
        json.bool(row.isCurrent)
        json.key("isDisabled")
        json.bool(row.entry?.isDisabled ?? false)
        json.key("isSealed")
        json.bool(row.sealed != nil)
        json.key("name")
        json.string(row.name.bytes)
        json.key("network")
        (row.sealed?.network ?? row.entry?.traits.network ?? .none).write(&json)
        json.key("profile")
        if let profile = row.sealed?.profile ?? row.entry?.traits.profile {
            json.string(profile.bytes)
        } else {
            json.null()
        }
        json.key("reviewedAt")
        if let review = row.sealed?.review { json.unsigned(review.reviewedAt) } else { json.null() }
        json.key("sha256")
        if let sealed = row.sealed { json.string(sealed.executable.digest.hex) } else { json.null() }
        json.key("tools")
        json.beginArray()
        for tool in row.sealed?.review?.tools ?? [] {
            json.beginObject()
            json.key("class")
            json.string(tool.risk.word)
            json.key("name")
            json.string(tool.name.bytes)
            json.endObject()
        }
        json.endArray()
        json.key("url")
        if let remote = row.entry?.remote { json.string(remote.address.text) } else { json.null() }
        json.endObject()
    }
}
