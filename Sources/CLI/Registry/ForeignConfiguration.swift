// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// One server as another client's configuration describes it.
struct ForeignServer {
    /// As it is called there.
    let title: [UInt8]
    var command: [UInt8] = []
    /// Of a server on the network, which has no command.
    var address: [UInt8]?
    var headers: [RemoteEntry.Header] = []
    var arguments: [[UInt8]] = []
    var environment: [EnvironmentEntry] = []
    var directory: [UInt8]?
    var isDisabled = false
    /// Members that are left out: what they mean to the other client means nothing here.
    var ignored: [String] = []

    /// The key under which it is registered here: lower case, everything else a dash. Nil if nothing is left.
    var name: ServerName? {
        var key: [UInt8] = []
        for byte in title.map({ $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }) {
            if byte.isLowerOrDigit {
                key.append(byte)
            } else if key.last != UInt8(ascii: "-"), !key.isEmpty {
                key.append(0x2D)
            }
        }
        key = Array(key.prefix(ServerName.maxBytes))
        while key.last == UInt8(ascii: "-") { key.removeLast() }
        return ServerName(key)
    }
}

/// Reads the servers of any client's configuration, with the shapes that clients have for them.
enum ForeignConfiguration {
    /// What one entry of the map turned out to be.
    enum Entry {
        case server(ForeignServer)
        /// Not something that can be registered, and why.
        case unusable(title: [UInt8], why: String)
    }

    /// Where clients keep their servers; the first that is there counts.
    private static let places: [[StaticString]] = [
        ["mcpServers"], ["servers"], ["mcp", "servers"], ["settings", "mcp", "servers"], ["context_servers"], ["mcp"],
        ["amp.mcpServers"], ["cody.mcpServers"], ["augment.advanced", "mcpServers"],
    ]

    /// - Throws: ``Failure`` if the file is no JSON (comments and trailing commas allowed), or holds no servers.
    static func read(_ bytes: [UInt8], _ path: AbsolutePath) throws(Failure) -> [Entry] {
        let tree = try CommentedJSON.read(TrailingCommas.blanked(bytes), path)
        var maps: [JSONNode] = []
        if let map = places.lazy.compactMap({ servers(tree, at: $0) }).first { maps.append(map) }
        // One client keeps servers of single projects beside those for all.
        if let projects = tree.member(.root, "projects"), tree.kind(projects) == .object {
            maps += tree.members(projects).compactMap { tree.member($0.value, "mcpServers") }
        }
        // A plugin's file is the map itself.
        if maps.isEmpty, isMap(tree, .root) { maps = [.root] }
        guard !maps.isEmpty else {
            throw Failure(
                "\(Visible.text(path.bytes)) holds no servers",
                hint: "it must have an object mcpServers, or servers as some editors write it")
        }
        return maps.flatMap { entries(tree, $0) }
    }

    private static func servers(_ tree: JSONTree, at place: [StaticString]) -> JSONNode? {
        var node: JSONNode? = .root
        for key in place { node = node.flatMap { tree.member($0, key) } }
        guard let node, tree.kind(node) == .object || tree.kind(node) == .array else { return nil }
        // `mcp` holds servers itself, or settings about them; a list without an object is none of servers.
        let isSure = place[0].description != "mcp" || place.count > 1
        let holdsObject =
            tree.kind(node) == .object
            ? tree.members(node).contains { tree.kind($0.value) == .object }
            : tree.elements(node).contains { tree.kind($0) == .object }
        return holdsObject || (isSure && tree.kind(node) == .object) ? node : nil
    }

    /// Whether every member describes a server.
    private static func isMap(_ tree: JSONTree, _ node: JSONNode) -> Bool {
        guard tree.kind(node) == .object, tree.count(node) > 0 else { return false }
        return tree.members(node).allSatisfy {
            (tree.member($0.value, "command") ?? tree.member($0.value, "url")) != nil
        }
    }

    /// The servers of a map by their keys, or of a list by what they call themselves.
    private static func entries(_ tree: JSONTree, _ node: JSONNode) -> [Entry] {
        guard tree.kind(node) == .array else {
            return tree.kind(node) == .object
                ? tree.members(node).map { entry(tree, tree.text($0.key) ?? [], $0.value) } : []
        }
        return tree.elements(node).map { element in
            guard tree.kind(element) == .object, let title = tree.member(element, "name").flatMap(tree.text) else {
                return .unusable(title: [], why: "it has no name")
            }
            return entry(tree, title, element, isListed: true)
        }
    }

    /// - Parameter isListed: its name stands inside it.
    private static func entry(_ tree: JSONTree, _ title: [UInt8], _ node: JSONNode, isListed: Bool = false) -> Entry {
        func unusable(_ why: String) -> Entry { .unusable(title: title, why: why) }
        guard tree.kind(node) == .object else { return unusable("it is not an object") }
        var server = ForeignServer(title: title)
        var environment: JSONNode?
        for (key, value) in tree.members(node) {
            let name = String(decoding: tree.text(key) ?? [], as: UTF8.self)
            switch name {
            case "command":
                guard let why = readCommand(tree, value, &server, &environment) else { continue }
                return unusable(why)
            case "args":
                guard let arguments = texts(tree, value) else { return unusable("its args are not a list of texts") }
                server.arguments += arguments
            case "env", "environment": environment = value
            case "cwd": server.directory = tree.text(value)
            case "type", "transport", "transportType":
                guard !tree.equals(value, "sse") else {
                    return unusable("its transport, sse, went out of use with revision 2025-03-26")
                }
                guard types.contains(where: { tree.equals(value, $0) }) else {
                    return unusable("its transport is not one that is spoken here")
                }
            case "url", "serverUrl", "httpUrl", "uri":
                guard let text = tree.text(value), server.address == nil else {
                    return unusable("its address is not one text")
                }
                server.address = text
            case "headers", "http_headers":
                guard let headers = headers(tree, value) else { return unusable("its headers cannot be sent") }
                server.headers = headers
            case "disabled": server.isDisabled = server.isDisabled || tree.bool(value) == true
            case "enabled", "active": server.isDisabled = server.isDisabled || tree.bool(value) == false
            case "name" where isListed: break
            default: server.ignored.append(Visible.text(name))
            }
        }
        guard server.command.isEmpty != (server.address == nil) else {
            return unusable(server.address == nil ? "it has no command" : "it has both a command and an address")
        }
        guard let variables = variables(tree, environment) else {
            return unusable("its environment is not an object of texts")
        }
        server.environment = variables
        let texts =
            [server.command, server.address ?? [], server.directory ?? []] + server.arguments
            + server.environment.map { plain($0.value) } + server.headers.map { plain($0.value) }
        for text in texts where holdsVariable(text) {
            return unusable(
                "\(Visible.quoted(text)) holds a variable that only its own client fills in; write the value there first"
            )
        }
        guard server.name != nil else {
            return unusable("no name can be made of it: lower-case letters, digits and dashes")
        }
        return .server(server)
    }

    /// A text, a whole command line as a list, or an object with path, args and env. The result says what is wrong.
    private static func readCommand(
        _ tree: JSONTree, _ value: JSONNode, _ server: inout ForeignServer, _ environment: inout JSONNode?
    ) -> String? {
        switch tree.kind(value) {
        case .string: server.command = tree.text(value) ?? []
        case .array:
            guard let words = texts(tree, value), let first = words.first else {
                return "its command is not a list of texts"
            }
            server.command = first
            server.arguments = Array(words.dropFirst()) + server.arguments
        case .object:
            server.command = tree.member(value, "path").flatMap(tree.text) ?? []
            if let arguments = tree.member(value, "args") {
                guard let words = texts(tree, arguments) else { return "its args are not a list of texts" }
                server.arguments = words
            }
            environment = tree.member(value, "env") ?? environment
        case .null, .bool, .number: return "its command is not a text"
        }
        return nil
    }

    private static func texts(_ tree: JSONTree, _ node: JSONNode) -> [[UInt8]]? {
        guard tree.kind(node) == .array else { return nil }
        let texts = tree.elements(node).map { tree.text($0) }
        let known = texts.compactMap { $0 }
        return known.count == texts.count ? known : nil
    }

    private static func variables(_ tree: JSONTree, _ node: JSONNode?) -> [EnvironmentEntry]? {
        guard let node, tree.kind(node) != .null else { return [] }
        guard tree.kind(node) == .object else { return nil }
        var variables: [EnvironmentEntry] = []
        for (key, value) in tree.members(node) {
            guard let name = tree.text(key), EnvironmentEntry.isName(name), let text = tree.text(value) else {
                return nil
            }
            variables.append(EnvironmentEntry(name: name, value: .plain(text)))
        }
        return variables
    }

    private static let types = [
        "stdio", "local", "custom", "http", "remote", "streamable-http", "streamable_http", "streamableHttp",
    ]

    private static func headers(_ tree: JSONTree, _ node: JSONNode) -> [RemoteEntry.Header]? {
        guard tree.kind(node) == .object, tree.count(node) <= HeaderLine.maxCount else { return nil }
        var headers: [RemoteEntry.Header] = []
        for (key, value) in tree.members(node) {
            guard let name = tree.text(key), HeaderLine.isSettable(name), let text = tree.text(value),
                HeaderLine.isValue(text)
            else { return nil }
            headers.append(RemoteEntry.Header(name: name, value: .plain(text)))
        }
        return headers
    }

    private static func plain(_ value: EnvironmentValue) -> [UInt8] {
        switch value {
        case .plain(let text): text
        case .file, .keyring: []
        }
    }

    /// `${NAME}` and `{env:NAME}` anywhere, or `$NAME` alone.
    private static func holdsVariable(_ text: [UInt8]) -> Bool {
        for mark in ["${", "{env:", "{file:"] {
            let mark = Array(mark.utf8)
            if text.indices.contains(where: { text[$0...].starts(with: mark) }) { return true }
        }
        return text.first == UInt8(ascii: "$") && EnvironmentEntry.isName(Array(text.dropFirst()))
    }
}
