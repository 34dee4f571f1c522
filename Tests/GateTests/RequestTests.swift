// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

@Suite("A request is served, and told to the broker in its own words")
struct RequestTests {
    @Test("A modern call becomes one decision with canonical parameters")
    func modernCall() throws {
        let rig = try Rig()
        let client = try rig.connectKnown()
        let answer = try client.exchange(.call("add", id: "\"a\"", arguments: "{ \"b\":1 ,\n\"a\":\"\\u0041\\/\" }"))
        #expect(answer?.status == 200)
        #expect(answer?.body == "{\"id\":\"a\",\"jsonrpc\":\"2.0\",\"result\":{}}")
        #expect(answer?["content-type"] == "application/json")
        #expect(answer?["cache-control"] == "no-store")
        #expect(answer?["x-content-type-options"] == "nosniff")
        let decision = try #require(rig.broker.decisions.first)
        #expect(decision.method == .toolsCall)
        #expect(decision.revision == .y2026m07d28)
        #expect(decision.server == ServerName(Array("files".utf8)))
        #expect(decision.session == 0)
        #expect(decision.id == Array("\"a\"".utf8))
        #expect(
            decision.parameters
                == Array(
                    """
                    {"_meta":{"io.modelcontextprotocol/clientCapabilities":{},\
                    "io.modelcontextprotocol/protocolVersion":"2026-07-28"},\
                    "arguments":{"a":"A/","b":1},"name":"add"}
                    """.utf8))
        #expect(rig.broker.refusals.isEmpty)
        #expect(rig.broker.violations == [])
    }
}
