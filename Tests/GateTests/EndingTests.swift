// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Linux
import Policy
import Testing

@testable import Gate

@Suite("A credential that has ended ends what lives on it")
struct CallerEndedTests {
    private func end(_ rig: Rig, _ client: Client) throws {
        let caller = try #require(rig.broker.caller(on: client.handle))
        rig.broker.order(.callerEnded(caller: caller, denial: .credentialRevoked))
        try rig.settle()
    }

    @Test("A waiting call is answered 401, and told to the record by the broker")
    func waiting() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        try end(rig, client)
        let answer = try client.response()
        #expect(answer?.status == 401)
        #expect(answer?.reason == "credential-revoked")
        #expect(answer?["www-authenticate"]?.contains("invalid_token") == true)
        #expect(rig.broker.refusals.isEmpty)
        #expect(!rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        // The next request has to ask again.
        rig.broker.credentials["good"] = .refused(.credentialRevoked)
        #expect(try client.exchange(.modern("tools/list"))?.status == 401)
        #expect(rig.takeRefusal()?.denial == .credentialRevoked)
    }

    @Test("A stream gets the reason as its last event")
    func streaming() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        try rig.tell(.call(try #require(rig.broker.decisions.first).call), "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}")
        try end(rig, client)
        let answer = try client.response()
        #expect(answer?.events.count == 2)
        #expect(answer?.events.last?.contains("credential-revoked") == true)
        #expect(answer?.events.last?.contains("\"id\":1") == true)
    }

    @Test("A session's stream ends")
    func listening() throws {
        let rig = try Rig()
        let session = try openSession(try rig.connect())
        let reader = try rig.connect()
        let request = Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream")
            .with("Mcp-Session-Id", session)
        _ = try reader.exchange(request)
        try end(rig, reader)
        #expect(try reader.takeText() == "0\r\n\r\n")
        // The session is the client's, which may hold another credential.
        #expect(try rig.connect().exchange(request.replacing("Authorization", "Bearer second"))?.status == 200)
    }

    @Test("A body that is on its way is not taken")
    func body() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let request = Request.call()
        try client.send(request.with("Content-Length", "\(request.body.count)").head)
        try end(rig, client)
        let answer = try client.response()
        #expect(answer?.status == 401)
        #expect(answer?.closes == true)
        #expect(rig.takeRefusal()?.denial == .credentialRevoked)
        try client.send(request.body)
        #expect(rig.broker.decisions.isEmpty)
    }

    @Test("Another credential on the same connection is not touched")
    func other() throws {
        let rig = try Rig()
        let client = try rig.connectKnown()
        let first = try #require(rig.broker.caller(on: client.handle))
        #expect(try client.exchange(Request(.get, "/none").bearer("other"))?.status == 404)
        rig.broker.holdsCalls = true
        try client.send(Request.modern("tools/list", bearer: "other").bytes)
        rig.broker.order(.callerEnded(caller: first, denial: .credentialRevoked))
        try rig.settle()
        rig.broker.answer(try #require(rig.broker.decisions.first))
        #expect(try client.response()?.status == 200)
    }

    @Test("A cut ends a connection within a second, and what it waits for")
    func cut() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        let client = try rig.connect()
        try client.send(Request.call().bytes)
        rig.broker.order(.cut(connection: client.handle, reason: .forbidden))
        #expect(try client.hasEnded())
        #expect(rig.broker.requests.contains { if case .cancel = $0 { true } else { false } })
        try rig.advance(milliseconds: 1000)
        #expect(rig.broker.requests.last == .gone(connection: client.handle))
        #expect(rig.broker.violations == [])
    }
}

@Suite("Draining answers what runs and takes nothing new")
struct DrainTests {
    @Test("With nothing in flight the room ends at once")
    func empty() throws {
        let rig = try Rig()
        rig.broker.order(.drain)
        try rig.settle()
        #expect(rig.end == .drained)
    }

    @Test("Calls are answered first; idle connections, streams and sockets leave")
    func calls() throws {
        let rig = try Rig()
        let idle = try rig.connectKnown()
        let session = try openSession(try rig.connect())
        let reader = try rig.connect()
        _ = try reader.exchange(
            Request(.get, "/mcp").bearer("good").with("Accept", "text/event-stream").with("Mcp-Session-Id", session))
        let quiet = try SocketClient(rig)
        let busy = try SocketClient(rig)
        rig.broker.holdsCalls = true
        try busy.send(Request.modernBody("tools/list", id: "5"))
        let client = try rig.connect()
        try client.send(Request.call().bytes + Request.modern("tools/list").bytes)
        let late = try rig.connect()
        try late.send("POST /mcp HT")
        let decisions = rig.broker.decisions.suffix(2)
        rig.broker.forget()
        rig.broker.order(.drain)
        try rig.settle()
        #expect(try idle.hasEnded())
        #expect(try reader.takeText() == "0\r\n\r\n")
        #expect(try quiet.closeCode() == 1001)
        #expect(try busy.next() == nil)
        #expect(code(try busy.exchange(Request.modernBody("tools/list", id: "6"))) == 2505)
        #expect(rig.end == nil)
        try late.send(Array(Request.modern("tools/list").bytes.dropFirst(12)))
        let refused = try late.response()
        #expect(refused?.status == 503)
        #expect(refused?.closes == true)
        #expect(refused?.reason == "stopping")
        for decision in decisions { rig.broker.answer(decision) }
        try rig.settle()
        #expect(try client.response()?.status == 200)
        // What stood behind it is not taken any more.
        #expect(try client.response() == nil)
        #expect(try client.hasEnded())
        #expect(try busy.next() == .text("{\"id\":5,\"jsonrpc\":\"2.0\",\"result\":{}}"))
        #expect(try busy.closeCode() == 1001)
        #expect(rig.broker.decisions.isEmpty)
        try rig.advance(milliseconds: 1000)
        #expect(rig.end == .drained)
        #expect(rig.broker.violations == [])
    }

    @Test("A browser and a wrong host are told what they are, not that we stop")
    func earlier() throws {
        let rig = try Rig()
        let client = try rig.connect()
        let browser = try rig.connect()
        try client.send("GET /mcp HTTP/1.1\r\n")
        try browser.send("GET /mcp HTTP/1.1\r\n")
        rig.broker.order(.drain)
        try client.send("Host: evil.example\r\n\r\n")
        #expect(try client.response()?.status == 421)
        try browser.send("Host: 127.0.0.1:8742\r\nOrigin: null\r\n\r\n")
        #expect(try browser.response()?.status == 403)
    }
}

@Suite("The gate trusts its broker's frames no further than their form")
struct DoorTests {
    @Test("The loss of the door is the end")
    func loss() throws {
        let door = try UnixSocket.pair(.packet)
        let room = try GateRoom(door: try door.far.duplicate())
        try TCPSocket.shutDown(door.near, .both)
        #expect(throws: GateEnd.doorLost) { try room.turn(wait: 0) }
    }

    @Test("A connection before the configuration, twice the same, or without a descriptor")
    func connections() throws {
        let early = try Rig(isConfigured: false)
        _ = try early.connect()
        #expect(early.end == .fault("a connection came out of turn"))
        let bare = try Rig()
        bare.broker.order(.connection(handle: 9))
        try bare.settle()
        #expect(bare.end == .broken(.frame(.descriptors(kind: 2, count: 0))))
    }

    @Test("Two configurations, or one that makes no sense")
    func configuration() throws {
        let twice = try Rig()
        twice.broker.configure()
        try twice.settle()
        #expect(twice.end == .fault("the broker's configuration makes no sense"))
        let empty = try Rig(isConfigured: false)
        empty.broker.configure(authorities: [])
        try empty.settle()
        #expect(empty.end == .fault("the broker's configuration makes no sense"))
        let origin = try Rig(isConfigured: false)
        origin.broker.configure(origin: "ftp://x")
        try origin.settle()
        #expect(origin.end == .fault("the broker's configuration makes no sense"))
    }

    @Test("Frames of another kind or form")
    func frames() throws {
        let unknown = try Rig()
        unknown.broker.orderRaw {
            $0.begin(200)
            $0.end()
        }
        try unknown.settle()
        #expect(unknown.end == .broken(.frame(.kindUnknown(200))))
        let short = try Rig()
        short.broker.orderRaw {
            $0.begin(GateOrder.Kind.known.rawValue)
            $0.u32(1)
            $0.end()
        }
        try short.settle()
        #expect(short.end == .broken(.frame(.truncated)))
        let long = try Rig()
        long.broker.orderRaw {
            $0.begin(GateOrder.Kind.drain.rawValue)
            $0.u8(0)
            $0.end()
        }
        try long.settle()
        #expect(long.end == .broken(.frame(.trailing)))
    }

    @Test("Orders about what has ended have crossed our own words, and mean nothing")
    func crossed() throws {
        let rig = try Rig()
        let client = try rig.connectKnown()
        for order: GateOrder in [
            .known(connection: 99, caller: 1, principal: 1), .known(connection: client.handle, caller: 7, principal: 7),
            .unknown(connection: 99, denial: .credentialUnknown), .selected(connection: client.handle, isKnown: true),
            .answer(Answer(call: 99, status: 200, message: Array("{}".utf8))), .cut(connection: 99, reason: .tooFast),
            .callerEnded(caller: 99, denial: .credentialExpired), .sessionEnded(session: 99),
        ] {
            rig.broker.order(order)
        }
        try rig.settle()
        #expect(rig.end == nil)
        #expect(try client.exchange(.modern("tools/list"))?.status == 200)
        // A session that nobody waits for any more must not stay open at the broker.
        rig.broker.order(
            .answer(Answer(call: 99, status: 200, message: Array("{}".utf8), session: 5, revision: .newestLegacy)))
        try rig.settle()
        #expect(rig.broker.requests.last == .endSession(session: 5, connection: 0, byClient: false))
    }

    @Test("While the door has no room, nothing is taken from callers, and nothing is lost")
    func congestion() throws {
        let rig = try Rig()
        rig.broker.holdsCalls = true
        var clients: [Client] = []
        let filling = String(repeating: "a", count: 1_000_000)
        for _ in 0..<12 {
            let client = try rig.connectKnown()
            clients.append(client)
        }
        rig.broker.isDeaf = true
        for client in clients { try client.send(Request.call(arguments: "{\"x\":\"\(filling)\"}").bytes) }
        try rig.settle()
        #expect(rig.broker.decisions.isEmpty)
        rig.broker.isDeaf = false
        try rig.settle()
        // Some were held back at the gate's own limit, and their clients with them.
        #expect((1..<12).contains(rig.broker.decisions.count))
        for client in clients { try client.send([]) }
        #expect(rig.broker.decisions.count == 12)
        for decision in rig.broker.decisions { rig.broker.answer(decision) }
        for client in clients { #expect(try client.response()?.status == 200) }
    }
}
