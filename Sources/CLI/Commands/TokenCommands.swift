// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import StrictJSON

/// `doorward token …`
enum TokenCommands {
    /// Thirty days, in seconds.
    private static let standardLife: UInt64 = 30 * 86_400

    static func issue(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        guard let client = try arguments.value(.client).map(client) else {
            throw usage("doorward token issue needs --client NAME", hint: "doorward help token issue")
        }
        var servers: [ServerName]?
        if arguments.has(.servers) {
            servers = []
            for name in arguments.list(.servers) { servers?.append(try server(name)) }
            if servers?.isEmpty ?? true {
                throw usage("--servers names no server", hint: "leave it out for all servers")
            }
        }
        var listener: ListenerName?
        if let name = arguments.value(.listener) {
            listener = ListenerName(name)
            if listener == nil { throw usage("\(Visible.quoted(name)) is not a listener's name") }
        }
        let life = try life(arguments) ?? standardLife
        let places = try Places(arguments, console)
        let answer = try Administrator.with(places, arguments) { broker throws(Failure) in
            try broker.ask(.issueToken(client: client, servers: servers, listener: listener, lifeSeconds: life))
        }
        return show(answer, arguments, console)
    }

    static func rotate(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let selector = try selector(arguments)
        // Zero asks for as long as the old one.
        let life = try life(arguments) ?? 0
        let places = try Places(arguments, console)
        let answer = try Administrator.with(places, arguments) { broker throws(Failure) in
            try broker.ask(.rotateToken(selector: selector, lifeSeconds: life))
        }
        return show(answer, arguments, console)
    }

    static func revoke(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let selector = try selector(arguments)
        let places = try Places(arguments, console)
        let answer = try Administrator.with(places, arguments) { broker throws(Failure) in
            try broker.ask(.revokeTokens(selector: selector))
        }
        if arguments.has(.json) {
            console.print(document: answer)
        } else {
            for id in texts(answer, .root, "revoked") { console.print("revoked \(id)") }
        }
        return .done
    }

    static func list(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        let answer = try Administrator.with(places, arguments) { broker throws(Failure) in try broker.ask(.listTokens) }
        if arguments.has(.json) {
            console.print(document: answer)
            return .done
        }
        var table = Columns("id", "client", "listener", "servers", "issued", "state")
        let now = answer.unsigned(.root, "now") ?? 0
        for token in answer.member(.root, "tokens").map({ Array(answer.elements($0)) }) ?? [] {
            let servers =
                answer.member(token, "servers") == nil ? "all" : texts(answer, token, "servers").joined(separator: ", ")
            table.add(
                .init(answer.shown(token, "id")), .init(answer.shown(token, "client")),
                .init(answer.shown(token, "listener")),
                .init(servers), .init(Moments.text(answer.unsigned(token, "issued") ?? 0)), state(answer, token, now))
        }
        if table.isEmpty {
            console.say("there are no tokens")
        } else {
            table.print(to: console)
        }
        return .done
    }

    private static func state(_ tree: JSONTree, _ token: JSONNode, _ now: UInt64) -> Columns.Cell {
        if let revoked = tree.unsigned(token, "revoked") { return .init("revoked \(Moments.text(revoked))", .dim) }
        let expires = tree.unsigned(token, "expires") ?? 0
        return expires <= now
            ? .init("expired \(Moments.text(expires))", .dim) : .init("valid for \(Moments.span(expires - now))", .good)
    }

    /// The token alone on standard output; about it, only to a person.
    private static func show(_ answer: JSONTree, _ arguments: ParsedArguments, _ console: Console) -> ExitStatus {
        if arguments.has(.json) {
            console.print(document: answer)
            return .done
        }
        console.print(answer.shown(.root, "token"))
        if console.errors.isTerminal, let record = answer.member(.root, "record") {
            let servers =
                answer.member(record, "servers") == nil
                ? "all servers" : texts(answer, record, "servers").joined(separator: ", ")
            console.say(
                "token \(answer.shown(record, "id")) for \(answer.shown(record, "client")): \(servers), until "
                    + Moments.text(answer.unsigned(record, "expires") ?? 0))
            console.say("it is not kept and cannot be shown again; send it as Authorization: Bearer TOKEN")
        }
        return .done
    }

    private static func life(_ arguments: ParsedArguments) throws(Failure) -> UInt64? {
        guard let text = arguments.value(.ttl) else { return nil }
        guard let milliseconds = Units.milliseconds(text), milliseconds >= 1000 else {
            throw usage("--ttl \(Visible.quoted(text)) is not a span of time", hint: "such as 90s, 10m, 1h or 30d")
        }
        return milliseconds / 1000
    }

    private static func selector(_ arguments: ParsedArguments) throws(Failure) -> [UInt8] {
        let selector = arguments.operands[0]
        guard selector.count <= Caps.name else {
            throw usage("\(Visible.quoted(selector)) is neither a token's id nor a client")
        }
        return selector
    }

    private static func client(_ text: [UInt8]) throws(Failure) -> ClientName {
        guard let client = ClientName(text) else {
            throw usage(
                "\(Visible.quoted(text)) is not a client's name",
                hint: "lower-case letters, digits, dots, dashes and _, at most 64")
        }
        return client
    }

    private static func server(_ text: [UInt8]) throws(Failure) -> ServerName {
        guard let server = ServerName(text) else { throw usage("\(Visible.quoted(text)) is not a server's name") }
        return server
    }

    private static func texts(_ tree: JSONTree, _ node: JSONNode, _ key: StaticString) -> [String] {
        tree.shownList(node, key)
    }

    private static func usage(_ sentence: String, hint: String = "") -> Failure {
        Failure(sentence, hint: hint, status: .usage)
    }
}
