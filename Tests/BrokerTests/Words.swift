// SPDX-License-Identifier: Apache-2.0
import Control
import Policy
import StrictJSON

@testable import Broker

/// Short ways to say what the tests need.
extension House {
    static func name(_ text: String) throws -> ServerName { try unwrap(ServerName(Array(text.utf8))) }

    static func process(uid: UInt32, _ executable: String) -> Peer {
        .process(PeerProcess(uid: uid, pid: 4242, startTime: 7, executable: Array(executable.utf8), isBrowser: false))
    }

    static func client(_ name: String, uid: UInt32?, _ executable: String) throws -> ClientEntry {
        ClientEntry(
            name: try unwrap(ClientName(Array(name.utf8))),
            demand: PeerDemand(executables: [try unwrap(AbsolutePath(Array(executable.utf8)))], uid: uid))
    }

    static func rule(
        _ id: String, _ verdict: VerdictKind, clients: [String]? = nil, servers: [String]? = nil,
        tools: [String]? = nil,
        prompts: [String]? = nil, resources: [String]? = nil
    ) throws -> Rule {
        Rule(
            id: try unwrap(RuleID(Array(id.utf8))),
            clients: try clients?.map { try unwrap(ClientName(Array($0.utf8))) },
            servers: try servers?.map { try name($0) },
            tools: try tools?.map { try unwrap(NamePattern(Array($0.utf8))) },
            prompts: try prompts?.map { try unwrap(NamePattern(Array($0.utf8))) },
            resources: try resources?.map { try unwrap(NamePattern(Array($0.utf8))) }, verdict: verdict)
    }

    /// Prompts, templates or other capabilities beside what ``echo(_:risk:revision:era:tools:edit:)`` has.
    static func reviewed(_ edit: @escaping (inout Review) -> Void) -> (inout SealedServer) -> Void {
        { server in
            guard var review = server.review else { return }
            edit(&review)
            server.review = review
        }
    }

    static func pinned(_ name: String, _ object: String) -> PinnedObject {
        guard let digest = Digest([UInt8](repeating: 9, count: 32)) else { preconditionFailure("32 bytes") }
        return PinnedObject(name: Array(name.utf8), object: canonical(object), digest: digest)
    }

    /// A tool that takes anything, with a description.
    static func tool(_ name: String, _ description: String = "does it") -> String {
        "{\"name\":\"\(name)\",\"description\":\"\(description)\",\"inputSchema\":{\"type\":\"object\"}}"
    }

    func names(_ reply: Reply, _ key: String) -> [String] {
        let tree = reply.tree
        guard let result = tree.member(.root, "result"), let list = tree.member(result, key) else { return [] }
        return tree.elements(list).map { element in
            let node =
                tree.member(element, "name") ?? tree.member(element, "uri") ?? tree.member(element, "uriTemplate")
            return node.flatMap(tree.text).map { String(decoding: $0, as: UTF8.self) } ?? "?"
        }
    }

    func toolNames(_ caller: GateCaller, server: String? = "echo") throws -> [String] {
        names(try answer(try ask(caller, .toolsList, server: server)), "tools")
    }

    func reason(_ call: UInt32) throws -> String? { Refusal(try answer(call))?.reason }
}

extension ScriptedServer {
    func method(_ line: JSONTree) -> String {
        line.member(.root, "method").flatMap(line.text).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func parameter(_ line: JSONTree, _ path: String...) -> String? {
        var node = line.member(.root, "params")
        for key in path { node = node.flatMap { line.member($0, key) } }
        return node.map { String(decoding: line.canonical($0).bytes, as: UTF8.self) }
    }

    func fail(_ request: JSONTree, _ code: Int64, _ message: String = "no", data: String? = nil) throws {
        let id = try unwrap(request.member(.root, "id").flatMap(request.integer))
        let extra = data.map { ",\"data\":\($0)" } ?? ""
        try say("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"error\":{\"code\":\(code),\"message\":\"\(message)\"\(extra)}}")
    }

    func notify(_ method: String, _ parameters: String = "{}") throws {
        try say("{\"jsonrpc\":\"2.0\",\"method\":\"\(method)\",\"params\":\(parameters)}")
    }
}
