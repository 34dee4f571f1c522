// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// One server's entry as text for `doorward.json`: one member per line, two spaces for each level.
struct EntryText {
    private var members: [(key: StaticString, value: [UInt8])] = []

    /// An entry as import and add make it.
    init(_ entry: ServerEntry) {
        if let remote = entry.remote {
            put("type", CanonicalJSON.string("http").bytes)
            put("url", CanonicalJSON.string(remote.address.text).bytes)
            if !remote.headers.isEmpty { put("headers", Self.values(remote.headers.map { ($0.name, $0.value) })) }
            if let path = remote.certificates { put("certificates", CanonicalJSON.string(path.bytes).bytes) }
        } else {
            put("command", CanonicalJSON.string(entry.command).bytes)
        }
        if !entry.arguments.isEmpty { put("args", Self.list(entry.arguments)) }
        if !entry.environment.isEmpty { put("env", Self.values(entry.environment.map { ($0.name, $0.value) })) }
        if let directory = entry.directory { put("cwd", CanonicalJSON.string(directory.bytes).bytes) }
        if !entry.reads.isEmpty { put("read", Self.list(entry.reads.map(\.bytes))) }
        if !entry.writes.isEmpty { put("write", Self.list(entry.writes.map(\.bytes))) }
        switch entry.traits.process {
        case .perCaller: break
        case .shared: put("shared", Array("true".utf8))
        case .perCall: put("process", CanonicalJSON.string(Array(entry.traits.process.word.description.utf8)).bytes)
        }
        if entry.isDisabled { put("disabled", Array("true".utf8)) }
        if !entry.accepted.isEmpty { put("accept", Self.list(entry.accepted.map { Array($0.word.description.utf8) })) }
    }

    /// The value, line by line.
    func lines() -> [[UInt8]] {
        var lines = [[UInt8(ascii: "{")]]
        for (index, member) in members.enumerated() {
            let comma: [UInt8] = index + 1 < members.count ? [UInt8(ascii: ",")] : []
            lines.append(Array("  \"\(member.key)\": ".utf8) + member.value + comma)
        }
        lines.append([UInt8(ascii: "}")])
        return lines
    }

    /// An object that holds this entry alone.
    static func wrapping(_ name: ServerName, _ entry: EntryText) -> [[UInt8]] {
        let inner = entry.lines()
        var lines = [[UInt8(ascii: "{")]]
        for (index, line) in inner.enumerated() {
            let key = index == 0 ? CanonicalJSON.string(name.bytes).bytes + Array(": ".utf8) : []
            lines.append([0x20, 0x20] + key + line)
        }
        lines.append([UInt8(ascii: "}")])
        return lines
    }

    private mutating func put(_ key: StaticString, _ value: [UInt8]) { members.append((key, value)) }

    private static func list(_ texts: [[UInt8]]) -> [UInt8] {
        let parts = texts.map { CanonicalJSON.string($0).bytes }
        return [UInt8(ascii: "[")] + parts.joined(separator: Array(", ".utf8)) + [UInt8(ascii: "]")]
    }

    private static func values(_ entries: [(name: [UInt8], value: EnvironmentValue)]) -> [UInt8] {
        var parts: [[UInt8]] = []
        for entry in entries {
            let value: [UInt8] =
                switch entry.value {
                case .plain(let text): CanonicalJSON.string(text).bytes
                case .file(let path):
                    Array("{\"file\": ".utf8) + CanonicalJSON.string(path.bytes).bytes + [UInt8(ascii: "}")]
                case .keyring(let key):
                    Array("{\"keyring\": ".utf8) + CanonicalJSON.string(key).bytes + [UInt8(ascii: "}")]
                }
            parts.append(CanonicalJSON.string(entry.name).bytes + Array(": ".utf8) + value)
        }
        return Array("{".utf8) + parts.joined(separator: Array(", ".utf8)) + Array("}".utf8)
    }
}
