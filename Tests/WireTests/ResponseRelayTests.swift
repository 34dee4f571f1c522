// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing

@testable import Wire

@Suite("What a server answers is passed on as we understood it, or not at all")
struct ResponseRelayTests {
    @Test("each answer ends as it says", arguments: Vector.load("proxy-answer"))
    func vector(_ vector: Vector) {
        let outcome = RelayOutcome(vector)
        switch vector.expect {
        case "pass":
            #expect(outcome.refusal == nil)
            #expect(outcome.isTruncated == false)
            #expect(outcome.isComplete == (vector["ends"] == nil))
            #expect(outcome.left == Int(vector["rest"] ?? "0"))
            #expect(outcome.status.map(String.init) == vector["status"])
            if vector["out"] != nil { #expect(outcome.output.text == vector.bytes("out").flatMap { $0 }.text) }
        case "body-truncated":
            #expect(outcome.refusal == nil)
            #expect(outcome.isTruncated)
            #expect(!outcome.isComplete)
        default: #expect(outcome.refusal?.rule.rawValue == vector.expect)
        }
    }

    @Test("how the bytes are cut changes nothing but the chunks", arguments: Vector.load("proxy-answer"))
    func cuts(_ vector: Vector) {
        let whole = RelayOutcome(vector)
        let bytewise = RelayOutcome(vector, cuts: Array(0...vector.bytes.count))
        #expect(bytewise.meaning == whole.meaning)
        if vector.bytes.count > 2000 { return }
        for cut in 0..<vector.bytes.count { #expect(RelayOutcome(vector, cuts: [cut]).meaning == whole.meaning) }
    }

    @Test("what the client gets is read by us as what the server said", arguments: Vector.load("proxy-answer"))
    func again(_ vector: Vector) {
        if vector.expect != "pass" { return }
        let first = RelayOutcome(vector)
        let second = RelayOutcome(vector, bytes: first.output)
        #expect(second.refusal == nil && second.left == 0)
        #expect(second.output.text == first.output.text)
    }

    @Test("what is admitted of the web is admitted of the web alone")
    func strict() {
        let heads = [
            "HTTP/1.1 200\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 \u{e4}\r\n\r\n", "HTTP/1.1 200 \t\r\n\r\n",
        ]
        for text in heads + ["HTTP/1.1 200 OK\r\nX: \u{e4}\r\n\r\n"] {
            let bytes = Array(text.utf8)
            var web = ResponseHeadReader(admitsWeb: true)
            #expect(refusal { () throws(WireError) in _ = try web.read(bytes.span) } == nil)
            #expect(web.head.status == 200 && web.head.isOld == text.hasPrefix("HTTP/1.0"))
            var gate = ResponseHeadReader()
            #expect(refusal { () throws(WireError) in _ = try gate.read(bytes.span) } != nil)
        }
    }

    @Test("a body passes exactly as long as it was announced")
    func lengths() throws {
        for length in 0..<5 {
            var relay = BodyRelay(.length(length))
            var output: [UInt8] = []
            let taken = try relay.relay([1, 2, 3, 4].span, to: &output)
            #expect(taken == min(length, 4) && output.count == taken && relay.passed == UInt64(taken))
            #expect(relay.isComplete == (length <= 4))
            #expect((refusal { () throws(WireError) in try relay.end() } == nil) == relay.isComplete)
        }
    }

    @Test("no body is no body, and one until the end ends never by itself")
    func extremes() throws {
        var output: [UInt8] = []
        var none = BodyRelay(.none)
        #expect(try none.relay([1].span, to: &output) == 0)
        #expect(none.isComplete && output.isEmpty)
        var endless = BodyRelay(.untilClose)
        #expect(try endless.relay([1, 2].span, to: &output) == 2)
        #expect(!endless.isComplete && output == [1, 2] && endless.passed == 2)
        try endless.end()
    }
}

/// How a relay ended when it was fed in pieces, as a room would: what is not taken comes again.
private struct RelayOutcome {
    private(set) var output: [UInt8] = []
    private(set) var refusal: WireError?
    private(set) var isTruncated = false
    let left: Int
    let status: UInt16?
    let isComplete: Bool
    let passed: UInt64

    init(_ vector: Vector, bytes: [UInt8]? = nil, cuts: [Int] = []) {
        let bytes = bytes ?? vector.bytes
        let method = HTTPMethod.allCases.first { $0.rawValue == vector["method"] ?? "GET" } ?? .other
        var relay = ResponseRelay(answering: method)
        var taken = 0
        do throws(WireError) {
            for end in cuts + [bytes.count] where end >= taken {
                taken += try relay.relay(bytes.span.extracting(taken..<end), to: &output)
            }
            do throws(WireError) { try relay.end() } catch { isTruncated = error.rule == .bodyTruncated }
        } catch {
            refusal = error
        }
        left = bytes.count - taken
        status = relay.status
        isComplete = relay.isComplete
        passed = relay.passed
    }

    /// The outcome without the places where chunks are cut; of a refusal, the rule, since offsets count from the part
    /// that was being read.
    var meaning: [String] {
        if let refusal { return [refusal.rule.rawValue, "\(status ?? 0)"] }
        let head = output.text.components()
        return head + ["\(left) \(status ?? 0) \(isComplete) \(isTruncated) \(passed)"]
    }
}

extension String {
    /// Everything up to the last empty line of a head.
    fileprivate func components() -> [String] {
        let lines = split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        return Array(lines.prefix { $0.contains(":") || $0.hasPrefix("HTTP/") || $0.isEmpty })
    }
}
