// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A server hears of its caller what was declared and granted")
struct UpstreamTests {
    private static let declaring = #"""
        {"_meta":{"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}},\#
        "name":"echo","arguments":{"text":"hi"}}
        """#

    @Test("on every request, the call itself among them", arguments: [[], [.sampling, .elicitation]] as [Grants])
    func offers(_ grants: Grants) throws {
        let house = try House([House.echo(edit: { $0.traits.grants = grants })])
        _ = try house.ask(try house.caller(), .toolsCall, Self.declaring)
        let server = try house.startServer()
        try server.greetModern()
        let request = try server.hear()
        let parameters = try unwrap(request.member(.root, "params"))
        let meta = try unwrap(request.member(parameters, "_meta"))
        let heard = try unwrap(request.member(meta, "io.modelcontextprotocol/clientCapabilities"))
        let expected = grants.isEmpty ? "{}" : #"{"elicitation":{"form":{}},"sampling":{}}"#
        #expect(String(decoding: request.canonical(heard).bytes, as: UTF8.self) == expected)
    }
}

@Suite("A mirrored argument is demanded where a message can have headers")
struct MirroredArgumentTests {
    private static let tool = #"""
        {"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string","x-mcp-header":"Text"}},\#
        "required":["text"]}}
        """#

    private func decision(_ caller: GateCaller, _ mirrored: [MirroredHeader]?) throws -> Decision {
        Decision(
            call: 900, connection: caller.connection.handle, caller: caller.caller, session: 0, method: .toolsCall,
            revision: .y2026m07d28, server: try unwrap(ServerName(Array("echo".utf8))), id: Array("1".utf8),
            parameters: Array(#"{"arguments":{"text":"hi"},"name":"echo"}"#.utf8), mirrored: mirrored)
    }

    @Test("A message in a WebSocket has none, and passes")
    func socket() throws {
        let house = try House([House.echo(tools: [Self.tool])])
        house.gate.send(.decide(try decision(try house.caller(), nil)))
        try house.turn(until: { !house.launched.isEmpty })
    }

    @Test("A request over HTTP without it is refused")
    func http() throws {
        let house = try House([House.echo(tools: [Self.tool])])
        house.gate.send(.decide(try decision(try house.caller(), [])))
        let reply = try house.answer(900)
        #expect(reply.status == 400)
        #expect(house.launched.isEmpty)
    }
}

@Suite("Arguments that do not fit are refused with what is wrong with them")
struct ComplaintTests {
    @Test("The message names the rule and the place, and quotes no value")
    func complaint() throws {
        let house = try House()
        let call = try house.ask(try house.caller(), .toolsCall, #"{"name":"echo","arguments":{"text":["secret"]}}"#)
        let reply = try house.answer(call)
        #expect(reply.status == 400)
        let message = try unwrap(reply.text("error", "message"))
        #expect(message.contains("/text: type: string"))
        #expect(!message.contains("secret"))
    }
}
