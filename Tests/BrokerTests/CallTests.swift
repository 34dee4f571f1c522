// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON
import Testing

@testable import Broker

@Suite("A call reaches a server only after it was decided and recorded")
struct CallTests {
    @Test("A reviewed tool of class reads is launched, compared, called and answered")
    func wholeWay() throws {
        let house = try House()
        let caller = try house.caller()
        let call = try house.ask(caller, .toolsCall, #"{"name":"echo","arguments":{"text":"hi"}}"#)
        let server = try house.startServer()
        try server.greetModern()
        let request = try server.hear()
        #expect(request.member(.root, "method").flatMap(request.text) == Array("tools/call".utf8))
        let parameters = try unwrap(request.member(.root, "params"))
        #expect(request.member(parameters, "name").flatMap(request.text) == Array("echo".utf8))
        try server.answer(request, #"{"content":[{"type":"text","text":"hi"}],"isError":false}"#)
        let reply = try house.answer(call)
        #expect(reply.status == 200)
        #expect(reply.text("result", "content") == #"[{"text":"hi","type":"text"}]"#)
        #expect(reply.text("result", "resultType") == "complete")
        let kinds = try house.records().map(\.kind)
        #expect(
            kinds.filter { $0.hasPrefix("call.") || $0.hasPrefix("launch.") } == [
                "call.intent", "launch.intent", "launch.started", "call.outcome",
            ])
    }
}
