// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing

@testable import Wire

@Suite("A proxy is asked in one way or not at all")
struct ProxyRequestTests {
    @Test("each request ends as it says", arguments: Vector.load("proxy-head"))
    func vector(_ vector: Vector) throws {
        let outcome = ProxyOutcome(vector)
        if let asked = vector["asked"] { #expect(outcome.asked.text == asked) }
        guard vector.expect == "accept" else {
            let error = try #require(outcome.refusal)
            #expect("\(error.rule.rawValue) \(error.egressReason.status)" == vector.expect)
            return
        }
        #expect(outcome.refusal == nil && outcome.isSame)
        let request = try #require(outcome.request)
        #expect(outcome.length == vector.bytes.count - (Int(vector["rest"] ?? "0") ?? 0))
        if let form = vector["form"] { #expect(form == "\(request.form)") }
        if let method = vector["method"] { #expect(request.method.rawValue == method) }
        if let target = vector["target"] { #expect(request.target.text.text == target) }
        if let path = vector.bytes("path").first { #expect(request.bytes.span.copy(request.path) == path) }
        if let framing = vector["framing"] { #expect(framingText(request.framing) == framing) }
        #expect(request.expectsContinue == (vector["continue"] == "yes"))
        #expect((request.judgedMethod == nil) == (request.form == .connect))
        if vector["up"] != nil {
            var output: [UInt8] = []
            request.appendUpstreamHead(to: &output)
            #expect(output.text == vector.bytes("up").flatMap { $0 }.text)
        }
    }

    @Test("how the bytes are cut makes no difference", arguments: Vector.load("proxy-head"))
    func cuts(_ vector: Vector) {
        let whole = ProxyOutcome(vector)
        #expect(ProxyOutcome(vector, cuts: Array(0...vector.bytes.count).prefix(20_000)) == whole)
        if vector.bytes.count > 2000 { return }
        for cut in 0..<vector.bytes.count { #expect(ProxyOutcome(vector, cuts: [cut]) == whole) }
    }

    @Test("a refusal comes with the byte that makes it certain, and stays", arguments: Vector.load("proxy-head"))
    func earliest(_ vector: Vector) {
        let whole = ProxyOutcome(vector)
        guard let refusal = whole.refusal else { return }
        #expect(whole.again == refusal)
        let ofValue: [WireRule] = [
            .hostMalformed, .hostDiffers, .contentLengthMalformed, .contentLengthHuge, .transferEncodingMalformed,
            .transferEncodingUnknown, .framingConflict, .connectionMalformed, .upgradeUnknown, .expectationUnknown,
        ]
        var certain = refusal.offset + 1
        if ofValue.contains(refusal.rule) {
            certain = (vector.bytes[refusal.offset...].firstIndex(of: 10) ?? vector.bytes.count - 1) + 1
        }
        if refusal.rule == .hostMissing || refusal.rule == .connectBody { certain = vector.bytes.count }
        #expect(ProxyOutcome(vector, bytes: Array(vector.bytes.prefix(certain))).refusal == refusal)
        let isLimit = refusal.egressReason == .headTooLarge
        #expect(isLimit || ProxyOutcome(vector, bytes: Array(vector.bytes.prefix(certain - 1))).refusal == nil)
    }

    @Test("what the server gets means to us what the client said", arguments: Vector.load("proxy-head"))
    func again(_ vector: Vector) throws {
        guard let request = ProxyOutcome(vector).request, request.form == .absolute else { return }
        var first: [UInt8] = []
        request.appendUpstreamHead(to: &first)
        let outcome = ProxyOutcome(vector, bytes: asAsked(first, of: request.target))
        // What we add may take the head over a limit; nothing else can be wrong with it.
        if vector.bytes.count > 8000 || request.fields.count == HeadLimits.headers { return }
        var second: [UInt8] = []
        try #require(outcome.request).appendUpstreamHead(to: &second)
        #expect(second.text == first.text)
    }

    @Test("a tunnel has no head for the server")
    func tunnel() throws {
        let vector = try #require(Vector.load("proxy-head").first)
        var output: [UInt8] = []
        try #require(ProxyOutcome(vector).request).appendUpstreamHead(to: &output)
        #expect(output.isEmpty)
    }

    @Test("who speaks something else is told so, who speaks HTTP badly is told that")
    func others() {
        for (text, reason) in [("\u{5}\u{1}", "not-http"), ("\u{16}\u{3}", "not-http"), ("GE\u{1}T", "head-malformed")]
        {
            var reader = ProxyRequestReader(admitsOldConnect: false)
            let bytes = Array(text.utf8)
            do throws(WireError) {
                _ = try reader.read(bytes.span)
                Issue.record("accepted")
            } catch { #expect(error.egressReason.word == reason) }
        }
    }

    @Test("what is kept for the record of an endless authority is bounded")
    func bounded() {
        var reader = ProxyRequestReader(admitsOldConnect: false)
        let bytes = Array("CONNECT ".utf8) + [UInt8](repeating: 97, count: 4000) + Array(":443 ".utf8)
        #expect(refusal { () throws(WireError) in _ = try reader.read(bytes.span) } == "not-a-host 400")
        #expect(reader.asked.count == 256)
        #expect(reader.form == .connect)
    }

    @Test("any single changed byte of a request is read the same way however it is cut")
    func mutations() throws {
        let seed = Array(
            "POST http://a.b:81/x?y HTTP/1.1\r\nHost: a.b:81\r\nContent-Length: 5\r\nConnection: X\r\n\r\n".utf8)
        let vector = try #require(Vector.load("proxy-head").first)
        var accepted = 0
        for place in 0..<seed.count {
            for byte in [0, 9, 10, 13, 32, 35, 37, 44, 45, 46, 47, 48, 58, 63, 64, 65, 91, 92, 97, 127, 128] as [UInt8]
            {
                var bytes = seed
                bytes[place] = byte
                let whole = ProxyOutcome(vector, bytes: bytes)
                #expect(ProxyOutcome(vector, bytes: bytes, cuts: Array(0...bytes.count)[...]) == whole)
                if whole.request != nil { accepted += 1 }
            }
        }
        // The meter: some changes must be harmless and most must not.
        #expect(accepted > 50 && accepted < seed.count * 21 / 2)
    }
}

/// The head of an upstream request as somebody would have to ask us for it.
func asAsked(_ head: [UInt8], of target: EgressTarget) -> [UInt8] {
    let line = head.prefix { $0 != 13 }.split(separator: 32, omittingEmptySubsequences: false)
    let path = Array(line[1]) == [42] ? [] : Array(line[1])
    let first = Array(line[0]) + Array(" http://".utf8) + target.text + path + [32] + Array(line[2])
    return first + head.drop { $0 != 13 }
}

/// How a reader ended when it was fed in pieces.
private struct ProxyOutcome: Equatable {
    private(set) var request: ProxyRequest?
    private(set) var length: Int?
    private(set) var refusal: WireError?
    private(set) var again: WireError?
    /// A reader that has ended says the same again.
    private(set) var isSame = false
    let asked: [UInt8]

    init(_ vector: Vector, bytes: [UInt8]? = nil, cuts: ArraySlice<Int> = []) {
        let bytes = bytes ?? vector.bytes
        var reader = ProxyRequestReader(admitsOldConnect: vector["old"] == "yes")
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                guard case .complete(let request, let length) = try reader.read(bytes.span.extracting(0..<end)) else {
                    continue
                }
                self.request = request
                self.length = length
                break
            }
        } catch {
            refusal = error
        }
        asked = reader.asked
        if request != nil {
            do throws(WireError) {
                if case .complete(_, let second) = try reader.read(bytes.span) { isSame = second == length }
            } catch { again = error }
        }
        if refusal != nil {
            do throws(WireError) { _ = try reader.read(bytes.span) } catch { again = error }
        }
    }

    static func == (left: ProxyOutcome, right: ProxyOutcome) -> Bool {
        left.length == right.length && left.refusal == right.refusal && left.asked == right.asked
            && left.request?.bytes == right.request?.bytes && left.request?.target == right.request?.target
            && left.request?.path == right.request?.path && left.request?.framing == right.request?.framing
            && left.request?.fields == right.request?.fields && left.request?.form == right.request?.form
    }
}
