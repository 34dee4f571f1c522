// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Linux
import Policy
import Testing

@testable import Gate

@Suite("Requests of one connection follow one another")
struct KeepAliveTests {
    @Test("A credential is asked for once, and again when another one is shown")
    func memory() throws {
        let rig = try Rig()
        let client = try rig.connect()
        func asks() -> Int { rig.broker.requests.count { if case .authenticate = $0 { true } else { false } } }
        for _ in 0..<5 { #expect(try client.exchange(.modern("tools/list"))?.status == 200) }
        #expect(asks() == 1)
        #expect(try client.exchange(.modern("tools/list", bearer: "other"))?.status == 200)
        #expect(asks() == 2)
        #expect(try client.exchange(Request(.get, "/none"))?.status == 401)
        #expect(try client.exchange(Request(.get, "/none").bearer("othe"))?.status == 401)
        #expect(try client.exchange(Request(.get, "/none").bearer("othes"))?.status == 401)
        #expect(try client.exchange(Request(.get, "/none").bearer("other"))?.status == 404)
        #expect(asks() == 4)
        #expect(Set(rig.broker.decisions.map(\.caller)).count == 2)
    }

    @Test("More credentials than eight are guesses")
    func guesses() throws {
        let rig = try Rig()
        let client = try rig.connect()
        for number in 1...8 {
            let answer = try client.exchange(Request(.get, "/mcp").bearer("guess\(number)"))
            #expect(answer?.status == 401)
            #expect(answer?.closes == (number == 8))
        }
        #expect(try client.hasEnded())
        let honest = try rig.connect()
        for number in 1...8 {
            let answer = try honest.exchange(Request(.get, "/none").bearer(number % 2 == 0 ? "good" : "other"))
            #expect(answer?.status == 404)
            #expect(answer?.closes == (number == 8))
        }
    }

    @Test("Pipelined requests are answered in order, each when its turn comes")
    func pipelining() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send((1...3).flatMap { Request.modern("tools/list", id: "\($0)").bytes })
        // The second one is not read while the first one waits.
        #expect(rig.broker.decisions.count == 1)
        for number in 1...3 {
            #expect(rig.broker.decisions.count == number)
            rig.broker.answer(try #require(rig.broker.decisions.last))
            #expect(try client.response()?.body.contains("\"id\":\(number)") == true)
        }
        #expect(try client.response() == nil)
    }

    @Test("A head may come byte by byte, and so may a body, whole or in chunks")
    func trickle() throws {
        let rig = try Rig()
        for request in [Request.call(), chunked(.call(), sizes: [1, 7, 30, 1000])] {
            let client = try rig.connect()
            for byte in request.bytes { try client.send([byte]) }
            #expect(try client.response()?.status == 200)
        }
        #expect(rig.broker.decisions.count == 2)
        #expect(rig.broker.decisions[0].parameters == rig.broker.decisions[1].parameters)
    }

    /// The same request with its body in chunks of these sizes, the last one as often as needed.
    private func chunked(_ request: Request, sizes: [Int]) -> Request {
        var rest = request.body[...]
        var bytes: [UInt8] = []
        var index = 0
        while !rest.isEmpty {
            let part = rest.prefix(sizes[min(index, sizes.count - 1)])
            bytes += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [13, 10]
            rest = rest.dropFirst(part.count)
            index += 1
        }
        return request.with("Transfer-Encoding", "chunked").saying(bytes + Array("0\r\n\r\n".utf8))
    }

    @Test("A request behind chunks begins where they end")
    func behindChunks() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(chunked(.call(), sizes: [10]).bytes + Request.modern("tools/list", id: "2").bytes)
        #expect(try client.response()?.status == 200)
        #expect(try client.response()?.body.contains("\"id\":2") == true)
    }

    @Test("Connection: close is kept, and the connection ends behind the answer")
    func close() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(Request.call().with("Connection", "close").bytes + Request.call(id: "2").bytes)
        let answer = try client.response()
        #expect(answer?.status == 200)
        #expect(answer?.closes == true)
        #expect(try client.hasEnded())
        #expect(rig.broker.decisions.count == 1)
    }

    @Test("After a refusal without a body the connection goes on; an unread body ends it")
    func afterRefusals() throws {
        let rig = try Rig()
        let client = try rig.connect()
        #expect(try client.exchange(Request(.get, "/mcp"))?.closes == false)
        #expect(try client.exchange(Request(.get, "/none").bearer("good"))?.closes == false)
        #expect(try client.exchange(.modern("tools/list"))?.status == 200)
        let refused = try client.exchange(.call().at("/none"))
        #expect(refused?.status == 404)
        #expect(refused?.closes == true)
        #expect(try client.hasEnded())
    }

    @Test("What still comes behind the last answer is thrown away, within its limits")
    func leaving() throws {
        let rig = try Rig()
        let client = try rig.connect()
        try client.send(Request.call().replacing("Host", "evil.example").bytes)
        #expect(try client.response()?.status == 421)
        try client.send([UInt8](repeating: 0x61, count: 1000))
        #expect(!rig.broker.requests.contains(.gone(connection: client.handle)))
        // The answer is out: our side is shut, the connection waits for the peer, for a second.
        #expect(try client.hasEnded())
        try rig.advance(milliseconds: 999)
        #expect(!rig.broker.requests.contains(.gone(connection: client.handle)))
        try rig.advance(milliseconds: 1)
        #expect(rig.broker.requests.last == .gone(connection: client.handle))
        let loud = try rig.connect()
        try loud.send(Request.call().replacing("Host", "evil.example").bytes)
        try loud.send([UInt8](repeating: 0x61, count: 70_000))
        #expect(rig.broker.requests.last == .gone(connection: loud.handle))
    }

    @Test("100 Continue comes once everything that the head can say was in order")
    func expectation() throws {
        let rig = try Rig()
        let request = Request.call().with("Expect", "100-continue")
        let waiting = request.with("Content-Length", "\(request.body.count)").head
        let client = try rig.connect()
        try client.send(waiting)
        #expect(try client.response()?.status == 100)
        try client.send(request.body)
        #expect(try client.response()?.status == 200)
        // A body that is there already needs no leave.
        try client.send(request.bytes)
        #expect(try client.response()?.status == 200)
        for spoilt in [
            request.replacing("Host", "evil.example"), request.replacing("Authorization", "Bearer nobody"),
            request.replacing("Accept", "x/y"), request.at("/none"),
        ] {
            let client = try rig.connect()
            try client.send(spoilt.with("Content-Length", "10").head)
            #expect(try client.response()?.status ?? 0 >= 400)
        }
    }

    @Test("Bodies of every size up to the limit", arguments: [1, 60_000, 65_536, 70_000, 1_000_000, 4_194_304])
    func sizes(_ size: Int) throws {
        let rig = try Rig()
        let client = try rig.connect()
        let empty = Request.call(arguments: "{\"x\":\"\"}")
        let filling = max(0, size - empty.body.count)
        let request = Request.call(arguments: "{\"x\":\"\(String(repeating: "a", count: filling))\"}")
        #expect(try client.exchange(request)?.status == 200)
        let parameters = try #require(rig.broker.decisions.first).parameters
        #expect(parameters.count > filling)
        #expect(try client.exchange(.modern("tools/list"))?.status == 200)
    }

    @Test("A client that sends no more is still answered, unless the end cancels")
    func halfClosed() throws {
        let rig = try Rig()
        let metadata = try rig.connect()
        try metadata.send(Request(.get, "/.well-known/oauth-protected-resource").bytes)
        try metadata.finishSending()
        #expect(try metadata.response()?.status == 200)
        #expect(try metadata.hasEnded())

        rig.broker.holdsCallers = true
        let refused = try rig.connect()
        try refused.send(Request.call().replacing("Authorization", "Bearer nobody").bytes)
        try refused.finishSending()
        rig.broker.judge(refused.handle, Array("nobody".utf8))
        #expect(try refused.response()?.status == 401)
        let call = try rig.connect()
        try call.send(Request.call().bytes)
        try call.finishSending()
        rig.broker.judge(call.handle, Array("good".utf8))
        #expect(try call.response() == nil)
        #expect(rig.broker.decisions.isEmpty)
        #expect(rig.openConnections == 0)
    }
}

@Suite("Slow callers have a limit")
struct PaceTests {
    @Test("A36: the head within five seconds of accept, however it trickles")
    func head() throws {
        let rig = try Rig()
        let client = try rig.connect()
        for byte in Request.call().bytes.prefix(4) {
            try client.send([byte])
            try rig.advance(milliseconds: 1000)
        }
        try rig.advance(milliseconds: 999)
        #expect(try client.response() == nil)
        try rig.advance(milliseconds: 1)
        let answer = try client.response()
        #expect(answer?.status == 408)
        #expect(answer?.closes == true)
        #expect(rig.takeRefusal()?.denial == .slow)
        #expect(try client.hasEnded())
        let silent = try rig.connect()
        try rig.advance(milliseconds: 5000)
        #expect(try silent.response()?.status == 408)
    }

    @Test("The next head has its time from its first byte, and the pause before it has its own")
    func idle() throws {
        let rig = try Rig()
        let client = try rig.connectKnown()
        try rig.advance(milliseconds: 74_999)
        try client.send("GET ")
        try rig.advance(milliseconds: 4999)
        #expect(try client.response() == nil)
        try rig.advance(milliseconds: 1)
        #expect(try client.response()?.status == 408)
        rig.broker.forget()
        let quiet = try rig.connectKnown()
        try rig.advance(milliseconds: 74_999)
        #expect(try !quiet.hasEnded())
        try rig.advance(milliseconds: 1)
        #expect(try quiet.hasEnded())
        #expect(try quiet.takeText() == "")
        #expect(rig.broker.refusals.isEmpty)
    }

    @Test("A body within thirty seconds, and at a thousand bytes a second after five")
    func body() throws {
        let rig = try Rig()
        let head = Request.call().with("Content-Length", "1000000").head
        let stalled = try rig.connect()
        try stalled.send(head + [0x7B])
        try rig.advance(milliseconds: 4999)
        #expect(try stalled.response() == nil)
        try rig.advance(milliseconds: 1)
        #expect(try stalled.response()?.status == 408)
        #expect(rig.takeRefusal()?.denial == .slow)

        let steady = try rig.connect()
        try steady.send(head)
        for second in 1..<30 {
            try steady.send([UInt8](repeating: 0x20, count: 1100))
            try rig.advance(milliseconds: 1000)
            #expect(try steady.response() == nil, "\(second)")
        }
        try steady.send([UInt8](repeating: 0x20, count: 100_000))
        try rig.advance(milliseconds: 1000)
        #expect(try steady.response()?.status == 408)

        let slowing = try rig.connect()
        try slowing.send(head + [UInt8](repeating: 0x20, count: 10_240))
        try rig.advance(milliseconds: 9999)
        #expect(try slowing.response() == nil)
        try rig.advance(milliseconds: 1)
        #expect(try slowing.response()?.status == 408)
    }

    @Test("A client that takes none of its answer for thirty seconds is left")
    func reader() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        rig.broker.answer(
            try #require(rig.broker.decisions.first), result: "\"\(String(repeating: "a", count: 4_000_000))\"")
        try rig.settle()
        try rig.advance(milliseconds: 29_999)
        #expect(rig.openConnections == 1)
        // Any progress counts.
        try client.receive(limit: 300_000)
        try rig.settle()
        try rig.advance(milliseconds: 29_999)
        #expect(rig.openConnections == 1)
        try rig.advance(milliseconds: 1)
        #expect(rig.openConnections == 0)
        #expect(rig.broker.requests.last == .gone(connection: client.handle))
    }

    @Test("Requests wait while their sender does not read")
    func pileUp() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let request = Request(.get, "/.well-known/oauth-protected-resource").bytes
        // More answers than all buffers on the way hold.
        try client.send((0..<3000).flatMap { _ in request })
        #expect(rig.openConnections == 1)
        var text = ""
        while true {
            try client.send([])
            let more = try client.takeText()
            if more.isEmpty { break }
            text += more
        }
        // None lost, none answered twice.
        #expect(text.split(separator: "HTTP/1.1 200 OK").count == 3000)
    }
}

@Suite("Connections are counted")
struct CapTests {
    @Test("Of strangers the oldest leaves for a new one")
    func strangers() throws {
        let rig = try Rig()
        let known = try rig.connectKnown()
        var strangers: [Client] = []
        for _ in 0..<256 { strangers.append(try rig.connect()) }
        #expect(rig.strangers == 256)
        #expect(rig.broker.refusals.isEmpty)
        strangers.append(try rig.connect())
        #expect(rig.strangers == 256)
        #expect(rig.takeRefusal()?.denial == .connectionCap)
        #expect(try strangers[0].hasEnded())
        #expect(try strangers[0].takeText() == "")
        #expect(try !strangers[1].hasEnded())
        #expect(try known.exchange(.modern("tools/list"))?.status == 200)
        for stranger in strangers { try stranger.close() }
        #expect(rig.strangers == 0)
        #expect(rig.broker.violations == [])
    }

    @Test("One client holds as many as it may, whatever credentials it shows")
    func caller() throws {
        let rig = try Rig(connectionsPerCaller: 2)
        let first = try rig.connectKnown()
        let second = try rig.connectKnown(as: "second")
        let third = try rig.connect()
        let answer = try third.exchange(.modern("tools/list"))
        #expect(answer?.status == 429)
        #expect(answer?["retry-after"] == "1")
        #expect(rig.takeRefusal()?.denial == .callerCap)
        #expect(try third.hasEnded())
        #expect(try rig.connect().exchange(.modern("tools/list", bearer: "other"))?.status == 200)
        try first.close()
        #expect(try rig.connect().exchange(.modern("tools/list"))?.status == 200)
        #expect(try second.exchange(.modern("tools/list"))?.status == 200)
    }
}

@Suite("The unix socket is its own credential")
struct LocalTests {
    private func request(_ method: String) -> Request {
        .modern(method, bearer: nil).replacing("Host", "localhost")
    }

    @Test("No token is needed, and the broker is asked for the connection itself")
    func local() throws {
        let rig = try Rig(kind: .local)
        let client = try rig.connect()
        for _ in 0..<3 { #expect(try client.exchange(request("tools/list"))?.status == 200) }
        let asks = rig.broker.requests.filter { if case .authenticate = $0 { true } else { false } }
        #expect(asks == [.authenticate(connection: client.handle, credential: nil)])
        let upgrade = Request.upgrade(bearer: nil).replacing("Host", "localhost")
        #expect(try rig.connect().exchange(upgrade)?.status == 101)
    }

    @Test("A token that is shown is asked for; a header that is none changes nothing")
    func shown() throws {
        let rig = try Rig(kind: .local)
        let client = try rig.connect()
        #expect(try rig.connect().exchange(request("tools/list").bearer("nobody"))?.status == 401)
        #expect(try client.exchange(request("tools/list").with("Authorization", "Basic x"))?.status == 200)
        #expect(try client.exchange(request("tools/list").bearer("good"))?.status == 200)
        #expect(Set(rig.broker.decisions.map(\.caller)).count == 2)
    }

    @Test("Every other rule holds there")
    func rules() throws {
        let rig = try Rig(kind: .local)
        #expect(try rig.connect().exchange(.modern("tools/list", bearer: nil))?.status == 421)
        #expect(try rig.connect().exchange(request("tools/list").with("Origin", "null"))?.status == 403)
        #expect(try rig.connect().exchange(request("tools/list").at("/mcp?x"))?.status == 400)
    }
}
