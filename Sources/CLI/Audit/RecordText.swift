// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// One record of the log as one line for people: time, kind, who, what.
enum RecordText {
    /// Members that say who caused a record, the first that is there counts.
    private static let who: [StaticString] = ["client", "caller", "room", "sensor", "name"]
    /// Members that stand in the line by themselves, or tell people nothing.
    private static let apart: [String] = [
        "arguments", "caller", "client", "host", "name", "peer", "port", "room", "sensor", "server", "target",
        "tool",
    ]

    /// - Returns: nil for a line that is no record.
    static func line(_ record: [UInt8], _ sink: Console.Sink) -> String? {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        do throws(JSONError) { try reader.read(record.span, into: &tree) } catch { return nil }
        guard let time = tree.member(.root, "time").flatMap(tree.text), time.count == 27,
            let kind = tree.member(.root, "kind").flatMap(tree.text), let data = tree.member(.root, "data")
        else { return nil }
        let clock = Visible.ascii(Array(time[..<10])) + " " + Visible.ascii(Array(time[11..<23])) + "Z"
        var parts = [clock, styled(Visible.ascii(kind), sink), subject(tree, data), object(tree, data)]
        for (key, value) in tree.members(data) {
            let name = Visible.ascii(tree.text(key) ?? [])
            if name == "confinement" {
                parts.append(Confinement(tree, value).summary.0)
            } else if !apart.contains(name) {
                parts.append("\(name)=\(shown(tree, value))")
            }
        }
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private static func styled(_ kind: String, _ sink: Console.Sink) -> String {
        let bad = [
            "refused", "launch.refused", "registry.refused", "server.misbehaved", "tools.differ", "watch.sensor-lost",
        ]
        return sink.styled(kind, bad.contains { kind.hasPrefix($0) } ? .bad : .bold)
    }

    private static func subject(_ tree: JSONTree, _ data: JSONNode) -> String {
        var words: [String] = []
        for key in who {
            if let text = tree.member(data, key).flatMap(tree.text) {
                words.append(Visible.ascii(text))
                break
            }
        }
        if let peer = tree.member(data, "peer") {
            if let executable = tree.member(peer, "exe").flatMap(tree.text) {
                words.append("\(Visible.ascii(executable))[\(tree.unsigned(peer, "pid") ?? 0)]")
            } else if let uid = tree.unsigned(peer, "uid") {
                words.append("uid \(uid)")
            }
        }
        return words.joined(separator: " ")
    }

    /// `server.target`, or the server alone; `host:port` of what was asked of the network.
    private static func object(_ tree: JSONTree, _ data: JSONNode) -> String {
        let server = tree.member(data, "server").flatMap(tree.text).map(Visible.ascii) ?? ""
        let target =
            (tree.member(data, "target") ?? tree.member(data, "tool")).flatMap(tree.text).map(Visible.ascii) ?? ""
        if let host = tree.member(data, "host").flatMap(tree.text) {
            return Visible.ascii(host) + (tree.unsigned(data, "port").map { ":\($0)" } ?? "")
        }
        return [server, target].filter { !$0.isEmpty }.joined(separator: ".")
    }

    private static func shown(_ tree: JSONTree, _ value: JSONNode) -> String {
        guard let text = tree.text(value) else { return Visible.json(tree.canonical(value)) }
        let isWord = !text.isEmpty && text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        guard isWord else { return Visible.quoted(text) }
        // A digest is told from others by its beginning; the whole one is in the log.
        let isDigest = text.count == 64 && text.allSatisfy { $0.isDigit || ($0 >= 0x61 && $0 <= 0x66) }
        return String(decoding: isDigest ? text.prefix(16) : text[...], as: UTF8.self)
    }
}
