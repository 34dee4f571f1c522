// SPDX-License-Identifier: Apache-2.0
import Linux
import Testing
import Wire

@testable import CLI

/// The other end of the bridge: what a gate sees and says.
private struct Gate {
    private var reader = FrameReader(role: .server, limit: 1 << 23, takesBinary: false)

    /// What the bridge has sent since.
    mutating func take(_ bridge: inout StdioBridge) throws -> [String] {
        var bytes = Array(bridge.toGate.storage[bridge.toGate.range])
        bridge.toGate.removeAll()
        var seen: [String] = []
        while !bytes.isEmpty {
            let progress = try reader.read(bytes.span)
            bytes.removeFirst(progress.consumed)
            switch progress.event {
            case nil: return seen
            case .text: seen.append(String(decoding: reader.message, as: UTF8.self))
            case .binary: seen.append("binary")
            case .ping: seen.append("ping")
            case .pong: seen.append("pong \(String(decoding: reader.control, as: UTF8.self))")
            case .close(let code): seen.append("close \(code?.rawValue ?? 0)")
            }
        }
        return seen
    }

    static func text(_ text: String) -> [UInt8] {
        var frame: [UInt8] = []
        FrameWriter.append(.text, Array(text.utf8).span, to: &frame)
        return frame
    }

    static func ping(_ text: String) -> [UInt8] {
        var frame: [UInt8] = []
        FrameWriter.append(.ping, Array(text.utf8).span, to: &frame)
        return frame
    }

    static func close(_ code: CloseCode?) -> [UInt8] {
        var frame: [UInt8] = []
        FrameWriter.appendClose(code, to: &frame)
        return frame
    }
}

extension StdioBridge {
    fileprivate mutating func type(_ text: String) { type(Array(text.utf8)) }

    fileprivate mutating func type(_ bytes: [UInt8]) { takeInput(bytes.span) }

    fileprivate mutating func hear(_ bytes: [UInt8], _ now: Instant) { takeAnswers(bytes.span, now) }

    fileprivate var printed: String { String(decoding: toOutput.storage[toOutput.range], as: UTF8.self) }
}

@Suite("connect carries lines to the gate and messages back, and decides nothing")
struct BridgeTests {
    private let start = Instant.now
    private func bridge() -> StdioBridge {
        var next: UInt32 = 0x0102_0304
        return StdioBridge {
            next &+= 0x1111_1111
            return next
        }
    }

    @Test("A line is a message, as it is, whenever its end comes")
    func lines() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type("{\"id\":1}\n{\"a\"")
        #expect(try gate.take(&bridge) == ["{\"id\":1}"])
        bridge.type(": 2 }")
        #expect(try gate.take(&bridge) == [])
        bridge.type("\r\n\n\r\nnot json at all\n")
        // The gate is the strict reader; here only line ends are taken off, and lines left out that hold nothing.
        #expect(try gate.take(&bridge) == ["{\"a\": 2 }", "not json at all"])
    }

    @Test("Cut anywhere, the same messages arrive")
    func cuts() throws {
        let text = "{\"id\":1,\"method\":\"a\"}\n\n{\"id\":2,\"x\":\"\u{E9}\u{1F600}\"}\n[]\n"
        var (whole, gate) = (bridge(), Gate())
        whole.type(text)
        let expected = try gate.take(&whole)
        #expect(expected.count == 3)
        for cut in 1..<text.utf8.count {
            var (bridge, gate) = (bridge(), Gate())
            let bytes = Array(text.utf8)
            bridge.type(Array(bytes[..<cut]))
            var seen = try gate.take(&bridge)
            bridge.type(Array(bytes[cut...]))
            seen += try gate.take(&bridge)
            #expect(seen == expected)
        }
    }

    @Test("A message is a line; one with a line feed in it would be two, so it ends the connection")
    func answers() {
        var one = bridge()
        one.hear(Gate.text("{\"id\":1}") + Gate.text("{}"), start)
        #expect(one.printed == "{\"id\":1}\n{}\n" && one.end == nil)
        one.hear(Gate.text("{\n}"), start)
        #expect(one.end == .gateBroken("line-feed"))
        #expect(one.printed == "{\"id\":1}\n{}\n")
    }

    @Test("What follows an initialize waits for its answer, since the gate has no session before")
    func opening() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type(
            "{\"id\":0,\"method\":\"initialize\"}\n{\"method\":\"notifications/initialized\"}\n{\"id\":1,\"method\":\"x\"}\n"
        )
        #expect(try gate.take(&bridge) == ["{\"id\":0,\"method\":\"initialize\"}"])
        bridge.hear(Gate.text("{\"id\":1,\"result\":{}}"), start)
        #expect(try gate.take(&bridge) == [])
        bridge.hear(Gate.text("{\"id\":0,\"result\":{}}"), start)
        #expect(
            try gate.take(&bridge) == ["{\"method\":\"notifications/initialized\"}", "{\"id\":1,\"method\":\"x\"}"])
    }

    @Test("Input that ends behind an initialize is still sent, and answered")
    func openingAtTheEnd() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type("{\"id\":0,\"method\":\"initialize\"}\n{\"id\":1,\"method\":\"x\"}")
        bridge.endInput(start)
        #expect(try gate.take(&bridge).count == 1)
        bridge.hear(Gate.text("{\"id\":0,\"error\":{\"code\":1,\"message\":\"\"}}"), start)
        #expect(try gate.take(&bridge) == ["{\"id\":1,\"method\":\"x\"}"])
        bridge.hear(Gate.text("{\"id\":1,\"result\":{}}"), start)
        #expect(try gate.take(&bridge) == ["close 1000"])
    }

    @Test("An initialize that is never answered does not fill the memory")
    func openingForever() {
        var bridge = bridge()
        bridge.type("{\"id\":0,\"method\":\"initialize\"}\n")
        bridge.toGate.removeAll()
        #expect(bridge.wantsInput)
        bridge.type([UInt8](repeating: 0x20, count: StdioBridge.congestion))
        #expect(!bridge.wantsInput)
    }

    @Test("A ping is answered with what it carried") func ping() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.hear(Gate.ping("abc"), start)
        #expect(try gate.take(&bridge) == ["pong abc"])
    }

    @Test(
        "A gate that does not speak the protocol is left",
        arguments: [[0x81, 0x81, 1, 2, 3, 4, 5], [0xC1, 0x00], [0x83, 0x00], [0x82, 0x00]] as [[UInt8]])
    func broken(_ bytes: [UInt8]) {
        var bridge = bridge()
        bridge.hear(bytes, start)
        guard case .gateBroken = bridge.end else {
            Issue.record("\(String(describing: bridge.end))")
            return
        }
    }

    @Test("When input ends, open calls have five seconds, then it says goodbye")
    func grace() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type(
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}"
        )
        bridge.endInput(start)
        // The last line counts without its end; the notification owes no answer, the request does.
        #expect(try gate.take(&bridge).count == 2)
        #expect(bridge.deadline == start.adding(milliseconds: StdioBridge.graceMilliseconds))
        bridge.tick(start.adding(milliseconds: StdioBridge.graceMilliseconds - 1))
        #expect(try gate.take(&bridge) == [])
        bridge.hear(Gate.text("{\"id\":7,\"jsonrpc\":\"2.0\",\"result\":{}}"), start)
        #expect(try gate.take(&bridge) == ["close 1000"])
        #expect(bridge.end == nil && !bridge.wantsInput)
        bridge.hear(Gate.close(.normal), start)
        #expect(bridge.end == .finished)
    }

    @Test("A call that is never answered holds nothing up for longer")
    func impatient() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type("{\"id\":7,\"method\":\"x\"}\n")
        bridge.endInput(start)
        _ = try gate.take(&bridge)
        let late = start.adding(milliseconds: StdioBridge.graceMilliseconds)
        bridge.tick(late)
        #expect(try gate.take(&bridge) == ["close 1000"])
        #expect(bridge.end == nil)
        bridge.tick(late.adding(milliseconds: StdioBridge.closeMilliseconds))
        #expect(bridge.end == .finished)
    }

    @Test("An answer of another id, or the server's own question, closes no call")
    func otherIDs() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.type("{\"id\":7,\"method\":\"x\"}\n")
        bridge.endInput(start)
        _ = try gate.take(&bridge)
        bridge.hear(Gate.text("{\"id\":\"7\",\"result\":{}}") + Gate.text("{\"id\":7,\"method\":\"ping\"}"), start)
        #expect(try gate.take(&bridge) == [])
        bridge.hear(Gate.text("{\"id\":7,\"error\":{\"code\":1,\"message\":\"\"}}"), start)
        #expect(try gate.take(&bridge) == ["close 1000"])
    }

    static let codes: [(code: UInt16?, status: Int32, words: String)] = [
        (1001, 5, "shutting down"), (1007, 1, "not UTF-8"), (1009, 1, "too long"), (1011, 1, "failed inside"),
        (4400, 1, "JSON-RPC"), (4401, 1, "has ended"), (4403, 1, "may not hold"), (4429, 1, "too fast"),
        (4999, 1, "with code 4999"), (nil, 1, "closed the connection"),
    ]

    @Test("What the gate's close code means is said in words", arguments: codes)
    func closed(_ code: UInt16?, _ status: Int32, _ words: String) {
        let failure = ConnectCommand.words(code)
        #expect(failure.status.code == status && failure.sentence.contains(words))
    }

    @Test("A close is answered, and ends it with its code") func close() throws {
        var (bridge, gate) = (bridge(), Gate())
        bridge.hear(Gate.close(.normal), start)
        #expect(try gate.take(&bridge) == ["close 1000"])
        #expect(bridge.end == .closed(1000))
    }

    @Test("The gate that goes without a word has broken off; nobody who reads is an end like any")
    func gone() {
        var one = bridge()
        one.endAnswers()
        #expect(one.end == .cut)
        var two = bridge()
        two.loseOutput()
        #expect(two.end == .finished)
        two.endAnswers()
        #expect(two.end == .finished)
    }

    @Test("Four MiB are a message, one byte more is none")
    func longest() throws {
        let limit = 4 << 20
        var (bridge, gate) = (bridge(), Gate())
        bridge.type([UInt8](repeating: 0x20, count: limit) + [0x0A])
        #expect(try gate.take(&bridge).first?.utf8.count == limit)
        #expect(bridge.end == nil)
        bridge.type([UInt8](repeating: 0x20, count: limit + 1))
        #expect(bridge.end == .lineTooLong)
        #expect(try gate.take(&bridge) == ["close 1009"])
    }

    @Test("Nothing more is taken in than the other side takes away")
    func congestion() {
        var bridge = bridge()
        #expect(bridge.wantsInput && bridge.wantsAnswers)
        bridge.type([UInt8](repeating: 0x20, count: StdioBridge.congestion) + [0x0A])
        #expect(!bridge.wantsInput)
        bridge.toGate.removeAll()
        #expect(bridge.wantsInput)
        let long = String(repeating: "x", count: StdioBridge.congestion)
        bridge.hear(Gate.text(long), start)
        #expect(!bridge.wantsAnswers)
    }
}
