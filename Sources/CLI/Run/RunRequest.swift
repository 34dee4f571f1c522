// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// What a command line of `doorward run` asks for, before anything is looked at.
struct RunRequest: Equatable {
    enum SecretSource: Equatable {
        case file(AbsolutePath)
        case keyring([UInt8])
    }

    struct Secret: Equatable {
        let name: [UInt8]
        let source: SecretSource
    }

    enum Limit: Equatable {
        case processes(UInt32)
        case memory(UInt64)
        case openFiles(UInt32)
        case time(milliseconds: UInt64)
        case disk(UInt64)
    }

    let profile: ProfileName
    let reads: [AbsolutePath]
    let writes: [AbsolutePath]
    /// Behind those of the profile.
    let rules: [EgressRule]
    /// A name with its value, or with nil for that of the caller's environment.
    let environment: [(name: [UInt8], value: [UInt8]?)]
    let secrets: [Secret]
    let limits: [Limit]
    let directory: AbsolutePath?
    let accepted: [Danger]
    let command: [[UInt8]]

    static func == (left: RunRequest, right: RunRequest) -> Bool {
        left.profile == right.profile && left.reads == right.reads && left.writes == right.writes
            && left.rules == right.rules && left.environment.elementsEqual(right.environment, by: ==)
            && left.secrets == right.secrets && left.limits == right.limits && left.directory == right.directory
            && left.accepted == right.accepted && left.command == right.command
    }

    /// - Throws: ``Failure`` with status 2, which names the option.
    init(_ arguments: ParsedArguments) throws(Failure) {
        let name = arguments.value(.profile) ?? Array(ProfileBase.agent.word.utf8)
        guard let profile = ProfileName(name) else {
            throw Self.usage(
                "--profile \(Visible.quoted(name)) is not a profile's name", "doorward run --profile agent")
        }
        self.profile = profile
        reads = try Self.paths(arguments.values(.read))
        writes = try Self.paths(arguments.values(.write))
        rules = try Self.hosts(arguments.values(.allowHost)) + Self.ports(arguments.values(.allowLocal))
        environment = try Self.variables(arguments.values(.env))
        secrets = try Self.secrets(arguments.values(.secret))
        limits = try Self.limits(arguments.values(.limit))
        directory = try arguments.value(.chdir).map { text throws(Failure) in try Paths.absolute(text) }
        accepted = try Registration.accepted(arguments)
        command = arguments.rest
        guard let first = command.first, !first.isEmpty else { throw Self.usage("the command is empty", "") }
        guard !arguments.has(.json) || arguments.has(.explain) else {
            throw Self.usage("--json goes with --explain", "a run prints what its command prints")
        }
    }

    private static func usage(_ sentence: String, _ hint: String) -> Failure {
        Failure(sentence, hint: hint, status: .usage)
    }

    private static func paths(_ texts: [[UInt8]]) throws(Failure) -> [AbsolutePath] {
        var paths: [AbsolutePath] = []
        for text in texts {
            // A shell replaces a tilde at the start of a word; whoever quotes it means a file of that name.
            if text.first == UInt8(ascii: "~") {
                throw usage(
                    "\(Visible.quoted(text)) begins with a tilde, which only a shell replaces",
                    "leave the quotes out, or write ./\(Visible.text(text)) for a file of that name")
            }
            if text.isEmpty { throw usage("a granted path is empty", "give the path of a file or directory") }
            paths.append(try Paths.absolute(text))
        }
        return paths
    }

    /// `HOST:PORT`.
    private static func hosts(_ texts: [[UInt8]]) throws(Failure) -> [EgressRule] {
        var rules: [EgressRule] = []
        for text in texts {
            guard let colon = text.lastIndex(of: UInt8(ascii: ":")), let port = port(text[(colon + 1)...]),
                let host = HostPattern(Array(text[..<colon]))
            else {
                throw usage(
                    "--allow-host \(Visible.quoted(text)) is not HOST:PORT",
                    "such as api.example.com:443, *.example.com:443 or [2001:db8::1]:443")
            }
            let remote = EgressRule.Remote(host: host, ports: [port])
            if let fault = remote.fault {
                throw usage(
                    "--allow-host \(Visible.quoted(text)) \(fault)",
                    "--allow-local PORT grants one port of this machine")
            }
            rules.append(EgressRule(name: "--allow-host \(Visible.text(text))", matter: .remote(remote)))
        }
        return rules
    }

    private static func ports(_ texts: [[UInt8]]) throws(Failure) -> [EgressRule] {
        var rules: [EgressRule] = []
        for text in texts {
            guard let port = port(text[...]) else {
                throw usage("--allow-local \(Visible.quoted(text)) is not a TCP port", "such as 5432")
            }
            rules.append(EgressRule(name: "--allow-local \(port)", matter: .local(port: port)))
        }
        return rules
    }

    private static func port(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...5).contains(text.count), text.first != UInt8(ascii: "0"),
            text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        return UInt16(exactly: text.reduce(0) { $0 * 10 + UInt32($1 - 0x30) })
    }

    private static func variables(_ texts: [[UInt8]]) throws(Failure) -> [(name: [UInt8], value: [UInt8]?)] {
        var variables: [(name: [UInt8], value: [UInt8]?)] = []
        for text in texts {
            let name = Array(text.prefix { $0 != UInt8(ascii: "=") })
            guard EnvironmentEntry.isName(name), !variables.contains(where: { $0.name == name }) else {
                throw usage("--env \(Visible.quoted(name)) is not a variable's name, or stands twice", "NAME=VALUE")
            }
            variables.append((name, name.count < text.count ? Array(text.dropFirst(name.count + 1)) : nil))
        }
        return variables
    }

    private static func secrets(_ texts: [[UInt8]]) throws(Failure) -> [Secret] {
        var secrets: [Secret] = []
        for text in texts {
            let name = Array(text.prefix { $0 != UInt8(ascii: "=") })
            let rest = text.dropFirst(name.count + 1)
            let source: SecretSource
            if rest.starts(with: "file:".utf8), rest.count > 5 {
                source = .file(try Paths.absolute(Array(rest.dropFirst(5))))
            } else if rest.starts(with: "keyring:".utf8), rest.count > 8 {
                source = .keyring(Array(rest.dropFirst(8)))
            } else {
                // Its value may stand there, so nothing of it is repeated.
                throw usage("--secret is not NAME=file:PATH or NAME=keyring:DESCRIPTION", "never NAME=VALUE")
            }
            guard EnvironmentEntry.isName(name), !secrets.contains(where: { $0.name == name }) else {
                throw usage("--secret \(Visible.quoted(name)) is not a name, or stands twice", "NAME=file:PATH")
            }
            secrets.append(Secret(name: name, source: source))
        }
        guard secrets.count <= maxSecrets else {
            throw usage("there are more than \(maxSecrets) secrets", "put what belongs together into one file")
        }
        return secrets
    }

    /// Descriptors that are passed on besides a browser's two.
    static let maxSecrets = 8

    private static func limits(_ texts: [[UInt8]]) throws(Failure) -> [Limit] {
        var limits: [Limit] = []
        var names: [[UInt8]] = []
        for text in texts {
            let name = Array(text.prefix { $0 != UInt8(ascii: "=") })
            guard !names.contains(name) else { throw usage("--limit \(Visible.quoted(name)) stands twice", "") }
            names.append(name)
            limits.append(try limit(name, Array(text.dropFirst(name.count + 1)), text))
        }
        return limits
    }

    private static func limit(_ name: [UInt8], _ value: [UInt8], _ text: [UInt8]) throws(Failure) -> Limit {
        let shown = Visible.quoted(text)
        switch String(decoding: name, as: UTF8.self) {
        case "processes":
            guard let count = count(value, 1...65_536) else { throw usage("--limit \(shown) is no number", "64") }
            return .processes(count)
        case "open-files":
            guard let count = count(value, 16...1_048_576) else { throw usage("--limit \(shown) is no number", "256") }
            return .openFiles(count)
        case "memory":
            guard let bytes = Units.bytes(value), bytes >= 16 << 20 else {
                throw usage("--limit \(shown) is no size of at least 16M", "such as memory=512M or memory=2G")
            }
            return .memory(bytes)
        case "disk":
            guard let bytes = Units.bytes(value), bytes >= 1 << 20 else {
                throw usage("--limit \(shown) is no size of at least 1M", "such as disk=500M")
            }
            return .disk(bytes)
        case "time":
            guard let milliseconds = Units.milliseconds(value) else {
                throw usage("--limit \(shown) is no span of time", "such as time=30s or time=10m")
            }
            return .time(milliseconds: milliseconds)
        case let word:
            let known = ["processes", "memory", "open-files", "time", "disk"]
            let near = Suggestion.nearest(word, among: known)
            throw usage(
                "--limit \(shown) limits nothing that there is",
                near.map { "did you mean \($0)?" } ?? "one of: \(known.joined(separator: ", "))")
        }
    }

    private static func count(_ text: [UInt8], _ range: ClosedRange<UInt32>) -> UInt32? {
        guard (1...7).contains(text.count), text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let number = text.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
        return range.contains(number) ? number : nil
    }
}
